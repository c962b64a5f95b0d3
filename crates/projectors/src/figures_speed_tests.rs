#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]
//! How long questions take over a million dossiers with five facts each; measured, not asserted.
//! Run by hand: `cargo test --release -p lienthong-projectors -- --ignored --nocapture speed`.

use super::*;
use crate::questions::hold;
use crate::testing::lanes::lanes;
use crate::views::state::read;
use lienthong_contract::pb::event::v1::{self as event, Event, Header, event::Payload};
use lienthong_contract::pb::procedure::v1::Basis as WireBasis;
use lienthong_contract::reference::demo;
use lienthong_domain::agency::{AgencyRow, Registry};
use lienthong_domain::clock::{LimitUnit, TimeLimit};
use lienthong_domain::level::Level;
use lienthong_domain::path::day::number_of;
use lienthong_domain::period::Period;
use lienthong_domain::procedure::{Change, Online, Procedure, Procedures};
use lienthong_eventlog::{Record, StoredRecord};
use prost::Message;
use std::time::Instant;

const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;
/// Dossiers: the environment's `DOSSIERS`, or so many.
const DOSSIERS: u64 = 1_000_000;
/// One in so many is linked to a case of its own code that another source told of.
const TIED: u64 = 10;

/// An agency for each commune: the old ones until 2025-06-30, the new ones from 2025-07-01 on.
fn reference() -> (Reference, [Vec<String>; 2]) {
    let shipped = demo().unwrap();
    let (old, new) = ("2025-06-30", "2025-07-01");
    let of = |on: &str| -> Vec<String> {
        let units = shipped.registry.units();
        let communes = units.in_force(Level::Commune, on.parse().unwrap());
        communes.map(|unit| unit.code.clone()).collect()
    };
    let communes = [of(old), of(new)];
    let codes = [("A", 0), ("B", 1)].map(|(letter, at)| -> Vec<String> {
        let codes = communes[at].iter();
        codes.map(|code| format!("{letter}{code}")).collect()
    });
    let row = |at: usize| {
        let pairs = codes[at].iter().zip(&communes[at]);
        pairs.map(move |(code, unit)| AgencyRow {
            code,
            name: code,
            level: "commune",
            unit_code: unit,
            parent: "",
            from: if at == 0 { "" } else { new },
            to: if at == 0 { old } else { "" },
        })
    };
    let rows: Vec<AgencyRow<'_>> = row(0).chain(row(1)).collect();
    let registry = Registry::new(shipped.registry.units().clone(), &rows).unwrap();
    let procedure = |number: u32| Procedure {
        code: format!("1.{number:06}"),
        name: format!("procedure {number}"),
        field: format!("F{}", number % 20),
        field_name: String::new(),
        levels: vec![Level::Commune],
        online: Some(match number % 2 {
            0 => Online::Full,
            _ => Online::Partial,
        }),
        limit: (!number.is_multiple_of(4)).then_some(TimeLimit {
            amount: number % 20 + 1,
            unit: LimitUnit::WorkingDays,
            same_day_before: None,
        }),
        steps: Vec::new(),
        legal_basis: String::new(),
        period: Period::ALWAYS,
        change: Change::None,
        abolished: false,
    };
    let reference = Reference {
        registry,
        procedures: Procedures::of((0..300).map(procedure).collect()),
        version: "speed".to_owned(),
        ..shipped
    };
    (reference, codes)
}

