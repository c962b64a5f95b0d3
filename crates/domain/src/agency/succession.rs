//! What became of agencies that ended: which agencies took over, and how.

use super::{Agency, Registry};
use crate::row::{At, RowError};
use crate::table_version::TableVersion;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// How an agency ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// It became part of another agency.
    Merged,
    /// Several agencies took parts of it.
    Split,
    /// It went on under another code at another place of the administration.
    Moved,
    /// It went on under another code.
    Renamed,
    /// It ended and no agency took over.
    Abolished,
}

impl End {
    const ALL: [End; 5] = [
        End::Merged,
        End::Split,
        End::Moved,
        End::Renamed,
        End::Abolished,
    ];

    /// The lower-case name used in tables and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            End::Merged => "merged",
            End::Split => "split",
            End::Moved => "moved",
            End::Renamed => "renamed",
            End::Abolished => "abolished",
        }
    }
}

/// One edge: on the day `on`, `new` took over from `old`. An agency that was split has one row for
/// each agency that took a part; one that was abolished has one row without `new`.
#[derive(Debug, Clone, Copy, Default)]
pub struct AgencySuccessionRow<'a> {
    /// Code of the agency that was in force until the day before.
    pub old: &'a str,
    /// Code of an agency in force on that day; empty: abolished.
    pub new: &'a str,
    /// The day, `yyyy-MM-dd`.
    pub on: &'a str,
    /// `merged`, `split`, `moved`, `renamed` or `abolished`.
    pub kind: &'a str,
}

/// What an agency of one day is on a later day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Successors<'a> {
    /// No agency had that code on the earlier day, or the later day comes before it.
    Unknown,
    /// It ended and no agency took over, or none is told.
    Abolished,
    /// Exactly one agency; itself while it is in force.
    Known(&'a Agency),
    /// It was split, and so may be each of those: sorted by code. Which of them holds a dossier, the
    /// dossier's own events say.
    Several(Vec<&'a Agency>),
}

/// The edges by the code that ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Successions(BTreeMap<String, BTreeMap<Date, (End, Vec<String>)>>);

impl Registry {
    /// Adds what became of agencies that ended. Refuses a malformed cell, an old agency that did
    /// not end on the eve, a new one not in force on the day, and rows of one end that contradict
    /// each other.
    pub fn with_successions(
        mut self,
        rows: &[AgencySuccessionRow<'_>],
    ) -> Result<Registry, RowError> {
        let mut edges: BTreeMap<String, BTreeMap<Date, (End, Vec<String>)>> = BTreeMap::new();
        for (index, row) in rows.iter().enumerate() {
            let at = At(index);
            let (on, end) = self.read(at, row)?;
            let ends = edges.entry(row.old.to_owned()).or_default();
            let (known, targets) = ends.entry(on).or_insert_with(|| (end, Vec::new()));
            let one_only = *known != End::Split && !targets.is_empty();
            if *known != end || one_only || targets.iter().any(|code| code == row.new) {
                return Err(at.error(
                    "kind",
                    format!("the end of {} on {on} is told in another row, too", row.old),
                    "give one row, or rows of kind split with a different new each",
                ));
            }
            targets.push(row.new.to_owned());
        }
        for (index, row) in rows.iter().enumerate() {
            let ends = edges.get(row.old).into_iter().flat_map(BTreeMap::values);
            let mut ends = ends.filter(|(end, _)| *end == End::Split);
            if row.kind == "split" && ends.any(|(_, targets)| targets.len() < 2) {
                let what = format!("{} was split, and only one agency took over", row.old);
                let fix = "add a row for each agency that took a part, or write merged or moved";
                return Err(At(index).error("kind", what, fix));
            }
        }
        for targets in edges.values_mut().flat_map(BTreeMap::values_mut) {
            targets.1.sort();
        }
        self.successions = Successions(edges);
        self.version = super::version_of(&self);
        Ok(self)
    }

    /// What the agency that `code` named on the day `then` had become by the later day `now`; the
    /// agency itself while it is in force. An agency whose code names another row from the very
    /// next day on goes on as that one, unless a succession says otherwise. Never a guess.
    pub fn agency_successors(&self, code: &str, then: Date, now: Date) -> Successors<'_> {
        let (Some(start), true) = (self.agency_at(code, then), then <= now) else {
            return Successors::Unknown;
        };
        let mut open = vec![start];
        let mut reached: Vec<&Agency> = Vec::new();
        let mut part_lost = false;
        while let Some(agency) = open.pop() {
            if agency.period.covers(now) {
                reached.push(agency);
                continue;
            }
            let next = self.after(agency);
            part_lost |= next.is_empty();
            open.extend(next);
        }
        reached.sort_by(|a, b| a.code.cmp(&b.code));
        reached.dedup_by(|a, b| a.code == b.code);
        match reached.as_slice() {
            [] => Successors::Abolished,
            [only] if !part_lost => Successors::Known(only),
            _ => Successors::Several(reached),
        }
    }

    /// How an agency ended on the eve of that day, if a succession tells it.
    pub fn end_of(&self, code: &str, on: Date) -> Option<End> {
        let (end, _) = self.successions.0.get(code)?.get(&on)?;
        Some(*end)
    }

    /// The agencies that took over on the day after `agency` ended.
    fn after(&self, agency: &Agency) -> Vec<&Agency> {
        let Ok(on) = agency.period.last().tomorrow() else {
            return Vec::new();
        };
        let told = self.successions.0.get(&agency.code);
        match told.and_then(|ends| ends.get(&on)) {
            Some((_, targets)) => targets
                .iter()
                .filter_map(|code| self.agency_at(code, on))
                .collect(),
            None => self.agency_at(&agency.code, on).into_iter().collect(),
        }
    }

    fn read(&self, at: At, row: &AgencySuccessionRow<'_>) -> Result<(Date, End), RowError> {
        let Some(on) = at.day("on", row.on)? else {
            return Err(at.error("on", "it is empty", "write the day of the change"));
        };
        let end = End::ALL.into_iter().find(|end| end.as_str() == row.kind);
        let end = end.ok_or_else(|| {
            let what = format!("{:?} is not the way an agency ends", row.kind);
            let fix = "write merged, split, moved, renamed or abolished";
            at.error("kind", what, fix)
        })?;
        let eve = on.yesterday().ok();
        let before = eve.and_then(|eve| self.agency_at(row.old, eve));
        if before.is_none_or(|agency| agency.period.covers(on)) {
            let what = format!("agency {:?} did not end on the eve of {on}", row.old);
            let fix = "name an agency whose to is the day before, or end its row there";
            return Err(at.error("old", what, fix));
        }
        if (end == End::Abolished) != row.new.is_empty() {
            let what = format!("the kind is {}, and new is {:?}", row.kind, row.new);
            let fix = "leave it empty for an abolished agency and only there";
            return Err(at.error("new", what, fix));
        }
        if end != End::Abolished && self.agency_at(row.new, on).is_none() {
            let what = format!("agency {:?} is not in force on {on}", row.new);
            let fix = "name an agency that is in force on that day";
            return Err(at.error("new", what, fix));
        }
        Ok((on, end))
    }
}

impl Successions {
    pub(super) fn add_to(&self, version: &mut TableVersion) {
        for (old, ends) in &self.0 {
            for (on, (end, targets)) in ends {
                version.field(old);
                version.field(&on.to_string());
                version.field(end.as_str());
                version.field(&targets.join("|"));
            }
        }
    }
}
