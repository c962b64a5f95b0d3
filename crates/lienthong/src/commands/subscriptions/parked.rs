//! `subscriptions parked` and `release`.

use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::print::{Form, table};
use crate::words::{count, moment, or_nothing};
use clap::Args;
use lienthong_contract::pb::subscription::v1::release_parked_case_request::Decision;
use lienthong_contract::pb::subscription::v1::{
    ListParkedCasesRequest, ListParkedCasesResponse, ParkedCase, ReleaseParkedCaseRequest,
};

#[derive(Debug, Args)]
pub struct List {
    /// Name of the subscription
    name: String,
    /// How many, the oldest first, 1 to 1,000
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
pub struct Release {
    /// Name of the subscription
    name: String,
    /// The case, as `parked` shows it
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    case: Option<String>,
    /// Every parked case
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    decision: Choice,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Choice {
    /// Hand the event that failed out again, with attempts counted anew
    #[arg(long)]
    retry: bool,
    /// Leave the event that failed out for good, and go on with the next
    #[arg(long)]
    skip: bool,
}

/// # Errors
/// What the hub answers.
pub async fn list(arguments: List, shared: &Shared) -> Result<(), Failure> {
    let mut subscriptions = arguments.gateway.subscriptions(shared).await?;
    let request = ListParkedCasesRequest {
        name: arguments.name,
        max_cases: arguments.limit,
    };
    let answer = subscriptions.list_parked_cases(request).await?;
    let name = "lienthong.subscription.v1.ListParkedCasesResponse";
    arguments.form.print(name, &answer.into_inner(), listed)
}

fn listed(answer: &ListParkedCasesResponse) -> String {
    if answer.cases.is_empty() {
        return "nothing is parked".to_owned();
    }
    let header = [
        "Case",
        "Number",
        "Type",
        "Event",
        "Attempts",
        "Parked at",
        "Waiting",
        "Reason",
    ];
    let row = |case: &ParkedCase| {
        [
            case.partition_key.clone(),
            case.sequence.to_string(),
            case.r#type.clone(),
            format!("{} {}", case.source, case.event_id),
            case.attempts.to_string(),
            moment(&case.parked_time),
            count(case.waiting),
            or_nothing(&case.reason).to_owned(),
        ]
    };
    let right = ["Number", "Attempts", "Waiting"];
    let rows = table(header, &right, answer.cases.iter().map(row).collect());
    format!("{rows}\n\n{} cases in all", count(answer.total))
}

/// # Errors
/// What the hub answers.
pub async fn release(arguments: Release, shared: &Shared) -> Result<(), Failure> {
    let mut subscriptions = arguments.gateway.subscriptions(shared).await?;
    let decision = match arguments.decision.skip {
        true => Decision::Skip,
        false => Decision::Retry,
    };
    let request = ReleaseParkedCaseRequest {
        name: arguments.name,
        partition_key: arguments.case.unwrap_or_default(),
        decision: decision.into(),
        all: arguments.all,
    };
    let answer = subscriptions.release_parked_case(request).await?;
    let name = "lienthong.subscription.v1.ReleaseParkedCaseResponse";
    let answer = answer.into_inner();
    arguments.form.print(name, &answer, |answer| {
        format!("{} cases go on", count(answer.released))
    })
}
