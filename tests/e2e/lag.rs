//! How late the hub says that it is, and what needs a hand: in one process, and on Kafka with a
//! projector that is stopped without a word.

use crate::parked::poisoned;
use lienthong_contract::pb::operations::v1::operations_service_client::OperationsServiceClient;
use lienthong_contract::pb::operations::v1::{GetLagRequest, GetLagResponse, ViewLag};
use lienthong_contract::time::{now_millis, to_millis};
use lienthong_tests::broker::{Home, given};
use lienthong_tests::fleet::{Fleet, Grouping, Kind, Shape};
use lienthong_tests::instance::Instance;
use lienthong_tests::process::signal;
use lienthong_tests::{sample, wire};
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tonic::transport::Channel;

const VIEWS: [&str; 3] = ["case", "horizontal", "vertical"];
/// Longest wait for anything that must come.
const PATIENCE: Duration = Duration::from_secs(60);

async fn lag(channel: &Channel) -> GetLagResponse {
    let mut operations = OperationsServiceClient::new(channel.clone());
    operations
        .get_lag(GetLagRequest {})
        .await
        .unwrap()
        .into_inner()
}

/// Asks until it is so.
async fn until(
    channel: &Channel,
    what: &str,
    is_so: impl Fn(&GetLagResponse) -> bool,
) -> GetLagResponse {
    let began = Instant::now();
    loop {
        let told = lag(channel).await;
        if is_so(&told) {
            return told;
        }
        assert!(began.elapsed() < PATIENCE, "{what}: {told:#?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn are_current(told: &GetLagResponse) -> bool {
    told.lags.iter().all(|lag| lag.status == "current")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_that_keeps_up_is_current_in_every_view_and_needs_no_hand() {
    let hub = Instance::start().unwrap();
    let facts: Vec<_> = (0..50).map(|number| sample::fact("lag", number)).collect();
    let last = hub.tell(&facts).await.unwrap();
    crate::answers::horizontal_json(&hub, &last).await;
    let channel = hub.gateway().await.unwrap();
    let told = until(&channel, "every view is current", are_current).await;
    let places: BTreeSet<_> = told
        .lags
        .iter()
        .map(|lag| (&lag.view[..], lag.partition))
        .collect();
    assert_eq!(places.len(), told.lags.len());
    for lag in &told.lags {
        assert_eq!((lag.lag_events, lag.lag_seconds), (0, 0.0), "{lag:?}");
        assert_eq!(
            (&lag.reason[..], &lag.stage[..], &lag.owner[..]),
            ("", "", "")
        );
        let outlook = lag.outlook.unwrap();
        assert_eq!(outlook.eta_seconds, Some(0.0));
        assert_eq!(outlook.headroom_seconds, None, "nothing waits");
    }
    let views: Vec<_> = told.views.iter().map(|view| &view.view[..]).collect();
    assert_eq!(views, VIEWS);
    assert!(told.causes.is_empty(), "{:#?}", told.causes);
    let as_of_ms = told.as_of_time.as_ref().and_then(to_millis).unwrap();
    assert!((now_millis() - as_of_ms).abs() < 60_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parked_case_needs_a_hand_in_every_view_since_it_was_seen() {
    let (hub, _, _) = poisoned().await;
    let channel = hub.gateway().await.unwrap();
    let all = |told: &GetLagResponse| told.causes.len() == 3;
    let told = until(&channel, "three views have it parked", all).await;
    for (cause, view) in told.causes.iter().zip(VIEWS) {
        assert!(
            VIEWS
                .iter()
                .any(|view| cause.subject == format!("view {view}")),
            "{view}"
        );
        assert_eq!(
            (&cause.status[..], &cause.runbook[..]),
            ("parked", "events-parked")
        );
        assert!(cause.what_to_do.contains("lienthong parked"), "{cause:?}");
    }
    assert!(told.views.iter().all(|view| view.parked == 1));
    assert!(
        told.views
            .iter()
            .all(|view| view.parked_oldest_seconds > 0.0)
    );
    let since = |told: &GetLagResponse| -> BTreeSet<i64> {
        let times = told
            .causes
            .iter()
            .filter_map(|cause| cause.since_time.as_ref());
        times.filter_map(to_millis).collect()
    };
    assert_eq!(since(&lag(&channel).await), since(&told));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_projector_that_is_stopped_without_a_word_is_told_stalled_and_exact_to_its_commit() {
    let Some(bootstrap) = given("a stopped projector is told stalled").unwrap() else {
        return;
    };
    let home = Home::fresh(&bootstrap);
    let shape = Shape {
        adapters: 1,
        projectors: 1,
        gateways: 1,
        grouping: Grouping::Together,
    };
    let fleet = Fleet::start(&home, shape, &[]).await.unwrap();
    let door = |kind, door: &str| fleet.process(kind, 1).unwrap().address(door).unwrap();
    let adapters = wire::connect(&door(Kind::Adapter, "adapters_grpc"))
        .await
        .unwrap();
    let gateway = wire::connect(&door(Kind::Gateway, "gateway"))
        .await
        .unwrap();
    let facts: Vec<_> = (0..40)
        .map(|number| sample::fact("before", number))
        .collect();
    wire::report(&adapters, &facts).await.unwrap();
    let has_all = |told: &GetLagResponse| {
        let taken: u64 = told.lags.iter().map(|lag| lag.next_offset).sum();
        are_current(told) && taken == 3 * 40
    };
    until(&gateway, "every view has taken everything", has_all).await;
    // What was taken is committed with the next checkpoint.
    tokio::time::sleep(Duration::from_secs(3)).await;

    let projector = fleet.process(Kind::Projector, 1).unwrap().pid();
    signal(projector, Signal::STOP).unwrap();
    let facts: Vec<_> = (0..40)
        .map(|number| sample::fact("after", number))
        .collect();
    wire::report(&adapters, &facts).await.unwrap();
    let all_stalled = |told: &GetLagResponse| {
        let stalled = |lag: &ViewLag| lag.status == "stalled";
        !told.lags.is_empty() && told.lags.iter().all(stalled)
    };
    let told = until(&gateway, "every partition is stalled", all_stalled).await;
    let as_of_ms = told.as_of_time.as_ref().and_then(to_millis).unwrap();
    let log = home.log().await.unwrap();
    for lag in told.lags.iter().filter(|lag| lag.lag_events > 0) {
        assert_eq!(
            (&lag.stage[..], &lag.owner[..]),
            ("projector", "hub"),
            "{lag:?}"
        );
        let mut reader = log.reader(lag.partition, lag.next_offset).await.unwrap();
        let first = reader.poll_now(1).await.unwrap();
        let truth_s = (as_of_ms - first[0].record.recorded_ms) as f64 / 1e3;
        assert!(
            (lag.lag_seconds - truth_s).abs() < 1.0,
            "{truth_s} of {lag:?}"
        );
    }
    let late: u64 = told.lags.iter().map(|lag| lag.lag_events).sum();
    assert_eq!(
        late,
        3 * 40,
        "no event before the last commit is told to wait: {told:#?}"
    );
    let cause = &told.causes[0];
    assert_eq!(
        (&cause.status[..], &cause.runbook[..]),
        ("stalled", "view-stalled")
    );

    signal(projector, Signal::CONT).unwrap();
    let told = until(&gateway, "it goes on", are_current).await;
    assert!(told.views.iter().all(|view| view.status == "current"));
}
