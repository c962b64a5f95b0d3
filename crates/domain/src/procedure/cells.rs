//! The cells of a row of procedures, each read with its own refusal.

use super::rows::ProcedureRow;
use super::{Change, Online};
use crate::clock::{LimitUnit, TimeLimit};
use crate::level::Level;
use crate::row::{At, RowError};
use jiff::civil::Time;

/// Most units of a time limit.
const MOST: u32 = 10_000;

/// How the version came.
pub(super) fn change(at: At, row: &ProcedureRow<'_>) -> Result<Change, RowError> {
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

/// The levels that settle it, each once, the lowest first.
pub(super) fn levels(at: At, text: &str) -> Result<Vec<Level>, RowError> {
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

/// How far online.
pub(super) fn online(at: At, text: &str) -> Result<Option<Online>, RowError> {
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

/// How long it may take.
pub(super) fn limit(at: At, row: &ProcedureRow<'_>) -> Result<Option<TimeLimit>, RowError> {
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
