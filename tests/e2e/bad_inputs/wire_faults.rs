//! Faults below the contract: batches, bytes that are no message, messages from the future.

use super::{Row, Send, Told, good};
use bytes::Bytes;
use lienthong_contract::pb::event::v1::Protected;
use lienthong_simulator::system::System;
use lienthong_tests::wire::{self, StreamItem};

fn batch(name: &'static str, events: Vec<Bytes>, expect: Told) -> Row {
    Row {
        name,
        send: Send::Batch(System::Onestop, events),
        expect,
    }
}

fn stream(name: &'static str, events: Vec<Option<Bytes>>, expect: Told) -> Row {
    let items = events
        .into_iter()
        .map(|event| StreamItem { event })
        .collect();
    Row {
        name,
        send: Send::Stream(System::Onestop, items),
        expect,
    }
}

/// The good event with further bytes behind it.
fn followed_by(bytes: &[u8]) -> Vec<Bytes> {
    vec![[&wire::encode(&good()), bytes].concat().into()]
}

fn batch_size() -> Told {
    Told::new("INVALID_ARGUMENT", "BATCH_SIZE", &[])
}

pub fn rows() -> Vec<Row> {
    let good_bytes = wire::encode(&good());
    let whole = good_bytes.len();
    let unreadable = |fields: &[&str]| Told::new("INVALID_ARGUMENT", "REQUEST_MALFORMED", fields);
    let wordy = good().about("", "", &"x".repeat(3_900));
    let large = good().header(|header| {
        header.protected = Some(Protected {
            persons: Vec::new(),
            notes: vec!["x".repeat(4_000); 300],
        });
    });
    vec![
        batch("a batch without events", Vec::new(), batch_size()),
        batch(
            "a batch of 10,001 events",
            vec![good_bytes.clone(); 10_001],
            batch_size(),
        ),
        batch(
            "a batch of 10,000 events",
            vec![good_bytes.clone(); 10_000],
            Told::accepted(),
        ),
        batch(
            "a batch of 18 MiB",
            vec![wire::encode(&wordy); 4_700],
            batch_size(),
        ),
        batch(
            "an empty event",
            vec![Bytes::new()],
            Told::malformed(&["header"]),
        ),
        batch(
            "an event cut off in the middle",
            vec![good_bytes.slice(..whole - 7)],
            unreadable(&["events.payload"]),
        ),
        batch(
            "random bytes for an event",
            vec![Bytes::from_static(b"\xff\xfe\x00\x01")],
            unreadable(&["events"]),
        ),
        batch(
            "a JSON text for an event",
            vec![Bytes::from_static(b"{\"header\":{}}")],
            unreadable(&["events"]),
        ),
        batch(
            "text that is not UTF-8",
            // Field 1 (header), 4 bytes: field 1 (id), 2 bytes that are no UTF-8.
            vec![Bytes::from_static(b"\x0a\x04\x0a\x02\xc3\x28")],
            unreadable(&["events.header.id"]),
        ),
        batch(
            "two kinds of payload: the last holds, as protobuf says",
            // Field 33 (approved), empty.
            followed_by(b"\x8a\x02\x00"),
            Told::accepted(),
        ),
        batch(
            "a field of a later version, skipped as protobuf says",
            // Field 999, a varint.
            followed_by(b"\xb8\x3e\x01"),
            Told::accepted(),
        ),
        batch(
            "an event larger than the log takes",
            vec![wire::encode(&large)],
            Told::new("INVALID_ARGUMENT", "EVENT_TOO_LARGE", &["events[0]"]),
        ),
        stream(
            "text that is not UTF-8, in a stream",
            vec![Some(Bytes::from_static(b"\x0a\x04\x0a\x02\xc3\x28"))],
            unreadable(&["event.header.id"]),
        ),
        stream(
            "a stream message without an event",
            vec![None],
            Told::new("rejected", "EVENT_MALFORMED", &["header"]),
        ),
        stream(
            "a bad event in a stream, after a good one",
            vec![
                Some(good_bytes.clone()),
                Some(wire::encode(&good().by("nowhere"))),
            ],
            Told::new("rejected", "EVENT_MALFORMED", &["header.agency_code"]),
        ),
        stream(
            "an unknown status in a stream",
            vec![Some(wire::encode(&good().status("DVCQG", "12")))],
            Told::new("rejected", "STATUS_UNKNOWN", &["header.source_status"]),
        ),
    ]
}
