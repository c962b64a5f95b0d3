#![allow(clippy::unwrap_used, clippy::expect_used)]
//! A gateway over several instances answers what one process answers.

use super::*;
use crate::cluster::peer::Told as Steps;
use crate::dossiers;
use crate::lag::trail::moment_ms;
use crate::lane::Lane;
use crate::lanes::Lanes;
use crate::projectors::{self, Projectors};
use crate::questions;
use crate::store::StoreKind;
use crate::testing::cluster::{Village, feed_part};
use crate::testing::events::{Told, accepted, handed_over, linked, poison, received, release};
use crate::testing::groups::MemoryGroups;
use crate::testing::lanes::{PARTITIONS, lanes};
use crate::testing::log::MemoryLog;
use crate::testing::strategies::{all_told, codes, records};
use futures_util::StreamExt;
use lienthong_contract::pb::event::v1::linked::Relation;
use lienthong_contract::pb::performance::v1 as performance;
use lienthong_contract::pb::projection::v1::{self as inner, WaitForResponse};
use lienthong_contract::ports::Performance;
use lienthong_contract::time::from_millis;
use lienthong_eventlog::GroupError;
use proptest::prelude::*;
use prost::Message;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Every answer to a list of questions, or why there is none.
#[derive(Debug, PartialEq)]
struct All {
    cases: Vec<Result<pb::GetCaseResponse, Failure>>,
    pages: Vec<pb::ListCasesResponse>,
    statistics: Vec<pb::GetPathStatisticsResponse>,
    horizontal: Vec<pb::GetHorizontalResponse>,
    vertical: Vec<pb::GetVerticalResponse>,
    clockwork: Vec<performance::GetClockStatisticsResponse>,
    clocks: Vec<Result<performance::GetDossierClockResponse, Failure>>,
    slips: Vec<Result<performance::GetControlSlipResponse, Failure>>,
}

/// One of the two ways to be asked.
enum Way<'a> {
    One(&'a Arc<Lanes>),
    Several(&'a Cluster),
}

impl Way<'_> {
    async fn case(&self, code: &str) -> Result<pb::GetCaseResponse, Failure> {
        let request = pb::GetCaseRequest {
            code: code.to_owned(),
            ..pb::GetCaseRequest::default()
        };
        match self {
            Way::One(lanes) => questions::case(lanes, request).await,
            Way::Several(cluster) => cluster.case(request).await,
        }
    }

    async fn cases(&self, request: pb::ListCasesRequest) -> pb::ListCasesResponse {
        match self {
            Way::One(lanes) => questions::cases(lanes, request).await.unwrap(),
            Way::Several(cluster) => cluster.cases(request).await.unwrap(),
        }
    }

    async fn statistics(
        &self,
        request: pb::GetPathStatisticsRequest,
    ) -> pb::GetPathStatisticsResponse {
        match self {
            Way::One(lanes) => questions::path_statistics(lanes, request).await.unwrap(),
            Way::Several(cluster) => cluster.path_statistics(request).await.unwrap(),
        }
    }

    async fn clockwork(
        &self,
        request: performance::GetClockStatisticsRequest,
    ) -> performance::GetClockStatisticsResponse {
        match self {
            Way::One(lanes) => questions::clock_statistics(lanes, request).await.unwrap(),
            Way::Several(cluster) => cluster.clock_statistics(request).await.unwrap(),
        }
    }

    async fn horizontal(&self, request: pb::GetHorizontalRequest) -> pb::GetHorizontalResponse {
        match self {
            Way::One(lanes) => questions::horizontal(lanes, request).await.unwrap(),
            Way::Several(cluster) => cluster.horizontal(request).await.unwrap(),
        }
    }

    async fn vertical(&self, request: pb::GetVerticalRequest) -> pb::GetVerticalResponse {
        match self {
            Way::One(lanes) => questions::vertical(lanes, request).await.unwrap(),
            Way::Several(cluster) => cluster.vertical(request).await.unwrap(),
        }
    }

    async fn clock(&self, code: &str) -> Result<performance::GetDossierClockResponse, Failure> {
        let as_of = crate::testing::events::MORNING_MS + 300 * 60_000;
        let request = performance::GetDossierClockRequest {
            dossier_code: code.to_owned(),
            as_of_time: Some(from_millis(as_of)),
            ..performance::GetDossierClockRequest::default()
        };
        match self {
            Way::One(lanes) => dossiers::clock(lanes, request).await,
            Way::Several(cluster) => cluster.dossier_clock(request).await,
        }
    }

    async fn slip(&self, code: &str) -> Result<performance::GetControlSlipResponse, Failure> {
        let request = performance::GetControlSlipRequest {
            dossier_code: code.to_owned(),
            ..performance::GetControlSlipRequest::default()
        };
        match self {
            Way::One(lanes) => dossiers::control_slip(lanes, request).await,
            Way::Several(cluster) => cluster.control_slip(request).await,
        }
    }

    async fn all(&self) -> All {
        let mut all = All {
            cases: Vec::new(),
            pages: Vec::new(),
            statistics: Vec::new(),
            horizontal: Vec::new(),
            vertical: Vec::new(),
            clockwork: Vec::new(),
            clocks: Vec::new(),
            slips: Vec::new(),
        };
        for code in codes().iter().map(String::as_str).chain(["Z9"]) {
            all.cases.push(self.case(code).await);
            all.clocks.push(self.clock(code).await);
            all.slips.push(self.slip(code).await);
        }
        for open_only in [false, true] {
            let mut page_token = String::new();
            loop {
                let request = pb::ListCasesRequest {
                    page_size: 2,
                    page_token,
                    open_only,
                    ..pb::ListCasesRequest::default()
                };
                let page = self.cases(request).await;
                page_token = page.next_page_token.clone();
                all.pages.push(page);
                if page_token.is_empty() {
                    break;
                }
            }
        }
        let moments = [10, 200, 490]
            .map(|minute| from_millis(crate::testing::events::MORNING_MS + minute * 60_000));
        for (grain, source) in [(1, ""), (2, "urn:lienthong:vn:H56:onestop"), (1, "urn:x")] {
            let request = pb::GetPathStatisticsRequest {
                grain,
                source: source.to_owned(),
                as_of_times: moments.to_vec(),
                ..pb::GetPathStatisticsRequest::default()
            };
            all.statistics.push(self.statistics(request).await);
            let request = performance::GetClockStatisticsRequest {
                grain,
                source: source.to_owned(),
                as_of_times: moments.to_vec(),
                ..performance::GetClockStatisticsRequest::default()
            };
            all.clockwork.push(self.clockwork(request).await);
        }
        for level in 0..=4 {
            let request = pb::GetHorizontalRequest {
                level,
                ..pb::GetHorizontalRequest::default()
            };
            all.horizontal.push(self.horizontal(request).await);
        }
        for (procedure, chains) in [("", 0), ("1.001193", 2), ("9.999999", 5)] {
            let request = pb::GetVerticalRequest {
                procedure_code: procedure.to_owned(),
                chains,
                ..pb::GetVerticalRequest::default()
            };
            all.vertical.push(self.vertical(request).await);
        }
        all.without_lag()
    }
}

