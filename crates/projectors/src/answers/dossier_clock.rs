//! `GetDossierClock`: the deadline of one dossier by the law, and who used how much of its time.

use super::case::WholeCase;
use super::dossier::{Asked, find, no_calendar};
use super::wire;
use lienthong_contract::pb::performance::v1 as pb;
use lienthong_contract::status::Failure;
use lienthong_contract::time::from_millis;
use lienthong_domain::clock::{LimitUnit, Precision, Running, Stop, TimeLimit, outcome, shares};
use lienthong_domain::life::Ending;
use lienthong_domain::reference::Reference;

/// The clock of a dossier of the case. Where the catalogue knows no limit, time used is counted in
/// working time, and the deadline told decides the outcome.
///
/// # Errors
/// `CASE_NOT_FOUND`, `CALENDAR_MISSING`.
pub fn answer(
    case: &WholeCase<'_>,
    asked: &Asked,
    reference: &Reference,
) -> Result<pb::DossierClock, Failure> {
    let dossier = find(case, asked)?;
    let life = &dossier.life;
    let legal = dossier.legal(reference)?;
    let legal_due_ms = legal.as_ref().map(|(_, due_ms)| *due_ms);
    let limit = legal.as_ref().map(|(legal, _)| legal.limit);
    let due_ms = legal_due_ms.or(life.told_due_ms);
    let settled = life.end.filter(|end| end.how == Ending::Settled);
    let clock = reference.clock();

    let mut used = Vec::new();
    let mut limit_ms = 0;
    if let Some(received) = life.received {
        let begins = limit.map(|limit| clock.begins(&limit, received.at_ms));
        let running = Running {
            unit: limit.map_or(LimitUnit::WorkingDays, |limit| limit.runs_in()),
            from_ms: begins.unwrap_or(Ok(received.at_ms)).map_err(no_calendar)?,
            to_ms: life.end.map_or(dossier.now_ms, |end| end.at_ms),
            stops: &life.stops,
        };
        used = shares(&clock, &running, &dossier.steps).map_err(no_calendar)?;
        if let Some(limit) = &limit {
            limit_ms = clock.allowed(limit, received.at_ms).map_err(no_calendar)?;
        }
    }
    let version = dossier.procedure(reference);
    let from_day = version.and_then(|version| version.period.from);
    let decided = settled.zip(due_ms);
    let decided = decided.map(|(end, due)| outcome(end.at_ms, due, Precision::Day));
    Ok(pb::DossierClock {
        dossier: Some(dossier.line(due_ms, reference)),
        limit: limit.as_ref().map(wire_limit),
        procedure_from_day: from_day.map_or_else(String::new, |day| day.to_string()),
        legal_due_time: legal_due_ms.map(from_millis),
        stops: life.stops.iter().map(stop).collect(),
        used_ms: used.iter().map(|share| count(share.used_ms)).sum(),
        used: used
            .iter()
            .map(|share| pb::TimeUsed {
                party: wire::party(&share.party),
                used_ms: count(share.used_ms),
            })
            .collect(),
        settled_time: settled.map(|end| from_millis(end.at_ms)),
        outcome: decided.map_or("", |outcome| outcome.as_str()).to_owned(),
        limit_ms: count(limit_ms),
        calendar_version: reference.calendar.version().to_string(),
    })
}

/// Running time, which is never negative.
fn count(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0)
}

fn stop(stop: &Stop) -> pb::ClockStop {
    pb::ClockStop {
        from_time: Some(from_millis(stop.from_ms)),
        to_time: stop.to_ms.map(from_millis),
        portal_status: u32::from(stop.portal_status),
    }
}

fn wire_limit(limit: &TimeLimit) -> pb::TimeLimit {
    let unit = match limit.unit {
        LimitUnit::WorkingDays => "working_days",
        LimitUnit::WorkingHours => "working_hours",
        LimitUnit::Days => "days",
    };
    let before = limit.same_day_before;
    let before = before.map(|time| format!("{:02}:{:02}", time.hour(), time.minute()));
    pb::TimeLimit {
        amount: limit.amount,
        unit: unit.to_owned(),
        same_day_before: before.unwrap_or_default(),
    }
}

#[cfg(test)]
#[path = "dossier_clock_tests.rs"]
mod tests;
