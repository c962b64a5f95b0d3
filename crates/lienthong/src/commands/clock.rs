//! `lienthong clock`: the legal clock of one dossier.

use super::dossiers::{duty, state_name};
use crate::asked::{After, moment};
use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::print::{Form, table};
use crate::words;
use clap::Args;
use lienthong_contract::pb::performance::v1::{
    DossierClock, GetDossierClockRequest, GetDossierClockResponse, TimeLimit,
};

/// Arguments of `clock`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The dossier, by its code or another code of the same dossier
    code: String,
    /// Only what had happened until then: a time such as 2026-11-22T17:00:00+07:00, or a day to its end
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    #[command(flatten)]
    after: After,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

/// # Errors
/// `Exit::NotFound` if no view knows the dossier, and what else the hub answers.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let request = GetDossierClockRequest {
        dossier_code: arguments.code,
        as_of_time: arguments.as_of.as_deref().map(moment).transpose()?,
        min_positions: arguments.after.positions()?,
        ..GetDossierClockRequest::default()
    };
    let mut client = arguments.gateway.performance(shared).await?;
    let answer = client.get_dossier_clock(request).await?.into_inner();
    let name = "lienthong.performance.v1.GetDossierClockResponse";
    arguments.form.print(name, &answer, text)
}

fn text(answer: &GetDossierClockResponse) -> String {
    let clock = answer.clock.clone().unwrap_or_default();
    let dossier = clock.dossier.clone().unwrap_or_default();
    let held = dossier.holder.as_ref();
    let held = held.map_or(words::NOTHING.to_owned(), |held| words::party(&held.party));
    let facts = [
        ("Dossier", dossier.dossier_code.clone()),
        ("Case", dossier.case_code.clone()),
        ("Procedure", procedure(&clock)),
        ("Received", words::moment(&dossier.received_time)),
        (
            "Received by",
            words::or_nothing(&dossier.agency_code).to_owned(),
        ),
        ("Held by", held),
        ("State", state_name(dossier.state()).to_owned()),
        ("Time limit", limit(clock.limit.as_ref())),
        ("Due by law", words::moment(&clock.legal_due_time)),
        ("Due as told", words::moment(&dossier.told_due_time)),
        ("Time used", used(&clock)),
        ("Settled", words::moment(&clock.settled_time)),
        ("Outcome", outcome(&clock.outcome)),
        ("Next", duty(&dossier.duty)),
        (
            "Calendar",
            words::or_nothing(&clock.calendar_version).to_owned(),
        ),
    ];
    let facts = facts.map(|(name, value)| [name.to_owned(), value]).to_vec();
    let mut parts = vec![table(["Clock", ""], &[], facts)];
    if !clock.stops.is_empty() {
        parts.push(format!("Stood still\n{}", stops(&clock)));
    }
    if !clock.used.is_empty() {
        parts.push(format!("Time used by\n{}", users(&clock)));
    }
    parts.join("\n\n")
}

fn procedure(clock: &DossierClock) -> String {
    let code = clock
        .dossier
        .as_ref()
        .map_or("", |dossier| &dossier.procedure_code);
    match clock.procedure_from_day.as_str() {
        "" => words::or_nothing(code).to_owned(),
        day => format!("{code} (version of {day})"),
    }
}

/// `3 working days`, `received before 15:00 the same day`.
fn limit(limit: Option<&TimeLimit>) -> String {
    let Some(limit) = limit else {
        return words::NOTHING.to_owned();
    };
    let unit = limit.unit.replace('_', " ");
    let time = format!("{} {unit}", limit.amount);
    match (limit.same_day_before.as_str(), limit.amount) {
        ("", _) => time,
        (before, 0) => format!("received before {before}: the same day"),
        (before, _) => format!("received before {before}: the same day, and {time}"),
    }
}

fn used(clock: &DossierClock) -> String {
    let used = time(clock, clock.used_ms);
    match clock.limit_ms {
        0 => used,
        limit => format!("{used} of {}", time(clock, limit)),
    }
}

/// Running time: days where the procedure counts plain days, else working hours, of which a day
/// has eight.
fn time(clock: &DossierClock, ms: u64) -> String {
    let limit = clock.limit.as_ref();
    if limit.is_some_and(|limit| limit.unit == "days" && limit.same_day_before.is_empty()) {
        return words::duration(ms as f64);
    }
    let minutes = ms / 60_000;
    format!("{}h {:02}m working", minutes / 60, minutes % 60)
}

/// The name of an outcome.
pub fn outcome(outcome: &str) -> String {
    words::or_nothing(outcome).replace('_', " ")
}

fn stops(clock: &DossierClock) -> String {
    let rows = clock.stops.iter().map(|stop| {
        let why = match stop.portal_status {
            5 => "supplement requested (5)",
            6 => "payment requested (6)",
            _ => "stopped (8)",
        };
        [
            why.to_owned(),
            words::moment(&stop.from_time),
            words::moment(&stop.to_time),
        ]
    });
    table(["Why", "From", "To"], &[], rows.collect())
}

fn users(clock: &DossierClock) -> String {
    let rows = clock
        .used
        .iter()
        .map(|one| [words::party(&one.party), time(clock, one.used_ms)]);
    table(["Party", "Time"], &["Time"], rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_time_is_told_in_hours_and_plain_time_in_days() {
        let mut clock = DossierClock {
            used_ms: 55 * 3_600_000 + 4 * 60_000,
            limit_ms: 16 * 3_600_000,
            ..DossierClock::default()
        };
        assert_eq!(used(&clock), "55h 04m working of 16h 00m working");
        clock.limit = Some(TimeLimit {
            amount: 2,
            unit: "days".to_owned(),
            same_day_before: String::new(),
        });
        clock.limit_ms = 2 * 86_400_000;
        assert_eq!(used(&clock), "2d 7h of 2d 0h");
    }

    #[test]
    fn a_limit_is_told_with_its_unit_and_its_hour_rule() {
        let told = |amount, unit: &str, before: &str| {
            limit(Some(&TimeLimit {
                amount,
                unit: unit.to_owned(),
                same_day_before: before.to_owned(),
            }))
        };
        assert_eq!(told(3, "working_days", ""), "3 working days");
        let same_day = "received before 15:00: the same day";
        assert_eq!(told(0, "working_days", "15:00"), same_day);
        let more = format!("{same_day}, and 2 working days");
        assert_eq!(told(2, "working_days", "15:00"), more);
        assert_eq!(limit(None), words::NOTHING);
    }
}
