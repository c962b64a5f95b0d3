//! The lines of an answer: by what dossiers are told apart.

use super::counts::Counts;
use crate::answers::atlas::{Spot, sheet};
use crate::answers::sieve::Sieve;
use crate::answers::spans::{Span, Spans, steady};
use hashbrown::HashMap;
use lienthong_contract::pb::performance::v1::{self as pb, Unassigned};
use lienthong_domain::agency::Successors;
use lienthong_domain::basis::Basis;
use lienthong_domain::event::detail::Channel;
use lienthong_domain::level::Level;
use lienthong_domain::path::day::{self, day_number};
use lienthong_domain::period::Period;
use lienthong_domain::reference::Reference;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// By what dossiers are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grouping {
    All,
    Agency,
    /// Units of this level.
    Unit(Level),
    Procedure,
    Field,
    Channel,
    Level,
}

impl Grouping {
    pub(super) fn read(asked: pb::Grouping) -> Self {
        match asked {
            pb::Grouping::Unspecified => Grouping::All,
            pb::Grouping::Agency => Grouping::Agency,
            pb::Grouping::Commune => Grouping::Unit(Level::Commune),
            pb::Grouping::District => Grouping::Unit(Level::District),
            pb::Grouping::Province => Grouping::Unit(Level::Province),
            pb::Grouping::Procedure => Grouping::Procedure,
            pb::Grouping::Field => Grouping::Field,
            pb::Grouping::Channel => Grouping::Channel,
            pb::Grouping::Level => Grouping::Level,
        }
    }
}

/// What a line is about, in the order of lines: members of the grouping before what belongs to
/// none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Key {
    pub(super) unassigned: i32,
    pub(super) key: String,
    pub(super) from_day: String,
    pub(super) candidates: Vec<String>,
    of: KeyOf,
}

/// Of what the key is a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
enum KeyOf {
    Agency,
    Unit,
    Procedure,
    /// Of nothing that has a name.
    Other,
}

impl Key {
    fn of(of: KeyOf, key: &str) -> Self {
        Self {
            unassigned: Unassigned::Unspecified as i32,
            key: key.to_owned(),
            from_day: String::new(),
            candidates: Vec::new(),
            of,
        }
    }

    fn because(self, why: Unassigned) -> Self {
        Self {
            unassigned: why as i32,
            ..self
        }
    }

    /// The name by the reference data, of the version in force at a moment if there is one, else
    /// of the last.
    pub(super) fn name(&self, reference: &Reference, at_ms: i64) -> String {
        let on = day::day(day_number(at_ms));
        let registry = &reference.registry;
        match self.of {
            KeyOf::Agency => {
                let now = registry.agency_at(&self.key, on);
                let last = || {
                    registry
                        .agencies()
                        .filter(|one| one.code == self.key)
                        .last()
                };
                now.or_else(last).map(|agency| agency.name.clone())
            }
            KeyOf::Unit => {
                let from = self.from_day.parse().ok();
                let unit = from.and_then(|from| registry.units().unit_at(&self.key, from));
                let first = || {
                    let mut units = registry.units().iter();
                    units.find(|unit| unit.code == self.key)
                };
                unit.or_else(first).map(|unit| unit.name.clone())
            }
            KeyOf::Procedure => {
                let now = reference.procedures.version_at(&self.key, on);
                let last = || {
                    let versions = reference.procedures.iter();
                    versions.filter(|one| one.code == self.key).last()
                };
                now.or_else(last).map(|version| version.name.clone())
            }
            KeyOf::Other => None,
        }
        .unwrap_or_default()
    }
}

/// Lines while they are added up.
#[derive(Debug)]
pub(super) struct Groups {
    grouping: Grouping,
    numbers: HashMap<Key, u32>,
    lines: Vec<(Key, Counts)>,
    /// By symbol of an agency or a procedure, whatever the grouping needs.
    known: Spans<u32>,
    /// By channel; the last is none.
    by_channel: [Option<u32>; 5],
}

impl Groups {
    pub(super) fn new(grouping: Grouping) -> Self {
        Self {
            grouping,
            numbers: HashMap::new(),
            lines: Vec::new(),
            known: Spans::new(),
            by_channel: [None; 5],
        }
    }

    /// The line of a dossier.
    pub(super) fn of(
        &mut self,
        sieve: &mut Sieve,
        agency: u32,
        procedure: u32,
        on: i64,
        channel: Option<Channel>,
    ) -> u32 {
        let symbol = match self.grouping {
            Grouping::All => 0,
            Grouping::Channel => return self.of_channel(channel),
            Grouping::Procedure | Grouping::Field => procedure,
            Grouping::Agency | Grouping::Unit(_) | Grouping::Level => agency,
        };
        if let Some(known) = self.known.get(symbol, on) {
            return known;
        }
        let (key, (first, last)) = look_up(self.grouping, sieve, symbol, on);
        let answer = self.number(key);
        self.known.put(
            symbol,
            Span {
                first,
                last,
                answer,
            },
        );
        answer
    }

    /// What a line has counted.
    pub(super) fn counts(&mut self, line: u32) -> &mut Counts {
        &mut self.lines[line as usize].1
    }

    pub(super) fn merge(&mut self, other: Groups) {
        for (key, counts) in other.lines {
            self.add(key, &counts);
        }
    }