/// What a dossier does: events in their order.
fn events(number: u64, codes: &[Vec<String>; 2]) -> Vec<Event> {
    let mix = |salt: u64| (number ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 17;
    let first: jiff::civil::Date = "2025-01-06".parse().unwrap();
    let start = number_of(first) * DAY_MS + (mix(1) % 330) as i64 * DAY_MS;
    let start = start + (mix(2) % 9) as i64 * HOUR_MS;
    let change: jiff::civil::Date = "2025-07-01".parse().unwrap();
    let era = usize::from(start >= number_of(change) * DAY_MS);
    let agency = &codes[era][mix(3) as usize % codes[era].len()];
    let channel = if mix(4).is_multiple_of(3) { 1 } else { 2 };
    let days = (mix(5) % 12) as i64;
    let appointment_time = Some(from_millis(start + 6 * DAY_MS));
    let mut told = vec![
        (
            0,
            Payload::Received(event::Received {
                channel,
                online_level: if channel == 2 { 2 } else { 0 },
                appointment_time,
            }),
        ),
        (
            2,
            Payload::HandedOver(event::HandedOver {
                to: Some(event::Party {
                    agency_code: codes[era][mix(6) as usize % codes[era].len()].clone(),
                    unit_code: String::new(),
                }),
                ..event::HandedOver::default()
            }),
        ),
        (5, Payload::Accepted(event::Accepted::default())),
        (
            20,
            Payload::ProgressReported(event::ProgressReported::default()),
        ),
    ];
    if mix(7) % 5 > 0 {
        told.push((
            24 * days + 24,
            Payload::ResultReturned(event::ResultReturned::default()),
        ));
    } else {
        told.push((22, Payload::Digitised(event::Digitised::default())));
    }
    if number.is_multiple_of(TIED) {
        told[1].1 = Payload::Linked(event::Linked {
            relation: 1,
            code: format!("CASE-{number}"),
            revoked: false,
        });
    }
    let event = |(at, (hours, payload)): (usize, (i64, Payload))| Event {
        header: Some(Header {
            id: format!("{number}-{at}"),
            source: "urn:lienthong:vn:H56:onestop".to_owned(),
            dossier_code: format!("H56.01-250106-{number:07}"),
            procedure_code: format!("1.{:06}", mix(8) % 300),
            agency_code: agency.clone(),
            occurred_time: Some(from_millis(start + hours * HOUR_MS)),
            ..Header::default()
        }),
        recorded_time: Some(from_millis(start + hours * HOUR_MS + 500)),
        adapter: "onestop".to_owned(),
        payload: Some(payload),
        ..Event::default()
    };
    told.into_iter().enumerate().map(event).collect()
}

/// Takes events into the case view's lanes.
fn feed(lanes: &Lanes, events: impl Iterator<Item = Event>) {
    let lanes_of = &lanes.of(View::Case).lanes;
    let mut reads: Vec<Vec<_>> = lanes_of.iter().map(|_| Vec::new()).collect();
    let mut next: Vec<u64> = lanes_of.iter().map(|lane| lane.next()).collect();
    for event in events {
        let header = event.header.as_ref().unwrap();
        let payload = event.payload.as_ref().unwrap();
        let (first, second) = lienthong_contract::event::keys(header, payload);
        for key in [Some(first), second].into_iter().flatten() {
            let partition = lanes.log.partition_of(key.as_bytes()) as usize;
            let record = Record {
                key: bytes::Bytes::copy_from_slice(key.as_bytes()),
                value: event.encode_to_vec().into(),
                recorded_ms: 0,
            };
            let offset = next[partition];
            next[partition] += 1;
            reads[partition].push(read(StoredRecord { offset, record }));
        }
    }
    for (lane, reads) in lanes_of.iter().zip(reads) {
        lane.take(&reads);
    }
}

async fn measure<F: Future<Output = u64>>(name: &str, ask: impl Fn() -> F) {
    let mut took = Vec::new();
    let mut shown = 0;
    for _ in 0..200 {
        let begun = Instant::now();
        shown = ask().await;
        took.push(begun.elapsed().as_micros());
    }
    took.sort_unstable();
    let at = |share: usize| took[took.len() * share / 100] as f64 / 1_000.0;
    eprintln!(
        "{name}: p50 {:.2} ms, p99 {:.2} ms (shows {shown})",
        at(50),
        at(99)
    );
}

async fn measure_all(lanes: &Arc<Lanes>, load: &str) {
    let figures = |unit: &'static str, from: &'static str, to: &'static str, group, basis: &str| {
        let request = pb::GetPerformanceRequest {
            from_day: from.to_owned(),
            to_day: to.to_owned(),
            filter: Some(pb::DossierFilter {
                unit_code: unit.to_owned(),
                ..pb::DossierFilter::default()
            }),
            group_by: group,
            basis: Some(WireBasis {
                units_of: basis.to_owned(),
            }),
            ..pb::GetPerformanceRequest::default()
        };
        let lanes = lanes.clone();
        move || {
            let (lanes, request) = (lanes.clone(), request.clone());
            async move {
                let answer = performance(&lanes, request).await.unwrap();
                let total = answer.total.unwrap();
                total.received + total.carried_over
            }
        }
    };
    let (commune, province) = (pb::Grouping::Commune as i32, pb::Grouping::Province as i32);
    let list = || {
        let lanes = lanes.clone();
        async move {
            let request = pb::ListDossiersRequest {
                state: pb::DossierState::Overdue.into(),
                filter: Some(pb::DossierFilter {
                    unit_code: "38".to_owned(),
                    ..pb::DossierFilter::default()
                }),
                ..pb::ListDossiersRequest::default()
            };
            dossiers(&lanes, request).await.unwrap().total
        }
    };
    let case = || {
        let lanes = lanes.clone();
        async move {
            let request = lienthong_contract::pb::procedure::v1::GetCaseRequest {
                code: "H56.01-250106-0004711".to_owned(),
                ..Default::default()
            };
            let answer = crate::questions::case(&lanes, request).await.unwrap();
            answer.case.unwrap().dossiers.len() as u64
        }
    };
    eprintln!("-- {load}");
    measure("one case", case).await;
    measure("page of 100 overdue of a province", list).await;
    let of = |name, ask| (name, ask);
    for (name, ask) in [
        of(
            "province, month, by commune",
            figures("38", "2025-05-01", "2025-05-31", commune, ""),
        ),
        of(
            "province, month, units of 2025-07-01",
            figures("38", "2025-05-01", "2025-05-31", commune, "2025-07-01"),
        ),
        of(
            "country, month, by province",
            figures("", "2025-05-01", "2025-05-31", province, ""),
        ),
        of(
            "country, year, by province",
            figures("", "2025-01-01", "2025-12-31", province, ""),
        ),
        of(
            "country, year, units of 2025-12-31",
            figures("", "2025-01-01", "2025-12-31", province, "2025-12-31"),
        ),
    ] {
        measure(name, ask).await;
    }
}

