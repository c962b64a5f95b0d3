//! A record that no version can read parks its dossier alone, visibly and in order, and an
//! operator's decision holds again after a restart and in every rebuild.

use crate::answers::case;
use bytes::Bytes;
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::pb::operations::v1::{
    ListParkedRequest, ParkedDossier, ReleaseParkedRequest,
};
use lienthong_eventlog::{EventLog, Record};
use lienthong_simulator::system::System;
use lienthong_tests::cli;
use lienthong_tests::facts::{Fact, step};
use lienthong_tests::instance::{Instance, Stopped};

const POISONED: &str = "H56.15.03-261008-0001";
const HEALTHY: &str = "H56.15.03-261008-0002";
const VIEWS: [&str; 3] = ["case", "horizontal", "vertical"];

fn told(dossier: &str, id: &str, minutes: i64) -> Fact {
    Fact::new(System::Onestop, id, dossier, minutes, step("step")).by("H56.15.03")
}

/// Writes a record that is no event straight into the log of a stopped hub.
async fn poison(stopped: &Stopped, key: &str) -> Position {
    let log = stopped.log().unwrap();
    let record = Record {
        key: Bytes::copy_from_slice(key.as_bytes()),
        value: Bytes::from_static(b"\xff\xff this is no event \xff"),
        recorded_ms: lienthong_contract::time::now_millis(),
    };
    let positions = log.append(vec![record]).await.unwrap();
    log.close().await.unwrap();
    Position {
        partition: positions[0].partition,
        offset: positions[0].offset,
    }
}

/// Parked dossiers once every view has read the positions.
async fn parked(hub: &Instance, positions: &[Position]) -> Vec<ParkedDossier> {
    case(hub, HEALTHY, positions).await;
    crate::answers::horizontal_json(hub, positions).await;
    crate::answers::vertical_json(hub, positions).await;
    let request = ListParkedRequest {
        view: String::new(),
    };
    let mut operations = hub.operations().await.unwrap();
    operations
        .list_parked(request)
        .await
        .unwrap()
        .into_inner()
        .parked
}

/// A hub with one event of each dossier, then a poison record, then one more of each.
pub async fn poisoned() -> (Instance, Position, Vec<Position>) {
    let hub = Instance::start().unwrap();
    hub.tell(&[told(POISONED, "before", 0), told(HEALTHY, "before-too", 0)])
        .await
        .unwrap();
    let stopped = hub.stop().unwrap();
    let position = poison(&stopped, POISONED).await;
    let hub = stopped.start_again().unwrap();
    let after = [told(POISONED, "after", 10), told(HEALTHY, "after-too", 10)];
    let positions = hub.tell(&after).await.unwrap();
    (hub, position, positions)
}

fn assert_parked(parked: &[ParkedDossier], at: Position, waiting: &[u64]) {
    let mut views: Vec<&str> = parked.iter().map(|one| one.view.as_str()).collect();
    views.sort_unstable();
    assert_eq!(views, VIEWS, "each view parks it: {parked:#?}");
    for one in parked {
        assert_eq!(
            (one.key.as_str(), one.position),
            (POISONED, Some(at)),
            "{one:?}"
        );
        assert_eq!(one.reason, "EVENT_UNREADABLE");
        assert_eq!(one.waiting_offsets, waiting, "{one:?}");
        assert_eq!(one.waiting_total, waiting.len() as u64);
    }
}

#[tokio::test]
async fn a_poison_record_parks_its_dossier_alone_until_it_is_released() {
    let (hub, at, positions) = poisoned().await;
    let waiting = [positions[0].offset];
    assert_parked(&parked(&hub, &positions).await, at, &waiting);
    assert_eq!(
        case(&hub, HEALTHY, &positions).await.timeline.len(),
        2,
        "others go on"
    );
    let stuck = case(&hub, POISONED, &positions).await;
    assert_eq!(stuck.timeline.len(), 1, "what came after waits, in order");
    assert!(stuck.dossiers[0].parked, "{stuck:?}");

    // The same after a restart, and in a rebuild.
    let hub = hub.restart().unwrap();
    assert_parked(&parked(&hub, &positions).await, at, &waiting);
    for view in VIEWS {
        let rebuilt = cli::run(&hub, &["views", "rebuild", view]).unwrap();
        assert_eq!(rebuilt.code, Some(0), "{rebuilt:?}");
    }
    assert_parked(&parked(&hub, &positions).await, at, &waiting);

    // The command line tells of it and releases it.
    let listed = cli::run(&hub, &["parked", "--json"]).unwrap();
    let json = listed.json().unwrap();
    assert_eq!(json["parked"].as_array().map(Vec::len), Some(3), "{json:#}");
    let offset = at.offset.to_string();
    let release = ["parked", "release", POISONED, "--offset", &offset, "--skip"];
    let released = cli::run(&hub, &release).unwrap();
    assert_eq!(released.code, Some(0), "{released:?}");

    let last = hub.tell(&[told(POISONED, "last", 20)]).await.unwrap();
    let went_on = case(&hub, POISONED, &last).await;
    assert_eq!(
        went_on.timeline.len(),
        3,
        "before, after, last: {went_on:?}"
    );
    assert!(!went_on.dossiers[0].parked);
    assert_eq!(parked(&hub, &last).await, Vec::new());
    let again = cli::run(&hub, &release).unwrap();
    assert_eq!(
        again.code,
        Some(3),
        "nothing is parked there any more: {again:?}"
    );

    // The decision is in the log: a rebuild and a restart take it again.
    let verified = cli::run(&hub, &["views", "verify", "--json"]).unwrap();
    assert_eq!(verified.code, Some(0), "{verified:?}");
    for view in VIEWS {
        let rebuilt = cli::run(&hub, &["views", "rebuild", view]).unwrap();
        assert_eq!(rebuilt.code, Some(0), "{rebuilt:?}");
    }
    assert_eq!(parked(&hub, &last).await, Vec::new());
    let hub = hub.restart().unwrap();
    assert_eq!(parked(&hub, &last).await, Vec::new());
    assert_eq!(case(&hub, POISONED, &last).await.timeline.len(), 3);
}

#[tokio::test]
async fn a_retry_of_what_still_cannot_be_read_keeps_it_parked() {
    let (hub, at, positions) = poisoned().await;
    parked(&hub, &positions).await;
    let mut operations = hub.operations().await.unwrap();
    let request = ReleaseParkedRequest {
        key: POISONED.into(),
        parked_offset: at.offset,
        decision: lienthong_contract::pb::event::v1::parked_released::Decision::Retry as i32,
    };
    let decided = operations
        .release_parked(request)
        .await
        .unwrap()
        .into_inner();
    let positions = [positions, vec![decided.position.unwrap()]].concat();
    assert_parked(&parked(&hub, &positions).await, at, &[positions[0].offset]);
    let verified = cli::run(&hub, &["views", "verify", "--json"]).unwrap();
    assert_eq!(verified.code, Some(0), "{verified:?}");
}