impl All {
    /// What is left when only the clock differs.
    fn without_lag(mut self) -> Self {
        let cases = self
            .cases
            .iter_mut()
            .flatten()
            .map(|one| &mut one.freshness);
        let pages = self.pages.iter_mut().map(|one| &mut one.freshness);
        let statistics = self.statistics.iter_mut().map(|one| &mut one.freshness);
        let horizontal = self.horizontal.iter_mut().map(|one| &mut one.freshness);
        let vertical = self.vertical.iter_mut().map(|one| &mut one.freshness);
        let clockwork = self.clockwork.iter_mut().map(|one| &mut one.freshness);
        let clocks = self.clocks.iter_mut().flatten();
        let clocks = clocks.map(|one| &mut one.freshness);
        let slips = self.slips.iter_mut().flatten();
        let slips = slips.map(|one| &mut one.freshness);
        let all = cases
            .chain(pages)
            .chain(statistics)
            .chain(clockwork)
            .chain(clocks)
            .chain(slips);
        for freshness in all.chain(horizontal).chain(vertical).flatten() {
            for partition in &mut freshness.partitions {
                let behind = partition.next_offset < partition.log_end_offset;
                assert_eq!(partition.lag_ms > 0, behind);
                partition.lag_ms = 0;
            }
        }
        self
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// The number of a lane, for sharing lanes out.
fn number(view: View, partition: u32) -> usize {
    view as usize * PARTITIONS as usize + partition as usize
}

/// Reads a lane again from the log's start, into a new state.
async fn remake(village: &Village, lane: &Arc<Lane>) {
    let again = Lane::new(lane.owner, lane.tables(), None);
    crate::testing::cluster::feed(&village.log, &again, lane.next()).await;
    lane.replace(again.into_state());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn several_instances_answer_exactly_what_one_process_answers(
        told in all_told(),
        poisoned in prop::collection::vec((0..6u8, 0..40usize, any::<bool>()), 0..3),
        instances in 1..=4usize,
        given in prop::collection::vec(0..4usize, 9),
        remade in prop::collection::vec(any::<bool>(), 9),
        moved in prop::collection::vec(prop::option::weighted(0.3, 0..4usize), 9),
    ) {
        runtime().block_on(async {
            let mut records = records(&told);
            for (dossier, at, _) in &poisoned {
                records.insert(*at % records.len(), poison(&format!("D{dossier}")));
            }
            let (one, log) = lanes(records);
            let village = Village::new(&log, instances, |view, partition| {
                given[number(view, partition)] % instances
            });
            let gateway = village.gateway();
            // What changed between the questions travels; what is remade or moved begins anew.
            for step in 1..=4u64 {
                feed_part(&one, &log, step, 4).await;
                village.feed_part(step, 4).await;
                prop_assert_eq!(Way::One(&one).all().await, Way::Several(&gateway).all().await);
                for lane in village.lanes() {
                    let at = number(lane.owner.view, lane.owner.partition);
                    if step == 2 && remade[at] {
                        remake(&village, &lane).await;
                    }
                    if let Some(to) = moved[at].filter(|_| step == 3) {
                        let key = (lane.owner.view, lane.owner.partition);
                        for share in &village.shares {
                            share.lanes.lock().unwrap().remove(&key);
                        }
                        let lane = village.shares[to % instances].begin(key.0, key.1);
                        let to = log.end(key.1) * 3 / 4;
                        crate::testing::cluster::feed(&log, &lane, to).await;
                    }
                }
            }
            for (dossier, _, skip) in &poisoned {
                let key = format!("D{dossier}");
                let parked = one.all().find_map(|lane| {
                    let state = lane.state();
                    state.parking.get(key.as_bytes()).map(|parked| parked.offset)
                });
                log.put(parked.map(|offset| release(&key, offset, *skip)));
                feed_part(&one, &log, 1, 1).await;
                village.feed_all().await;
            }
            prop_assert_eq!(Way::One(&one).all().await, Way::Several(&gateway).all().await);
            // A gateway that comes later answers the same.
            let later = village.gateway();
            prop_assert_eq!(Way::One(&one).all().await, Way::Several(&later).all().await);
            Ok(())
        })?;
    }
}

/// Two dossiers in different partitions, each with a part of its own, and a case in a third.
fn apart() -> (Vec<Told>, [String; 2]) {
    let log = MemoryLog::new(PARTITIONS);
    let first = "A-1".to_owned();
    let of = |code: &str| log.partition_of(code.as_bytes());
    let second = (1..).map(|n| format!("B-{n}"));
    let second = second
        .into_iter()
        .find(|code| of(code) != of(&first))
        .unwrap();
    let told = vec![
        Told::new("1", &first, "", 0, received()).by("H56.14.01"),
        Told::new("2", &first, "", 10, handed_over("H56.03")).by("H56.14.01"),
        Told::new("3", &second, "", 20, received()).by("G01.38"),
    ];
    (told, [first, second])
}

/// Three instances over a log, one view's partitions each on another.
fn three(log: &Arc<MemoryLog>) -> Village {
    Village::new(log, 3, |view, partition| {
        (view as usize + partition as usize) % 3
    })
}

#[tokio::test]
async fn a_link_between_instances_shows_in_the_next_answer() {
    let (told, [first, second]) = apart();
    let (one, log) = lanes(records(&told));
    let village = three(&log);
    village.feed_all().await;
    feed_part(&one, &log, 1, 1).await;
    let gateway = village.gateway();
    let list = pb::ListCasesRequest::default;
    assert_eq!(gateway.cases(list()).await.unwrap().cases.len(), 2);
    let link = |id: &str, dossier: &str, agency| {
        let to_case = linked(Relation::Case, "LT-1", false);
        Told::new(id, dossier, "", 30, to_case).by(agency)
    };
    // The second brings an agency that no instance has heard of.
    let late = [link("7", &first, "H56.01"), link("8", &second, "X-new")];
    let positions = log.put(records(&late));
    village.feed_all().await;
    feed_part(&one, &log, 1, 1).await;
    let wanted: Vec<Position> = positions
        .iter()
        .map(|position| Position {
            partition: position.partition,
            offset: position.offset,
        })
        .collect();
    for view in View::ALL {
        let limit = Duration::from_secs(5);
        gateway.wait_for(view.name(), &wanted, limit).await.unwrap();
    }
    let answer = gateway.cases(list()).await.unwrap();
    assert_eq!(answer.cases.len(), 1);
    assert_eq!((answer.cases[0].dossiers, answer.cases[0].events), (2, 3));
    for code in [&first[..], &second, "LT-1"] {
        let ours = Way::Several(&gateway).case(code).await.unwrap();
        assert_eq!(ours, Way::One(&one).case(code).await.unwrap());
        let case = ours.case.unwrap();
        assert_eq!((&case.code[..], case.timeline.len()), ("LT-1", 5));
        assert!(case.timeline.iter().any(|entry| {
            entry
                .actor
                .as_ref()
                .is_some_and(|actor| actor.agency_code == "X-new")
        }));
    }
    let future = [Position {
        offset: wanted[0].offset + 1_000,
        ..wanted[0]
    }];
    let late = gateway
        .wait_for("case", &future, Duration::from_millis(5))
        .await;
    assert_eq!(late.unwrap_err().reason, Reason::ViewNotCaughtUp);
    let nowhere = [Position {
        partition: 9,
        offset: 0,
    }];
    let refused = gateway.wait_for("case", &nowhere, Duration::ZERO).await;
    assert_eq!(
        refused.unwrap_err().violations[0].field,
        "min_positions[0].partition"
    );
}

#[tokio::test]
async fn a_link_whose_other_end_has_not_been_read_names_the_case_all_the_same() {
    let link = linked(Relation::Case, "LT-1", false);
    let link = Told::new("2", "A-1", "", 5, link).records();
    // Of the link's two records only the dossier's own has come.
    let told = Told::new("1", "A-1", "", 0, received()).records();
    let own = link.into_iter().filter(|record| record.key == "A-1");
    let (one, log) = lanes(told.into_iter().chain(own));
    let village = three(&log);
    village.feed_all().await;
    feed_part(&one, &log, 1, 1).await;
    let gateway = village.gateway();
    let list = Way::Several(&gateway)
        .cases(pb::ListCasesRequest::default())
        .await;
    assert_eq!(
        list,
        Way::One(&one).cases(pb::ListCasesRequest::default()).await
    );
    assert_eq!((list.cases.len(), &list.cases[0].code[..]), (1, "LT-1"));
}

/// Every question; what each failed with.
async fn failures(gateway: &Cluster) -> Vec<Option<Failure>> {
    let case = pb::GetCaseRequest {
        code: "A-1".to_owned(),
        ..pb::GetCaseRequest::default()
    };
    vec![
        gateway.case(case).await.err(),
        gateway.cases(pb::ListCasesRequest::default()).await.err(),
        gateway
            .path_statistics(pb::GetPathStatisticsRequest::default())
            .await
            .err(),
        gateway
            .horizontal(pb::GetHorizontalRequest::default())
            .await
            .err(),
        gateway
            .vertical(pb::GetVerticalRequest::default())
            .await
            .err(),
    ]
}

#[tokio::test]
async fn without_an_owner_a_question_is_refused_with_a_retry_hint_and_lag_goes_on() {
    let (told, _) = apart();
    let (_, log) = lanes(records(&told));
    let village = three(&log);
    village.feed_all().await;
    let gateway = village.gateway();
    assert!(failures(&gateway).await.iter().all(Option::is_none));
    gateway.check_owned().await.unwrap();

    // Partition 1 of the horizontal view has moved away and nobody has begun it.
    let key = (View::Horizontal, 1);
    for share in &village.shares {
        share.lanes.lock().unwrap().remove(&key);
    }
    let failed = failures(&gateway).await;
    let [None, None, None, Some(horizontal), None] = &failed[..] else {
        panic!("{failed:?}");
    };
    assert_eq!(horizontal.reason, Reason::ViewUnowned);
    assert_eq!(horizontal.metadata["view"], "horizontal");
    assert_eq!(horizontal.metadata["partition"], "1");
    let status = Status::from(horizontal.clone());
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.get_error_details().retry_info().is_some());
    assert_eq!(
        gateway.check_owned().await.unwrap_err().metadata["partition"],
        "1"
    );

    let (start, end) = (0, log.end(1));
    let committed = vec![None, Some(end - 1), None];
    let group = "lienthong.projector.horizontal".to_owned();
    village
        .town
        .committed
        .lock()
        .unwrap()
        .insert(group.clone(), committed);
    let of_lost = |lags: Vec<ViewLag>| {
        assert_eq!(lags.len(), 9);
        let is_lost = |lag: &ViewLag| lag.view == "horizontal" && lag.partition == 1;
        lags.into_iter().find(is_lost).unwrap()
    };
    let lag = of_lost(gateway.lag().await.unwrap());
    assert_eq!(
        (lag.next_offset, lag.log_end_offset, lag.lag_events),
        (end - 1, end, 1)
    );
    assert_eq!(lag.status, "stalled");
    assert!(
        lag.reason.contains("no instance keeps partition 1"),
        "{}",
        lag.reason
    );
    assert!(
        lag.lag_seconds > 0.0,
        "the record waits since it was recorded"
    );
    village.town.committed.lock().unwrap().clear();
    let lag = of_lost(gateway.lag().await.unwrap());
    assert_eq!((lag.next_offset, lag.lag_events), (start, end - start));

    let positions = gateway.positions().await;
    let known = positions
        .iter()
        .filter(|position| !position.digest.is_empty());
    assert_eq!((positions.len(), known.count()), (9, 8));
    assert_eq!(gateway.parked("case").await.unwrap(), []);
    assert_eq!(
        gateway.parked("").await.unwrap_err().reason,
        Reason::ViewUnowned
    );
    assert_eq!(
        gateway.parked("cases").await.unwrap_err().reason,
        Reason::ViewUnknown
    );
    let refused = gateway.rebuild("horizontal").await.err().unwrap();
    assert_eq!(refused.reason, Reason::ViewUnowned);

    // Its new owner is found at once; while it loads, the answer is that it loads.
    let lane = Arc::new(Lane::new(
        crate::testing::lanes::owner(key.0, key.1),
        crate::testing::lanes::tables(),
        None,
    ));
    village.shares[2]
        .lanes
        .lock()
        .unwrap()
        .insert(key, lane.clone());
    let loading = failures(&gateway).await.remove(3).unwrap();
    assert_eq!(loading.reason, Reason::ViewLoading);
    crate::testing::cluster::feed(&log, &lane, end).await;
    lane.set_ready();
    assert!(failures(&gateway).await.iter().all(Option::is_none));

    // Without a partition of the case view nothing can be answered exactly.
    village.shares.iter().for_each(|share| {
        share.lanes.lock().unwrap().remove(&(View::Case, 2));
    });
    for failure in failures(&gateway).await {
        let failure = failure.unwrap();
        assert_eq!(failure.reason, Reason::ViewUnowned);
        assert_eq!(
            (
                &failure.metadata["view"][..],
                &failure.metadata["partition"][..]
            ),
            ("case", "2")
        );
    }
}

#[tokio::test]
async fn while_a_groups_metadata_is_away_the_owners_known_last_answer() {
    let (told, _) = apart();
    let (_, log) = lanes(records(&told));
    let village = three(&log);
    village.feed_all().await;
    let gateway = village.gateway();
    let before = gateway.positions().await;
    let unavailable = GroupError::Unavailable {
        group: String::new(),
        what: "its coordinator is away".to_owned(),
    };
    for away in [Ok(Vec::new()), Err(unavailable)] {
        *village.town.members_away.lock().unwrap() = Some(away);
        // The first after a second makes the table again, the next answers from it.
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(1_100)).await;
            assert!(failures(&gateway).await.iter().all(Option::is_none));
            gateway.check_owned().await.unwrap();
        }
        assert_eq!(gateway.positions().await, before);
    }
    // A gateway that knew nobody has nobody to ask.
    assert!(village.gateway().check_owned().await.is_err());
}

