//! A check that cannot fail proves nothing: each kind of fault is planted, and found.

use super::super::diary::{Diary, Names, SharedNames, lock};
use super::super::prove::{self, Day};
use super::*;
use lienthong_contract::pb::subscription::v1::DayManifest;
use std::sync::{Arc, Mutex};

const TIMEOUT: Duration = Duration::from_secs(3);

/// Events 0 to 3 of one case, in this order; the first three acknowledged.
fn expected() -> Expected {
    Expected {
        must: (0..3).collect(),
        may: (0..4).collect(),
        place: (0..4).map(|event| (event, (0, event))).collect(),
    }
}

/// Event `event` at offset `event`, as number `event + 1`.
fn seen(event: u32) -> Seen {
    Seen {
        event,
        key: 9,
        partition: 0,
        offset: u64::from(event),
        sequence: u64::from(event) + 1,
        attempt: 1,
        day: 0,
    }
}

fn told(event: u32) -> What {
    What::Told(seen(event))
}

fn notes(what: &[What]) -> Vec<Note> {
    let mut diary = Diary::default();
    what.iter().for_each(|what| diary.note(1, *what));
    diary.notes
}

fn streamed(what: &[What]) -> Verdict {
    stream(&expected(), &notes(what))
}

fn handed(what: &[What]) -> Verdict {
    handed_with_late(what, 0)
}

/// The same, when the hub told so many acknowledgements to be late.
fn handed_with_late(what: &[What], late: u64) -> Verdict {
    let knows = Durable {
        ack_timeout: TIMEOUT,
        late,
        outages: &[],
        skipped: &HashSet::new(),
    };
    durable(&expected(), &notes(what), &knows)
}

/// Every event told and acknowledged in order.
fn all() -> Vec<What> {
    (0..4)
        .flat_map(|event| [told(event), What::Done(u64::from(event) + 1)])
        .collect()
}

#[test]
fn a_stream_that_tells_everything_in_order_is_clean_whatever_became_of_the_unacknowledged() {
    let without = streamed(&[told(0), told(1), told(2)]);
    assert!(without.is_clean(), "{without:?}");
    let with = streamed(&[told(0), told(1), told(2), told(3)]);
    assert!(with.is_clean(), "{with:?}");
    assert_eq!((with.must, with.told, with.different), (3, 4, 4));
}

#[test]
fn a_planted_loss_swap_stranger_and_repetition_in_a_stream_are_each_found() {
    assert_eq!(streamed(&[told(0), told(2)]).lost, 1);
    assert_eq!(streamed(&[]).lost, 3);
    let swapped = streamed(&[told(0), told(2), told(1)]);
    assert_eq!((swapped.lost, swapped.order_breaks), (0, 1));
    assert_eq!(streamed(&[told(0), told(7)]).strangers, 1);
    let twice = streamed(&[told(0), told(1), told(1), told(2)]);
    assert_eq!((twice.unexplained, twice.lost), (1, 0));
    for bad in [swapped, twice, streamed(&[told(0)])] {
        assert!(!bad.is_clean(), "{bad:?}");
    }
}

#[test]
fn an_order_that_only_the_sender_knows_is_checked_too() {
    // Offsets ascend, but the log has the case's events in another order than they were sent.
    let moved = |event, offset| {
        What::Told(Seen {
            offset,
            ..seen(event)
        })
    };
    let swapped = streamed(&[moved(0, 0), moved(2, 1), moved(1, 2)]);
    assert_eq!(swapped.order_breaks, 1);
}

#[test]
fn what_a_resumed_stream_tells_again_is_explained_only_after_its_token() {
    // The token was taken when the diary had two notes: 0 and 1 were told.
    let resumed = [told(0), told(1), told(2), What::Resumed(2)];
    let fine = streamed(&[resumed.as_slice(), &[told(2), told(3)]].concat());
    assert!(fine.is_clean(), "{fine:?}");
    assert_eq!(fine.repeated["resumed from an older token"], 1);
    let too_early = streamed(&[resumed.as_slice(), &[told(1)]].concat());
    assert_eq!(too_early.unexplained, 1);
}

