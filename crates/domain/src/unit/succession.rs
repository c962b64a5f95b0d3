//! What became of units that ended: a relation of codes at a day, many to many.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Unit, Units};
use crate::row::{At, RowError};
use crate::table_version::TableVersion;

/// One edge: on the day `on`, all or part of `old` went to `new`. Where a unit was divided, it has
/// one row for each unit that took a part.
#[derive(Debug, Clone, Copy, Default)]
pub struct SuccessionRow<'a> {
    /// Code of the unit that was in force until the day before.
    pub old: &'a str,
    /// Code of a unit in force from that day, often the same digits.
    pub new: &'a str,
    /// The day, `yyyy-MM-dd`.
    pub on: &'a str,
}

/// What a unit of one day is on a later day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Candidates<'a> {
    /// No unit had that code on the earlier day, or the later day comes before it.
    Unknown,
    /// The unit ended and no unit took over its whole place, as districts did in July 2025.
    Abolished,
    /// Exactly one unit.
    Known(&'a Unit),
    /// The unit was divided; sorted by code. To choose one, a document about the very place is
    /// needed.
    Ambiguous(Vec<&'a Unit>),
}

/// The edges by the code that ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Successions(BTreeMap<String, Vec<(Date, String)>>);

impl Successions {
    pub(super) fn read(units: &Units, rows: &[SuccessionRow<'_>]) -> Result<Successions, RowError> {
        let mut edges: BTreeMap<String, Vec<(Date, String)>> = BTreeMap::new();
        for (index, row) in rows.iter().enumerate() {
            let at = At(index);
            let Some(on) = at.day("on", row.on)? else {
                return Err(at.error("on", "it is empty", "write the day of the change"));
            };
            let before = on
                .yesterday()
                .ok()
                .and_then(|eve| units.unit_at(row.old, eve));
            if before.is_none_or(|unit| unit.period.covers(on)) {
                let what = format!("unit {:?} did not end on the eve of {on}", row.old);
                return Err(at.error("old", what, "name a unit whose last day is the day before"));
            }
            if units.unit_at(row.new, on).is_none() {
                let what = format!("unit {:?} is not in force on {on}", row.new);
                return Err(at.error("new", what, "name a unit that is in force on that day"));
            }
            edges
                .entry(row.old.to_owned())
                .or_default()
                .push((on, row.new.to_owned()));
        }
        for targets in edges.values_mut() {
            targets.sort();
            targets.dedup();
        }
        Ok(Successions(edges))
    }

    pub(super) fn follow<'a>(
        &self,
        units: &'a Units,
        code: &str,
        then: Date,
        now: Date,
    ) -> Candidates<'a> {
        let (Some(start), true) = (units.unit_at(code, then), then <= now) else {
            return Candidates::Unknown;
        };
        let mut open = vec![start];
        let mut reached: Vec<&Unit> = Vec::new();
        let mut part_lost = false;
        while let Some(unit) = open.pop() {
            if unit.period.covers(now) {
                reached.push(unit);
                continue;
            }
            let next = self.after(units, unit);
            part_lost |= next.is_empty();
            open.extend(next);
        }
        reached.sort_by(|a, b| a.code.cmp(&b.code));
        reached.dedup_by(|a, b| a.code == b.code);
        match reached.as_slice() {
            [] => Candidates::Abolished,
            [only] if !part_lost => Candidates::Known(only),
            _ => Candidates::Ambiguous(reached),
        }
    }

    /// The units that took over on the day after `unit` ended.
    fn after<'a>(&self, units: &'a Units, unit: &Unit) -> Vec<&'a Unit> {
        let Ok(on) = unit.period.last().tomorrow() else {
            return Vec::new();
        };
        let edges = self
            .0
            .get(&unit.code)
            .into_iter()
            .flatten()
            .filter(|(day, _)| *day == on);
        edges
            .filter_map(|(_, new)| units.unit_at(new, on))
            .collect()
    }

    pub(super) fn add_to(&self, version: &mut TableVersion) {
        for (old, edges) in &self.0 {
            for (on, new) in edges {
                version.field(old);
                version.field(new);
                version.field(&on.to_string());
            }
        }
    }
}
