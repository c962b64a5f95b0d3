//! `lienthong case`: one interconnected case whole, its timeline drawn as text.

use crate::asked::After;
use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::print::Form;
use crate::words;
use clap::Args;
use lienthong_contract::pb::procedure::v1::{
    Basis, Case, Dossier, GetCaseRequest, GetCaseResponse, Holder, TimelineEntry, Waiting,
};
use lienthong_contract::time::now_millis;

/// A pause at least this long is drawn, in milliseconds.
const PAUSE_MS: i64 = 60_000;

/// Arguments of `case`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Any code of the case: its own, a dossier's or an alias
    code: String,
    #[command(flatten)]
    after: After,
    /// Under the agencies and units of this day, such as 2025-07-01, instead of as it was
    #[arg(long = "under", value_name = "DAY")]
    units_of: Option<String>,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

/// # Errors
/// `Exit::NotFound` if no view knows the code, and what else the hub answers.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let request = GetCaseRequest {
        code: arguments.code,
        min_positions: arguments.after.positions()?,
        max_wait_ms: 0,
        basis: arguments.units_of.map(|units_of| Basis { units_of }),
    };
    let mut questions = arguments.gateway.questions(shared).await?;
    let answer = questions.get_case(request).await?.into_inner();
    let name = "lienthong.procedure.v1.GetCaseResponse";
    arguments
        .form
        .print(name, &answer, |answer| text(answer, now_millis()))
}

fn text(answer: &GetCaseResponse, now_ms: i64) -> String {
    let Some(case) = &answer.case else {
        return "the hub gave no case".to_owned();
    };
    let mut lines = vec![format!(
        "Case {}  ·  {}  ·  {}",
        case.code,
        words::class(case.interconnection_class()),
        if case.open { "open" } else { "closed" }
    )];
    lines.push(String::new());
    lines.extend(case.dossiers.iter().map(dossier));
    lines.push(format!("  Held by  {}", holder(&case.holder, now_ms)));
    lines.extend(case.waiting.iter().map(|one| waiting(one, now_ms)));
    lines.push(String::new());
    lines.extend(timeline(case, now_ms));
    lines.join("\n")
}

fn dossier(dossier: &Dossier) -> String {
    let mut told = format!("  Dossier  {}", dossier.code);
    if !dossier.aliases.is_empty() {
        told.push_str(&format!(" = {}", dossier.aliases.join(" = ")));
    }
    if !dossier.parent_code.is_empty() {
        told.push_str(&format!("  part of {}", dossier.parent_code));
    }
    told.push_str(&format!(
        "  procedure {}",
        words::or_nothing(&dossier.procedure_code)
    ));
    if dossier.portal_status != 0 {
        told.push_str(&format!("  portal status {}", dossier.portal_status));
    }
    if dossier.due_time.is_some() {
        told.push_str(&format!("  due {}", words::moment(&dossier.due_time)));
    }
    told.push_str(if dossier.open { "  open" } else { "  closed" });
    if dossier.parked {
        told.push_str("  PARKED (lienthong parked)");
    }
    told
}

fn holder(holder: &Option<Holder>, now_ms: i64) -> String {
    let Some(holder) = holder else {
        return "nobody that was told".to_owned();
    };
    format!(
        "{} ({}) for {}{}{}",
        words::party(&holder.party),
        words::level(holder.level()),
        words::since(&holder.since_time, now_ms),
        if holder.accepted {
            ""
        } else {
            ", not taken up yet"
        },
        became(holder)
    )
}

/// What the holder has become under the units asked for.
fn became(holder: &Holder) -> String {
    let codes = holder.successor_agency_codes.as_slice();
    match codes {
        [] => String::new(),
        [one] => format!(", now {one}"),
        several => format!(", now one of {}", several.join(", ")),
    }
}

fn waiting(waiting: &Waiting, now_ms: i64) -> String {
    let from = match &waiting.party {
        Some(_) => words::party(&waiting.party),
        None => "the applicant".to_owned(),
    };
    let due = match waiting.due_time {
        Some(_) => format!(", due {}", words::moment(&waiting.due_time)),
        None => String::new(),
    };
    format!(
        "  Waits    for {} from {from}, dossier {}, for {}{due}",
        waiting.kind,
        waiting.dossier_code,
        words::since(&waiting.since_time, now_ms)
    )
}

/// One line for each event; between two, the pause.
fn timeline(case: &Case, now_ms: i64) -> Vec<String> {
    let width = |of: fn(&TimelineEntry) -> String| {
        let widths = case.timeline.iter().map(|entry| of(entry).chars().count());
        widths.max().unwrap_or_default()
    };
    let (actors, kinds) = (width(actor), width(what));
    let mut lines = Vec::new();
    let mut before = None;
    for entry in &case.timeline {
        let now = words::millis(&entry.occurred_time);
        if let (Some(before), Some(now)) = (before, now)
            && now - before >= PAUSE_MS
        {
            lines.push(format!("  │  {}", words::duration((now - before) as f64)));
        }
        before = now.or(before);
        lines.push(format!(
            "  ● {}  {:<8}  {:<actors$}  {:<kinds$}  {}",
            words::moment(&entry.occurred_time),
            words::level(entry.actor_level()),
            actor(entry),
            what(entry),
            entry.dossier_code,
        ));
    }
    if let (true, Some(before)) = (case.open, before) {
        let gap = words::duration((now_ms - before) as f64);
        lines.push(format!("  ┆  {gap} so far"));
    }
    lines
}

fn actor(entry: &TimelineEntry) -> String {
    words::party(&entry.actor)
}

/// The kind, whom it addresses, the code it links, the status it reports.
fn what(entry: &TimelineEntry) -> String {
    let mut told = entry.kind.clone();
    if entry.addressee.is_some() {
        told.push_str(&format!(" → {}", words::party(&entry.addressee)));
    }
    if !entry.linked_code.is_empty() {
        told.push_str(&format!(" {}", entry.linked_code));
    }
    if entry.portal_status != 0 {
        told.push_str(&format!(" [{}]", entry.portal_status));
    }
    told
}

#[cfg(test)]
#[path = "case_tests.rs"]
mod tests;
