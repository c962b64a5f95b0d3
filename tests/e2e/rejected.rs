//! What was not well-formed is kept, listed, shown, and can be sent again corrected.

use crate::answers::{self, case};
use lienthong_contract::pb::event::v1::outcome;
use lienthong_contract::pb::operations::v1::{
    GetRejectedRequest, ListRejectedRequest, ListRejectedResponse, ResubmitRejectedRequest,
};
use lienthong_simulator::system::System;
use lienthong_tests::facts::{Fact, step};
use lienthong_tests::instance::Instance;
use lienthong_tests::{cli, wire};
use tonic::Code;

const DOSSIER: &str = "H56.15.03-261008-0001";

fn with_unknown_status(id: &str) -> Fact {
    Fact::new(System::Onestop, id, DOSSIER, 0, step("step")).status("DVCQG_TEXT", "interoperating")
}

async fn list(hub: &Instance, include_resubmitted: bool) -> ListRejectedResponse {
    let request = ListRejectedRequest {
        include_resubmitted,
        ..ListRejectedRequest::default()
    };
    hub.rejected()
        .await
        .unwrap()
        .list_rejected(request)
        .await
        .unwrap()
        .into_inner()
}

#[tokio::test]
async fn a_rejected_message_is_listed_shown_and_resubmitted_once_corrected() {
    let hub = Instance::start().unwrap();
    let channel = hub.adapters().await.unwrap();
    let status = wire::report(&channel, &[with_unknown_status("r1")])
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(answers::reason(&status), "STATUS_UNKNOWN");
    assert_eq!(answers::fields(&status), ["events[0].header.source_status"]);

    let listed = list(&hub, false).await;
    assert_eq!(listed.messages.len(), 1);
    let message = &listed.messages[0];
    assert_eq!(
        (
            message.number,
            message.adapter.as_str(),
            message.id.as_str()
        ),
        (1, "onestop", "r1")
    );
    assert_eq!(
        (message.dossier_code.as_str(), message.resubmitted),
        (DOSSIER, false)
    );
    assert_eq!(message.reason, "STATUS_UNKNOWN");
    assert_eq!(listed.totals.get("STATUS_UNKNOWN"), Some(&1));

    let mut rejected = hub.rejected().await.unwrap();
    let shown = rejected
        .get_rejected(GetRejectedRequest { number: 1 })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(shown.content, wire::encode(&with_unknown_status("r1")));
    assert_eq!(shown.content_type, "lienthong.onestop.v1.DossierEvent");

    // As it is, it is rejected again and stays open.
    let as_it_is = ResubmitRejectedRequest {
        number: 1,
        corrected_content: bytes::Bytes::new(),
    };
    let status = rejected
        .resubmit_rejected(as_it_is.clone())
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    assert_eq!(answers::reason(&status), "STATUS_UNKNOWN");
    assert!(
        list(&hub, false)
            .await
            .messages
            .iter()
            .any(|message| message.number == 1)
    );

    // Corrected, it is recorded, with the source's own id.
    let corrected = with_unknown_status("r1").status("DVCQG_TEXT", "processing");
    let request = ResubmitRejectedRequest {
        number: 1,
        corrected_content: wire::encode(&corrected),
    };
    let answer = rejected
        .resubmit_rejected(request)
        .await
        .unwrap()
        .into_inner();
    let position = wire::position(&answer.outcomes[0]).unwrap();
    let case = case(&hub, DOSSIER, &[position]).await;
    assert_eq!(case.timeline.len(), 1);
    assert_eq!(case.timeline[0].portal_status, 4);

    assert!(
        list(&hub, false)
            .await
            .messages
            .iter()
            .all(|message| message.number != 1)
    );
    let all = list(&hub, true).await;
    assert!(
        all.messages
            .iter()
            .any(|message| message.number == 1 && message.resubmitted)
    );
    let status = rejected.resubmit_rejected(as_it_is).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(answers::reason(&status), "REJECTED_RESUBMITTED");
}