#[test]
#[ignore = "measures; a million dossiers"]
fn speed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (lanes, _) = lanes([]);
        let (reference, codes) = reference();
        lanes.reference.set(reference);
        for lane in lanes.all() {
            lane.follow(lanes.reference.clone());
        }
        let dossiers = std::env::var("DOSSIERS").ok();
        let dossiers = dossiers.map_or(DOSSIERS, |text| text.parse().unwrap());
        let begun = Instant::now();
        for from in (0..dossiers).step_by(2_000) {
            let all = (from..from + 2_000).flat_map(|number| events(number, &codes));
            feed(&lanes, all);
        }
        eprintln!("fed in {:?}", begun.elapsed());
        let begun = Instant::now();
        for lane in &lanes.of(View::Case).lanes {
            lane.refresh_ledger(usize::MAX);
        }
        let took = begun.elapsed();
        let each = took.as_nanos() / u128::from(dossiers);
        eprintln!("rows made in {took:?}, {each} ns a dossier, on one thread");
        let begun = Instant::now();
        {
            let held = hold(&lanes, View::Case);
            let parts: Vec<_> = held.iter().filter_map(|state| state.case()).collect();
            drop(bring_up_ties(&lanes, &parts, &lanes.reference.now()));
        }
        eprintln!("tied rows made in {:?}", begun.elapsed());
        let stop = CancellationToken::new();
        keep_fresh(lanes.clone(), stop.clone());
        measure_all(&lanes, "idle").await;
        let fed = lanes.clone();
        let until = stop.clone();
        let feeder = std::thread::spawn(move || {
            let mut number = dossiers;
            let mut due = Instant::now();
            while !until.is_cancelled() {
                let all = (number..number + 4).flat_map(|number| events(number, &codes));
                feed(&fed, all);
                number += 4;
                due += Duration::from_millis(10);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            number - dossiers
        });
        measure_all(&lanes, "2,000 events a second").await;
        stop.cancel();
        eprintln!("{} dossiers came meanwhile", feeder.join().unwrap());
    });
}
