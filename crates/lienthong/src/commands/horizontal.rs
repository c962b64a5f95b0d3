//! `lienthong horizontal`: hand-overs between agencies of one level, and cases in work.

use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::print::{Form, table};
use crate::words;
use clap::{Args, ValueEnum};
use lienthong_contract::pb::procedure::v1::{
    Basis, Distribution, GetHorizontalRequest, GetHorizontalResponse, Level, OpenExchange,
};
use lienthong_contract::time::now_millis;

/// Arguments of `horizontal`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Only this level
    #[arg(long)]
    level: Option<LevelName>,
    /// Only agencies of this province: its two-digit GSO code, such as 01
    #[arg(long, value_name = "CODE")]
    province: Option<String>,
    /// Lines of each table of text; JSON has all
    #[arg(long, value_name = "N", default_value_t = 20)]
    lines: usize,
    /// Under the agencies and units of this day, such as 2025-07-01, instead of as it was
    #[arg(long = "under", value_name = "DAY")]
    units_of: Option<String>,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

/// A level as the command line names it.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum LevelName {
    Commune,
    District,
    Province,
    Ministry,
}

/// # Errors
/// What the hub answers.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let mut questions = arguments.gateway.questions(shared).await?;
    let request = GetHorizontalRequest {
        level: level(arguments.level).into(),
        province_code: arguments.province.unwrap_or_default(),
        basis: arguments.units_of.map(|units_of| Basis { units_of }),
        ..GetHorizontalRequest::default()
    };
    let answer = questions.get_horizontal(request).await?.into_inner();
    let name = "lienthong.procedure.v1.GetHorizontalResponse";
    let lines = arguments.lines;
    arguments
        .form
        .print(name, &answer, |answer| text(answer, lines))
}

fn level(name: Option<LevelName>) -> Level {
    match name {
        None => Level::Unspecified,
        Some(LevelName::Commune) => Level::Commune,
        Some(LevelName::District) => Level::District,
        Some(LevelName::Province) => Level::Province,
        Some(LevelName::Ministry) => Level::Ministry,
    }
}

fn text(answer: &GetHorizontalResponse, lines: usize) -> String {
    [
        format!(
            "Horizontal cases: {}",
            words::count(answer.horizontal_cases)
        ),
        format!(
            "Cases in work, {} of them not to be assigned to a level and province\n{}",
            words::count(answer.unassigned_in_work),
            in_work(answer, lines)
        ),
        format!("Hand-overs\n{}", hand_overs(answer, lines)),
        format!(
            "Handed over and not taken up: {}\n{}",
            words::count(answer.unaccepted_total),
            exchanges(&answer.unaccepted, lines)
        ),
        format!(
            "Asked and not answered: {}\n{}",
            words::count(answer.unanswered_total),
            exchanges(&answer.unanswered, lines)
        ),
    ]
    .join("\n\n")
}

/// Cases in work by level and province, the most first.
pub fn in_work(answer: &GetHorizontalResponse, lines: usize) -> String {
    let mut cells: Vec<_> = answer.in_work.iter().collect();
    cells.sort_by_key(|cell| std::cmp::Reverse(cell.cases));
    let rows = cells.into_iter().take(lines).map(|cell| {
        [
            words::level(cell.level()).to_owned(),
            words::or_nothing(&cell.province_code).to_owned(),
            words::count(cell.cases),
        ]
    });
    table(
        ["Level", "Province", "In work"],
        &["In work"],
        rows.collect(),
    )
}

/// Hand-overs between agencies, the most frequent first.
pub fn hand_overs(answer: &GetHorizontalResponse, lines: usize) -> String {
    let mut cells: Vec<_> = answer.hand_overs.iter().collect();
    cells.sort_by_key(|cell| std::cmp::Reverse(cell.count));
    let rows = cells.into_iter().take(lines).map(|cell| {
        [
            cell.from_agency_code.clone(),
            cell.to_agency_code.clone(),
            words::level(cell.to_level()).to_owned(),
            words::count(cell.count),
            median(&cell.waiting),
            p90(&cell.waiting),
            median(&cell.processing),
            p90(&cell.processing),
        ]
    });
    let header = [
        "From",
        "To",
        "Level",
        "Count",
        "Waiting p50",
        "Waiting p90",
        "Processing p50",
        "Processing p90",
    ];
    let right = [
        "Count",
        "Waiting p50",
        "Waiting p90",
        "Processing p50",
        "Processing p90",
    ];
    table(header, &right, rows.collect())
}

fn exchanges(open: &[OpenExchange], lines: usize) -> String {
    let now = now_millis();
    let rows = open.iter().take(lines).map(|one| {
        [
            one.case_code.clone(),
            one.dossier_code.clone(),
            words::party(&one.from),
            words::party(&one.to),
            words::moment(&one.since_time),
            words::since(&one.since_time, now),
            words::moment(&one.due_time),
        ]
    });
    let header = ["Case", "Dossier", "From", "To", "Since", "For", "Due"];
    table(header, &["For"], rows.collect())
}

/// The median of a set of durations, as words.
pub fn median(set: &Option<Distribution>) -> String {
    of(set, |set| set.median_ms)
}

/// The 90th percentile of a set of durations, as words.
pub fn p90(set: &Option<Distribution>) -> String {
    of(set, |set| set.p90_linear_ms)
}

fn of(set: &Option<Distribution>, figure: impl Fn(&Distribution) -> f64) -> String {
    match set {
        Some(set) if set.count > 0 => words::duration(figure(set)),
        _ => words::NOTHING.to_owned(),
    }
}
