//! What the fold takes, and what it leaves.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use lienthong_contract::pb::subscription::v1::Subscription;
use lienthong_contract::pb::subscription::v1::entry::{
    Again, Began, Changed, Deleted, Given, Moved, Progress, Read, SecretRotated,
};

fn entry(term: u64, what: What) -> Entry {
    Entry {
        term,
        name: "portal".to_owned(),
        what: Some(what),
    }
}

fn created(incarnation: u64) -> What {
    let subscription = Subscription {
        name: "portal".to_owned(),
        ..Subscription::default()
    };
    What::Created(Created {
        subscription: Some(subscription),
        positions: vec![10, 20],
        incarnation,
        created_ms: 1,
    })
}

fn given(first_sequence: u64, first_offset: u64, count: u64) -> Progress {
    let mut offsets = vec![1; count as usize];
    offsets[0] = first_offset;
    Progress {
        first_sequence,
        given: vec![Given {
            partition: 1,
            offsets,
            cases: (0..count).collect(),
        }],
        given_ms: 1_000,
        digest: 7,
        ..Progress::default()
    }
}

fn lane() -> Lane {
    let mut lane = Lane::default();
    lane.apply(0, entry(1, What::Began(Began::default())))
        .unwrap();
    lane.apply(1, entry(1, created(1))).unwrap();
    lane.apply(2, entry(1, What::Progress(given(1, 20, 5))))
        .unwrap();
    lane
}

/// The record has no effect, for this reason.
fn ignored(lane: &Lane, entry: Entry) -> Ignored {
    let mut after = lane.clone();
    let ignored = after.apply(99, entry).unwrap_err();
    assert_eq!(&after, lane, "nothing of it has an effect");
    ignored
}

#[test]
fn a_record_of_another_term_has_no_effect() {
    let mut lane = lane();
    lane.apply(3, entry(2, What::Began(Began::default())))
        .unwrap();
    let zombie = ignored(&lane, entry(1, What::Progress(given(6, 30, 1))));
    assert_eq!(zombie, Ignored::OtherTerm { of: 1, current: 2 });
    let early = ignored(&lane, entry(3, What::Progress(given(6, 30, 1))));
    assert_eq!(early, Ignored::OtherTerm { of: 3, current: 2 });
    let second = ignored(&lane, entry(2, What::Began(Began::default())));
    assert_eq!(second, Ignored::OtherTerm { of: 2, current: 2 });
}

#[test]
fn a_record_that_was_written_twice_gives_no_number_twice() {
    let lane = lane();
    let twice = ignored(&lane, entry(1, What::Progress(given(1, 20, 5))));
    let (first, expected) = (1, 6);
    assert_eq!(twice, Ignored::DoesNotFollow { first, expected });
    let later = ignored(&lane, entry(1, What::Progress(given(7, 40, 1))));
    let (first, expected) = (7, 6);
    assert_eq!(later, Ignored::DoesNotFollow { first, expected });
}

#[test]
fn a_record_whose_shape_does_not_hold_has_no_effect_at_all() {
    let lane = lane();
    let malformed: [fn(&mut Progress); 8] = [
        |progress| progress.given[0].partition = 2,
        |progress| progress.given[0].cases.clear(),
        |progress| progress.given[0].offsets[1] = 0,
        |progress| progress.given[0].offsets[1] = u64::MAX,
        |progress| progress.given.clear(),
        |progress| progress.settled = vec![1],
        |progress| progress.settled = vec![0, 1],
        |progress| {
            progress.read = vec![Read {
                partition: 9,
                next_offset: 1,
            }];
        },
    ];
    for spoil in malformed {
        let mut progress = given(6, 30, 2);
        spoil(&mut progress);
        let why = ignored(&lane, entry(1, What::Progress(progress)));
        assert!(matches!(why, Ignored::Malformed(_)), "{why}");
    }
    let empty = Entry::default();
    assert!(matches!(ignored(&lane, empty), Ignored::Malformed(_)));
    let positions = vec![1];
    let short = entry(1, What::Moved(Moved { positions }));
    assert!(matches!(ignored(&lane, short), Ignored::Malformed(_)));
    let stateless = entry(1, What::Changed(Changed::default()));
    assert!(matches!(ignored(&lane, stateless), Ignored::Malformed(_)));
}

