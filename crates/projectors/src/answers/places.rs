//! Where an agency stands at a moment, told under a basis and remembered for the length of a scan.
//!
//! Under the units of another day an agency is told as what it has become: its level, its province
//! and its code are those of the one agency that took over. What was divided, or ended without a
//! successor that is told, keeps its own code and has no level or province but one that all its
//! successors share; every sum still counts it, as not assigned.

use super::symbols::Symbols;
use hashbrown::HashMap;
use jiff::civil::Date;
use lienthong_domain::agency::{Agency, Registry, Successors};
use lienthong_domain::basis::{self, Basis};
use lienthong_domain::interconnection::{Class, class_of_levels};
use lienthong_domain::level::Level;
use lienthong_domain::path::{Step, day};
use lienthong_domain::reference::Reference;
use std::sync::Arc;

/// Where an agency stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// None: not in the registry on that day, or not to be told under the basis.
    pub(super) level: Option<Level>,
    /// Symbol of the province's code; that of the empty string for the whole country and
    /// for what is not assigned.
    pub(super) province: u32,
    /// Symbol of the agency that it is told as: itself, or the one that took over.
    pub(super) agency: u32,
    /// Whether level and province are known under the basis.
    pub(super) assigned: bool,
}

/// Days, both included, on which a place holds.
#[derive(Debug, Clone, Copy)]
struct Span {
    first: i64,
    last: i64,
    place: Place,
}

/// The reference data under a basis, with what was already asked of it.
#[derive(Debug)]
pub(super) struct Places {
    reference: Arc<Reference>,
    basis: Basis,
    /// Days in force of each agency of the registry, as day numbers.
    periods: HashMap<Box<str>, Vec<(i64, i64)>>,
    agencies: Symbols,
    /// By agency symbol.
    spans: Vec<Vec<Span>>,
    provinces: Symbols,
}

impl Places {
    /// Nothing asked yet.
    pub(super) fn new(reference: Arc<Reference>, basis: Basis) -> Self {
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
            basis,
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
        let acts = steps.iter().filter(|step| !step.actor.agency.is_empty());
        let one = match self.basis {
            Basis::AsItWas => all_alike(acts.map(|step| step.actor.agency)),
            Basis::UnitsOf(_) => all_alike(acts.map(|step| self.told_as(step).agency)),
        };
        if one {
            return Class::NotInterconnected;
        }
        let acts = steps.iter().filter(|step| step.actor.is_named());
        class_of_levels(acts.map(|step| self.level(step.actor.agency, step.order.occurred_ms)))
    }

    /// Where the agency that acted stands.
    pub(super) fn told_as(&mut self, step: &Step<'_>) -> Place {
        self.at(step.actor.agency, step.order.occurred_ms)
    }

    /// Codes of the agencies that an agency of a moment has become under the basis; none if that is
    /// itself, or if none is told.
    pub(super) fn successors(&self, code: &str, millis: i64) -> Vec<String> {
        let Basis::UnitsOf(now) = self.basis else {
            return Vec::new();
        };
        let then = day::day(day::day_number(millis));
        let registry = &self.reference.registry;
        match registry.agency_successors(code, then, now) {
            Successors::Known(agency) if agency.code != code => vec![agency.code.clone()],
            Successors::Several(agencies) => {
                agencies.iter().map(|agency| agency.code.clone()).collect()
            }
            _ => Vec::new(),
        }
    }

    fn look_up(&mut self, code: &str, on: i64) -> Span {
        let reference = Arc::clone(&self.reference);
        let registry = &reference.registry;
        let date = day::day(on);
        let Some(agency) = registry.agency_at(code, date) else {
            let place = self.place(code, None, Some(""), false);
            return self.gap(code, on, place);
        };
        let (mut first, mut last) = steady(registry, agency, on);
        let place = match self.basis {
            Basis::AsItWas => {
                let province = registry.province_at(code, date);
                let province = province.map_or("", |unit| &unit.code);
                self.place(code, Some(agency.level), Some(province), true)
            }
            Basis::UnitsOf(now) => {
                match on <= day::number_of(now) {
                    true => last = last.min(day::number_of(now)),
                    false => first = first.max(day::number_of(now) + 1),
                }
                self.under(registry, code, date, now)
            }
        };
        Span { first, last, place }
    }

    /// The place of an agency of the day `then` under the units of the day `now`.
    fn under(&mut self, registry: &Registry, code: &str, then: Date, now: Date) -> Place {
        match registry.agency_successors(code, then, now) {
            Successors::Known(agency) => {
                let province = registry.province_at(&agency.code, now);
                let province = province.map_or("", |unit| &unit.code);
                self.place(&agency.code, Some(agency.level), Some(province), true)
            }
            Successors::Several(agencies) => {
                let level = shared(agencies.iter().map(|agency| agency.level));
                let provinces = agencies.iter().map(|agency| {
                    let province = registry.province_at(&agency.code, now);
                    province.map_or("", |unit| &unit.code)
                });
                self.place(code, level, shared(provinces), level.is_some())
            }
            // The area outlives the agency.
            Successors::Abolished | Successors::Unknown => {
                let under = Basis::UnitsOf(now);
                let province = match registry.place(code, then, Level::Province, under) {
                    basis::Place::One(unit) => Some(unit.code.as_str()),
                    _ => None,
                };
                self.place(code, None, province, false)
            }
        }
    }

    /// A place of these; without a province it is not assigned.
    fn place(
        &mut self,
        told_as: &str,
        level: Option<Level>,
        province: Option<&str>,
        assigned: bool,
    ) -> Place {
        Place {
            level,
            province: self.provinces.number(province.unwrap_or_default()),
            agency: self.agency(told_as),
            assigned: assigned && province.is_some(),
        }
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

/// Whether there are not two that differ.
fn all_alike<T: PartialEq>(mut all: impl Iterator<Item = T>) -> bool {
    let first = all.next();
    all.all(|one| Some(one) == first)
}

/// What all have in common.
fn shared<T: PartialEq>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    all.all(|one| one == first).then_some(first)
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
        let mut places = Places::new(reference(), Basis::AsItWas);
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
        let mut places = Places::new(reference(), Basis::AsItWas);
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
        let mut places = Places::new(reference(), Basis::AsItWas);
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
