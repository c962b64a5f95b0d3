//! Views can be proven against the log and made again without anybody noticing.

use crate::answers::case;
use crate::scenario::{CASE, birth, links};
use lienthong_contract::pb::operations::v1::{RebuildViewRequest, VerifyViewsRequest};
use lienthong_contract::pb::procedure::v1::{
    GetCaseRequest, GetHorizontalRequest, GetVerticalRequest,
};
use lienthong_tests::instance::Instance;
use lienthong_tests::{cli, sample};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio_stream::StreamExt;

/// A hub with the birth scenario and some thousand further events.
async fn filled() -> Instance {
    let hub = Instance::start().unwrap();
    let mut positions = hub.tell(&[birth(), links()].concat()).await.unwrap();
    let facts: Vec<_> = (0..5_000).map(|n| sample::fact("fill", n)).collect();
    for batch in facts.chunks(1_000) {
        positions = hub.tell(batch).await.unwrap();
    }
    let first = sample::dossier_code(0);
    case(&hub, &first, &positions).await;
    crate::answers::horizontal_json(&hub, &positions).await;
    crate::answers::vertical_json(&hub, &positions).await;
    hub
}

#[tokio::test]
async fn a_verification_rebuilds_every_view_and_finds_the_same_digests() {
    let hub = filled().await;
    let mut operations = hub.operations().await.unwrap();
    let request = VerifyViewsRequest { views: Vec::new() };
    let mut answers = operations.verify_views(request).await.unwrap().into_inner();
    let mut comparisons = Vec::new();
    while let Some(answer) = answers.next().await {
        comparisons.extend(answer.unwrap().comparisons);
    }
    assert_eq!(comparisons.len(), 3 * 4, "three views of four partitions");
    for one in &comparisons {
        assert!(one.equal, "{one:?}");
        assert_eq!(one.running_digest, one.rebuilt_digest);
        assert_eq!(one.running_digest.len(), 32, "{one:?}");
    }
    let filled = comparisons.iter().filter(|one| one.next_offset > 0);
    assert!(
        filled.count() > 3,
        "the digests are of something: {comparisons:?}"
    );

    let verified = cli::run(&hub, &["views", "verify"]).unwrap();
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let verified = cli::run(&hub, &["views", "verify", "--json"]).unwrap();
    assert_eq!(verified.code, Some(0), "{verified:?}");
    verified.json().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_switches_without_a_single_read_failing() {
    let hub = filled().await;
    let before = crate::answers::case_json(&hub, CASE, &[]).await;
    let done = Arc::new(AtomicBool::new(false));
    let mut readers = Vec::new();
    for _ in 0..3 {
        let (done, mut questions) = (done.clone(), hub.questions().await.unwrap());
        readers.push(tokio::spawn(async move {
            let mut reads = 0_u32;
            while !done.load(Ordering::Relaxed) {
                let request = GetCaseRequest {
                    code: CASE.into(),
                    ..GetCaseRequest::default()
                };
                questions.get_case(request).await?;
                questions
                    .get_horizontal(GetHorizontalRequest::default())
                    .await?;
                questions
                    .get_vertical(GetVerticalRequest::default())
                    .await?;
                reads += 3;
            }
            Ok::<_, tonic::Status>(reads)
        }));
    }
    let mut operations = hub.operations().await.unwrap();
    for view in ["horizontal", "case", "vertical"] {
        let request = RebuildViewRequest { view: view.into() };
        let mut answers = operations.rebuild_view(request).await.unwrap().into_inner();
        let mut last = None;
        while let Some(answer) = answers.next().await {
            last = answer.unwrap().progress;
        }
        let last = last.unwrap();
        assert!(last.done, "{last:?}");
        assert!(last.events_done >= 5_000, "{last:?}");
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        let reads = reader
            .await
            .unwrap()
            .expect("no read fails while views are rebuilt");
        assert!(reads > 0);
    }
    assert_eq!(crate::answers::case_json(&hub, CASE, &[]).await, before);
    let verified = cli::run(&hub, &["views", "verify", "--json"]).unwrap();
    assert_eq!(verified.code, Some(0), "{verified:?}");
}

#[tokio::test]
async fn an_unknown_view_is_refused_by_name() {
    let hub = Instance::start().unwrap();
    let mut operations = hub.operations().await.unwrap();
    let request = RebuildViewRequest {
        view: "weather".into(),
    };
    let status = operations.rebuild_view(request).await.err().unwrap();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
    assert_eq!(crate::answers::reason(&status), "VIEW_UNKNOWN");
    let refused = cli::run(&hub, &["views", "rebuild", "weather"]).unwrap();
    assert_eq!(refused.code, Some(2), "{refused:?}");
}
