//! `lienthong reconcile`: registers that sources submitted beside what they told.

use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::print::{Form, table};
use crate::words;
use clap::Args;
use jiff::civil::Date;
use lienthong_contract::pb::event::v1::Register;
use lienthong_contract::pb::quality::v1::{
    GetReconciliationRequest, GetReconciliationResponse, RegisterDisagreement, RegisterStatus,
};

/// Arguments of `reconcile`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// First day, such as 2026-05-01
    #[arg(long, value_name = "DAY")]
    from: Date,
    /// Last day, included
    #[arg(long, value_name = "DAY")]
    to: Date,
    /// Only registers of this source: its URN
    #[arg(long, value_name = "URN")]
    source: Option<String>,
    /// Lines of each table of text; JSON has all
    #[arg(long, value_name = "N", default_value_t = 40)]
    lines: usize,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

/// # Errors
/// What the hub answers.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let request = GetReconciliationRequest {
        from_day: arguments.from.to_string(),
        to_day: arguments.to.to_string(),
        source: arguments.source.unwrap_or_default(),
        ..GetReconciliationRequest::default()
    };
    let mut quality = arguments.gateway.quality(shared).await?;
    let answer = quality.get_reconciliation(request).await?.into_inner();
    let name = "lienthong.quality.v1.GetReconciliationResponse";
    let lines = arguments.lines;
    arguments
        .form
        .print(name, &answer, |answer| text(answer, lines))
}

fn text(answer: &GetReconciliationResponse, lines: usize) -> String {
    let rows = answer.registers.iter().take(lines).map(|one| {
        let missing = one.missing_in_register.map(words::count);
        [
            one.day.clone(),
            name(one.register()).to_owned(),
            one.source.clone(),
            format!("{} of {}", one.lines, one.expected_lines),
            words::count(one.agreeing),
            words::count(one.differing),
            words::count(one.never_published),
            missing.unwrap_or_else(|| "not known".to_owned()),
        ]
    });
    let header = [
        "Day",
        "Register",
        "Source",
        "Lines",
        "Agree",
        "Differ",
        "Never published",
        "Missing here",
    ];
    let rows = table(header, &header[3..], rows.collect());
    let apart = answer.disagreements.iter().take(lines);
    let apart = apart.map(|one| {
        let RegisterDisagreement {
            dossier_code, day, ..
        } = one;
        [
            day.clone(),
            dossier_code.clone(),
            said(one.one.as_ref()),
            said(one.other.as_ref()),
        ]
    });
    let header = ["Day", "Dossier", "One register", "Another"];
    format!(
        "Registers\n{rows}\n\nDossiers that two registers disagree about: {}\n{}",
        words::count(answer.disagreements_total),
        table(header, &[], apart.collect())
    )
}

fn said(status: Option<&RegisterStatus>) -> String {
    status.map_or_else(
        || words::NOTHING.to_owned(),
        |said| format!("{}: status {}", name(said.register()), said.portal_status),
    )
}

fn name(register: Register) -> &'static str {
    match register {
        Register::Unspecified => words::NOTHING,
        Register::OneStop => "one-stop",
        Register::CivilStatus => "civil-status",
        Register::Portal => "portal",
    }
}
