//! `lienthong slip`: the control slip of a dossier, form 06 of Circular 03/2025/TT-VPCP.

use super::clock::outcome;
use crate::asked::After;
use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::print::{Form, table};
use crate::words;
use clap::Args;
use lienthong_contract::pb::performance::v1::{GetControlSlipRequest, GetControlSlipResponse};

/// Arguments of `slip`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The dossier, by its code or another code of the same dossier
    code: String,
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
    let request = GetControlSlipRequest {
        dossier_code: arguments.code,
        min_positions: arguments.after.positions()?,
        ..GetControlSlipRequest::default()
    };
    let mut client = arguments.gateway.performance(shared).await?;
    let answer = client.get_control_slip(request).await?.into_inner();
    let name = "lienthong.performance.v1.GetControlSlipResponse";
    arguments.form.print(name, &answer, text)
}

fn text(answer: &GetControlSlipResponse) -> String {
    let dossier = answer.dossier.clone().unwrap_or_default();
    let head = [
        "PHIẾU KIỂM SOÁT QUÁ TRÌNH GIẢI QUYẾT HỒ SƠ (control slip, form 06)".to_owned(),
        format!("  Dossier      {}", dossier.dossier_code),
        format!(
            "  Procedure    {}",
            words::or_nothing(&dossier.procedure_code)
        ),
        format!("  Received by  {}", words::or_nothing(&dossier.agency_code)),
        format!("  Received     {}", words::moment(&dossier.received_time)),
        format!("  Due          {}", words::moment(&dossier.due_time)),
        format!("  Due as told  {}", words::moment(&dossier.told_due_time)),
    ];
    let rows = answer.entries.iter().zip(1..).map(|(one, number)| {
        [
            number.to_string(),
            words::party(&one.from),
            words::party(&one.to),
            words::moment(&one.handed_over_time),
            words::moment(&one.accepted_time),
            words::moment(&one.due_time),
            words::moment(&one.finished_time),
            outcome(&one.outcome),
        ]
    });
    let header = [
        "No.",
        "Handed over by",
        "To",
        "Handed over",
        "Accepted",
        "Due",
        "Finished",
        "Outcome",
    ];
    format!(
        "{}\n\n{}",
        head.join("\n"),
        table(header, &["No."], rows.collect())
    )
}
