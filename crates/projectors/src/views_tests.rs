#![allow(clippy::unwrap_used, clippy::expect_used)]
//! What must hold of the views whatever comes in, in whatever order, wherever they are stopped.

use crate::store::{self, StoreKind};
use crate::testing::answers::{answers, case};
use crate::testing::events::{
    Told, accepted, handed_over, linked, poison, probe, received, record, release, returned_result,
};
use crate::testing::lanes::{Save, digests, feed_all, feed_to, lanes, load, save, tables};
use crate::testing::strategies::{all_told, codes, records};
use crate::views::names::Size;
use crate::views::state::{Taken, read};
use crate::views::{Applied, State, View};
use lienthong_contract::pb::event::v1::linked::Relation;
use lienthong_eventlog::StoredRecord;
use proptest::prelude::*;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// Opening a store and syncing it is slow: fewer cases than of what runs in memory.
const WITH_STORES: u32 = 10;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_arrival_shows_in_no_answer(
        (all, shuffled) in all_told().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))
    ) {
        runtime().block_on(async {
            let (first, _) = lanes(records(&all));
            let (second, _) = lanes(records(&shuffled));
            feed_all(&first).await;
            feed_all(&second).await;
            let codes = codes();
            prop_assert_eq!(answers(&first, &codes).await, answers(&second, &codes).await);
            // Facts of the path views hold nothing of when they arrived.
            let paths = |lanes| digests(lanes).split_off(3);
            prop_assert_eq!(paths(&first), paths(&second));
            Ok(())
        })?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_hubs_own_probes_show_in_no_answer_and_no_digest(
        all in all_told(),
        poisoned in prop::collection::vec((0..6u8, 0..40usize), 0..3),
        probes in prop::collection::vec(0..60usize, 1..20),
    ) {
        let mut events = records(&all);
        for (dossier, at) in &poisoned {
            events.insert(*at % events.len(), poison(&format!("D{dossier}")));
        }
        let mut mixed = events.clone();
        for (number, at) in (1..).zip(&probes) {
            mixed.insert(*at % mixed.len(), probe(number));
        }
        runtime().block_on(async {
            let (without, _) = lanes(events);
            let (with, _) = lanes(mixed.clone());
            feed_all(&without).await;
            feed_all(&with).await;
            let codes = codes();
            prop_assert_eq!(answers(&without, &codes).await, answers(&with, &codes).await);
            Ok(())
        })?;
        // A fact of the case view holds its offset, and so does what is parked: the same events at
        // the same offsets, with the probes between them taken or not.
        for view in View::ALL {
            let mut without = State::new(view, 0, tables());
            let mut with = State::new(view, 0, tables());
            for (offset, record) in (0..).zip(mixed.iter().cloned()) {
                let one = read(StoredRecord { offset, record });
                let before = with.digest();
                let taken = with.take(&one);
                if lienthong_contract::probe::is_probe(&one.stored.record.key) {
                    prop_assert_eq!(taken, Taken::Applied(Applied::LeftOut));
                    prop_assert_eq!(before, with.digest());
                } else {
                    prop_assert_eq!(taken, without.take(&one));
                }
                prop_assert_eq!(with.next, offset + 1);
            }
            prop_assert_eq!(with.digest(), without.digest());
        }
    }
}