#[tokio::test]
async fn of_two_that_keep_a_partition_the_ready_one_that_is_further_is_asked() {
    let (told, _) = apart();
    let (one, log) = lanes(records(&told));
    let village = three(&log);
    village.feed_all().await;
    feed_part(&one, &log, 1, 1).await;
    // While they move, every partition is also on another instance: behind, or loading.
    for lane in village.lanes() {
        let (view, partition) = (lane.owner.view, lane.owner.partition);
        let other = &village.shares[(view as usize + partition as usize + 1) % 3];
        let lane = Arc::new(Lane::new(lane.owner, lane.tables(), None));
        if partition > 0 {
            lane.set_ready();
        } else {
            crate::testing::cluster::feed(&log, &lane, log.end(partition)).await;
        }
        other.lanes.lock().unwrap().insert((view, partition), lane);
    }
    let gateway = village.gateway();
    assert_eq!(
        Way::One(&one).all().await,
        Way::Several(&gateway).all().await
    );
}

/// Counts what travels; may leave questions without an answer.
struct Counted {
    peer: Arc<dyn Peer>,
    bytes: Arc<AtomicUsize>,
    hangs: Arc<Hangs>,
}

/// Which questions are left without an answer.
#[derive(Default)]
struct Hangs {
    lag: AtomicBool,
    lanes: AtomicBool,
}

