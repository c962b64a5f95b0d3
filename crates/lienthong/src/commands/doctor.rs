//! `lienthong doctor`: what is wrong with this installation, and how it is mended.

use crate::cli::Shared;
use crate::doctor::{self, Finding, Outcome};
use crate::exit::{Exit, Failure};
use crate::print::{Form, json, out};
use clap::Args;

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    form: Form,
}

/// # Errors
/// [`Exit::NeedsHand`] if a check failed; warnings alone are none.
pub async fn run(arguments: &Arguments, shared: &Shared) -> Result<(), Failure> {
    let findings = doctor::examine(shared.load(Vec::new())).await;
    match arguments.form.json {
        true => json(&serde_json::to_value(&findings).map_err(Failure::failed)?)?,
        false => out(&text(&findings))?,
    }
    let failed = findings.iter().filter(|one| one.outcome == Outcome::Fail);
    let failed: Vec<&str> = failed.map(|one| one.check).collect();
    match failed.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(
            Exit::NeedsHand,
            format!("needs a hand: {}", failed.join(", ")),
        )),
    }
}

fn text(findings: &[Finding]) -> String {
    let mut lines = Vec::new();
    for Finding {
        check,
        outcome,
        found,
        fix,
    } in findings
    {
        lines.push(format!("{:<5} {check:<20} {found}", outcome.name()));
        if !fix.is_empty() {
            lines.push(format!("{:<26} Fix: {fix}", ""));
        }
    }
    let count = |outcome| findings.iter().filter(|one| one.outcome == outcome).count();
    lines.push(format!(
        "{} checks: {} failed, {} with a warning.",
        findings.len(),
        count(Outcome::Fail),
        count(Outcome::Warn)
    ));
    lines.join("\n")
}