#[test]
fn a_repeat_of_the_source_is_explained_only_beyond_the_window_or_under_another_key() {
    let repeat = |offset, key| {
        let again = What::Told(Seen {
            offset,
            key,
            ..seen(0)
        });
        streamed(&[told(0), told(1), told(2), again])
    };
    assert_eq!(repeat(WINDOW, 9).unexplained, 1);
    assert_eq!(repeat(WINDOW + 1, 9).repeated["beyond the window"], 1);
    let other_key = repeat(5, 8);
    assert_eq!(other_key.repeated["recorded under another key"], 1);
    assert!(other_key.is_clean(), "{other_key:?}");
}

#[test]
fn a_durable_subscription_that_is_acknowledged_in_order_is_clean() {
    let verdict = handed(&all());
    assert!(verdict.is_clean(), "{verdict:?}");
    assert_eq!((verdict.must, verdict.different), (3, 4));
}

#[test]
fn a_planted_loss_gap_swap_and_second_meaning_of_a_number_are_each_found() {
    let not_acknowledged = handed(&[told(0), What::Done(1), told(1), What::Done(2), told(2)]);
    assert_eq!(not_acknowledged.lost, 1);

    let mut gap = all();
    gap.drain(2..4);
    let gap = handed(&gap);
    assert_eq!((gap.gaps, gap.lost), (1, 1));

    let open = handed(&[told(0), told(1), What::Done(1), What::Done(2)]);
    assert_eq!(open.order_breaks, 1, "told while the one before was open");

    let swapped = [
        What::Told(Seen {
            sequence: 1,
            ..seen(1)
        }),
        What::Done(1),
        What::Told(Seen {
            sequence: 2,
            ..seen(0)
        }),
        What::Done(2),
    ];
    assert_eq!(handed(&swapped).order_breaks, 1);

    let renumbered = What::Told(Seen {
        sequence: 1,
        ..seen(3)
    });
    let renumbered = handed(&[all(), vec![renumbered]].concat());
    assert_eq!(renumbered.renumbered, 1);

    let numbered_twice = What::Told(Seen {
        sequence: 5,
        ..seen(0)
    });
    let numbered_twice = handed(&[all(), vec![numbered_twice]].concat());
    assert_eq!(numbered_twice.unexplained, 1);
    for bad in [not_acknowledged, gap, open, renumbered, numbered_twice] {
        assert!(!bad.is_clean(), "{bad:?}");
    }
}

/// Event 0 handed out again, as another attempt.
fn again(attempt: u32) -> What {
    What::Told(Seen { attempt, ..seen(0) })
}

#[test]
fn each_handing_out_again_has_its_cause_or_is_found() {
    let cause = |before: &[What]| {
        let verdict = handed(&[before, &[again(2), What::Done(1)]].concat());
        let cause = verdict.repeated.keys().next().cloned();
        (cause.unwrap_or_default(), verdict.unexplained)
    };
    let explained = |text: &str| (text.to_owned(), 0);
    let failed = cause(&[told(0), What::Failed(1)]);
    assert_eq!(failed, explained("negatively acknowledged"));
    let forgotten = cause(&[told(0), What::Forgotten(1)]);
    assert_eq!(forgotten, explained("not acknowledged in time"));
    let left = cause(&[told(0), What::Left]);
    assert_eq!(left, explained("the consumer left"));
    assert_eq!(cause(&[told(0), What::Done(1)]), (String::new(), 1));
    let crashed = cause(&[told(0), What::Done(1), What::Left]);
    let on_the_way = "the consumer left with its acknowledgement on the way";
    assert_eq!(crashed, explained(on_the_way));
    let acknowledged_late = [told(0), What::Done(1), again(2), What::Done(1)];
    assert_eq!(handed_with_late(&acknowledged_late, 1).unexplained, 0);
    let twice = [&acknowledged_late[..], &[again(3), What::Done(1)]].concat();
    assert_eq!(handed_with_late(&twice, 1).unexplained, 1, "only one was");
    let same_attempt = handed(&[told(0), What::Failed(1), told(0), What::Done(1)]);
    assert_eq!(same_attempt.unexplained, 1);
}

