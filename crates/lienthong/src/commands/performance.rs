//! `lienthong performance`: the figures of a period, in one line or a line for each member of a
//! grouping.

use crate::asked::{After, Under, Which};
use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::figures::{COUNTS, RATES, share};
use crate::opendata;
use crate::print::{self, table};
use crate::words;
use clap::{Args, ValueEnum};
use lienthong_contract::pb::performance::v1::{
    Figures, GetPerformanceRequest, GetPerformanceResponse, Grouping, PerformanceLine, Unassigned,
};

/// Full name of the answer.
pub const ANSWER: &str = "lienthong.performance.v1.GetPerformanceResponse";

/// Most letters of a name in a table of text.
const LONGEST_NAME: usize = 40;

/// Arguments of `performance`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    question: Question,
    /// Lines of each table of text; CSV and JSON have all
    #[arg(long, value_name = "N", default_value_t = 40)]
    lines: usize,
    #[command(flatten)]
    gateway: GatewayAt,
    /// How to print
    #[arg(long, default_value = "text", conflicts_with = "json")]
    format: Format,
    /// Print JSON (the proto JSON mapping) instead of text
    #[arg(long)]
    json: bool,
}

/// What is asked.
#[derive(Debug, Args)]
pub struct Question {
    /// First day of the period, such as 2026-01-01
    #[arg(long, value_name = "DAY")]
    pub from: String,
    /// Last day of the period, inclusive
    #[arg(long, value_name = "DAY")]
    pub to: String,
    /// A line for each of these instead of one
    #[arg(long)]
    pub by: Option<GroupingName>,
    #[command(flatten)]
    pub which: Which,
    #[command(flatten)]
    pub under: Under,
    #[command(flatten)]
    after: After,
}

/// How figures are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Tables for people
    Text,
    /// RFC 4180, a column a figure
    Csv,
    /// The proto JSON mapping
    Json,
}

/// A grouping as the command line names it.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum GroupingName {
    /// By province
    Province,
    /// By district
    District,
    /// By commune
    Commune,
    /// By the agency that received
    Agency,
    /// By procedure
    Procedure,
    /// By field of procedures
    Field,
    /// By the channel of reception
    Channel,
    /// By the level of the agency that received
    Level,
}

/// # Errors
/// What the hub answers.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let request = arguments.question.request()?;
    let mut client = arguments.gateway.performance(shared).await?;
    let answer = client.get_performance(request).await?.into_inner();
    match arguments.format {
        _ if arguments.json => print::json(&json(&answer)?),
        Format::Json => print::json(&json(&answer)?),
        Format::Csv => print::out(&opendata::csv::write(&answer)?),
        Format::Text => print::out(&text(&answer, arguments.lines)),
    }
}

/// The answer by the proto JSON mapping.
///
/// # Errors
/// If the contract does not describe it.
pub fn json(answer: &GetPerformanceResponse) -> Result<serde_json::Value, Failure> {
    lienthong_contract::json::of(ANSWER, answer).map_err(Failure::failed)
}

impl Question {
    /// As the contract says it.
    ///
    /// # Errors
    /// `Exit::Usage` for a malformed time or position.
    pub fn request(&self) -> Result<GetPerformanceRequest, Failure> {
        Ok(GetPerformanceRequest {
            from_day: self.from.clone(),
            to_day: self.to.clone(),
            as_of_time: self.under.as_of()?,
            filter: Some(self.which.filter()),
            group_by: grouping(self.by).into(),
            basis: self.under.basis(),
            deadline: self.under.deadline().into(),
            precision: self.under.precision().into(),
            min_positions: self.after.positions()?,
            ..GetPerformanceRequest::default()
        })
    }
}

fn grouping(by: Option<GroupingName>) -> Grouping {
    match by {
        None => Grouping::Unspecified,
        Some(GroupingName::Province) => Grouping::Province,
        Some(GroupingName::District) => Grouping::District,
        Some(GroupingName::Commune) => Grouping::Commune,
        Some(GroupingName::Agency) => Grouping::Agency,
        Some(GroupingName::Procedure) => Grouping::Procedure,
        Some(GroupingName::Field) => Grouping::Field,
        Some(GroupingName::Channel) => Grouping::Channel,
        Some(GroupingName::Level) => Grouping::Level,
    }
}

fn text(answer: &GetPerformanceResponse, lines: usize) -> String {
    let total = answer.total.unwrap_or_default();
    let mut parts = vec![format!("Until {}", words::moment(&answer.as_of_time))];
    let grouped = answer.lines.iter().any(|line| !line.key.is_empty());
    if grouped {
        let shown = &answer.lines[..lines.min(answer.lines.len())];
        parts.push(format!("Dossiers\n{}", dossiers(shown, &total)));
        parts.push(format!("Shares\n{}", shares(shown, &total)));
        if shown.len() < answer.lines.len() {
            let left = words::count((answer.lines.len() - shown.len()) as u64);
            parts.push(format!(
                "{left} more lines: --lines N, or --format csv for all"
            ));
        }
    }
    parts.push(format!("Together\n{}", alone(&total)));
    if answer.may_belong > 0 {
        parts.push(format!(
            "{} more dossiers may belong to the unit, because the unit of their agency was divided: \
             not counted here.",
            words::count(answer.may_belong)
        ));
    }
    if !answer.missing_calendar_years.is_empty() {
        let years = answer.missing_calendar_years.iter().map(u32::to_string);
        let years = years.collect::<Vec<_>>().join(", ");
        parts.push(format!(
            "The working calendar has no table of {years}: dossiers whose deadline runs through it \
             count as without a deadline. Add the year to reference.calendar."
        ));
    }
    parts.join("\n\n")
}

