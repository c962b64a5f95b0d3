//! Versions of procedures as a table of text gives them, read in the order of time.
//!
//! A row is one version and how it came. A row that amends or replaces ends the version before it
//! on the eve; a row that abolishes ends it and begins none. So a table says what a decision said,
//! and no earlier row has to be touched.

use super::cells::{change, levels, limit, online};
use super::{Change, Procedure, Procedures};
use crate::code;
use crate::level::Level;
use crate::period::Period;
use crate::row::{At, RowError};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// A version of a procedure as a table of text gives it. Empty cells mean none; several values in
/// one cell stand with `|` between them.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcedureRow<'a> {
    /// National or local code.
    pub code: &'a str,
    /// Vietnamese name.
    pub name: &'a str,
    /// Code of its field.
    pub field_code: &'a str,
    /// Name of its field.
    pub field_name: &'a str,
    /// Levels that settle it, such as `commune|district`.
    pub levels: &'a str,
    /// `full`, `partial`, `information`, or empty: not online.
    pub online: &'a str,
    /// How long it may take: 1 to 10,000, or 0 with `same_day_before`; empty: no limit is known.
    pub limit_amount: &'a str,
    /// `working_days`, `working_hours` or `days`.
    pub limit_unit: &'a str,
    /// `HH:MM`; see [`TimeLimit::same_day_before`].
    pub same_day_before: &'a str,
    /// Legal basis.
    pub legal_basis: &'a str,
    /// First day in force, `yyyy-MM-dd`; of an abolished procedure, the first day no longer.
    pub from: &'a str,
    /// Last day in force; ended earlier by a later row that amends, replaces or abolishes.
    pub to: &'a str,
    /// `new`, `replaced`, `amended`, `abolished`, or empty: it was there before.
    pub change: &'a str,
    /// Of `replaced`: the code that it replaces.
    pub replaces: &'a str,
}

/// A version while later rows may still end it.
struct Draft {
    row: usize,
    procedure: Procedure,
    replaced: bool,
}

type Drafts = BTreeMap<String, Vec<Draft>>;

impl Procedures {
    /// Reads versions. Refuses a malformed cell, two versions of one code on one day, a change of
    /// something that was not in force on the eve, and the district level after 2025-06-30.
    pub fn new(rows: &[ProcedureRow<'_>]) -> Result<Procedures, RowError> {
        let mut order = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            let period = At(index).period(row.from, row.to)?;
            order.push((period.first(), row.change == "abolished", index));
        }
        order.sort_unstable();
        let mut drafts = Drafts::new();
        for (first, _, index) in order {
            take(At(index), &rows[index], first, &mut drafts)?;
        }
        for draft in drafts.values().flatten() {
            let period = draft.procedure.period;
            let levels = draft.procedure.levels.iter();
            check_levels(At(draft.row), "levels", levels.copied(), period)?;
        }
        let versions = drafts.into_values().flatten();
        Ok(Procedures::of(
            versions.map(|draft| draft.procedure).collect(),
        ))
    }
}

/// Refuses a level that ended while the procedure is in force.
pub(super) fn check_levels(
    at: At,
    column: &'static str,
    mut levels: impl Iterator<Item = Level>,
    period: Period,
) -> Result<(), RowError> {
    if levels.all(|level| level.exists_on(period.last())) {
        return Ok(());
    }
    Err(at.error(
        column,
        format!("the district level ended on 2025-06-30, and the version is in force {period}"),
        "end the version on 2025-06-30 or before, and add one of other levels for what took over",
    ))
}

fn take(at: At, row: &ProcedureRow<'_>, first: Date, drafts: &mut Drafts) -> Result<(), RowError> {
    code::check_procedure(row.code).map_err(|error| at.error("code", error.what, error.fix))?;
    if row.change == "abolished" {
        return abolish(at, row, first, drafts);
    }
    let procedure = read(at, row)?;
    match &procedure.change {
        Change::None | Change::New => {}
        Change::Amended => end(at, "code", row.code, first, drafts)?.replaced = true,
        Change::Replaces(other) => end(at, "replaces", other, first, drafts)?.replaced = true,
    }
    let same_code = drafts.entry(procedure.code.clone()).or_default();
    let other = same_code
        .iter()
        .find(|other| other.procedure.period.overlaps(&procedure.period));
    if let Some(other) = other {
        let other = other.procedure.period;
        return Err(at.error(
            "from",
            format!("procedure {} is in force {other} already", row.code),
            "write change amended, which ends that version on the eve, or end it by its to",
        ));
    }
    same_code.push(Draft {
        row: at.0,
        procedure,
        replaced: false,
    });
    Ok(())
}

fn abolish(
    at: At,
    row: &ProcedureRow<'_>,
    first: Date,
    drafts: &mut Drafts,
) -> Result<(), RowError> {
    if !row.to.is_empty() {
        let what = "an abolished procedure has no last day of its own";
        return Err(at.error(
            "to",
            what,
            "leave it empty: from is the first day without it",
        ));
    }
    let draft = end(at, "code", row.code, first, drafts)?;
    if draft.replaced || draft.procedure.abolished {
        let what = format!(
            "procedure {} ended on the eve of {} by another row already",
            row.code, row.from
        );
        return Err(at.error("code", what, "keep one of the rows"));
    }
    draft.procedure.abolished = true;
    Ok(())
}

/// Ends the version of `code` that is in force on the eve.
fn end<'d>(
    at: At,
    column: &'static str,
    code: &str,
    first: Date,
    drafts: &'d mut Drafts,
) -> Result<&'d mut Draft, RowError> {
    let Some(eve) = first.yesterday().ok().filter(|_| first != Date::MIN) else {
        let what = "it is empty, and the row changes something on that day";
        return Err(at.error("from", what, "write the day of the change"));
    };
    let versions = drafts.get_mut(code).into_iter().flatten();
    let mut versions = versions.filter(|draft| draft.procedure.period.covers(eve));
    match versions.next() {
        Some(draft) => {
            draft.procedure.period.to = Some(eve);
            Ok(draft)
        }
        None => Err(at.error(
            column,
            format!("no version of {code:?} is in force on {eve}"),
            "name a procedure in force on the eve of from, or add the row of that version",
        )),
    }
}

fn read(at: At, row: &ProcedureRow<'_>) -> Result<Procedure, RowError> {
    let change = change(at, row)?;
    let limit = limit(at, row)?;
    Ok(Procedure {
        code: row.code.to_owned(),
        name: at.text("name", row.name)?,
        field: at
            .optional("field_code", row.field_code)?
            .unwrap_or_default(),
        field_name: at
            .optional("field_name", row.field_name)?
            .unwrap_or_default(),
        levels: levels(at, row.levels)?,
        online: online(at, row.online)?,
        limit,
        steps: Vec::new(),
        legal_basis: at
            .optional("legal_basis", row.legal_basis)?
            .unwrap_or_default(),
        period: at.period(row.from, row.to)?,
        change,
        abolished: false,
    })
}