#[tokio::test]
async fn a_number_that_does_not_exist_is_not_found() {
    let hub = Instance::start().unwrap();
    let mut rejected = hub.rejected().await.unwrap();
    for number in [0, 1, u64::MAX] {
        let shown = rejected
            .get_rejected(GetRejectedRequest { number })
            .await
            .unwrap_err();
        let request = ResubmitRejectedRequest {
            number,
            corrected_content: bytes::Bytes::new(),
        };
        let sent = rejected.resubmit_rejected(request).await.unwrap_err();
        for status in [shown, sent] {
            assert_eq!(status.code(), Code::NotFound, "{number}: {status:?}");
            assert_eq!(answers::reason(&status), "REJECTED_NOT_FOUND");
        }
    }
}

#[tokio::test]
async fn the_rejected_log_survives_a_restart_with_its_numbers_and_totals() {
    let hub = Instance::start().unwrap();
    let channel = hub.adapters().await.unwrap();
    for n in 0..3 {
        let facts = [with_unknown_status(&format!("r{n}"))];
        assert!(wire::report(&channel, &facts).await.is_err());
    }
    let before = list(&hub, true).await;
    drop(channel);
    let hub = hub.restart().unwrap();
    assert_eq!(list(&hub, true).await, before);

    let channel = hub.adapters().await.unwrap();
    let outcomes = wire::stream(&channel, &[with_unknown_status("r3")])
        .await
        .unwrap();
    match &outcomes[0].result {
        Some(outcome::Result::Rejection(rejection)) => assert_eq!(rejection.rejected_number, 4),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        list(&hub, true).await.totals.get("STATUS_UNKNOWN"),
        Some(&4)
    );
}

#[tokio::test]
async fn the_command_line_lists_shows_and_resubmits_rejected_messages() {
    let hub = Instance::start().unwrap();
    let channel = hub.adapters().await.unwrap();
    assert!(
        wire::report(&channel, &[with_unknown_status("r1")])
            .await
            .is_err()
    );

    let listed = cli::run(&hub, &["rejected", "--json"]).unwrap();
    assert_eq!(listed.code, Some(0), "{}", listed.err);
    let json = listed.json().unwrap();
    assert_eq!(json["messages"][0]["number"], 1, "{json:#}");
    assert_eq!(json["messages"][0]["reason"], "STATUS_UNKNOWN");
    let shown = cli::run(&hub, &["rejected", "show", "1", "--json"]).unwrap();
    assert_eq!(shown.code, Some(0), "{}", shown.err);
    shown.json().unwrap();
    let shown = cli::run(&hub, &["rejected", "show", "1"]).unwrap();
    assert!(shown.out.contains("interoperating"), "{}", shown.out);

    let again = cli::run(&hub, &["rejected", "resubmit", "1"]).unwrap();
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.err.contains("STATUS_UNKNOWN"), "{again:?}");
    let missing = cli::run(&hub, &["rejected", "show", "99"]).unwrap();
    assert_eq!(missing.code, Some(3), "{missing:?}");

    // What `show` prints below the empty line, corrected in an editor.
    let (_, content) = shown.out.split_once("\n\n").unwrap();
    let file = hub.scratch().join("corrected.json");
    std::fs::write(&file, content.replace("interoperating", "processing")).unwrap();
    let file = file.display().to_string();
    let again = cli::run(&hub, &["rejected", "resubmit", "1", "--file", &file]).unwrap();
    assert_eq!(again.code, Some(0), "{again:?}");
    let left = cli::run(&hub, &["rejected", "--json"])
        .unwrap()
        .json()
        .unwrap();
    let numbers = left["messages"].as_array().cloned().unwrap_or_default();
    assert!(
        numbers.iter().all(|message| message["number"] != 1),
        "{left:#}"
    );
}