    pub(super) fn add(&mut self, key: Key, counts: &Counts) {
        let line = self.number(key);
        self.counts(line).merge(counts);
    }

    pub(super) fn into_sorted(self) -> BTreeMap<Key, Counts> {
        self.lines.into_iter().collect()
    }

    fn of_channel(&mut self, channel: Option<Channel>) -> u32 {
        let at = channel.map_or(4, |channel| channel as usize - 1);
        if let Some(known) = self.by_channel[at] {
            return known;
        }
        let key = match channel {
            Some(Channel::Desk) => "desk",
            Some(Channel::Online) => "online",
            Some(Channel::Post) => "post",
            Some(Channel::System) => "system",
            None => "",
        };
        let key = Key::of(KeyOf::Other, key);
        let key = match channel {
            Some(_) => key,
            None => key.because(Unassigned::NotTold),
        };
        let number = self.number(key);
        self.by_channel[at] = Some(number);
        number
    }

    fn number(&mut self, key: Key) -> u32 {
        if let Some(known) = self.numbers.get(&key) {
            return *known;
        }
        let number = self.lines.len() as u32;
        self.numbers.insert(key.clone(), number);
        self.lines.push((key, Counts::default()));
        number
    }
}

/// The line of an agency or a procedure on a day, and the days on which it is the same.
fn look_up(grouping: Grouping, sieve: &Sieve, symbol: u32, on: i64) -> (Key, (i64, i64)) {
    let always = (i64::MIN, i64::MAX);
    let registry = &sieve.reference.registry;
    let date = day::day(on);
    let agency = || sieve.agencies.text(symbol);
    match grouping {
        Grouping::All | Grouping::Channel => (Key::of(KeyOf::Other, ""), always),
        Grouping::Agency | Grouping::Unit(_) | Grouping::Level if agency().is_empty() => {
            let key = Key::of(KeyOf::Other, "").because(Unassigned::NotTold);
            (key, always)
        }
        Grouping::Agency => match sieve.basis {
            Basis::AsItWas => (Key::of(KeyOf::Agency, agency()), always),
            Basis::UnitsOf(_) => {
                let key = agency_under(sieve, agency(), on);
                (key, steady(registry, sieve.basis, agency(), on))
            }
        },
        Grouping::Unit(level) => {
            let units = sheet(&sieve.reference, level, sieve.basis);
            let (spot, days) = units.at(agency(), on);
            (of_spot(spot, agency()), days)
        }
        Grouping::Level => {
            let key = match registry.level_at(agency(), date) {
                Some(level) => Key::of(KeyOf::Other, level.as_str()),
                None => Key::of(KeyOf::Agency, agency()).because(Unassigned::Unknown),
            };
            (key, steady(registry, sieve.basis, agency(), on))
        }
        Grouping::Procedure | Grouping::Field => of_procedure(grouping, sieve, symbol, on),
    }
}

fn of_procedure(grouping: Grouping, sieve: &Sieve, symbol: u32, on: i64) -> (Key, (i64, i64)) {
    let always = (i64::MIN, i64::MAX);
    let code = sieve.procedures.text(symbol);
    if code.is_empty() {
        let key = Key::of(KeyOf::Other, "").because(Unassigned::NotTold);
        return (key, always);
    }
    if grouping == Grouping::Procedure {
        return (Key::of(KeyOf::Procedure, code), always);
    }
    let version = sieve.reference.procedures.version_at(code, day::day(on));
    let days = |period: Period| {
        (
            day::number_of(period.first()),
            day::number_of(period.last()),
        )
    };
    let span = version.map_or((on, on), |version| days(version.period));
    let field = version.map_or("", |version| version.field.as_str());
    let key = match field {
        "" => Key::of(KeyOf::Procedure, code).because(Unassigned::Unknown),
        field => Key::of(KeyOf::Other, field),
    };
    (key, span)
}

/// An agency of a day under the agencies of another.
fn agency_under(sieve: &Sieve, code: &str, on: i64) -> Key {
    let registry = &sieve.reference.registry;
    let key = Key::of(KeyOf::Agency, code);
    let Basis::UnitsOf(now) = sieve.basis else {
        return key;
    };
    let then = day::day(on);
    match registry.agency_successors(code, then, now) {
        Successors::Known(agency) => Key::of(KeyOf::Agency, &agency.code),
        Successors::Several(agencies) => Key {
            candidates: agencies.iter().map(|agency| agency.code.clone()).collect(),
            ..key.because(Unassigned::Several)
        },
        Successors::Abolished => key.because(Unassigned::Abolished),
        Successors::Unknown => key.because(Unassigned::Unknown),
    }
}

fn of_spot(spot: &Spot, agency: &str) -> Key {
    let unassigned = Key::of(KeyOf::Agency, agency);
    match spot {
        Spot::One(unit, from_day) => Key {
            from_day: from_day.clone(),
            ..Key::of(KeyOf::Unit, unit)
        },
        Spot::Several(units) => Key {
            candidates: units.clone(),
            ..unassigned.because(Unassigned::Several)
        },
        Spot::Above => unassigned.because(Unassigned::Above),
        Spot::Abolished => unassigned.because(Unassigned::Abolished),
        Spot::Unknown => unassigned.because(Unassigned::Unknown),
    }
}
