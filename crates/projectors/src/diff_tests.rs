#![allow(clippy::unwrap_used, clippy::expect_used)]
//! Status tables that change: what a comparison says, and what a rebuild then really gives.

use super::*;
use crate::checkpoint::Owner;
use crate::cluster::Peer;
use crate::lane::Lane;
use crate::projectors::{Config, Handles, Projectors, start};
use crate::store::StoreKind;
use crate::testing::cluster::{Village, reference_once};
use crate::testing::events::{Told, accepted, handed_over, linked, received, release};
use crate::testing::lanes::{changed, tables};
use crate::testing::log::MemoryLog;
use futures_util::StreamExt;
use lienthong_contract::pb::event::v1::linked::Relation;
use lienthong_contract::pb::procedure::v1::{Case, GetCaseRequest, ListCasesRequest};
use lienthong_contract::ports::{Questions, ViewOperations};
use lienthong_contract::reference::Current;
use lienthong_eventlog::Record;
use pb::{DiffSummary, DiffViewsRequest, DossierDifference, StatusChange, ViewPosition};
use proptest::prelude::*;
use std::path::Path;

struct Hub {
    projectors: Arc<Projectors>,
    reference: Current,
    stop: CancellationToken,
}

fn with(tables: Mappings) -> Reference {
    Reference {
        mappings: tables,
        ..(*reference_once().now()).clone()
    }
}

async fn open(dir: &Path, log: &Arc<MemoryLog>, tables: Mappings) -> Hub {
    let stop = CancellationToken::new();
    let config = Config {
        dir: dir.to_owned(),
        store: StoreKind::Redb,
        checkpoint_every: Duration::from_millis(5),
    };
    let reference = Current::new(with(tables));
    let handles = Handles {
        log: log.clone(),
        reference: reference.clone(),
    };
    let projectors = start(config, handles, stop.clone()).await.unwrap();
    projectors.loaded().await;
    Hub {
        projectors,
        reference,
        stop,
    }
}

impl Hub {
    async fn close(self) {
        self.stop.cancel();
        self.projectors.finished().await;
    }

    async fn caught_up(&self, log: &MemoryLog) {
        for lane in self.projectors.lanes.all() {
            let end = log.end(lane.owner.partition);
            lane.watch_next()
                .wait_for(|next| *next >= end)
                .await
                .unwrap();
        }
    }

    async fn rebuild(&self) {
        for view in View::ALL {
            let mut told = self.projectors.rebuild(view.name()).await.unwrap();
            while let Some(step) = told.next().await {
                step.unwrap();
            }
        }
    }

    async fn diff(&self, changes: &[(&str, &str, u32)]) -> (Vec<DossierDifference>, DiffSummary) {
        gather(self.projectors.diff(request(changes)).await.unwrap()).await
    }

    async fn case(&self, code: &str) -> Case {
        let request = GetCaseRequest {
            code: code.to_owned(),
            ..GetCaseRequest::default()
        };
        self.projectors.case(request).await.unwrap().case.unwrap()
    }

    async fn positions(&self) -> Vec<ViewPosition> {
        self.projectors.positions().await
    }
}

fn request(changes: &[(&str, &str, u32)]) -> DiffViewsRequest {
    let changes = changes.iter().map(|(system, code, maps_to)| StatusChange {
        system: (*system).to_owned(),
        code: (*code).to_owned(),
        maps_to: *maps_to,
    });
    DiffViewsRequest {
        changes: changes.collect(),
        ..DiffViewsRequest::default()
    }
}

async fn gather(
    mut told: BoxStream<'static, Result<pb::DiffViewsResponse, Failure>>,
) -> (Vec<DossierDifference>, DiffSummary) {
    let (mut differences, mut summary) = (Vec::new(), None);
    while let Some(message) = told.next().await {
        let message = message.unwrap();
        differences.extend(message.differences);
        summary = message.summary.or(summary);
    }
    (differences, summary.unwrap())
}

/// A dossier received, and then one event with the status code.
fn dossier(number: usize, system: &'static str, code: &'static str) -> Vec<Record> {
    let dossier = format!("D-{number}");
    let first = Told::new(&format!("{number}-1"), &dossier, "", 0, received());
    let second = Told::new(&format!("{number}-2"), &dossier, "", 30, accepted());
    [first.records(), second.coded(system, code).records()].concat()
}

/// Twelve dossiers of DVCLT code 4 (settled), twelve of code 2 (paused), twelve in other codes of
/// another table.
fn told() -> Vec<Record> {
    let codes = [("DVCLT", "4"), ("DVCLT", "2"), ("DVCQG", "4")];
    let each = (0..36).map(|number| {
        let (system, code) = codes[number % 3];
        dossier(number, system, code)
    });
    each.collect::<Vec<_>>().concat()
}

