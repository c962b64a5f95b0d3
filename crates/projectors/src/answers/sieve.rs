//! Which dossiers a question is about.

use super::atlas::{Sheet, Spot, sheet};
use super::read;
use super::spans::{Span, Spans, steady};
use super::symbols::Symbols;
use lienthong_contract::pb::performance::v1 as pb;
use lienthong_contract::status::Failure;
use lienthong_domain::basis::Basis;
use lienthong_domain::event::detail::Channel;
use lienthong_domain::level::Level;
use lienthong_domain::path::day;
use lienthong_domain::procedure::national;
use lienthong_domain::reference::Reference;
use std::hash::Hash;
use std::sync::Arc;

/// See `DossierFilter`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Filter {
    agency: String,
    /// Code and level of a unit.
    unit: Option<(String, Level)>,
    procedure: String,
    field: String,
    channel: Option<Channel>,
    level: Option<Level>,
}

impl Filter {
    /// Reads a filter; absent: everything.
    ///
    /// # Errors
    /// `REQUEST_MALFORMED` for an unknown channel or level, or a code that is none of a unit.
    pub fn read(filter: Option<&pb::DossierFilter>) -> Result<Self, Failure> {
        let Some(filter) = filter else {
            return Ok(Self::default());
        };
        let unit = match filter.unit_code.as_str() {
            "" => None,
            code => Some((code.to_owned(), level_of_unit(code)?)),
        };
        Ok(Self {
            agency: filter.agency_code.clone(),
            unit,
            procedure: filter.procedure_code.clone(),
            field: filter.field_code.clone(),
            channel: read::channel("filter.channel", filter.channel)?,
            level: read::level("filter.level", filter.level)?,
        })
    }
}

/// The level of a unit by the length of its GSO code.
pub(super) fn level_of_unit(code: &str) -> Result<Level, Failure> {
    let digits = code.bytes().all(|byte| byte.is_ascii_digit());
    match code.len() {
        2 if digits => Ok(Level::Province),
        3 if digits => Ok(Level::District),
        5 if digits => Ok(Level::Commune),
        _ => Err(Failure::of_field(
            "filter.unit_code",
            format!("{code:?} is not the code of a unit."),
            "send the GSO code: 2 digits of a province, 3 of a district, 5 of a commune",
        )),
    }
}

/// Whether a question is about a dossier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fits {
    /// It is not.
    No,
    /// It is.
    Yes,
    /// The unit of its agency was divided; one of the parts is the unit asked for.
    May,
}

/// A filter with what was already found out.
#[derive(Debug)]
pub(super) struct Sieve {
    filter: Filter,
    /// Of the level of the unit that is asked for.
    units: Option<Arc<Sheet>>,
    pub(super) basis: Basis,
    pub(super) reference: Arc<Reference>,
    pub(super) agencies: Symbols,
    pub(super) procedures: Symbols,
    by_agency: Spans<Fits>,
    by_procedure: Spans<bool>,
}

impl Sieve {
    pub(super) fn new(filter: Filter, basis: Basis, reference: Arc<Reference>) -> Self {
        let unit = filter.unit.as_ref();
        let units = unit.map(|(_, level)| sheet(&reference, *level, basis));
        Self {
            units,
            filter,
            basis,
            reference,
            agencies: Symbols::default(),
            procedures: Symbols::default(),
            by_agency: Spans::new(),
            by_procedure: Spans::new(),
        }
    }

    /// Whether agency, procedure and channel fit.
    pub(super) fn fits(
        &mut self,
        agency: u32,
        procedure: u32,
        on: i64,
        channel: Option<Channel>,
    ) -> Fits {
        let asked = self.filter.channel;
        if asked.is_some() && asked != channel || !self.procedure_fits(procedure, on) {
            return Fits::No;
        }
        self.agency_fits(agency, on)
    }

    /// Whether what an agency received on a day can fit.
    pub(super) fn agency_fits(&mut self, agency: u32, on: i64) -> Fits {
        let Filter {
            agency: only,
            unit,
            level,
            ..
        } = &self.filter;
        if only.is_empty() && unit.is_none() && level.is_none() {
            return Fits::Yes;
        }
        if let Some(known) = self.by_agency.get(agency, on) {
            return known;
        }
        let code = self.agencies.text(agency);
        let (answer, (first, last)) = self.look_at_agency(code, on);
        self.by_agency.put(
            agency,
            Span {
                first,
                last,
                answer,
            },
        );
        answer
    }

    /// Whether an agency fits on a day, and the days around it on which that holds.
    fn look_at_agency(&self, code: &str, on: i64) -> (Fits, (i64, i64)) {
        let asked = &self.filter;
        let always = (i64::MIN, i64::MAX);
        if !asked.agency.is_empty() && asked.agency != code {
            return (Fits::No, always);
        }
        let registry = &self.reference.registry;
        let mut days = always;
        if let Some(level) = asked.level {
            days = steady(registry, self.basis, code, on);
            if registry.level_at(code, day::day(on)) != Some(level) {
                return (Fits::No, days);
            }
        }
        let (Some((unit, _)), Some(sheet)) = (&asked.unit, &self.units) else {
            return (Fits::Yes, days);
        };
        let (spot, (first, last)) = sheet.at(code, on);
        let fits = match spot {
            Spot::One(found, _) if found == unit => Fits::Yes,
            Spot::Several(found) if found.contains(unit) => Fits::May,
            _ => Fits::No,
        };
        (fits, (days.0.max(first), days.1.min(last)))
    }

    fn procedure_fits(&mut self, procedure: u32, on: i64) -> bool {
        let asked = &self.filter;
        if asked.procedure.is_empty() && asked.field.is_empty() {
            return true;
        }
        if let Some(known) = self.by_procedure.get(procedure, on) {
            return known;
        }
        let code = self.procedures.text(procedure);
        let version = self.reference.procedures.version_at(code, day::day(on));
        let in_field =
            asked.field.is_empty() || version.is_some_and(|version| version.field == asked.field);
        let same = asked.procedure.is_empty()
            || asked.procedure == code
            || asked.procedure == national(code);
        let answer = in_field && same;
        let (first, last) = match version {
            Some(version) => (
                day::number_of(version.period.first()),
                day::number_of(version.period.last()),
            ),
            None => (on, on),
        };
        self.by_procedure.put(
            procedure,
            Span {
                first,
                last,
                answer,
            },
        );
        answer
    }
}