#[test]
fn names_are_known_once_and_live_anew_after_their_end() {
    let mut lane = lane();
    assert_eq!(ignored(&lane, entry(1, created(2))), Ignored::Exists);
    let deleted = lane.apply(3, entry(1, What::Deleted(Deleted {})));
    assert_eq!(deleted, Ok(Applied::Deleted));
    let gone = ignored(&lane, entry(1, What::Progress(given(6, 30, 1))));
    assert_eq!(gone, Ignored::UnknownName);
    lane.apply(4, entry(1, created(2))).unwrap();
    let kept = &lane.subscriptions["portal"];
    assert_eq!((kept.incarnation, kept.last_sequence), (2, 0));
    assert_eq!(Lookup::new(kept, 1..=1).map(|lookup| lookup.offset()), None);
}

#[test]
fn settled_numbers_leave_and_the_floor_rises_to_the_first_that_is_not() {
    let mut lane = lane();
    let settle = |lane: &mut Lane, settled: Vec<u64>| {
        let progress = Progress {
            settled,
            ..Progress::default()
        };
        lane.apply(3, entry(1, What::Progress(progress))).unwrap();
        lane.subscriptions["portal"].settled_sequence()
    };
    assert_eq!(settle(&mut lane, vec![2, 2, 5, 1]), 0);
    assert_eq!(lane.subscriptions["portal"].unsettled(), [1..=1, 4..=4]);
    assert_eq!(settle(&mut lane, vec![1, 1]), 3);
    assert_eq!(settle(&mut lane, vec![1, 1_000]), 5);
}

#[test]
fn a_takeover_adds_one_to_the_attempt_of_whatever_is_outstanding() {
    let mut lane = lane();
    let again = Again {
        sequence: 2,
        attempt: 4,
        failures: 3,
        not_before_ms: 77,
        ..Again::default()
    };
    let progress = Progress {
        again: vec![again],
        ..Progress::default()
    };
    lane.apply(3, entry(1, What::Progress(progress))).unwrap();
    lane.apply(4, entry(2, What::Began(Began::default())))
        .unwrap();
    lane.apply(5, entry(2, What::Progress(given(6, 30, 1))))
        .unwrap();
    lane.apply(6, entry(3, What::Began(Began::default())))
        .unwrap();
    let kept = &lane.subscriptions["portal"];
    let attempt = |sequence: u64| kept.attempt(&kept.outstanding[&sequence]);
    assert_eq!((attempt(1), attempt(2), attempt(6)), (3, 6, 2));
    assert_eq!(kept.trouble[&2].failures, 3);
}

#[test]
fn states_positions_and_secrets_follow_their_records() {
    let mut lane = lane();
    let changed = Changed {
        state: SubscriptionState::Disabled as i32,
        why: "the endpoint answered 410".to_owned(),
    };
    lane.apply(3, entry(1, What::Changed(changed))).unwrap();
    let rotated = SecretRotated {
        generation: 2,
        old_until_ms: 5,
    };
    lane.apply(4, entry(1, What::SecretRotated(rotated)))
        .unwrap();
    assert!(matches!(
        ignored(&lane, entry(1, What::SecretRotated(rotated))),
        Ignored::Malformed(_)
    ));
    let positions = vec![1, 2];
    lane.apply(5, entry(1, What::Moved(Moved { positions })))
        .unwrap();
    let kept = &lane.subscriptions["portal"];
    assert_eq!(kept.state, SubscriptionState::Disabled);
    assert_eq!(kept.why, "the endpoint answered 410");
    assert_eq!((kept.generation, kept.old_until_ms), (2, 5));
    assert_eq!(kept.positions, [1, 2]);
    assert_eq!((kept.settled_sequence(), kept.last_sequence), (5, 5));
}