impl Hangs {
    async fn at(hangs: &AtomicBool) {
        if hangs.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }
}

impl Counted {
    fn count<T: Message>(&self, message: T) -> T {
        self.bytes
            .fetch_add(message.encoded_len(), Ordering::Relaxed);
        message
    }
}

#[async_trait]
impl Peer for Counted {
    async fn lanes(&self) -> Result<inner::ListLanesResponse, Failure> {
        Hangs::at(&self.hangs.lanes).await;
        self.peer.lanes().await
    }
    async fn mentions(
        &self,
        request: inner::ListMentionsRequest,
    ) -> Result<inner::ListMentionsResponse, Failure> {
        let answer = self.peer.mentions(self.count(request)).await?;
        Ok(self.count(answer))
    }
    async fn parts(
        &self,
        request: inner::GetPartsRequest,
    ) -> Result<inner::GetPartsResponse, Failure> {
        let answer = self.peer.parts(self.count(request)).await?;
        Ok(self.count(answer))
    }
    async fn sum(&self, request: inner::GetSumRequest) -> Result<inner::GetSumResponse, Failure> {
        let answer = self.peer.sum(self.count(request)).await?;
        Ok(self.count(answer))
    }
    async fn wait_for(&self, request: inner::WaitForRequest) -> Result<WaitForResponse, Failure> {
        self.peer.wait_for(request).await
    }
    async fn positions(&self) -> Result<inner::ListPositionsResponse, Failure> {
        self.peer.positions().await
    }
    async fn lag(&self) -> Result<inner::GetLagResponse, Failure> {
        Hangs::at(&self.hangs.lag).await;
        self.peer.lag().await
    }
    async fn parked(&self, view: &str) -> Result<inner::ListParkedResponse, Failure> {
        self.peer.parked(view).await
    }
    async fn rebuild(&self, view: &str) -> Result<Steps<inner::RebuildViewResponse>, Failure> {
        self.peer.rebuild(view).await
    }
    async fn verify(&self, views: &[String]) -> Result<Steps<inner::VerifyViewsResponse>, Failure> {
        self.peer.verify(views).await
    }
    async fn diff(
        &self,
        request: inner::DiffViewsRequest,
    ) -> Result<Steps<inner::DiffViewsResponse>, Failure> {
        self.peer.diff(request).await
    }
}