fn log_of(records: Vec<Record>) -> Arc<MemoryLog> {
    let log = MemoryLog::new(3);
    log.put(records);
    log
}

fn codes(differences: &[DossierDifference]) -> Vec<&str> {
    let codes = differences.iter();
    codes.map(|one| &one.dossier_code[..]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_diff_names_exactly_the_dossiers_that_a_rebuild_then_changes() {
    let dir = tempfile::tempdir().unwrap();
    let log = log_of(told());
    let hub = open(dir.path(), &log, tables()).await;
    hub.caught_up(&log).await;
    let before = hub.positions().await;
    let (differences, said) = hub.diff(&[("DVCLT", "4", 4)]).await;
    let mut expected: Vec<String> = (0..36).step_by(3).map(|n| format!("D-{n}")).collect();
    expected.sort();
    assert_eq!(codes(&differences), expected);
    for one in &differences {
        let (was, is) = (one.before.as_ref().unwrap(), one.after.as_ref().unwrap());
        assert_eq!((was.portal_status, is.portal_status), (9, 4));
        assert_eq!(
            (&was.state[..], &is.state[..]),
            ("settled_on_time", "overdue")
        );
        assert!(was.ended_time.is_some() && is.ended_time.is_none());
        assert!(was.legal_due_time.is_some() && was.legal_due_time == is.legal_due_time);
    }
    let (was, is) = (said.before.unwrap(), said.after.unwrap());
    assert_eq!((was.dossiers, is.dossiers), (36, 36));
    // By the legal deadline of the procedure, which began in May 2026.
    assert_eq!((was.settled_on_time, is.settled_on_time), (12, 0));
    assert_eq!((was.overdue, is.overdue), (12, 24));
    assert_eq!((was.paused, is.paused), (12, 12));
    assert_eq!(said.differences, 12);
    assert_eq!(hub.positions().await, before, "nothing was switched");

    // The tables change: nothing moves before a rebuild, and then it is as was said.
    hub.reference.set(with(changed("DVCLT", "4", "4")));
    assert_eq!(hub.case("D-0").await.dossiers[0].portal_status, 9);
    let waiting = hub.positions().await;
    for position in &waiting {
        assert_eq!(position.mapping_version, said.mapping_version);
        assert_eq!(
            position.newest_mapping_version,
            said.changed_mapping_version
        );
    }
    let (waits, summary) = hub.diff(&[]).await;
    assert_eq!(
        (waits, summary.after),
        (differences, Some(is)),
        "what waits"
    );
    hub.rebuild().await;
    let case = hub.case("D-0").await;
    assert_eq!((case.dossiers[0].portal_status, case.open), (4, true));
    let (none, now) = hub.diff(&[]).await;
    assert_eq!((none, now.differences), (Vec::new(), 0));
    assert_eq!(now.before, Some(is));
    assert!(
        hub.positions()
            .await
            .iter()
            .all(|one| one.mapping_version == said.changed_mapping_version)
    );
    hub.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_code_parks_on_rebuild_and_is_let_go_once_the_table_is_corrected() {
    let dir = tempfile::tempdir().unwrap();
    let log = log_of(told());
    let hub = open(dir.path(), &log, tables()).await;
    hub.caught_up(&log).await;
    log.put(Told::new("late", "D-1", "", 60, handed_over("H56.03")).records());
    hub.caught_up(&log).await;
    assert_eq!(hub.projectors.parked("").await.unwrap(), Vec::new());

    let (differences, said) = hub.diff(&[("DVCLT", "2", 0)]).await;
    assert_eq!(differences.len(), 12, "{:?}", codes(&differences));
    assert!(
        differences
            .iter()
            .all(|one| one.after.as_ref().unwrap().parked)
    );
    assert_eq!(said.after.unwrap().parked_keys, 12);

    hub.reference.set(with(changed("DVCLT", "2", "0")));
    hub.rebuild().await;
    let parked = hub.projectors.parked("case").await.unwrap();
    assert_eq!(parked.len(), 12);
    for one in &parked {
        assert_eq!(one.reason, "EVENT_STATUS_UNKNOWN");
        assert!(one.detail.contains("\"2\" of DVCLT"), "{}", one.detail);
        assert!(
            one.detail.contains(&said.changed_mapping_version),
            "{}",
            one.detail
        );
    }
    let case = hub.case("D-1").await;
    assert_eq!((case.timeline.len(), case.dossiers[0].parked), (1, true));
    // To try again under the same tables does not help; the decision stays without effect.
    let at = parked.iter().find(|one| one.key == "D-1").unwrap();
    log.put([release("D-1", at.position.unwrap().offset, false)]);
    hub.caught_up(&log).await;
    assert_eq!(hub.projectors.parked("case").await.unwrap().len(), 12);

    hub.reference.set(with(tables()));
    hub.rebuild().await;
    assert_eq!(hub.projectors.parked("").await.unwrap(), Vec::new());
    let case = hub.case("D-1").await;
    assert_eq!((case.timeline.len(), case.dossiers[0].parked), (3, false));
    assert_eq!(case.dossiers[0].portal_status, 5);
    hub.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_under_other_tables_makes_the_views_again_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let log = log_of(told());
    let hub = open(dir.path(), &log, tables()).await;
    hub.caught_up(&log).await;
    hub.close().await;
    let hub = open(dir.path(), &log, tables()).await;
    assert!(
        hub.projectors
            .lanes
            .all()
            .all(|lane| lane.noted().is_none())
    );
    hub.close().await;

    let other = changed("DVCLT", "4", "4");
    let hub = open(dir.path(), &log, other.clone()).await;
    hub.caught_up(&log).await;
    assert_eq!(hub.case("D-0").await.dossiers[0].portal_status, 4);
    for lane in hub.projectors.lanes.all() {
        let note = lane.noted().unwrap();
        assert!(note.contains(tables().fingerprint()), "{note}");
        assert!(note.contains(other.fingerprint()), "{note}");
    }
    hub.close().await;
}

fn running(village: &Village, at: usize) -> Vec<Arc<Lane>> {
    let lanes = village.shares[at].lanes.lock().unwrap();
    lanes.values().cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn several_instances_find_the_same_differences_as_one_process() {
    let log = log_of(told());
    let dir = tempfile::tempdir().unwrap();
    let hub = open(dir.path(), &log, tables()).await;
    hub.caught_up(&log).await;
    let village = Village::new(&log, 2, |_, partition| partition as usize % 2);
    village.feed_all().await;
    for changes in [[("DVCLT", "4", 4)], [("DVCLT", "2", 0)]] {
        let (alone, of_one) = hub.diff(&changes).await;
        let told = village.gateway().diff(request(&changes)).await.unwrap();
        let (together, of_all) = gather(told).await;
        assert_eq!(together, alone);
        assert_eq!((of_all.before, of_all.after), (of_one.before, of_one.after));
        assert_eq!(of_all.differences, of_one.differences);
        assert_eq!(of_all.compared_in_parts, 0, "nothing is tied");
        assert_eq!(
            of_all.changed_mapping_version,
            of_one.changed_mapping_version
        );
    }
    hub.close().await;
}

#[tokio::test]
async fn dossiers_that_links_tie_are_said_to_be_compared_in_parts() {
    let link = Told::new("link", "D-0", "", 40, linked(Relation::Case, "LT-1", false));
    let log = log_of([told(), link.records()].concat());
    let village = Village::new(&log, 3, |_, partition| partition as usize);
    village.feed_all().await;
    let told = village.gateway().diff(request(&[("DVCLT", "4", 4)])).await;
    let (differences, said) = gather(told.unwrap()).await;
    assert_eq!(differences.len(), 12);
    assert!(said.compared_in_parts > 0);
}

#[tokio::test]
async fn partitions_of_different_tables_are_never_added_up() {
    let log = log_of(told());
    let village = Village::new(&log, 2, |_, partition| partition as usize % 2);
    village.feed_all().await;
    let list = || async { village.gateway().cases(ListCasesRequest::default()).await };
    assert_eq!(list().await.unwrap().cases.len(), 36);
    let moved = running(&village, 1);
    let lane = moved
        .iter()
        .find(|lane| lane.owner.view == View::Case)
        .unwrap();
    let other = changed("DVCLT", "4", "4");
    lane.replace(State::new(View::Case, 0, other.clone()));
    crate::testing::cluster::feed(&log, lane, log.end(lane.owner.partition)).await;
    let refused = list().await.unwrap_err();
    assert_eq!(refused.reason, Reason::ReferenceDiffers);
    for version in [tables().fingerprint(), other.fingerprint()] {
        assert!(refused.message.contains(version), "{}", refused.message);
    }
    let told = village.gateway().diff(request(&[])).await.unwrap();
    let last = told.collect::<Vec<_>>().await.pop().unwrap();
    assert_eq!(last.unwrap_err().reason, Reason::ReferenceDiffers);
}

#[tokio::test]
async fn an_instance_with_other_reference_data_refuses_the_gateways_questions() {
    let log = log_of(told());
    let village = Village::new(&log, 1, |_, _| 0);
    village.feed_all().await;
    let mut local = village.local(0);
    let other = Reference {
        version: "another".to_owned(),
        ..(*reference_once().now()).clone()
    };
    local.reference = Current::new(other);
    let peer: Arc<dyn Peer> = Arc::new(local);
    village
        .town
        .peers
        .lock()
        .unwrap()
        .insert("instance-0".to_owned(), peer);
    let gateway = village.gateway();
    let listed = gateway.cases(ListCasesRequest::default()).await;
    let compared = gateway.diff(request(&[])).await.map(drop);
    for refused in [listed.map(drop), compared] {
        let refused = refused.unwrap_err();
        assert_eq!(refused.reason, Reason::ReferenceDiffers);
        assert_eq!(refused.metadata["instance_version"], "another");
        assert_eq!(
            refused.metadata["gateway_version"],
            reference_once().now().version
        );
        assert!(refused.reason.entry().retry_after_s.is_some());
    }
}

#[test]
fn a_change_that_is_no_row_of_a_table_is_refused_with_its_field() {
    let reference = reference_once().now();
    let field = |request: DiffViewsRequest| {
        let refused = Question::read(&request, reference.clone()).err().unwrap();
        refused.violations[0].field.clone()
    };
    let good = ("DVCLT", "4", 4);
    assert_eq!(
        field(request(&[good, ("DVCLT", "5", 11)])),
        "changes[1].maps_to"
    );
    assert_eq!(field(request(&[("", "5", 1)])), "changes[0].system");
    assert_eq!(field(request(&[good, good])), "changes[1].code");
    let many = DiffViewsRequest {
        max_differences: 10_001,
        ..request(&[good])
    };
    assert_eq!(field(many), "max_differences");
}

const CODES: [(&str, &str); 4] = [
    ("DVCLT", "1"),
    ("DVCLT", "2"),
    ("DVCLT", "4"),
    ("DVCQG", "10"),
];

fn lanes_of(log: &MemoryLog, tables: &Mappings) -> Vec<Lane> {
    let lane = |partition| {
        let owner = Owner {
            view: View::Case,
            partition,
            partitions: log.partitions(),
        };
        Lane::new(owner, tables.clone(), None)
    };
    (0..log.partitions()).map(lane).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// What is said of any change, before and after, is what views built under either tables hold.
    #[test]
    fn a_diff_says_what_views_under_either_tables_hold(
        told in prop::collection::vec((0..8_usize, 0..CODES.len(), any::<bool>()), 1..40),
        change in (0..CODES.len(), 0..11_u32),
    ) {
        let events = told.iter().enumerate().map(|(at, (dossier, code, linked_too))| {
            let (system, code) = CODES[*code];
            let payload = if *linked_too { linked(Relation::Case, "LT-1", false) } else { accepted() };
            let name = format!("D-{dossier}");
            Told::new(&format!("e{at}"), &name, "", at as i64, payload).coded(system, code).records()
        });
        let log = log_of(events.collect::<Vec<_>>().concat());
        let (system, code) = CODES[change.0];
        let after = changed(system, code, &change.1.to_string());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (differences, said, digests) = runtime.block_on(async {
            let village = Village::new(&log, 1, |_, _| 0);
            village.feed_all().await;
            let asked = request(&[(system, code, change.1)]);
            let (differences, said) = gather(village.gateway().diff(asked).await.unwrap()).await;
            let mut digests = Vec::new();
            for tables in [tables(), after.clone()] {
                let lanes = lanes_of(&log, &tables);
                for lane in &lanes {
                    crate::testing::cluster::feed(&log, lane, log.end(lane.owner.partition)).await;
                }
                digests.push(lanes.iter().map(|lane| lane.state().digest()).collect::<Vec<_>>());
            }
            (differences, said, digests)
        });
        prop_assert_eq!(said.differences, differences.len() as u64);
        // Equal facts, equal figures; a change of outcomes needs a change of facts.
        if digests[0] == digests[1] {
            prop_assert_eq!(differences.len(), 0);
            prop_assert_eq!(said.before, said.after);
        }
        for (figures, version) in [
            (said.before.unwrap(), tables().fingerprint().to_owned()),
            (said.after.unwrap(), after.fingerprint().to_owned()),
        ] {
            let sum = figures.submitted + figures.in_time + figures.overdue + figures.paused
                + figures.settled_early + figures.settled_on_time + figures.settled_late
                + figures.settled_without_due + figures.withdrawn + figures.refused;
            prop_assert_eq!(sum, figures.dossiers, "each dossier is counted once");
            prop_assert!(version == said.mapping_version || version == said.changed_mapping_version);
        }
        for one in &differences {
            prop_assert_ne!(&one.before, &one.after);
        }
    }
}