/// The dossiers of each line and of all.
fn dossiers(lines: &[PerformanceLine], total: &Figures) -> String {
    let row = |key: String, name: String, figures: &Figures| {
        let numbers = [
            figures.carried_over,
            figures.received,
            figures.settled,
            figures.settled_early,
            figures.settled_on_time,
            figures.settled_late,
            figures.withdrawn + figures.refused,
            figures.in_work,
            figures.in_work_overdue,
            figures.paused,
        ];
        let [a, b, c, d, e, f, g, h, i, j] = numbers.map(words::count);
        [key, name, a, b, c, d, e, f, g, h, i, j]
    };
    let header = [
        "Key",
        "Name",
        "Carried",
        "Received",
        "Settled",
        "Early",
        "On time",
        "Late",
        "Withdrawn, refused",
        "In work",
        "Overdue",
        "Paused",
    ];
    table(header, &header[2..], rows(lines, total, row))
}

/// The shares of each line and of all.
fn shares(lines: &[PerformanceLine], total: &Figures) -> String {
    let row = |key: String, _: String, figures: &Figures| {
        let shown = [
            &figures.on_time,
            &figures.online,
            &figures.online_full,
            &figures.digitised_dossiers,
            &figures.digitised_results,
            &figures.electronic_results,
            &figures.online_payment,
            &figures.satisfied,
        ];
        let [a, b, c, d, e, f, g, h] = shown.map(share);
        [key, a, b, c, d, e, f, g, h]
    };
    let header = [
        "Key",
        "On time",
        "Online",
        "Full online",
        "Digitised papers",
        "Digitised results",
        "Electronic",
        "Paid online",
        "Satisfied",
    ];
    table(header, &header[1..], rows(lines, total, row))
}

fn rows<const N: usize>(
    lines: &[PerformanceLine],
    total: &Figures,
    row: impl Fn(String, String, &Figures) -> [String; N],
) -> Vec<[String; N]> {
    let mut rows: Vec<_> = lines
        .iter()
        .map(|line| {
            let figures = line.figures.unwrap_or_default();
            row(key(line), short(&line.name), &figures)
        })
        .collect();
    rows.push(row("all".to_owned(), String::new(), total));
    rows
}

/// A name that leaves room for figures.
fn short(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    let kept: String = name.chars().take(LONGEST_NAME - 1).collect();
    format!("{}…", kept.trim_end())
}

/// The member, or why the dossiers have none.
fn key(line: &PerformanceLine) -> String {
    let key = words::or_nothing(&line.key);
    match line.unassigned() {
        Unassigned::Unspecified => key.to_owned(),
        Unassigned::NotTold => "(not told)".to_owned(),
        Unassigned::Unknown => format!("{key} (unknown)"),
        Unassigned::Above => format!("{key} (of a larger area)"),
        Unassigned::Several => format!("{key} (one of {})", line.candidates.join(", ")),
        Unassigned::Abolished => format!("{key} (abolished)"),
    }
}

/// Every figure, one below the other.
fn alone(figures: &Figures) -> String {
    let counts = COUNTS
        .iter()
        .map(|count| [count.title.to_owned(), words::count((count.of)(figures))]);
    let rates = RATES
        .iter()
        .map(|rate| [rate.title.to_owned(), share((rate.of)(figures))]);
    table(
        ["Figure", "Value"],
        &["Value"],
        counts.chain(rates).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(keys: &[&str]) -> GetPerformanceResponse {
        let line = |key: &&str| PerformanceLine {
            key: (*key).to_owned(),
            name: "Đăng ký khai tử, xóa đăng ký thường trú, mai táng phí".to_owned(),
            ..PerformanceLine::default()
        };
        GetPerformanceResponse {
            lines: keys.iter().map(line).collect(),
            missing_calendar_years: vec![2027, 2028],
            may_belong: 3,
            ..GetPerformanceResponse::default()
        }
    }

    #[test]
    fn what_is_not_shown_and_what_is_not_counted_is_said() {
        let told = text(&answer(&["1.000001", "1.000002", "1.000003"]), 2);
        assert!(
            told.contains("1.000002") && !told.contains("1.000003"),
            "{told}"
        );
        assert!(told.contains("1 more lines: --lines N"), "{told}");
        assert!(told.contains("no table of 2027, 2028"), "{told}");
        assert!(told.contains("3 more dossiers may belong"), "{told}");
        assert!(told.contains("xóa đăng ký thường…"), "{told}");
        assert!(!text(&answer(&["1.000001"]), 1).contains("more lines"));
    }

    #[test]
    fn dossiers_without_a_member_say_why() {
        let told = |unassigned: Unassigned, candidates: &[&str]| {
            key(&PerformanceLine {
                key: "H56.08".to_owned(),
                unassigned: unassigned.into(),
                candidates: candidates.iter().map(|one| (*one).to_owned()).collect(),
                ..PerformanceLine::default()
            })
        };
        assert_eq!(told(Unassigned::Unspecified, &[]), "H56.08");
        assert_eq!(told(Unassigned::NotTold, &[]), "(not told)");
        assert_eq!(told(Unassigned::Above, &[]), "H56.08 (of a larger area)");
        let several = told(Unassigned::Several, &["14758", "14845"]);
        assert_eq!(several, "H56.08 (one of 14758, 14845)");
    }
}
