//! The demonstration as a person first meets it: simulated systems report through the public
//! gRPC, horizontal and vertical cases come out, and a second run goes on from the first.

use lienthong_contract::pb::operations::v1::ListRejectedRequest;
use lienthong_contract::pb::procedure::v1::{
    GetHorizontalRequest, GetPathStatisticsRequest, GetVerticalRequest,
};
use lienthong_tests::cli;
use lienthong_tests::instance::Instance;
use std::time::Duration;

/// Ends a hang; no time is promised here.
const PATIENCE: Duration = Duration::from_secs(120);
const REPORTED: &str = "Every simulated case is reported";

/// Waits until the demonstration has said so this many times since the folder was made.
async fn wait_for(hub: &Instance, times: usize) {
    let waiting = async {
        while hub.output().unwrap().matches(REPORTED).count() < times {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let ended = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(
        ended.is_ok(),
        "the cases were not reported: {}",
        hub.output().unwrap()
    );
}

async fn events(hub: &Instance) -> u64 {
    let request = GetPathStatisticsRequest::default();
    hub.questions()
        .await
        .unwrap()
        .get_path_statistics(request)
        .await
        .unwrap()
        .into_inner()
        .events
}

#[tokio::test]
async fn the_demonstration_shows_interconnected_cases_and_a_second_run_goes_on_from_the_first() {
    let arguments = ["--demo", "--cases", "40", "--rate", "1000", "--seed", "7"];
    let hub = Instance::start_up(&arguments, &[]).unwrap();
    wait_for(&hub, 1).await;
    let output = hub.output().unwrap();
    for shown in [
        "first visible",
        "Events taken in",
        "Lag of the views",
        "Horizontal: ",
        "Vertical: ",
    ] {
        assert!(output.contains(shown), "{shown} is not shown: {output}");
    }
    let mut questions = hub.questions().await.unwrap();
    let horizontal = questions
        .get_horizontal(GetHorizontalRequest::default())
        .await
        .unwrap();
    let horizontal = horizontal.into_inner();
    assert!(
        horizontal.horizontal_cases > 0 && !horizontal.hand_overs.is_empty(),
        "{output}"
    );
    let vertical = questions
        .get_vertical(GetVerticalRequest::default())
        .await
        .unwrap();
    let vertical = vertical.into_inner();
    assert!(
        vertical.vertical_cases > 0 && !vertical.transitions.is_empty(),
        "{output}"
    );
    let list = hub
        .rejected()
        .await
        .unwrap()
        .list_rejected(ListRejectedRequest::default())
        .await;
    assert!(
        !list.unwrap().into_inner().messages.is_empty(),
        "some systems lie"
    );
    let first = events(&hub).await;

    let hub = hub.restart().unwrap();
    assert!(events(&hub).await >= first, "what was there is there");
    let file = hub.data().join("hub.out");
    let shown = std::fs::read_to_string(&file)
        .unwrap()
        .matches(REPORTED)
        .count();
    wait_for(&hub, shown.max(2)).await;
    let both = events(&hub).await;
    assert!(
        both > first,
        "the second run reports cases of its own: {first}, then {both}"
    );
    let verified = cli::run(&hub, &["views", "verify", "--json"]).unwrap();
    assert_eq!(verified.code, Some(0), "{verified:?}");
    hub.stop().unwrap();
}
