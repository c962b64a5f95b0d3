//! `lienthong vertical`: the chain of levels, time at each, where cases are stuck.

use super::horizontal::{median, p90};
use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::print::{Form, table};
use crate::words;
use clap::Args;
use lienthong_contract::pb::procedure::v1::{
    Basis, Chain, Direction, GetVerticalRequest, GetVerticalResponse,
};
use lienthong_contract::time::now_millis;

/// Arguments of `vertical`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Only this procedure, such as 1.001193
    #[arg(long, value_name = "CODE")]
    procedure: Option<String>,
    /// Number of chains to show, the longest stuck first, at most 1,000
    #[arg(long, value_name = "N", default_value_t = 10)]
    chains: u32,
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

/// # Errors
/// What the hub answers.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let mut questions = arguments.gateway.questions(shared).await?;
    let request = GetVerticalRequest {
        procedure_code: arguments.procedure.unwrap_or_default(),
        chains: arguments.chains,
        basis: arguments.units_of.map(|units_of| Basis { units_of }),
        ..GetVerticalRequest::default()
    };
    let answer = questions.get_vertical(request).await?.into_inner();
    let name = "lienthong.procedure.v1.GetVerticalResponse";
    let lines = arguments.lines;
    arguments
        .form
        .print(name, &answer, |answer| text(answer, lines))
}

fn text(answer: &GetVerticalResponse, lines: usize) -> String {
    let mut parts = vec![
        format!(
            "Vertical cases: {}, and {} whose levels are not all known",
            words::count(answer.vertical_cases),
            words::count(answer.unassigned_cases)
        ),
        format!("Time at each level\n{}", latencies(answer, lines)),
        format!("Hand-overs between levels\n{}", transitions(answer, lines)),
        format!("Open cases by the level that holds them\n{}", stuck(answer)),
    ];
    if !answer.chains.is_empty() {
        let now = now_millis();
        let chains = answer.chains.iter().map(|one| chain(one, now));
        let chains = chains.collect::<Vec<_>>().join("\n");
        parts.push(format!(
            "Chains of open cases, the longest stuck first\n{chains}"
        ));
    }
    parts.join("\n\n")
}

/// Time at each level by procedure, the most cases first.
pub fn latencies(answer: &GetVerticalResponse, lines: usize) -> String {
    let mut all: Vec<_> = answer.latencies.iter().collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.cases));
    let rows = all.into_iter().take(lines).map(|one| {
        [
            words::level(one.level()).to_owned(),
            words::or_nothing(&one.procedure_code).to_owned(),
            words::count(one.cases),
            median(&one.stays),
            p90(&one.stays),
        ]
    });
    let header = ["Level", "Procedure", "Cases", "Stay p50", "p90"];
    table(header, &["Cases", "Stay p50", "p90"], rows.collect())
}

/// Hand-overs between levels, the most frequent first.
pub fn transitions(answer: &GetVerticalResponse, lines: usize) -> String {
    let mut all: Vec<_> = answer.transitions.iter().collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.count));
    let rows = all.into_iter().take(lines).map(|one| {
        [
            words::level(one.from_level()).to_owned(),
            words::level(one.to_level()).to_owned(),
            words::direction(one.direction()).to_owned(),
            words::count(one.count),
            median(&one.waiting),
            p90(&one.waiting),
        ]
    });
    let header = ["From", "To", "Direction", "Count", "Waiting p50", "p90"];
    table(header, &["Count", "Waiting p50", "p90"], rows.collect())
}

/// Open vertical cases by the level that holds them.
pub fn stuck(answer: &GetVerticalResponse) -> String {
    let now = now_millis();
    let rows = answer.stuck.iter().map(|one| {
        [
            words::level(one.level()).to_owned(),
            words::count(one.cases),
            words::since(&one.oldest_since_time, now),
        ]
    });
    let right = ["Cases", "Longest for"];
    table(["Level", "Cases", "Longest for"], &right, rows.collect())
}

/// `CODE: H56.15.03 (commune) 2h 5m ^ BTP (ministry) 3h 0m so far`.
fn chain(chain: &Chain, now_ms: i64) -> String {
    let mut told = format!("  {}:", chain.case_code);
    for link in &chain.links {
        let arrow = match link.direction() {
            Direction::Up => " ↑",
            Direction::Down => " ↓",
            Direction::Level => " →",
            Direction::Unspecified => "",
        };
        let left = words::millis(&link.left_time);
        let until = left.unwrap_or(now_ms);
        let stay = words::millis(&link.reached_time).map_or_else(String::new, |reached| {
            words::duration((until - reached) as f64)
        });
        let open = if left.is_some() { "" } else { " so far" };
        let level = words::level(link.level());
        let agency = words::or_nothing(&link.agency_code);
        told.push_str(&format!("{arrow} {agency} ({level}) {stay}{open}"));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use lienthong_contract::pb::procedure::v1::{ChainLink, Level};
    use lienthong_contract::time::from_millis;

    #[test]
    fn a_chain_is_drawn_with_its_directions_and_stays() {
        let link =
            |agency: &str, level: Level, reached, left: Option<i64>, direction: Direction| {
                ChainLink {
                    level: level.into(),
                    agency_code: agency.to_owned(),
                    reached_time: Some(from_millis(reached)),
                    left_time: left.map(from_millis),
                    direction: direction.into(),
                }
            };
        let up = Direction::Up;
        let told = Chain {
            case_code: "C1".to_owned(),
            procedure_code: String::new(),
            links: vec![
                link(
                    "H56.15.03",
                    Level::Commune,
                    0,
                    Some(60_000),
                    Direction::Unspecified,
                ),
                link("BTP", Level::Ministry, 60_000, None, up),
            ],
        };
        assert_eq!(
            chain(&told, 180_000),
            "  C1: H56.15.03 (commune) 1m 0s ↑ BTP (ministry) 2m 0s so far"
        );
    }
}