struct Counting {
    connect: Arc<dyn Connect>,
    bytes: Arc<AtomicUsize>,
    hangs: Arc<Hangs>,
}

impl Connect for Counting {
    fn connect(&self, address: &str) -> Result<Arc<dyn Peer>, Failure> {
        Ok(Arc::new(Counted {
            peer: self.connect.connect(address)?,
            bytes: self.bytes.clone(),
            hangs: self.hangs.clone(),
        }))
    }
}

/// A gateway over instances that may leave questions without an answer, and has asked for lag once.
async fn asked(village: &Village) -> (Cluster, Arc<Hangs>, Vec<ViewLag>) {
    let hangs = Arc::new(Hangs::default());
    let gateway = village.gateway_through(Arc::new(Counting {
        connect: village.town.clone(),
        bytes: Arc::default(),
        hangs: hangs.clone(),
    }));
    for lane in village.lanes() {
        lane.set_opened();
    }
    let lags = gateway.lag().await.unwrap();
    (gateway, hangs, lags)
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_does_not_answer_stands_where_it_stood_and_is_stalled_where_it_committed()
{
    let (_, log) = lanes(records(&late_ties(0, 40)));
    let village = three(&log);
    village.feed_all().await;
    let (gateway, hangs, before) = asked(&village).await;
    assert!(before.iter().all(|lag| lag.lag_events == 0), "{before:?}");
    for view in View::ALL {
        let group = format!("lienthong.projector.{}", view.name());
        let committed = (0..3).map(|partition| Some(log.end(partition) - 1));
        let mut groups = village.town.committed.lock().unwrap();
        groups.insert(group, committed.collect());
    }
    hangs.lag.store(true, Ordering::Relaxed);
    hangs.lanes.store(true, Ordering::Relaxed);
    let lags = gateway.lag().await.unwrap();
    let place = |lag: &ViewLag| (lag.next_offset, lag.lag_events);
    let places = |lags: &[ViewLag]| lags.iter().map(place).collect::<Vec<_>>();
    assert_eq!(places(&lags), places(&before));
    assert!(
        lags.iter().all(|lag| lag.status == "current"),
        "it may only be slow: {lags:?}"
    );
    tokio::time::advance(Duration::from_secs(10)).await;
    let lags = gateway.lag().await.unwrap();
    assert_eq!(lags.len(), 9);
    for lag in &lags {
        assert_eq!((&lag.status[..], lag.lag_events), ("stalled", 1), "{lag:?}");
        assert_eq!(&lag.stage[..], "projector");
        // The second once the directory has looked again who answers.
        let words = ["did not tell its lag within 3 s", "no instance keeps"];
        let is_named = words.iter().any(|words| lag.reason.contains(words));
        assert!(is_named, "{}", lag.reason);
        let last = &log.records(lag.partition)[lag.next_offset as usize];
        let truth = (lienthong_contract::time::now_millis() - last.recorded_ms) as f64 / 1e3;
        assert!((truth - lag.lag_seconds).abs() < 10.0, "{truth} {lag:?}");
    }
    hangs.lag.store(false, Ordering::Relaxed);
    hangs.lanes.store(false, Ordering::Relaxed);
    // The first makes its directory look again, the next is told by the instances.
    gateway.lag().await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    gateway.lag().await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let lags = gateway.lag().await.unwrap();
    assert!(lags.iter().all(|lag| lag.lag_events == 0), "{lags:?}");
}

#[tokio::test(start_paused = true)]
async fn one_that_says_only_where_it_stands_is_told_exactly_and_as_falling_behind_if_it_is() {
    let (_, log) = lanes(records(&late_ties(0, 400)));
    let ends: Vec<u64> = (0..3).map(|partition| log.end(partition)).collect();
    let village = three(&log);
    village.feed_part(1, 100).await;
    let (gateway, hangs, _) = asked(&village).await;
    hangs.lag.store(true, Ordering::Relaxed);
    let mut lags = Vec::new();
    for part in 2..=8_u64 {
        // More comes in than is processed.
        log.put(records(&late_ties(
            400 * part as usize,
            400 * part as usize + 40,
        )));
        for lane in village.lanes() {
            let end = ends[lane.owner.partition as usize];
            crate::testing::cluster::feed(&log, &lane, end * part / 100).await;
        }
        lags = gateway.lag().await.unwrap();
    }
    assert_eq!(lags.len(), 9);
    for lag in &lags {
        assert_eq!(lag.next_offset, ends[lag.partition as usize] * 8 / 100);
        assert_eq!(lag.log_end_offset, log.end(lag.partition));
        assert_eq!(&lag.stage[..], "projector");
        assert!(lag.reason.contains("within 3 s; "), "{lag:?}");
        let first = &log.records(lag.partition)[lag.next_offset as usize];
        let truth = (lienthong_contract::time::now_millis() - first.recorded_ms) as f64 / 1e3;
        assert!((truth - lag.lag_seconds).abs() < 10.0, "{truth} {lag:?}");
    }
    let statuses: Vec<_> = lags.iter().map(|lag| &lag.status[..]).collect();
    assert_eq!(statuses, vec!["falling_behind"; 9], "{lags:?}");
    // That it stood at the log's end a moment ago it says with it.
    for lane in village.lanes() {
        lane.trail().touch_end_at(moment_ms());
    }
    lags = gateway.lag().await.unwrap();
    assert!(lags.iter().all(|lag| lag.status == "current"), "{lags:?}");
    // Each answer takes the three seconds of its patience.
    for _ in 0..4 {
        lags = gateway.lag().await.unwrap();
    }
    assert!(lags.iter().all(|lag| lag.status == "stalled"), "{lags:?}");
}

/// So many cases of two dossiers that are tied late, of two events each.
fn late_ties(from: usize, to: usize) -> Vec<Told> {
    let tied = |n: usize| {
        let at = n as i64;
        [format!("A-{n}"), format!("B-{n}")].map(|dossier| {
            let case = linked(Relation::Case, &format!("LT-{n}"), false);
            [
                Told::new(&format!("{dossier}-1"), &dossier, "", at, received()),
                Told::new(&format!("{dossier}-2"), &dossier, "", at + 5, accepted()),
                Told::new(&format!("{dossier}-3"), &dossier, "", at + 9, case),
            ]
        })
    };
    (from..to).flat_map(tied).flatten().collect()
}

#[tokio::test]
async fn what_travels_grows_with_the_ties_at_first_and_with_their_changes_then() {
    let ask = async |gateway: &Cluster, bytes: &AtomicUsize| {
        bytes.store(0, Ordering::Relaxed);
        let answer = gateway
            .horizontal(pb::GetHorizontalRequest::default())
            .await;
        (answer.unwrap(), bytes.load(Ordering::Relaxed))
    };
    let mut first_bytes = Vec::new();
    for ties in [200, 400] {
        let (_, log) = lanes(records(&late_ties(0, ties)));
        let village = three(&log);
        village.feed_all().await;
        let bytes = Arc::new(AtomicUsize::new(0));
        let gateway = village.gateway_through(Arc::new(Counting {
            connect: village.town.clone(),
            bytes: bytes.clone(),
            hangs: Arc::default(),
        }));
        let (answer, first) = ask(&gateway, &bytes).await;
        assert_eq!(
            answer.in_work.iter().map(|row| row.cases).sum::<u64>(),
            ties as u64
        );
        let (same, again) = ask(&gateway, &bytes).await;
        assert_eq!(same.in_work, answer.in_work);
        log.put(records(&late_ties(ties, ties + 1)));
        village.feed_all().await;
        let (_, after_one) = ask(&gateway, &bytes).await;
        let parts = ties * 3;
        println!(
            "{parts} tied parts: {first} bytes at first ({} a part), {again} when nothing \
             changed ({} a part), {after_one} after one more case",
            first / parts,
            again / parts,
        );
        // Numbers, lengths, and the keys that the path view has nothing of.
        assert!(again * 10 < first, "{again} of {first}");
        assert!(after_one < again + 2_000, "{after_one} after {again}");
        first_bytes.push(first);
    }
    assert!(first_bytes[1] < first_bytes[0] * 21 / 10, "{first_bytes:?}");
}

/// Which partitions an instance keeps of views that run whole.
struct Part {
    projectors: Arc<Projectors>,
    partitions: Vec<u32>,
}

impl Kept for Part {
    fn lane(&self, view: View, partition: u32) -> Option<Arc<Lane>> {
        let kept = self.partitions.contains(&partition);
        kept.then(|| Kept::lane(self.projectors.as_ref(), view, partition))?
    }

    fn lanes(&self) -> Vec<Arc<Lane>> {
        let mut lanes = Kept::lanes(self.projectors.as_ref());
        lanes.retain(|lane| self.partitions.contains(&lane.owner.partition));
        lanes
    }
}

/// Instances with running views, each reached over a socket.
struct Running {
    village: Village,
    stops: Vec<CancellationToken>,
    served: Vec<tokio::task::JoinHandle<Result<(), ServeError>>>,
    running: Vec<Arc<Projectors>>,
    addresses: Vec<String>,
    _dirs: Vec<tempfile::TempDir>,
}

async fn running(log: &Arc<MemoryLog>) -> Running {
    // The addresses of the sockets stand in for the groups' members.
    let village = Village::new(log, 0, |_, _| 0);
    let mut all = Running {
        village,
        stops: Vec::new(),
        served: Vec::new(),
        running: Vec::new(),
        addresses: Vec::new(),
        _dirs: Vec::new(),
    };
    for partitions in [vec![0, 2], vec![1]] {
        let dir = tempfile::tempdir().unwrap();
        let stop = CancellationToken::new();
        let config = projectors::Config {
            dir: dir.path().to_owned(),
            store: StoreKind::Redb,
            checkpoint_every: Duration::from_millis(50),
        };
        let reference = crate::testing::cluster::reference_once();
        let handles = projectors::Handles {
            log: log.clone(),
            reference: reference.clone(),
        };
        let projectors = projectors::start(config, handles, stop.clone())
            .await
            .unwrap();
        projectors.loaded().await;
        let local = Local {
            kept: Arc::new(Part {
                projectors: projectors.clone(),
                partitions,
            }),
            operations: projectors.clone(),
            reference,
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let serving = serve(listener, ServeConfig::default(), local, stop.clone());
        all.served.push(tokio::spawn(serving));
        let mut peers = all.village.town.peers.lock().unwrap();
        peers.insert(address.clone(), Remote.connect(&address).unwrap());
        drop(peers);
        all.addresses.push(address);
        all.stops.push(stop);
        all.running.push(projectors);
        all._dirs.push(dir);
    }
    all
}

impl Running {
    async fn stop(&mut self, at: usize) {
        self.stops[at].cancel();
        (&mut self.served[at]).await.unwrap().unwrap();
        self.running[at].finished().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_sockets_answers_and_operations_are_those_of_one_process_until_one_is_gone() {
    let (told, [first, _]) = apart();
    let told = [told, late_ties(0, 20)].concat();
    let (one, log) = lanes(records(&told));
    feed_part(&one, &log, 1, 1).await;
    let mut running = running(&log).await;
    let gateway = running.village.gateway_through(Arc::new(Remote));
    assert_eq!(
        Way::One(&one).all().await,
        Way::Several(&gateway).all().await
    );

    let expected: Vec<(String, u32, String)> = crate::operations::positions(
        &Kept::lanes(one.as_ref()),
        &crate::testing::cluster::reference_once(),
    )
    .into_iter()
    .map(|one| (one.view, one.partition, one.digest))
    .collect();
    let found = gateway.positions().await.into_iter();
    let found: Vec<_> = found
        .map(|one| (one.view, one.partition, one.digest))
        .collect();
    assert_eq!(found, expected);
    let lags = gateway.lag().await.unwrap();
    assert_eq!(lags.len(), 9);
    assert!(lags.iter().all(|lag| lag.status == "current"), "{lags:?}");

    // A rebuild on both, told as one; numbers of parts mean other parts afterwards.
    let told: Vec<_> = gateway.rebuild("case").await.unwrap().collect().await;
    let ends = told
        .iter()
        .filter(|step| step.as_ref().unwrap().done)
        .count();
    let last = told.last().unwrap().as_ref().unwrap();
    assert!(
        ends == 1 && last.done && last.events_done == last.events_total,
        "{told:?}"
    );
    assert_eq!(
        Way::One(&one).all().await,
        Way::Several(&gateway).all().await
    );
    let mut compared = Vec::new();
    let mut verifying = gateway.verify(&[]).await.unwrap();
    while let Some(step) = verifying.next().await {
        compared.extend(step.unwrap().comparisons);
    }
    assert_eq!(compared.len(), 9);
    for (comparison, (view, partition, digest)) in compared.iter().zip(&expected) {
        assert!(comparison.equal);
        assert_eq!((&comparison.view, comparison.partition), (view, *partition));
        assert_eq!(&comparison.running_digest, digest);
    }

    // A gateway of another version is told what to do.
    let mut client = inner::projection_service_client::ProjectionServiceClient::connect(format!(
        "http://{}",
        running.addresses[0]
    ))
    .await
    .unwrap();
    let request = inner::ListLanesRequest {
        protocol: PROTOCOL + 1,
    };
    let refused = client.list_lanes(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    let details = refused.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "VERSIONS_MIXED");
    assert!(refused.message().contains("finish the rolling upgrade"));

    running.stop(1).await;
    let failed = gateway.case(pb::GetCaseRequest {
        code: first.clone(),
        ..pb::GetCaseRequest::default()
    });
    let failure = failed.await.unwrap_err();
    assert_eq!(failure.reason, Reason::ViewUnowned, "{failure}");
    assert_eq!(failure.metadata["partition"], "1");
    let lags = gateway.lag().await.unwrap();
    let stalled: Vec<u32> = lags
        .iter()
        .filter(|lag| lag.status == "stalled")
        .map(|lag| lag.partition)
        .collect();
    assert_eq!(stalled, [1, 1, 1], "{lags:?}");
    running.stop(0).await;
}

/// An instance of all views behind a socket, which groups give partitions to.
struct Member {
    instance: Arc<crate::instance::Instance>,
    stop: CancellationToken,
    served: tokio::task::JoinHandle<Result<(), ServeError>>,
    _dir: tempfile::TempDir,
}

impl Member {
    async fn start(name: &str, log: &Arc<MemoryLog>, groups: &Arc<MemoryGroups>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let stop = CancellationToken::new();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = crate::instance::Config {
            dir: dir.path().to_owned(),
            store: StoreKind::Redb,
            checkpoint_every: Duration::from_millis(20),
            views: View::ALL.to_vec(),
            snapshots: None,
            group_prefix: "lienthong".to_owned(),
            instance: name.to_owned(),
            address: listener.local_addr().unwrap().to_string(),
            session: Duration::from_secs(30),
        };
        let reference = crate::testing::cluster::reference_once();
        let handles = crate::instance::Handles {
            log: log.clone(),
            groups: groups.clone(),
            reference: reference.clone(),
        };
        let instance = crate::instance::start(config, handles, stop.clone())
            .await
            .unwrap();
        let local = Local {
            kept: instance.clone(),
            operations: instance.clone(),
            reference,
        };
        let serving = serve(listener, ServeConfig::default(), local, stop.clone());
        Self {
            instance,
            stop,
            served: tokio::spawn(serving),
            _dir: dir,
        }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.served.await.unwrap().unwrap();
        self.instance.finished().await.unwrap();
    }
}

/// Waits for two answers more.
async fn more(answered: &AtomicUsize, asking: &tokio::task::JoinHandle<()>) {
    let wanted = answered.load(Ordering::Relaxed) + 2;
    while answered.load(Ordering::Relaxed) < wanted {
        assert!(!asking.is_finished(), "an answer was wrong");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_partitions_move_between_instances_an_answer_is_whole_or_refused() {
    let told = [apart().0, late_ties(0, 60)].concat();
    let (one, log) = lanes(records(&told));
    feed_part(&one, &log, 1, 1).await;
    let groups = MemoryGroups::new(PARTITIONS);
    let first = Member::start("first", &log, &groups).await;
    let second = Member::start("second", &log, &groups).await;
    first.instance.loaded().await;
    second.instance.loaded().await;
    let config = Config {
        group_prefix: "lienthong".to_owned(),
    };
    let gateway = Arc::new(Cluster::new(
        config,
        Handles {
            log: log.clone(),
            groups: groups.clone(),
            reference: crate::testing::cluster::reference_once(),
            connect: Arc::new(Remote),
        },
    ));
    let expected = Way::One(&one).all().await;
    assert_eq!(Way::Several(&gateway).all().await, expected);

    let done = CancellationToken::new();
    let answered = Arc::new(AtomicUsize::new(0));
    let asking = {
        let (gateway, done) = (gateway.clone(), done.clone());
        let answered = answered.clone();
        let whole = expected.horizontal[0].clone();
        let list = Way::One(&one).cases(pb::ListCasesRequest::default()).await;
        tokio::spawn(async move {
            while !done.is_cancelled() {
                let request = pb::GetHorizontalRequest::default();
                match gateway.horizontal(request).await {
                    Ok(answer) => {
                        assert_eq!(answer, whole);
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(failure) => {
                        let known = [Reason::ViewUnowned, Reason::ViewLoading];
                        assert!(known.contains(&failure.reason), "{failure}");
                    }
                }
                if let Ok(answer) = gateway.cases(pb::ListCasesRequest::default()).await {
                    assert_eq!(answer, list);
                }
            }
        })
    };
    more(&answered, &asking).await;
    let third = Member::start("third", &log, &groups).await;
    third.instance.loaded().await;
    more(&answered, &asking).await;
    first.stop().await;
    groups.expire("first");
    while gateway.check_owned().await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    second.instance.loaded().await;
    third.instance.loaded().await;
    more(&answered, &asking).await;
    done.cancel();
    asking.await.unwrap();
    assert_eq!(Way::Several(&gateway).all().await, expected);
    let lags = gateway.lag().await.unwrap();
    assert!(lags.iter().all(|lag| lag.status == "current"), "{lags:?}");

    // A member that is away keeps its place for a while: nobody answers for it.
    second.stop().await;
    let failure = gateway
        .horizontal(pb::GetHorizontalRequest::default())
        .await;
    assert_eq!(failure.unwrap_err().reason, Reason::ViewUnowned);
    groups.expire("second");
    while gateway
        .horizontal(pb::GetHorizontalRequest::default())
        .await
        .is_err()
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(Way::Several(&gateway).all().await, expected);
    third.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_at_once_each_read_their_own_writes() {
    let log = MemoryLog::new(PARTITIONS);
    let groups = MemoryGroups::new(PARTITIONS);
    let first = Member::start("first", &log, &groups).await;
    let second = Member::start("second", &log, &groups).await;
    first.instance.loaded().await;
    second.instance.loaded().await;
    let config = Config {
        group_prefix: "lienthong".to_owned(),
    };
    let handles = Handles {
        log: log.clone(),
        groups: groups.clone(),
        reference: crate::testing::cluster::reference_once(),
        connect: Arc::new(Remote),
    };
    let gateway = Arc::new(Cluster::new(config, handles));
    let callers = (0..6usize).map(|caller| {
        let (gateway, log) = (gateway.clone(), log.clone());
        tokio::spawn(async move {
            for turn in 0..15 {
                let n = caller * 1_000 + turn;
                let written = log.put(records(&late_ties(n, n + 1)));
                let written: Vec<Position> = written
                    .into_iter()
                    .map(|position| Position {
                        partition: position.partition,
                        offset: position.offset,
                    })
                    .collect();
                let limit = Duration::from_secs(60);
                gateway
                    .wait_for("horizontal", &written, limit)
                    .await
                    .unwrap();
                let case = Way::Several(&gateway)
                    .case(&format!("B-{n}"))
                    .await
                    .unwrap();
                let case = case.case.unwrap();
                assert_eq!(case.code, format!("LT-{n}"));
                assert_eq!((case.dossiers.len(), case.timeline.len()), (2, 6));
                let asked = Way::Several(&gateway);
                let sum = asked.horizontal(pb::GetHorizontalRequest::default()).await;
                let cases: u64 = sum.in_work.iter().map(|row| row.cases).sum();
                assert!(cases > turn as u64, "{cases} after {turn}");
                let list = asked
                    .cases(pb::ListCasesRequest {
                        page_size: 1_000,
                        ..pb::ListCasesRequest::default()
                    })
                    .await;
                let ours = list.cases.iter().find(|row| row.code == case.code).unwrap();
                assert_eq!((ours.dossiers, ours.events), (2, 4));
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    let statistics = pb::GetPathStatisticsRequest::default();
    let ours = gateway.path_statistics(statistics).await.unwrap();
    assert_eq!((ours.cases, ours.events), (90, 360));
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn the_age_of_an_event_taken_just_after_the_answer_is_told_without_reading_the_log() {
    let (told, _) = apart();
    let (_, log) = lanes(records(&told));
    let village = three(&log);
    village.feed_all().await;
    let gateway = village.gateway();
    // The answer knew one event less than its lane has taken by now.
    let at = |partition: u32| At::new(log.end(partition).saturating_sub(1), None);
    let at: Vec<At> = (0..PARTITIONS).map(at).collect();
    for partition in 0..PARTITIONS {
        log.remove_before(partition, log.end(partition));
    }
    let fresh = gateway.fresh(View::Case, &at).await.unwrap().unwrap();
    for partition in &fresh.partitions {
        let behind = partition.next_offset < partition.log_end_offset;
        assert_eq!(partition.lag_ms > 0, behind, "{partition:?}");
    }
    assert!(
        fresh
            .partitions
            .iter()
            .any(|partition| partition.lag_ms > 0)
    );
}
