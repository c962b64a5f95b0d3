//! `catalog procedure` and `catalog procedures`.

use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::print::{Form, table};
use crate::words::{count, or_nothing};
use clap::Args;
use lienthong_contract::pb::catalog::v1::{
    GetProcedureRequest, GetProcedureResponse, ListProceduresRequest, ListProceduresResponse,
    Procedure, ProcedureStep, TimeLimit,
};

#[derive(Debug, Args)]
pub struct One {
    /// National or local code
    code: String,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
pub struct All {
    /// The day, yyyy-MM-dd; without it today
    #[arg(long, value_name = "DAY")]
    day: Option<String>,
    /// Only those that this level settles: commune, district, province or ministry
    #[arg(long, value_name = "LEVEL")]
    level: Option<String>,
    /// Only those of this field
    #[arg(long, value_name = "CODE")]
    field: Option<String>,
    /// How many, 1 to 1,000
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
    /// Go on after this code, as the page before says
    #[arg(long, value_name = "CODE")]
    after: Option<String>,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

/// # Errors
/// What the hub answers.
pub async fn one(arguments: One, shared: &Shared) -> Result<(), Failure> {
    let mut catalog = arguments.gateway.catalog(shared).await?;
    let request = GetProcedureRequest {
        code: arguments.code,
    };
    let answer = catalog.get_procedure(request).await?.into_inner();
    let name = "lienthong.catalog.v1.GetProcedureResponse";
    arguments.form.print(name, &answer, versions)
}

/// # Errors
/// What the hub answers.
pub async fn all(arguments: All, shared: &Shared) -> Result<(), Failure> {
    let mut catalog = arguments.gateway.catalog(shared).await?;
    let request = ListProceduresRequest {
        day: arguments.day.unwrap_or_default(),
        level: arguments.level.unwrap_or_default(),
        field_code: arguments.field.unwrap_or_default(),
        page_size: arguments.limit,
        page_token: arguments.after.unwrap_or_default(),
    };
    let answer = catalog.list_procedures(request).await?.into_inner();
    let name = "lienthong.catalog.v1.ListProceduresResponse";
    arguments.form.print(name, &answer, listed)
}

fn versions(answer: &GetProcedureResponse) -> String {
    let versions = answer.versions.iter().map(version);
    versions.collect::<Vec<_>>().join("\n\n")
}

fn version(procedure: &Procedure) -> String {
    let how = match procedure.change.as_str() {
        "replaced" => format!("replaces {}", procedure.replaces),
        change => or_nothing(change).to_owned(),
    };
    let field = match procedure.field_name.as_str() {
        "" => or_nothing(&procedure.field_code).to_owned(),
        name => format!("{} {name}", procedure.field_code),
    };
    let mut lines = vec![
        format!("{} {}", procedure.code, procedure.name),
        format!("In force        {}", days(procedure)),
        format!("Came as         {how}"),
        format!("Field           {field}"),
        format!("Settled by      {}", procedure.levels.join(", ")),
        format!("Online          {}", or_nothing(&procedure.online)),
        format!("Time limit      {}", limit(&procedure.limit)),
        format!("Interconnected  {}", procedure.interconnection),
        format!("Legal basis     {}", or_nothing(&procedure.legal_basis)),
    ];
    if !procedure.steps.is_empty() {
        let header = [
            "Step", "What", "Level", "Agency", "Leg", "After", "Expects", "Within",
        ];
        let rows = procedure.steps.iter().map(step).collect();
        lines.push(table(header, &[], rows));
    }
    lines.join("\n")
}

fn step(step: &ProcedureStep) -> [String; 8] {
    [
        step.id.clone(),
        step.name.clone(),
        step.level.clone(),
        step.agency_kind.clone(),
        step.leg.clone(),
        or_nothing(&step.after.join(" ")).to_owned(),
        or_nothing(&step.expects).to_owned(),
        limit(&step.within),
    ]
}

fn listed(answer: &ListProceduresResponse) -> String {
    let row = |procedure: &Procedure| {
        [
            procedure.code.clone(),
            procedure.name.clone(),
            or_nothing(&procedure.field_code).to_owned(),
            procedure.levels.join(" "),
            or_nothing(&procedure.online).to_owned(),
            limit(&procedure.limit),
            procedure.interconnection.clone(),
            days(procedure),
        ]
    };
    let header = [
        "Code",
        "Name",
        "Field",
        "Levels",
        "Online",
        "Time limit",
        "Interconnected",
        "In force",
    ];
    let rows = table(header, &[], answer.procedures.iter().map(row).collect());
    let total = format!("{rows}\n\n{} procedures in all", count(answer.total));
    match answer.next_page_token.as_str() {
        "" => total,
        after => format!("{total}; more: --after {after}"),
    }
}

fn days(procedure: &Procedure) -> String {
    let end = |day: &str| if day.is_empty() { ".." } else { day }.to_owned();
    format!("{} to {}", end(&procedure.from_day), end(&procedure.to_day))
}

fn limit(limit: &Option<TimeLimit>) -> String {
    let Some(limit) = limit else {
        return or_nothing("").to_owned();
    };
    let amount = format!("{} {}", limit.amount, limit.unit.replace('_', " "));
    match limit.same_day_before.as_str() {
        "" => amount,
        before if limit.amount == 0 => format!("same day if before {before}"),
        before => format!("{amount} after the same day if before {before}"),
    }
}
