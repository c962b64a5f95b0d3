//! Versions of procedures as a table of text gives them, read in the order of time.
//!
//! A row is one version and how it came. A row that amends or replaces ends the version before it
//! on the eve; a row that abolishes ends it and begins none. So a table says what a decision said,
//! and no earlier row has to be touched.

use super::{Change, Online, Procedure, Procedures};
use crate::clock::{LimitUnit, TimeLimit};
use crate::code;
use crate::level::Level;
use crate::period::Period;
use crate::row::{At, RowError};
use crate::table_version::TableVersion;
use jiff::civil::{Date, Time};
use std::collections::BTreeMap;

/// Most units of a time limit.
const MOST: u32 = 10_000;

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

fn change(at: At, row: &ProcedureRow<'_>) -> Result<Change, RowError> {
    let change = match row.change {
        "" => Change::None,
        "new" => Change::New,
        "amended" => Change::Amended,
        "replaced" if row.replaces.is_empty() => {
            return Err(at.error(
                "replaces",
                "it is empty",
                "write the code of the procedure that this one replaces",
            ));
        }
        "replaced" if row.replaces == row.code => {
            let what = format!("procedure {} would replace itself", row.code);
            return Err(at.error("replaces", what, "write change amended"));
        }
        "replaced" => Change::Replaces(row.replaces.to_owned()),
        other => {
            return Err(at.error(
                "change",
                format!("{other:?} is not a change"),
                "write new, replaced, amended or abolished, or leave it empty",
            ));
        }
    };
    if change != Change::None && row.from.is_empty() {
        return Err(at.error("from", "it is empty", "write the day of the change"));
    }
    if !row.replaces.is_empty() && !matches!(change, Change::Replaces(_)) {
        let what = format!("a row of change {:?} replaces nothing", row.change);
        return Err(at.error("replaces", what, "leave it empty, or write change replaced"));
    }
    Ok(change)
}

fn levels(at: At, text: &str) -> Result<Vec<Level>, RowError> {
    let fix = || {
        let names = Level::ALL.map(Level::as_str).join(", ");
        format!("write one or more of {names}, with | between them")
    };
    let mut levels = Vec::new();
    for name in text.split('|') {
        let level = Level::parse(name);
        let level =
            level.ok_or_else(|| at.error("levels", format!("{name:?} is not a level"), fix()))?;
        if levels.contains(&level) {
            return Err(at.error("levels", format!("{name} is given twice"), fix()));
        }
        levels.push(level);
    }
    levels.sort_unstable();
    Ok(levels)
}

fn online(at: At, text: &str) -> Result<Option<Online>, RowError> {
    match text {
        "" => Ok(None),
        "full" => Ok(Some(Online::Full)),
        "partial" => Ok(Some(Online::Partial)),
        "information" => Ok(Some(Online::Information)),
        other => Err(at.error(
            "online",
            format!("{other:?} is not an online level"),
            "write full, partial or information, or leave it empty if it is not online",
        )),
    }
}

fn limit(at: At, row: &ProcedureRow<'_>) -> Result<Option<TimeLimit>, RowError> {
    let Some(mut limit) = amount_of(
        at,
        ["limit_amount", "limit_unit"],
        [row.limit_amount, row.limit_unit],
    )?
    else {
        if row.same_day_before.is_empty() {
            return Ok(None);
        }
        let fix = "write 0 there for a procedure that is due the same day";
        return Err(at.error("limit_amount", "it is empty beside same_day_before", fix));
    };
    if !row.same_day_before.is_empty() {
        limit.same_day_before = Some(time(at, row.same_day_before)?);
        if limit.unit != LimitUnit::WorkingDays {
            let what = "a limit with same_day_before counts working days";
            return Err(at.error("limit_unit", what, "write working_days"));
        }
    } else if limit.amount == 0 {
        let fix = "write 1 or more, or the time of day in same_day_before";
        return Err(at.error("limit_amount", "it is 0", fix));
    }
    Ok(Some(limit))
}

/// A limit from its two cells; none if both are empty.
pub(super) fn amount_of(
    at: At,
    [amount_column, unit_column]: [&'static str; 2],
    [amount, unit]: [&str; 2],
) -> Result<Option<TimeLimit>, RowError> {
    if amount.is_empty() && unit.is_empty() {
        return Ok(None);
    }
    let digits = !amount.is_empty() && amount.bytes().all(|byte| byte.is_ascii_digit());
    let parsed = amount.parse().ok().filter(|amount| *amount <= MOST);
    let Some(parsed) = parsed.filter(|_| digits) else {
        let what = format!("{amount:?} is not a whole number from 0 to {MOST}");
        let fix = format!("write the number of {unit_column}, or leave both cells empty");
        return Err(at.error(amount_column, what, fix));
    };
    let Some(unit) = LimitUnit::parse(unit) else {
        return Err(at.error(
            unit_column,
            format!("{unit:?} is not a unit of time"),
            "write working_days, working_hours or days",
        ));
    };
    Ok(Some(TimeLimit {
        amount: parsed,
        unit,
        same_day_before: None,
    }))
}

fn time(at: At, text: &str) -> Result<Time, RowError> {
    let parsed = format!("{text}:00").parse::<Time>();
    parsed.ok().filter(|_| text.len() == 5).ok_or_else(|| {
        at.error(
            "same_day_before",
            format!("{text:?} is not a time of day"),
            "write HH:MM, such as 15:00",
        )
    })
}

/// Feeds a version and its steps into a fingerprint.
pub(super) fn add_to(procedure: &Procedure, version: &mut TableVersion) {
    let limit = |limit: &Option<TimeLimit>| match limit {
        None => String::new(),
        Some(limit) => {
            let before = limit.same_day_before.map(|time| time.to_string());
            let before = before.unwrap_or_default();
            format!("{} {} {before}", limit.amount, limit.unit.as_str())
        }
    };
    version.field(&procedure.code);
    version.field(&procedure.name);
    version.field(&procedure.field);
    version.field(&procedure.field_name);
    version.field(&join(procedure.levels.iter().map(|level| level.as_str())));
    version.field(procedure.online.map_or("", Online::as_str));
    version.field(&limit(&procedure.limit));
    version.field(&procedure.legal_basis);
    version.field(&procedure.period.to_string());
    version.field(procedure.change.as_str());
    if let Change::Replaces(code) = &procedure.change {
        version.field(code);
    }
    version.field(if procedure.abolished { "abolished" } else { "" });
    version.field(&procedure.steps.len().to_string());
    for step in &procedure.steps {
        version.field(&step.id);
        version.field(&step.name);
        version.field(step.level.as_str());
        version.field(&step.agency_kind);
        version.field(step.leg.as_str());
        version.field(&join(step.after.iter().map(String::as_str)));
        version.field(step.expects.as_deref().unwrap_or_default());
        version.field(&limit(&step.within));
        version.field(&step.legal_basis);
    }
}

fn join<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    parts.collect::<Vec<_>>().join("|")
}
