//! `catalog unit` and `catalog agency`: what a code named on a day, and what became of it.

use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::print::{Form, table};
use crate::words::or_nothing;
use clap::Args;
use lienthong_contract::pb::catalog::v1 as pb;

#[derive(Debug, Args)]
pub struct Unit {
    /// GSO code, leading zeros included
    code: String,
    #[command(flatten)]
    days: Days,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
pub struct Agency {
    /// Agency code
    code: String,
    #[command(flatten)]
    days: Days,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Days {
    /// The day on which the code is meant, yyyy-MM-dd
    #[arg(long, value_name = "DAY")]
    day: String,
    /// A later day: what it has become by then
    #[arg(long, value_name = "DAY")]
    under: Option<String>,
}

/// # Errors
/// What the hub answers.
pub async fn unit(arguments: Unit, shared: &Shared) -> Result<(), Failure> {
    let mut catalog = arguments.gateway.catalog(shared).await?;
    let request = pb::ResolveUnitRequest {
        code: arguments.code,
        day: arguments.days.day,
        under_day: arguments.days.under.unwrap_or_default(),
    };
    let answer = catalog.resolve_unit(request).await?.into_inner();
    let name = "lienthong.catalog.v1.ResolveUnitResponse";
    arguments.form.print(name, &answer, |answer| {
        let one = answer.unit.iter().map(unit_row).collect();
        let successors = answer.successors.iter().map(unit_row).collect();
        told(UNIT, one, &answer.outcome, successors)
    })
}

/// # Errors
/// What the hub answers.
pub async fn agency(arguments: Agency, shared: &Shared) -> Result<(), Failure> {
    let mut catalog = arguments.gateway.catalog(shared).await?;
    let request = pb::ResolveAgencyRequest {
        code: arguments.code,
        day: arguments.days.day,
        under_day: arguments.days.under.unwrap_or_default(),
    };
    let answer = catalog.resolve_agency(request).await?.into_inner();
    let name = "lienthong.catalog.v1.ResolveAgencyResponse";
    arguments.form.print(name, &answer, |answer| {
        let one = answer.agency.iter().map(agency_row).collect();
        let successors = answer.successors.iter().map(agency_row).collect();
        told(AGENCY, one, &answer.outcome, successors)
    })
}

const UNIT: [&str; 6] = ["Code", "Level", "Name", "Belongs to", "From", "To"];
const AGENCY: [&str; 7] = ["Code", "Level", "Name", "Unit", "Belongs to", "From", "To"];

fn unit_row(unit: &pb::Unit) -> [String; 6] {
    [
        &unit.code,
        &unit.level,
        &unit.name,
        &unit.parent_code,
        &unit.from_day,
        &unit.to_day,
    ]
    .map(|text| or_nothing(text).to_owned())
}

fn agency_row(agency: &pb::Agency) -> [String; 7] {
    [
        &agency.code,
        &agency.level,
        &agency.name,
        &agency.unit_code,
        &agency.parent_code,
        &agency.from_day,
        &agency.to_day,
    ]
    .map(|text| or_nothing(text).to_owned())
}

fn told<const N: usize>(
    header: [&str; N],
    one: Vec<[String; N]>,
    outcome: &str,
    successors: Vec<[String; N]>,
) -> String {
    let one = table(header, &[], one);
    let became = match outcome {
        "" => return one,
        "abolished" => "It ended, and nothing took its place.".to_owned(),
        "known" => format!("It became\n{}", table(header, &[], successors)),
        _ => format!(
            "It was divided; one of these, which the code alone cannot say\n{}",
            table(header, &[], successors)
        ),
    };
    format!("{one}\n\n{became}")
}
