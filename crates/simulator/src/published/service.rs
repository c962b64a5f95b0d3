//! Procedures as a desk offers them: what the catalogue says of each, and what a dossier of it
//! goes through.

use jiff::civil::Date;
use lienthong_domain::level::Level;

/// How far online.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Online {
    Full,
    Partial,
    Information,
    Not,
}

impl Online {
    /// As the table of procedures has it.
    pub(super) fn cell(self) -> &'static str {
        match self {
            Online::Full => "full",
            Online::Partial => "partial",
            Online::Information => "information",
            Online::Not => "",
        }
    }
}

/// How long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    WorkingDays(u32),
    /// Received before 15:00: the same day, else the next working day.
    SameDay,
    /// Plain days.
    Days(u32),
}

impl Limit {
    /// Cells `limit_amount`, `limit_unit` and `same_day_before`.
    pub(super) fn cells(self) -> [String; 3] {
        let of = |amount: u32, unit: &str, before: &str| {
            [amount.to_string(), unit.to_owned(), before.to_owned()]
        };
        match self {
            Limit::WorkingDays(days) => of(days, "working_days", ""),
            Limit::SameDay => of(0, "working_days", "15:00"),
            Limit::Days(days) => of(days, "days", ""),
        }
    }
}

/// How a version came into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum How {
    There,
    New,
    /// It takes the place of this code.
    Replaces(String),
    Amended,
}

/// A version of a service.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) from: Date,
    pub(super) limit: Limit,
    pub(super) how: How,
}

/// Who else works on it: level and kind of agency, in their order; empty: nobody.
pub(super) type Route = &'static [(Level, &'static str)];

/// A procedure.
#[derive(Debug, Clone)]
pub(super) struct Service {
    pub(super) code: String,
    pub(super) name: String,
    /// Place in the list of fields.
    pub(super) field: usize,
    pub(super) levels: Vec<Level>,
    pub(super) online: Online,
    pub(super) versions: Vec<Version>,
    /// First day on which it is no longer in force.
    pub(super) abolished: Option<Date>,
    /// First day on which another procedure stands in its place.
    pub(super) replaced: Option<Date>,
    pub(super) route: Route,
}

impl Service {
    /// The limit that a dossier received on that day has; none: not in force.
    pub(super) fn limit_on(&self, day: Date) -> Option<Limit> {
        let mut ends = [self.abolished, self.replaced].into_iter().flatten();
        if ends.any(|ended| day >= ended) {
            return None;
        }
        let mut versions = self.versions.iter().rev();
        versions
            .find(|version| version.from <= day)
            .map(|version| version.limit)
    }
}

/// Code and name of the unit that a desk serves are the agency's; this is how it works.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    /// Agency code.
    pub(super) code: String,
    /// URN of its system.
    pub(super) source: String,
    /// Agencies that its dossiers go to, by level and kind.
    pub(super) others: Vec<((Level, &'static str), String)>,
}

impl Desk {
    /// The agency of a kind that this desk works with.
    pub(super) fn other(&self, level: Level, kind: &str) -> Option<&str> {
        let mut others = self.others.iter();
        let found = others.find(|((at, name), _)| *at == level && *name == kind);
        found.map(|(_, code)| code.as_str())
    }

    /// Whether every agency of a route is known.
    pub(super) fn reaches(&self, route: Route) -> bool {
        let mut legs = route.iter();
        legs.all(|(level, kind)| self.other(*level, kind).is_some())
    }
}
