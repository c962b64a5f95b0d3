//! Faults of an event's header.

use super::{Row, Told, event, good};
use lienthong_contract::pb::event::v1 as pb;
use lienthong_contract::pb::event::v1::{Header, Person, Protected, event::Payload};
use lienthong_tests::facts::Fact;
use prost_types::Timestamp;

/// A header fault of one field.
fn fault(name: &'static str, field: &str, change: impl FnOnce(&mut Header)) -> Row {
    event(name, good().header(change), Told::malformed(&[field]))
}

fn unknown_status(name: &'static str, system: &str, code: &str) -> Row {
    let expect = Told::new(
        "INVALID_ARGUMENT",
        "STATUS_UNKNOWN",
        &["events[0].header.source_status"],
    );
    event(name, good().status(system, code), expect)
}

fn at(seconds: i64, nanos: i32) -> impl FnOnce(&mut Header) {
    move |header| header.occurred_time = Some(Timestamp { seconds, nanos })
}

fn wild(name: &'static str, fact: Fact) -> Row {
    event(name, fact, Told::accepted())
}

pub fn rows() -> Vec<Row> {
    let mut rows = identity();
    rows.extend(codes());
    rows.extend(times_and_statuses());
    rows.extend(wild_facts());
    rows
}

fn identity() -> Vec<Row> {
    let without = |change: fn(&mut Fact)| {
        let mut fact = good();
        change(&mut fact);
        fact
    };
    vec![
        event(
            "no header",
            without(|fact| fact.event.header = None),
            Told::malformed(&["header"]),
        ),
        event(
            "no payload",
            without(|fact| fact.event.payload = None),
            Told::malformed(&["payload"]),
        ),
        event(
            "a payload that only another system's adapter takes",
            without(|fact| {
                fact.event.payload = Some(Payload::PersonalNumberAssigned(
                    pb::PersonalNumberAssigned {},
                ));
            }),
            Told::malformed(&["payload"]),
        ),
        event(
            "a payload that only the hub writes (parked_released)",
            without(|fact| {
                fact.event.payload = Some(Payload::ParkedReleased(pb::ParkedReleased::default()));
            }),
            Told::malformed(&["payload"]),
        ),
        fault("empty event id", "header.id", |h| h.id.clear()),
        fault("event id with a space", "header.id", |h| {
            h.id = "e 1".into()
        }),
        fault("event id of 129 characters", "header.id", |h| {
            h.id = "x".repeat(129)
        }),
        fault("event id in Vietnamese letters", "header.id", |h| {
            h.id = "hồ-sơ-1".into()
        }),
        fault("event id with a line break", "header.id", |h| {
            h.id = "e1\nfake log line".into()
        }),
        fault("no source", "header.source", |h| h.source.clear()),
        fault("source that is a URL", "header.source", |h| {
            h.source = "https://motcua".into()
        }),
        fault("source of 200 characters", "header.source", |h| {
            h.source = format!("urn:lienthong:{}", "a".repeat(186));
        }),
        fault(
            "correlation id of 129 bytes",
            "header.correlation_id",
            |h| {
                h.correlation_id = "c".repeat(129);
            },
        ),
        fault(
            "causation id with a NUL character",
            "header.causation_id",
            |h| {
                h.causation_id = "a\0b".into();
            },
        ),
        fault("21 persons on one event", "header.protected.persons", |h| {
            h.protected = Some(Protected {
                persons: vec![Person::default(); 21],
                notes: Vec::new(),
            });
        }),
        fault(
            "a scanned page pasted into a note",
            "header.protected",
            |h| {
                h.protected = Some(Protected {
                    persons: Vec::new(),
                    notes: vec!["x".repeat(4_001)],
                });
            },
        ),
    ]
}

fn codes() -> Vec<Row> {
    let dossier = |name, code: &'static str| {
        fault(name, "header.dossier_code", move |h| {
            h.dossier_code = code.into()
        })
    };
    vec![
        dossier("no dossier code", ""),
        dossier("dossier code in lower case", "h56.15.03-261008-0001"),
        dossier("dossier code with the month 13", "H56.15.03-261308-0001"),
        dossier("dossier code with 30 February", "H56.15.03-20260230-0001"),
        dossier("dossier code without a date", "H56.15.03-0001"),
        dossier(
            "dossier code of 60 characters",
            "H56.15.03-261008-0000000000000000000000000000000000000000000",
        ),
        dossier(
            "SQL in place of a dossier code",
            "H56-261008-1'; DROP TABLE hoso;--",
        ),
        dossier("a path in place of a dossier code", "../../etc/passwd"),
        dossier(
            "dossier code with a zero-width space",
            "H56.15.03-261008-0001\u{200b}",
        ),
        fault("case code with a space", "header.case_code", |h| {
            h.case_code = "LT 1".into()
        }),
        fault("case code of 51 characters", "header.case_code", |h| {
            h.case_code = "L".repeat(51);
        }),
        fault(
            "a procedure's name in place of its code",
            "header.procedure_code",
            |h| {
                h.procedure_code = "Đăng ký khai sinh".into();
            },
        ),
        fault(
            "procedure code with four digits",
            "header.procedure_code",
            |h| {
                h.procedure_code = "1.1193".into();
            },
        ),
        fault("agency code in lower case", "header.agency_code", |h| {
            h.agency_code = "h56.15.03".into();
        }),
        fault("agency code of 36 characters", "header.agency_code", |h| {
            h.agency_code = "H".repeat(36);
        }),
        fault(
            "agency code with two dots in a row",
            "header.agency_code",
            |h| {
                h.agency_code = "H56..03".into();
            },
        ),
        fault("a unit without its agency", "header.unit_code", |h| {
            h.agency_code.clear();
            h.unit_code = "MC".into();
        }),
        fault(
            "unit code with control characters",
            "header.unit_code",
            |h| {
                h.unit_code = "MC\u{1b}[2J".into();
            },
        ),
        event(
            "bad id, bad dossier code and no time at once: all three are named",
            good().header(|h| {
                h.id.clear();
                h.dossier_code = "?".into();
                h.occurred_time = None;
            }),
            Told::malformed(&["header.id", "header.dossier_code", "header.occurred_time"]),
        ),
    ]
}

