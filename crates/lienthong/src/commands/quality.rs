//! `lienthong quality`: what does not fit in what sources told.

use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::print::{Form, json, out, table};
use crate::words;
use clap::{Args, Subcommand};
use lienthong_contract::pb::procedure::v1::Basis;
use lienthong_contract::pb::quality::v1::{
    CountFindingsRequest, CountFindingsResponse, FindingFilter, ListFindingsRequest,
    ListFindingsResponse,
};
use lienthong_contract::time::from_millis;
use lienthong_domain::misfit::Misfit;
use prost_types::Timestamp;

/// Arguments of `quality`: without a further word, findings by source and kind.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    only: Only,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

/// What else can be shown.
#[derive(Debug, Subcommand)]
enum Command {
    /// Findings one by one, the oldest first
    List(Box<ListArguments>),
    /// Every kind of finding with its rule
    Kinds(Form),
}

/// Which findings.
#[derive(Debug, Args)]
struct Only {
    /// Only this kind, such as missing_due_date
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Only findings about this source: its URN
    #[arg(long, value_name = "URN")]
    source: Option<String>,
    /// Only findings about this agency
    #[arg(long, value_name = "CODE")]
    agency: Option<String>,
    /// Only dossiers of this procedure
    #[arg(long, value_name = "CODE")]
    procedure: Option<String>,
    /// Only agencies of this unit, by its GSO code
    #[arg(long, value_name = "CODE")]
    unit: Option<String>,
    /// Under the units of this day, such as 2025-07-01, instead of as it was
    #[arg(long, value_name = "DAY", requires = "unit")]
    under: Option<String>,
    /// As of this time, such as 2026-05-04T17:00:00+07:00, instead of now
    #[arg(long, value_name = "TIME")]
    as_of: Option<jiff::Timestamp>,
}

/// Arguments of `quality list`.
#[derive(Debug, Args)]
struct ListArguments {
    #[command(flatten)]
    only: Only,
    /// Findings a page, at most 1,000
    #[arg(long, value_name = "N", default_value_t = 100)]
    lines: u32,
    /// The page after this token, as the page before gave it
    #[arg(long, value_name = "TOKEN")]
    page: Option<String>,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

/// # Errors
/// What the hub answers.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    match arguments.command {
        Some(Command::List(arguments)) => list(*arguments, shared).await,
        Some(Command::Kinds(form)) => kinds(form),
        None => {
            let request = CountFindingsRequest {
                filter: Some(arguments.only.filter()),
                as_of_time: arguments.only.moment(),
                ..CountFindingsRequest::default()
            };
            let mut quality = arguments.gateway.quality(shared).await?;
            let answer = quality.count_findings(request).await?.into_inner();
            let name = "lienthong.quality.v1.CountFindingsResponse";
            arguments.form.print(name, &answer, counts)
        }
    }
}

async fn list(arguments: ListArguments, shared: &Shared) -> Result<(), Failure> {
    let request = ListFindingsRequest {
        filter: Some(arguments.only.filter()),
        as_of_time: arguments.only.moment(),
        page_size: arguments.lines,
        page_token: arguments.page.unwrap_or_default(),
        ..ListFindingsRequest::default()
    };
    let mut quality = arguments.gateway.quality(shared).await?;
    let answer = quality.list_findings(request).await?.into_inner();
    let name = "lienthong.quality.v1.ListFindingsResponse";
    arguments.form.print(name, &answer, page)
}

impl Only {
    fn filter(&self) -> FindingFilter {
        let told = |text: &Option<String>| text.clone().unwrap_or_default();
        FindingFilter {
            kind: told(&self.kind),
            source: told(&self.source),
            agency_code: told(&self.agency),
            procedure_code: told(&self.procedure),
            unit_code: told(&self.unit),
            basis: self.under.clone().map(|units_of| Basis { units_of }),
        }
    }

    fn moment(&self) -> Option<Timestamp> {
        self.as_of.map(|time| from_millis(time.as_millisecond()))
    }
}

fn counts(answer: &CountFindingsResponse) -> String {
    let rows = answer.counts.iter().map(|row| {
        [
            row.kind.clone(),
            row.source.clone(),
            words::count(row.findings),
            words::count(row.dossiers),
        ]
    });
    let total: u64 = answer.counts.iter().map(|row| row.findings).sum();
    let header = ["Kind", "Source", "Findings", "Dossiers"];
    let rows = table(header, &["Findings", "Dossiers"], rows.collect());
    let mut text = format!("Findings: {}\n{rows}", words::count(total));
    if answer.may_belong > 0 {
        let more = words::count(answer.may_belong);
        text += &format!("\nOf agencies whose unit was divided, so that they may belong: {more}");
    }
    text
}

fn page(answer: &ListFindingsResponse) -> String {
    let rows = answer.findings.iter().map(|one| {
        [
            words::moment(&one.since_time),
            one.kind.clone(),
            words::or_nothing(&one.dossier_code).to_owned(),
            words::or_nothing(&one.agency_code).to_owned(),
            one.source.clone(),
            one.expected.clone(),
            one.found.clone(),
        ]
    });
    let header = [
        "Since", "Kind", "Dossier", "Agency", "Source", "Expected", "Found",
    ];
    let rows = table(header, &[], rows.collect());
    let total = words::count(answer.total);
    let next = match answer.next_page_token.as_str() {
        "" => String::new(),
        token => format!("\nNext page: --page {token}"),
    };
    format!("Findings: {total}\n{rows}{next}")
}

fn kinds(form: Form) -> Result<(), Failure> {
    let all = Misfit::all().map(|misfit| (misfit.name(), misfit.rule()));
    if form.json {
        let rows = all.map(|(kind, rule)| serde_json::json!({ "kind": kind, "rule": rule }));
        return json(&serde_json::Value::Array(rows.collect()));
    }
    let rows = all.map(|(kind, rule)| [kind.to_owned(), rule.to_owned()]);
    out(&table(["Kind", "What fits"], &[], rows.collect()))
}
