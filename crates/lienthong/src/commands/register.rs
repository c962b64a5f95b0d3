//! `lienthong register`: the register of an agency of a day, form 07 of Circular 03/2025/TT-VPCP.

use super::dossiers::state_name;
use crate::asked::After;
use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::print::{Form, table};
use crate::words;
use clap::Args;
use lienthong_contract::pb::event::v1::Channel;
use lienthong_contract::pb::performance::v1::{GetRegisterRequest, GetRegisterResponse};

/// Dossiers of one call.
const PAGE: u32 = 1_000;

/// Arguments of `register`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The agency, such as H56.15.03
    agency: String,
    /// The day, such as 2026-11-22
    day: String,
    #[command(flatten)]
    after: After,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

/// Prints the whole register of the day.
///
/// # Errors
/// What the hub answers.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let mut client = arguments.gateway.performance(shared).await?;
    let mut request = GetRegisterRequest {
        agency_code: arguments.agency.clone(),
        day: arguments.day.clone(),
        page_size: PAGE,
        min_positions: arguments.after.positions()?,
        ..GetRegisterRequest::default()
    };
    let mut answer = client.get_register(request.clone()).await?.into_inner();
    while !answer.next_page_token.is_empty() {
        request.page_token = std::mem::take(&mut answer.next_page_token);
        let next = client.get_register(request.clone()).await?.into_inner();
        answer.lines.extend(next.lines);
        answer.next_page_token = next.next_page_token;
    }
    let name = "lienthong.performance.v1.GetRegisterResponse";
    let (agency, day) = (&arguments.agency, &arguments.day);
    let print = |answer: &GetRegisterResponse| text(answer, agency, day);
    arguments.form.print(name, &answer, print)
}

fn text(answer: &GetRegisterResponse, agency: &str, day: &str) -> String {
    let rows = answer.lines.iter().zip(1..).map(|(line, number)| {
        let dossier = line.dossier.clone().unwrap_or_default();
        [
            number.to_string(),
            dossier.dossier_code.clone(),
            words::or_nothing(&dossier.procedure_code).to_owned(),
            channel(line.channel()).to_owned(),
            words::moment(&dossier.received_time),
            words::moment(&dossier.due_time),
            words::moment(&line.settled_time),
            words::moment(&line.returned_time),
            channel(line.return_channel()).to_owned(),
            state_name(dossier.state()).to_owned(),
        ]
    });
    let header = [
        "No.",
        "Dossier",
        "Procedure",
        "By",
        "Received",
        "Due",
        "Settled",
        "Returned",
        "By",
        "State",
    ];
    format!(
        "SỔ THEO DÕI HỒ SƠ (register, form 07)\n  Agency    {agency}\n  Day       {day}\n  Dossiers  {}\n\n{}",
        words::count(answer.total),
        table(header, &["No."], rows.collect())
    )
}

/// The name of a channel.
fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Unspecified => words::NOTHING,
        Channel::Desk => "desk",
        Channel::Online => "online",
        Channel::Post => "post",
        Channel::System => "system",
    }
}
