//! Tests of the published scenarios: their catalogues hold together, and their dossiers are what
//! the domain's own reading of each life makes of them.

use super::*;
use jiff::civil::{Date, date};
use lienthong_contract::event::{Told, read};
use lienthong_contract::pb::event::v1::MappedStatus;
use lienthong_contract::reference::{Files, Tables};
use lienthong_domain::event::Event;
use lienthong_domain::level::Level;
use lienthong_domain::life::{Ending, deadline, life};
use lienthong_domain::path::Step;
use lienthong_domain::path::day::{day, day_number};
use lienthong_domain::reference::Reference;
use prost::Message as _;
use std::collections::{BTreeMap, BTreeSet};

fn reference(play: &Play) -> Reference {
    let mut tables = Tables::load(&Files::default()).unwrap();
    // As the calls do it: what one call leaves must hold together.
    for part in play.catalogue.chunks(4_000) {
        for change in part {
            tables.apply(change).unwrap();
        }
        tables.build().unwrap();
    }
    tables.build().unwrap()
}

/// The stored events of each dossier, in order.
fn told(play: &Play) -> BTreeMap<&str, Vec<Told>> {
    let mut dossiers: BTreeMap<&str, Vec<Told>> = BTreeMap::new();
    for sent in &play.events {
        let mut event = sent.message.event().unwrap();
        let header = event.header.as_ref().unwrap();
        event.recorded_time = header.occurred_time;
        event.mapped_status = header.source_status.as_ref().map(|status| MappedStatus {
            portal_status: status.code.parse().unwrap(),
            ..MappedStatus::default()
        });
        let stored = Told::decode(&event.encode_to_vec()[..]).unwrap();
        dossiers.entry(&sent.case_code).or_default().push(stored);
    }
    dossiers
}

fn step<'a>(event: &Event<'a>) -> Step<'a> {
    Step {
        order: event.order(),
        dossier: event.dossier,
        kind: event.kind,
        actor: event.actor,
        addressee: event.addressee,
        reference: lienthong_domain::event::Fingerprint::of("", event.reference).0,
        portal_status: event.portal_status,
        procedure: event.procedure,
        due_ms: event.due_ms,
        detail: event.detail,
        source: event.source,
        recorded_ms: event.recorded_ms,
    }
}

/// Settled in the period at agencies of a level: early, on the day, late; and how many of them
/// have a legal deadline other than the one told.
fn settled(which: Published, level: Level, period: (Date, Date), agencies: &str) -> [u64; 4] {
    let play = play(which, 7).unwrap();
    let reference = reference(&play);
    let mut counts = [0; 4];
    for events in told(&play).values() {
        let events = events.iter();
        let events: Vec<Event<'_>> = events
            .map(|event| read(event, &reference.mappings).unwrap())
            .collect();
        let steps: Vec<Step<'_>> = events.iter().map(step).collect();
        let life = life(&steps);
        let received = life.received.unwrap();
        let on = day(day_number(received.at_ms));
        let at_level = reference.registry.level_at(received.by.agency, on) == Some(level);
        if !at_level || !received.by.agency.starts_with(agencies) {
            continue;
        }
        let Some(end) = life.end.filter(|end| end.how == Ending::Settled) else {
            continue;
        };
        let end = day(day_number(end.at_ms));
        if end < period.0 || end > period.1 {
            continue;
        }
        let due_ms = deadline(&life, &reference).unwrap().due_ms.unwrap();
        let due = day(day_number(due_ms));
        counts[match end.cmp(&due) {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Equal => 1,
            std::cmp::Ordering::Greater => 2,
        }] += 1;
        let told = life.told_due_ms.map(|told| day(day_number(told)));
        counts[3] += u64::from(life.stops.is_empty() && told != Some(due));
    }
    counts
}

#[test]
fn equal_seeds_give_equal_plays_and_others_give_others() {
    let ids = |seed| -> Vec<String> {
        let play = play(Published::VanHo, seed).unwrap();
        let events = play.events.iter();
        events
            .map(|event| format!("{}@{}", event.message.id(), event.arrival_ms))
            .collect()
    };
    assert_eq!(ids(1), ids(1));
    assert_ne!(ids(1), ids(2));
}

#[test]
fn every_catalogue_holds_together_and_no_id_is_given_twice() {
    for which in Published::ALL {
        let play = play(which, 2025).unwrap();
        let ids: BTreeSet<&str> = play.events.iter().map(|event| event.message.id()).collect();
        assert_eq!(ids.len(), play.events.len(), "{}", which.name());
        let changes: BTreeSet<&str> = play.catalogue.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(changes.len(), play.catalogue.len(), "{}", which.name());
        assert_eq!(Published::parse(which.name()), Some(which));
        let mut order = play.events.windows(2);
        assert!(order.all(|two| two[0].arrival_ms <= two[1].arrival_ms));
        reference(&play);
    }
}

#[test]
fn the_catalogue_of_hai_ha_has_the_published_figures() {
    let play = play(Published::HaiHa, 3).unwrap();
    let procedures = reference(&play).procedures;
    let last = date(2024, 6, 30);
    let centre = procedures.figures(last, Some(Level::District));
    assert_eq!((centre.procedures, centre.fields), (366, 57));
    let desks = procedures.figures(last, Some(Level::Commune));
    assert_eq!((desks.procedures, desks.fields), (122, 28));
    let all = procedures.figures(last, None);
    assert_eq!((all.horizontal, all.vertical), (16, 32));
    let changes = procedures.changes(date(2024, 1, 1), last, None);
    let changes = [
        changes.new,
        changes.replaced,
        changes.amended,
        changes.abolished,
    ];
    assert_eq!(changes, [8, 4, 14, 8]);
}

#[test]
fn dossiers_are_as_timely_as_their_scenario_has_them() {
    let half = (date(2024, 1, 1), date(2024, 6, 30));
    let centre = settled(Published::HaiHa, Level::District, half, "H49.40");
    assert_eq!(centre, [12_034 - 1_500, 1_500, 0, 0]);
    let desks = settled(Published::HaiHa, Level::Commune, half, "H49.40");
    assert_eq!(desks, [3_335 - 600, 600, 0, 0]);
    let half = (date(2025, 7, 1), date(2025, 12, 31));
    let centre = settled(Published::ThanhHoa, Level::Province, half, "H56");
    assert_eq!(centre, [4_000 - 409, 400, 9, 0]);
}

#[test]
fn an_orphan_has_no_successor_and_is_still_open() {
    let mut play = play(Published::Reorganisation, 1).unwrap();
    let orphan = orphan().unwrap();
    play.catalogue.extend(orphan.catalogue);
    let registry = reference(&play).registry;
    let agency = registry.agency_at("H56.98.01", date(2025, 6, 30)).unwrap();
    assert!(!agency.period.covers(REFORM));
    assert_eq!(orphan.events.len(), 1, "received, and nothing since");
}
