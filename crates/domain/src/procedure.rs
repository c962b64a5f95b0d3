//! Administrative procedures with the versions in force by date, and their step graphs.
//!
//! A code means a version only together with a day; an open dossier keeps the version it began
//! under. Whether a procedure is interconnected, and how, follows from its steps and is never
//! stored.

mod cells;
mod figures;
mod fingerprint;
mod rows;
mod steps;

use crate::clock::TimeLimit;
use crate::interconnection::Class;
use crate::level::Level;
use crate::period::Period;
use crate::table_version::TableVersion;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

pub use figures::{Changes, Figures};
pub use rows::ProcedureRow;
pub use steps::StepRow;

/// How far a procedure can be done online.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Online {
    /// Full online service (toàn trình).
    Full,
    /// Partial online service (một phần).
    Partial,
    /// Only information is online.
    Information,
}

impl Online {
    /// The lower-case name used in tables and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Online::Full => "full",
            Online::Partial => "partial",
            Online::Information => "information",
        }
    }
}

/// How a version of a procedure came into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// There before the tables begin, or not told.
    None,
    /// A new procedure.
    New,
    /// It replaces the procedure of this code.
    Replaces(String),
    /// The same procedure, amended.
    Amended,
}

impl Change {
    /// The lower-case name used in tables and answers; empty where nothing is told.
    pub fn as_str(&self) -> &'static str {
        match self {
            Change::None => "",
            Change::New => "new",
            Change::Replaces(_) => "replaced",
            Change::Amended => "amended",
        }
    }
}

/// How a step stands to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leg {
    /// After the steps before it.
    Serial,
    /// At the same time as others after the same steps.
    Parallel,
    /// May be left out.
    Optional,
}

impl Leg {
    /// The lower-case name used in tables and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Leg::Serial => "serial",
            Leg::Parallel => "parallel",
            Leg::Optional => "optional",
        }
    }
}

/// A step of a procedure, at one kind of agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcedureStep {
    /// Its name within the procedure.
    pub id: String,
    /// What is done.
    pub name: String,
    /// The level of the agency that does it.
    pub level: Level,
    /// The kind of agency, such as `one-stop` or `tax`: different kinds are different agencies.
    pub agency_kind: String,
    /// How it stands to the steps before it.
    pub leg: Leg,
    /// Ids of the steps before it.
    pub after: Vec<String>,
    /// Name of the event that is expected on the way here, such as `accepted`.
    pub expects: Option<String>,
    /// How long that event may take.
    pub within: Option<TimeLimit>,
    /// Legal basis.
    pub legal_basis: String,
}

/// One version of a procedure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Procedure {
    /// National or local code.
    pub code: String,
    /// Vietnamese name.
    pub name: String,
    /// Code of the field (lĩnh vực); may be empty.
    pub field: String,
    /// Name of the field; may be empty.
    pub field_name: String,
    /// Levels at which it is settled.
    pub levels: Vec<Level>,
    /// How far online; none: not online.
    pub online: Option<Online>,
    /// How long it may take; none: no limit is known.
    pub limit: Option<TimeLimit>,
    /// Its steps; empty: not described.
    pub steps: Vec<ProcedureStep>,
    /// Legal basis.
    pub legal_basis: String,
    /// Days in force.
    pub period: Period,
    /// How this version came.
    pub change: Change,
    /// Whether the procedure was abolished when the period ended.
    pub abolished: bool,
}

impl Procedure {
    /// Whether the procedure goes through several agencies of one level, of several levels, or
    /// through one agency only.
    pub fn class(&self) -> Class {
        let agencies: BTreeSet<(Level, &str)> = self
            .steps
            .iter()
            .map(|step| (step.level, step.agency_kind.as_str()))
            .collect();
        if agencies.len() < 2 {
            return Class::NotInterconnected;
        }
        crate::interconnection::class_of_levels(agencies.iter().map(|(level, _)| Some(*level)))
    }
}

/// Every version of every procedure.
#[derive(Debug, Clone, Default)]
pub struct Procedures {
    by_code: BTreeMap<String, Vec<Procedure>>,
}

impl Procedures {
    /// The versions given, which were checked.
    pub fn of(versions: Vec<Procedure>) -> Self {
        let mut by_code: BTreeMap<String, Vec<Procedure>> = BTreeMap::new();
        for version in versions {
            by_code
                .entry(version.code.clone())
                .or_default()
                .push(version);
        }
        for versions in by_code.values_mut() {
            versions.sort_by_key(|version| version.period.first());
        }
        Self { by_code }
    }

    /// The version that a code named on that day. A local code that is in no table is looked for
    /// under its national code.
    pub fn version_at(&self, code: &str, day: Date) -> Option<&Procedure> {
        let mut versions = self.versions_of(code).iter();
        versions.find(|version| version.period.covers(day))
    }

    /// The versions that a code has named, by time; empty if there are none. A local code that is
    /// in no table is looked for under its national code.
    pub fn versions_of(&self, code: &str) -> &[Procedure] {
        let versions = self.by_code.get(code);
        let versions = versions.or_else(|| self.by_code.get(national(code)));
        versions.map_or(&[], Vec::as_slice)
    }

    /// Every version of every procedure, by code and then by time.
    pub fn iter(&self) -> impl Iterator<Item = &Procedure> {
        self.by_code.values().flatten()
    }

    /// Fingerprint of all versions and their steps, 16 hexadecimal digits.
    pub fn version(&self) -> String {
        let mut version = TableVersion::default();
        for procedure in self.iter() {
            fingerprint::add_to(procedure, &mut version);
        }
        version.finish()
    }
}

/// The national part of a procedure code: `1.001193` of `1.001193.000.00.00.H56`.
pub fn national(code: &str) -> &str {
    match code.match_indices('.').nth(1) {
        Some((at, _)) => &code[..at],
        None => code,
    }
}

#[cfg(test)]
#[path = "procedure_tests.rs"]
mod tests;