#[test]
fn a_probes_payload_under_a_dossiers_code_is_unreadable_and_parks_it() {
    let mut state = State::new(View::Case, 0, tables());
    let value = probe(1).value.to_vec();
    let record = record(b"D1", value);
    let taken = state.take(&read(StoredRecord { offset: 0, record }));
    assert_eq!(taken, Taken::Parked);
    assert!(state.parking.get(b"D1").is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(WITH_STORES))]

    #[test]
    fn checkpoints_and_kills_anywhere_change_nothing(
        all in all_told(),
        poisoned in prop::collection::vec((0..6u8, 0..40usize, any::<bool>()), 0..3),
        stops in prop::collection::vec((1..30u64, prop::option::weighted(0.3, 0..3usize), 0..20u64), 0..4),
        kind in prop::sample::select(StoreKind::ALL.to_vec()),
    ) {
        runtime().block_on(async {
            let mut records = records(&all);
            for (dossier, at, _) in &poisoned {
                records.insert(*at % records.len(), poison(&format!("D{dossier}")));
            }
            let (straight, log) = lanes(records);
            feed_all(&straight).await;
            for (dossier, _, skip) in &poisoned {
                let key = format!("D{dossier}");
                let parked = straight.all().find_map(|lane| lane.state().parking.get(key.as_bytes()).map(|parked| parked.offset));
                log.put(parked.map(|offset| release(&key, offset, *skip)));
                feed_all(&straight).await;
            }
            let (stopped, other) = lanes([]);
            for partition in 0..3 {
                prop_assert_eq!(other.end(partition), 0);
            }
            copy(&log, &other).await;
            let dir = tempfile::tempdir().unwrap();
            let mut saves = 0;
            for (number, lane) in stopped.all().enumerate() {
                let folder = dir.path().join(number.to_string());
                let mut store = store::open(kind, &folder).unwrap();
                let mut names = Size::EMPTY;
                for (on, kill_after, meanwhile) in &stops {
                    feed_to(&stopped, lane, lane.next() + on).await;
                    let at = lane.next();
                    let how = Save {
                        written: names,
                        kill_after: *kill_after,
                        meanwhile: *meanwhile,
                    };
                    let saved = save(&stopped, lane, store.as_mut(), how).await;
                    drop(store);
                    store = store::open(kind, &folder).unwrap();
                    names = load(lane, store.as_mut());
                    if saved.is_some() {
                        prop_assert_eq!(lane.next(), at);
                        saves += 1;
                    }
                }
            }
            prop_assert!(saves > 0 || stops.iter().all(|(_, kill_after, _)| kill_after.is_some()));
            feed_all(&stopped).await;
            prop_assert_eq!(digests(&straight), digests(&stopped));
            let codes = codes();
            prop_assert_eq!(answers(&straight, &codes).await, answers(&stopped, &codes).await);
            Ok(())
        })?;
    }
}

async fn copy(from: &crate::testing::log::MemoryLog, to: &crate::testing::log::MemoryLog) {
    use lienthong_eventlog::EventLog;
    for partition in 0..from.partitions() {
        let mut reader = from.reader(partition, 0).await.unwrap();
        let records = reader.poll_now(10_000).await.unwrap();
        to.put(records.into_iter().map(|stored| stored.record));
    }
}

/// A case of two dossiers over four agencies; how its parts are tied is the argument.
fn birth(case_of_first: &str, case_of_second: &str) -> Vec<Told> {
    vec![
        Told::new("1", "A-1", case_of_first, 0, received()).by("H56.14.01"),
        Told::new("2", "A-1", case_of_first, 10, handed_over("H56.03")).by("H56.14.01"),
        Told::new("3", "A-1", case_of_first, 20, accepted()).by("H56.03"),
        Told::new("4", "B-1", case_of_second, 30, received()).by("G01.38"),
        Told::new("5", "B-1", case_of_second, 50, returned_result()).by("G01.38"),
        Told::new("6", "A-1", case_of_first, 90, returned_result()).by("H56.03"),
    ]
}

#[tokio::test]
async fn an_early_a_late_and_a_header_link_give_the_same_answers_in_every_view() {
    let tie = |id: &str, dossier: &str, minute| {
        Told::new(
            id,
            dossier,
            "",
            minute,
            linked(Relation::Case, "LT-1", false),
        )
        .by("H56.01")
    };
    let early = [vec![tie("7", "A-1", 1), tie("8", "B-1", 2)], birth("", "")].concat();
    let late = [birth("", ""), vec![tie("7", "A-1", 1), tie("8", "B-1", 2)]].concat();
    let half = [birth("LT-1", ""), vec![tie("8", "B-1", 2)]].concat();
    let named = birth("LT-1", "LT-1");
    let codes: Vec<String> = ["LT-1", "A-1", "B-1"].map(str::to_owned).to_vec();
    let mut all = Vec::new();
    for told in [early, late, half, named] {
        let (lanes, _) = lanes(records(&told));
        feed_all(&lanes).await;
        let mut answers = answers(&lanes, &codes).await;
        for case in answers.whole.iter_mut().flatten() {
            case.timeline.retain(|entry| entry.kind != "linked");
        }
        all.push(answers);
    }
    assert_eq!(all[0].cases.len(), 1);
    assert_eq!(all[0].cases[0].code, "LT-1");
    assert_eq!((all[0].cases[0].dossiers, all[0].cases[0].events), (2, 6));
    assert_eq!(all[0].whole[0], all[0].whole[2]);
    assert_eq!(all[0].statistics.cases, 1);
    for other in &all[1..] {
        assert_eq!(&all[0], other);
    }
}

