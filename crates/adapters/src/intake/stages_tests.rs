//! Which events are measured, whose they are and how late their source was.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::intake::sealed::{Refusal, Span};
use crate::intake::trace::Sending;
use bytes::Bytes;
use lienthong_contract::pb::event::v1 as pb;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time::from_millis;
use prost::Message;

const NOW: i64 = 1_791_426_600_000;

/// An event of a source that happened and was sent so many milliseconds before now.
fn event(source: &str, occurred_ago: i64, sent_ago: Option<i64>) -> pb::Event {
    pb::Event {
        header: Some(pb::Header {
            id: "e".to_owned(),
            source: source.to_owned(),
            occurred_time: Some(from_millis(NOW - occurred_ago)),
            sent_time: sent_ago.map(|ago| from_millis(NOW - ago)),
            ..pb::Header::default()
        }),
        recorded_time: Some(from_millis(NOW)),
        ..pb::Event::default()
    }
}

fn chunk(key: &str, events: &[pb::Event]) -> Sealed {
    let mut block = key.as_bytes().to_vec();
    let mut spans = Vec::new();
    let mut slots = Vec::new();
    for event in events {
        let start = block.len();
        event.encode(&mut block).unwrap();
        slots.push(Slot::Ready {
            id: String::new(),
            span: spans.len(),
            spans: 1,
        });
        spans.push(Span {
            key: 0..key.len(),
            value: start..block.len(),
        });
    }
    Sealed {
        block: Bytes::from(block),
        spans,
        slots,
        recorded_ms: NOW,
        taken: Instant::now(),
        by: Caller::Source,
        sending: Sending::untraced(),
    }
}

#[test]
fn a_source_that_says_when_it_sent_is_late_by_its_own_clock() {
    let stages = Stages::default();
    // Its clock is 300 s behind; it sent 40 s after it happened.
    let chunk = chunk("d", &[event("urn:x:a", 340_000, Some(300_000))]);
    let late = stages.delay(&chunk, 0).unwrap();
    assert_eq!(late, ("urn:x:a".to_owned(), 40_000));
}

#[test]
fn a_source_whose_clock_is_ahead_is_late_without_that_skew() {
    let stages = Stages::default();
    let chunk = chunk(
        "d",
        &[
            event("urn:x:b", -5_000, None),
            event("urn:x:b", 1_000, None),
            event("urn:x:c", 1_000, None),
        ],
    );
    let delays: Vec<i64> = (0..3)
        .map(|index| stages.delay(&chunk, index).unwrap().1)
        .collect();
    assert_eq!(delays, [0, 6_000, 1_000]);
}

#[test]
fn what_is_refused_and_what_is_a_probe_is_no_sources_delay() {
    let stages = Stages::default();
    let probe = chunk("!probe/onestop/1", &[event("urn:x:hub", 0, None)]);
    assert_eq!(stages.delay(&probe, 0), None);
    let mut refused = chunk("d", &[event("urn:x:a", 0, None)]);
    refused.slots[0] = Slot::Refused(Box::new(Refusal {
        id: String::new(),
        failure: Failure::new(Reason::EventMalformed, "no"),
        content: None,
    }));
    assert_eq!(stages.delay(&refused, 0), None);
    assert!(stages.sources.lock().unwrap().is_empty());
}

#[test]
fn sources_beyond_the_bound_share_one_name_and_take_no_memory() {
    let stages = Stages::default();
    for number in 0..MOST_SOURCES + 5 {
        let source = format!("urn:x:{number}");
        let chunk = chunk("d", &[event(&source, 2_000, Some(500))]);
        let (owner, delay_ms) = stages.delay(&chunk, 0).unwrap();
        let expected = if number < MOST_SOURCES {
            &*source
        } else {
            OTHER
        };
        assert_eq!((&*owner, delay_ms), (expected, 1_500));
    }
    assert_eq!(stages.sources.lock().unwrap().len(), MOST_SOURCES);
}
