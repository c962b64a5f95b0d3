//! Which findings are asked for.

use super::Finding;
use crate::answers::findings::registers::Whole;
use crate::answers::read;
use crate::answers::reconciliation::read_register;
use crate::answers::sieve::{Fits, level_of_unit};
use lienthong_contract::pb::quality::v1 as pb;
use lienthong_contract::status::Failure;
use lienthong_domain::agency::Registry;
use lienthong_domain::basis::{Basis, Place};
use lienthong_domain::level::Level;
use lienthong_domain::misfit::Misfit;
use lienthong_domain::path::day::{day, day_number, number_of};
use prost_types::Timestamp;

/// What is asked, and the registers that came whole.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// None: every kind.
    pub misfit: Option<Misfit>,
    /// Empty: every source.
    pub source: String,
    /// Empty: every agency.
    pub agency: String,
    /// Empty: every procedure.
    pub procedure: String,
    /// Findings about agencies whose area lies in this unit; none: everywhere.
    pub unit: Option<(String, Level)>,
    /// Under which units `unit` is meant.
    pub basis: Basis,
    /// Milliseconds since the Unix epoch.
    pub as_of_ms: i64,
    /// What may be asked of registers.
    pub whole: Whole,
}

impl Question {
    /// Reads a filter and a moment; no moment is now.
    ///
    /// # Errors
    /// `REQUEST_MALFORMED` for an unknown kind or a moment that is none.
    pub fn read(
        filter: Option<&pb::FindingFilter>,
        as_of: Option<&Timestamp>,
        whole: &[pb::RegisterDay],
    ) -> Result<Self, Failure> {
        let filter = filter.cloned().unwrap_or_default();
        let misfit = match filter.kind.as_str() {
            "" => None,
            name => Some(Misfit::named(name).ok_or_else(|| unknown_kind(name))?),
        };
        let unit = match filter.unit_code.as_str() {
            "" => None,
            code => Some((code.to_owned(), level_of_unit(code)?)),
        };
        Ok(Self {
            misfit,
            unit,
            basis: read::basis(filter.basis.as_ref())?,
            source: filter.source,
            agency: filter.agency_code,
            procedure: filter.procedure_code,
            as_of_ms: read::moment("as_of_time", as_of)?,
            whole: whole_of(whole),
        })
    }

    /// Whether a finding is asked for.
    pub fn fits(&self, finding: &Finding<'_>, registry: &Registry) -> Fits {
        let all = |asked: &str, told: &str| asked.is_empty() || asked == told;
        let fits = self.misfit.is_none_or(|asked| asked == finding.misfit)
            && all(&self.source, finding.source)
            && all(&self.agency, finding.agency)
            && all(&self.procedure, finding.procedure);
        if !fits {
            return Fits::No;
        }
        let Some((unit, level)) = &self.unit else {
            return Fits::Yes;
        };
        let on = day(day_number(finding.since_ms));
        match registry.place(finding.agency, on, *level, self.basis) {
            Place::One(place) if place.code == *unit => Fits::Yes,
            Place::Several(places) if places.iter().any(|place| place.code == *unit) => Fits::May,
            _ => Fits::No,
        }
    }

    /// Whether the answer needs to know which registers came whole.
    pub fn needs_registers(&self) -> bool {
        self.misfit.is_none_or(Misfit::is_of_registers)
    }
}

/// Registers as an earlier sum told them.
pub fn whole_of(registers: &[pb::RegisterDay]) -> Whole {
    let mut whole = Whole::default();
    for one in registers {
        let day = one.day.parse().map(number_of);
        if let (Some(register), Ok(day)) = (read_register(one.register()), day) {
            whole.add(&one.source, register, day);
        }
    }
    whole
}

fn unknown_kind(name: &str) -> Failure {
    let shown: String = name.chars().take(64).collect();
    Failure::of_field(
        "filter.kind",
        format!("{shown:?} is no kind of finding."),
        "send a name that `lienthong quality kinds` prints, or leave it empty for all",
    )
}
