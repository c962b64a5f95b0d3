//! `lienthong dossiers`: dossiers in a state, the most urgent first.

use crate::asked::{After, Under, Which};
use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::print::{Form, table};
use crate::words;
use clap::{Args, ValueEnum};
use lienthong_contract::pb::performance::v1::{
    DossierLine, DossierState, Duty, ListDossiersRequest, ListDossiersResponse,
};

/// Most dossiers of one call.
const PAGE: usize = 1_000;

/// Arguments of `dossiers`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// In which state
    state: StateName,
    /// Of `due-soon`: due within this many working days; 0: by the end of today
    #[arg(long, value_name = "DAYS", default_value_t = 0)]
    within: u32,
    /// Number of dossiers to print
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    under: Under,
    #[command(flatten)]
    after: After,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

/// A state as the command line names it.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum StateName {
    /// Running, and the deadline has passed
    Overdue,
    /// Running, and due within `--within` working days
    DueSoon,
    /// Running
    InWork,
    /// The clock stands still
    Paused,
    /// At an agency that is no longer in force
    InFlight,
}

/// # Errors
/// What the hub answers.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let mut client = arguments.gateway.performance(shared).await?;
    let limit = arguments.limit as usize;
    let mut request = ListDossiersRequest {
        state: state(arguments.state).into(),
        within_working_days: arguments.within,
        filter: Some(arguments.which.filter()),
        as_of_time: arguments.under.as_of()?,
        basis: arguments.under.basis(),
        deadline: arguments.under.deadline().into(),
        precision: arguments.under.precision().into(),
        page_size: limit.min(PAGE) as u32,
        min_positions: arguments.after.positions()?,
        ..ListDossiersRequest::default()
    };
    let mut answer = client.list_dossiers(request.clone()).await?.into_inner();
    while answer.dossiers.len() < limit && !answer.next_page_token.is_empty() {
        request.page_token = std::mem::take(&mut answer.next_page_token);
        request.page_size = (limit - answer.dossiers.len()).min(PAGE) as u32;
        let next = client.list_dossiers(request.clone()).await?.into_inner();
        answer.dossiers.extend(next.dossiers);
        answer.next_page_token = next.next_page_token;
    }
    let name = "lienthong.performance.v1.ListDossiersResponse";
    arguments.form.print(name, &answer, text)
}

fn state(name: StateName) -> DossierState {
    match name {
        StateName::Overdue => DossierState::Overdue,
        StateName::DueSoon => DossierState::DueSoon,
        StateName::InWork => DossierState::InWork,
        StateName::Paused => DossierState::Paused,
        StateName::InFlight => DossierState::InFlight,
    }
}

fn text(answer: &ListDossiersResponse) -> String {
    let (shown, total) = (answer.dossiers.len() as u64, answer.total);
    let mut told = format!(
        "Dossiers: {} of {}",
        words::count(shown),
        words::count(total)
    );
    for (number, what) in [
        (answer.orphans, "that nobody took over"),
        (answer.may_belong, "more that may belong to the unit"),
    ] {
        if number > 0 {
            told.push_str(&format!("; {} {what}", words::count(number)));
        }
    }
    let until = words::moment(&answer.as_of_time);
    format!("{told}; as of {until}\n{}", lines(&answer.dossiers))
}

/// Dossiers, a line each.
fn lines(dossiers: &[DossierLine]) -> String {
    let rows = dossiers.iter().map(|one| {
        [
            one.dossier_code.clone(),
            words::or_nothing(&one.procedure_code).to_owned(),
            words::or_nothing(&one.agency_code).to_owned(),
            holder(one),
            words::moment(&one.received_time),
            words::moment(&one.due_time),
            words::moment(&one.told_due_time),
            state_name(one.state()).to_owned(),
            duty(&one.duty),
        ]
    });
    let header = [
        "Dossier",
        "Procedure",
        "Received by",
        "Held by",
        "Received",
        "Due",
        "Due as told",
        "State",
        "Next",
    ];
    table(header, &[], rows.collect())
}

/// Who has the dossier; of one at an agency that has gone, who took that over.
fn holder(one: &DossierLine) -> String {
    let held = one.holder.as_ref();
    let held = held.map_or(words::NOTHING.to_owned(), |held| words::party(&held.party));
    match (one.state(), one.successors.as_slice()) {
        (DossierState::InFlight, []) => format!("{held} (nobody took it over)"),
        (DossierState::InFlight, [only]) => format!("{held} (now {only})"),
        (DossierState::InFlight, several) => format!("{held} (one of {})", several.join(", ")),
        _ => held,
    }
}

/// The name of a state.
pub fn state_name(state: DossierState) -> &'static str {
    match state {
        DossierState::Unspecified => words::NOTHING,
        DossierState::Overdue => "overdue",
        DossierState::DueSoon => "due soon",
        DossierState::InWork => "in work",
        DossierState::Paused => "paused",
        DossierState::InFlight => "in flight",
        DossierState::Settled => "settled",
        DossierState::Withdrawn => "withdrawn",
        DossierState::Refused => "refused",
    }
}

/// What has to be done next, and by when.
pub fn duty(duty: &Option<Duty>) -> String {
    let Some(duty) = duty.as_ref().filter(|duty| !duty.kind.is_empty()) else {
        return words::NOTHING.to_owned();
    };
    let kind = duty.kind.replace('_', " ");
    match duty.due_time {
        None => kind,
        Some(_) => format!("{kind} by {}", words::moment(&duty.due_time)),
    }
}
