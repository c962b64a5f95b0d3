//! Random events, as any source may tell them in any order.

use super::events::{Told, accepted, handed_over, linked, received, returned_result};
use lienthong_contract::pb::event::v1::event::Payload;
use lienthong_contract::pb::event::v1::linked::Relation;
use lienthong_eventlog::Record;
use proptest::prelude::*;

const AGENCIES: [&str; 5] = ["H56.01", "H56.03", "G01", "X99", ""];

fn payload() -> impl Strategy<Value = Payload> {
    let code = prop_oneof![
        (0..4u8).prop_map(|n| format!("C{n}")),
        (0..6u8).prop_map(|n| format!("D{n}"))
    ];
    let relation = prop_oneof![
        4 => Just(Relation::Case),
        1 => Just(Relation::Parent),
        1 => Just(Relation::Alias)
    ];
    prop_oneof![
        2 => Just(received()),
        2 => Just(accepted()),
        3 => (0..4usize).prop_map(|to| handed_over(AGENCIES[to])),
        1 => Just(returned_result()),
        3 => (relation, code, prop::bool::weighted(0.2))
            .prop_map(|(relation, code, revoked)| linked(relation, &code, revoked)),
    ]
}

/// An event of one of six dossiers, with or without one of four cases in its header.
fn told() -> impl Strategy<Value = Told> {
    let case = prop_oneof![
        3 => Just(String::new()),
        1 => (0..4u8).prop_map(|n| format!("C{n}"))
    ];
    (
        0..6u8,
        case,
        0..500i64,
        payload(),
        0..AGENCIES.len(),
        0..12u32,
    )
        .prop_map(|(dossier, case, minute, payload, agency, status)| {
            let mut told = Told::new("", &format!("D{dossier}"), &case, minute, payload);
            told.agency = AGENCIES[agency];
            told.status = if status <= 10 { status } else { 0 };
            told
        })
}

/// Events with ids of their own, some told twice.
pub fn all_told() -> impl Strategy<Value = Vec<Told>> {
    prop::collection::vec((told(), prop::bool::weighted(0.2)), 1..40).prop_map(|events| {
        let mut all = Vec::new();
        for (at, (mut told, twice)) in events.into_iter().enumerate() {
            told.id = format!("e{at}");
            all.extend(twice.then(|| told.clone()));
            all.push(told);
        }
        all
    })
}

/// Every code that such events name.
pub fn codes() -> Vec<String> {
    let cases = (0..4).map(|n| format!("C{n}"));
    cases.chain((0..6).map(|n| format!("D{n}"))).collect()
}

pub fn records(all: &[Told]) -> Vec<Record> {
    all.iter().flat_map(Told::records).collect()
}