#[test]
fn an_earlier_attempt_that_is_read_late_is_explained_and_its_answer_counts_for_nothing() {
    let late = [told(0), What::Failed(1), again(3), again(2), What::Done(1)];
    let verdict = handed(&late);
    assert_eq!(verdict.unexplained, 0, "{verdict:?}");
    assert!(
        verdict.lost > handed(&[told(0), What::Done(1)]).lost,
        "{verdict:?}"
    );
}

#[test]
fn what_is_handed_out_again_around_the_death_of_a_gateway_is_explained() {
    let notes = notes(&[told(0), What::Done(1), again(2), What::Done(1)]);
    let outage = |from: Instant| Outage {
        what: "kill".to_owned(),
        from,
        until: from,
    };
    let judge = |outages: &[Outage]| {
        let knows = Durable {
            ack_timeout: TIMEOUT,
            late: 0,
            outages,
            skipped: &HashSet::new(),
        };
        durable(&expected(), &notes, &knows).unexplained
    };
    assert_eq!(judge(&[outage(notes[0].at)]), 0);
    let later = notes[3].at + Duration::from_secs(1);
    assert_eq!(judge(&[outage(later)]), 1, "it came before");
}

/// Two events with their names, and what a receiver counts of them.
fn received() -> (SharedNames, BTreeMap<u64, Seen>) {
    let mut names = Names::default();
    let events = [names.identity("urn:a", "1"), names.identity("urn:a", "2")];
    let day = names.of("2026-11-22");
    let numbers = events.iter().zip(1..).map(|(event, number)| {
        let told = Seen {
            event: *event,
            sequence: number,
            day,
            ..seen(0)
        };
        (number, told)
    });
    (Arc::new(Mutex::new(names)), numbers.collect())
}

#[test]
fn a_planted_wrong_digest_count_or_day_of_a_manifest_is_found() {
    let (names, numbers) = received();
    let digest = prove::digest(1, "urn:a\n1").wrapping_add(prove::digest(2, "urn:a\n2"));
    let counted = prove::days(&numbers, &names);
    let whole = Day {
        first: 1,
        last: 2,
        count: 2,
        digest,
    };
    assert_eq!(counted["2026-11-22"], whole);
    let manifest = |digest: u64, count, day: &str| DayManifest {
        day: day.to_owned(),
        first_sequence: 1,
        last_sequence: 2,
        count,
        digest: format!("{digest:016x}"),
        closed: false,
    };
    let different = |told: &[DayManifest]| {
        let mut verdict = Verdict::default();
        prove::manifests(told, &counted, &mut verdict);
        verdict.manifests_different
    };
    let day = "2026-11-22";
    assert_eq!(different(&[manifest(digest, 2, day)]), 0);
    assert_eq!(different(&[manifest(digest ^ 1, 2, day)]), 1);
    assert_eq!(different(&[manifest(digest, 3, day)]), 1);
    assert_eq!(different(&[]), 1, "no manifest of the day");
    let both = [manifest(digest, 2, day), manifest(digest, 2, "2026-11-21")];
    assert_eq!(different(&both), 1, "a day on which nothing was told");
}

#[test]
fn the_digest_is_the_one_that_the_contract_describes() {
    // printf '7\nurn:lienthong:vn:H56:onestop\nA-1' | sha256sum | cut -c1-16
    let digest = prove::digest(7, "urn:lienthong:vn:H56:onestop\nA-1");
    assert_eq!(format!("{digest:016x}"), "bc8ae9a54b6e0a4c");
}

#[test]
fn a_number_that_reads_as_another_event_is_found() {
    let (names, numbers) = received();
    let read_wrong = |read: Seen| {
        let mut verdict = Verdict::default();
        prove::again(&numbers, &read, &mut verdict);
        verdict.read_wrong
    };
    let read = Seen {
        attempt: 0,
        ..numbers[&1]
    };
    assert_eq!(read_wrong(read), 0);
    let other = lock(&names).of("urn:a\n2");
    assert_eq!(
        read_wrong(Seen {
            event: other,
            ..read
        }),
        1
    );
    assert_eq!(read_wrong(Seen { offset: 44, ..read }), 1);
    assert_eq!(
        read_wrong(Seen {
            sequence: 3,
            ..read
        }),
        1
    );
}