fn times_and_statuses() -> Vec<Row> {
    let time = "header.occurred_time";
    vec![
        fault("no occurred time", time, |h| h.occurred_time = None),
        fault("occurred in 1970 (an empty clock)", time, at(0, 0)),
        fault(
            "occurred in 1999, a second before 2000",
            time,
            at(946_684_799, 0),
        ),
        fault("occurred in 2200", time, at(7_258_118_400, 0)),
        fault(
            "occurred time in milliseconds for seconds",
            time,
            at(1_791_421_200_000, 0),
        ),
        fault("occurred time at the end of 64 bits", time, at(i64::MAX, 0)),
        fault(
            "occurred time at the beginning of 64 bits",
            time,
            at(i64::MIN, 0),
        ),
        fault(
            "a billion nanoseconds",
            time,
            at(1_791_421_200, 1_000_000_000),
        ),
        fault("negative nanoseconds", time, at(1_791_421_200, -1)),
        unknown_status("status 11 of the portal, which has ten", "DVCQG", "11"),
        unknown_status("status 0", "DVCQG", "0"),
        unknown_status(
            "status `interoperating`, whose meaning nobody has stated",
            "DVCQG_TEXT",
            "interoperating",
        ),
        unknown_status("status `posting`", "DVCQG_TEXT", "posting"),
        unknown_status("status 9 of the civil-status software", "BTP_HOTICH", "9"),
        unknown_status("status label in place of its code", "DVCQG", "Đang xử lý"),
        unknown_status("empty status code", "DVCQG", ""),
        unknown_status("status of an unknown system", "SAP", "4"),
        event(
            "unknown status and bad dossier code at once: both are named",
            good()
                .status("DVCQG", "11")
                .header(|h| h.dossier_code = "?".into()),
            Told::malformed(&["header.dossier_code", "header.source_status"]),
        ),
    ]
}

fn wild_facts() -> Vec<Row> {
    let dossier = |code: &'static str| good().header(|h| h.dossier_code = code.into());
    vec![
        wild("the same event again", good()),
        wild(
            "a new dossier code at a resend of the same id",
            dossier("H56.15.03-261008-0002"),
        ),
        wild(
            "old 13-character agency in the dossier code",
            dossier("000.17.22.H56-210531-0001"),
        ),
        wild(
            "8-digit date and 7-digit sequence",
            dossier("G09.20-20260609-0092637"),
        ),
        wild(
            "placeholder identity 000000001",
            good().about("A", "000000001", ""),
        ),
        wild(
            "identity number that is a word",
            good().about("A", "chưa có", ""),
        ),
        wild("an agency that no registry knows", good().by("X99.1")),
        wild("an event of 2099", good().header(at(4_070_908_800, 0))),
        wild(
            "an event of the year 2000",
            good().header(at(946_684_800, 0)),
        ),
        wild(
            "status 9 where a supplement was asked for (5 sent as 9)",
            with_status(
                "9",
                Payload::SupplementRequested(pb::SupplementRequested::default()),
            ),
        ),
        wild(
            "status 9 where payment was asked for (6 sent as 9)",
            with_status(
                "9",
                Payload::PaymentRequested(pb::PaymentRequested::default()),
            ),
        ),
        wild(
            "status 9 where processing was stopped (8 sent as 9)",
            with_status("9", Payload::Stopped(pb::Stopped::default())),
        ),
        wild(
            "the result returned before the dossier was received",
            with_status(
                "10",
                Payload::ResultReturned(pb::ResultReturned {
                    channel: pb::Channel::Desk as i32,
                }),
            ),
        ),
    ]
}

fn with_status(code: &str, payload: Payload) -> Fact {
    let mut fact = good().status("DVCQG", code).header(|h| {
        h.id = format!(
            "wild-{code}-{}",
            lienthong_contract::event::kind(&payload).unwrap().name()
        );
        h.dossier_code = "H56.15.03-261008-0009".into();
    });
    fact.event.payload = Some(payload);
    fact
}
