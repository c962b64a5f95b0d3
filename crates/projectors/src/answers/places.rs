//! The level and the province of an agency at a moment, remembered for the length of a scan.

use super::symbols::Symbols;
use hashbrown::HashMap;
use lienthong_domain::agency::{Agency, Registry};
use lienthong_domain::interconnection::{Class, class_of_levels};
use lienthong_domain::level::Level;
use lienthong_domain::path::{Step, day};
use lienthong_domain::reference::Reference;
use std::sync::Arc;

/// Where an agency stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// None: not in the registry on that day.
    pub(super) level: Option<Level>,
    /// Symbol of the province's code; that of the empty string for the whole country and
    /// for agencies that are not in the registry.
    pub(super) province: u32,
}

/// Days, both included, on which a place holds.
#[derive(Debug, Clone, Copy)]
struct Span {
    first: i64,
    last: i64,
    place: Place,
}

/// The reference data with what was already asked of it.
#[derive(Debug)]
pub(super) struct Places {
    reference: Arc<Reference>,
    /// Days in force of each agency of the registry, as day numbers.
    periods: HashMap<Box<str>, Vec<(i64, i64)>>,
    agencies: Symbols,
    /// By agency symbol.
    spans: Vec<Vec<Span>>,
    provinces: Symbols,
}

impl Places {
    pub(super) fn new(reference: Arc<Reference>) -> Self {
        let mut periods: HashMap<Box<str>, Vec<(i64, i64)>> = HashMap::new();
        for agency in reference.registry.agencies() {
            let days = (
                day::number_of(agency.period.first()),
                day::number_of(agency.period.last()),
            );
            periods
                .entry(agency.code.as_str().into())
                .or_default()
                .push(days);
        }
        Self {
            reference,
            periods,
            agencies: Symbols::default(),
            spans: Vec::new(),
            provinces: Symbols::default(),
        }
    }

    /// The symbol of an agency's code.
    pub(super) fn agency(&mut self, code: &str) -> u32 {
        let agency = self.agencies.number(code);
        if agency as usize == self.spans.len() {
            self.spans.push(Vec::new());
        }
        agency
    }

    /// The code of an agency's symbol.
    pub(super) fn agency_code(&self, agency: u32) -> &str {
        self.agencies.text(agency)
    }

    /// The code of a province's symbol.
    pub(super) fn province_code(&self, province: u32) -> &str {
        self.provinces.text(province)
    }

    /// The symbol of a province's code.
    pub(super) fn province(&mut self, code: &str) -> u32 {
        self.provinces.number(code)
    }

    /// Where an agency stood at a moment, milliseconds since the Unix epoch.
    pub(super) fn at(&mut self, code: &str, millis: i64) -> Place {
        let agency = self.agency(code) as usize;
        let on = day::day_number(millis);
        let known = self.spans[agency].iter();
        if let Some(span) = known
            .clone()
            .find(|span| span.first <= on && on <= span.last)
        {
            return span.place;
        }
        let span = self.look_up(code, on);
        self.spans[agency].push(span);
        span.place
    }

    /// The level of an agency at a moment.
    pub(super) fn level(&mut self, code: &str, millis: i64) -> Option<Level> {
        self.at(code, millis).level
    }

    /// The interconnection class of a path: by who acted, and when.
    pub(super) fn class(&mut self, steps: &[Step<'_>]) -> Class {
        let mut named = steps
            .iter()
            .map(|step| step.actor.agency)
            .filter(|code| !code.is_empty());
        let first = named.next();
        if !named.any(|code| Some(code) != first) {
            return Class::NotInterconnected;
        }
        let acts = steps.iter().filter(|step| step.actor.is_named());
        class_of_levels(acts.map(|step| self.level(step.actor.agency, step.order.occurred_ms)))
    }

    fn look_up(&mut self, code: &str, on: i64) -> Span {
        let reference = Arc::clone(&self.reference);
        let registry = &reference.registry;
        let date = day::day(on);
        let Some(agency) = registry.agency_at(code, date) else {
            let place = Place {
                level: None,
                province: self.provinces.number(""),
            };
            return self.gap(code, on, place);
        };
        let province = registry.province_at(code, date);
        let place = Place {
            level: Some(agency.level),
            province: self
                .provinces
                .number(province.map_or("", |unit| unit.code.as_str())),
        };
        let (first, last) = steady(registry, agency, on);
        Span { first, last, place }
    }

    /// The days around `on` on which the registry does not hold the agency.
    fn gap(&self, code: &str, on: i64, place: Place) -> Span {
        let mut span = Span {
            first: i64::MIN,
            last: i64::MAX,
            place,
        };
        for (first, last) in self.periods.get(code).into_iter().flatten() {
            if *last < on {
                span.first = span.first.max(last + 1);
            } else {
                span.last = span.last.min(first - 1);
            }
        }
        span
    }
}

/// The days around `on` on which neither the agency nor any unit above its area changed.
fn steady(registry: &Registry, agency: &Agency, on: i64) -> (i64, i64) {
    let mut period = agency.period;
    let mut code = agency.unit_code.as_deref();
    let date = day::day(on);
    while let Some(unit) = code.and_then(|code| registry.units().unit_at(code, date)) {
        period.from = Some(period.first().max(unit.period.first()));
        period.to = Some(period.last().min(unit.period.last()));
        code = unit.parent.as_deref();
    }
    (
        day::number_of(period.first()),
        day::number_of(period.last()),
    )
}

#[cfg(test)]
mod tests {
    use super::super::test_paths::{DAY, reference, step};
    use super::*;

    #[test]
    fn a_level_is_that_of_the_day_of_the_act_also_when_asked_again() {
        let mut places = Places::new(reference());
        let last_of_districts = 20_269 * DAY; // 2025-06-30
        for _ in 0..2 {
            assert_eq!(places.level("D1", last_of_districts), Some(Level::District));
            assert_eq!(places.level("D1", last_of_districts + DAY), None);
            assert_eq!(places.level("X", 0), Some(Level::Commune));
            assert_eq!(places.level("X", last_of_districts), Some(Level::Province));
            assert_eq!(places.level("nobody", last_of_districts), None);
        }
    }

    #[test]
    fn the_province_is_that_of_the_agencys_area_on_the_day() {
        let mut places = Places::new(reference());
        let mut province = |code: &str, at: i64| {
            let place = places.at(code, at);
            places.province_code(place.province).to_owned()
        };
        assert_eq!(province("C1", 20_000 * DAY), "38");
        assert_eq!(province("C1", 20_269 * DAY), "38");
        assert_eq!(
            province("C1", 20_270 * DAY),
            "40",
            "the commune moved on 2025-07-01"
        );
        assert_eq!(province("P1", 20_000 * DAY), "38");
        assert_eq!(province("M1", 20_000 * DAY), "");
        assert_eq!(province("nobody", 20_000 * DAY), "");
    }

    #[test]
    fn one_agency_is_no_interconnection_whatever_its_level() {
        let mut places = Places::new(reference());
        let alone = [
            step(0, "d", "nobody"),
            step(1, "d", ""),
            step(2, "d", "nobody"),
        ];
        assert_eq!(places.class(&alone), Class::NotInterconnected);
        let level = [step(0, "d", "C1"), step(1, "d", "C2")];
        assert_eq!(places.class(&level), Class::Horizontal);
        let up = [
            step(0, "d", "C1"),
            step(1, "d", "nobody"),
            step(2, "d", "P1"),
        ];
        assert_eq!(places.class(&up), Class::Vertical);
        assert_eq!(places.class(&up[..2]), Class::Unknown);
    }
}