#[tokio::test]
async fn a_link_that_is_revoked_or_changed_takes_its_dossier_along() {
    let mut told = birth("LT-1", "LT-1");
    told.push(Told::new(
        "7",
        "B-1",
        "LT-1",
        60,
        linked(Relation::Case, "LT-2", false),
    ));
    let (moved, _) = lanes(records(&told));
    feed_all(&moved).await;
    let found = case(&moved, "B-1").await.unwrap();
    assert_eq!((&found.code[..], found.dossiers.len()), ("LT-2", 1));
    assert_eq!(case(&moved, "LT-1").await.unwrap().dossiers[0].code, "A-1");
    told.push(Told::new(
        "8",
        "B-1",
        "",
        61,
        linked(Relation::Case, "LT-2", true),
    ));
    let (alone, _) = lanes(records(&told));
    feed_all(&alone).await;
    assert_eq!(case(&alone, "B-1").await.unwrap().code, "B-1");
    assert_eq!(case(&alone, "LT-2").await, None);
    let sums = answers(&alone, &[]).await;
    assert_eq!((sums.statistics.cases, sums.statistics.events), (2, 6));
}

#[tokio::test]
async fn a_part_of_many_facts_takes_each_once() {
    let one = |at: i64| Told::new(&format!("e{at}"), "A-1", "", 1_000 - at, accepted());
    let all: Vec<Told> = (0..400).chain(0..400).map(one).collect();
    let (lanes, _) = lanes(records(&all));
    feed_all(&lanes).await;
    let counts: Vec<_> = lanes
        .all()
        .map(|lane| lane.state().facts.parts().counts())
        .filter(|counts| counts.keys > 0)
        .map(|counts| (counts.facts, counts.duplicates))
        .collect();
    assert_eq!(counts, [(400, 400); 3]);
    let case = case(&lanes, "A-1").await.unwrap();
    assert!(
        case.timeline
            .is_sorted_by_key(|entry| entry.occurred_time.map(|time| time.seconds))
    );
}

#[tokio::test]
async fn the_latest_word_on_a_case_holds_be_it_a_header_or_a_link() {
    let link = |minute| {
        let to = linked(Relation::Case, "LT-2", false);
        Told::new("link", "A-1", "LT-1", minute, to)
    };
    for (minute, code) in [(5, "LT-1"), (15, "LT-2")] {
        let told = [
            Told::new("1", "A-1", "LT-1", 0, received()),
            link(minute),
            Told::new("2", "A-1", "LT-1", 10, accepted()),
        ];
        let (lanes, _) = lanes(records(&told));
        feed_all(&lanes).await;
        assert_eq!(case(&lanes, "A-1").await.unwrap().code, code);
        assert_eq!(answers(&lanes, &[]).await.statistics.cases, 1);
    }
}

#[tokio::test]
async fn an_event_sent_again_with_its_case_counts_once_in_every_sum() {
    let early = birth("", "");
    let again = birth("LT-1", "LT-1");
    let (once, _) = lanes(records(&again));
    let (twice, _) = lanes(records(&[early, again].concat()));
    feed_all(&once).await;
    feed_all(&twice).await;
    let codes: Vec<String> = ["LT-1", "A-1", "B-1"].map(str::to_owned).to_vec();
    let answers_once = answers(&once, &codes).await;
    assert_eq!(answers_once.statistics.events, 6);
    assert_eq!(answers_once, answers(&twice, &codes).await);
}
