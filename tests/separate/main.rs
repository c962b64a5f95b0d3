//! `separate`: the same seed through one process on the embedded log and through separate services
//! on Kafka; prints both beside each other, and where they differ. Exit code 1 on any difference.

use clap::Parser;
use comfy_table::Table;
use lienthong_tests::broker::{Cluster, Home};
use lienthong_tests::fleet::{Grouping, Shape};
use lienthong_tests::kill::Fault;
use lienthong_tests::separate::{Comparison, Settings, Side, compare};
use serde_json::Value;
use std::process::ExitCode;

/// Compares one process on the embedded log with separate services on Kafka.
#[derive(Debug, Parser)]
struct Arguments {
    /// Decides the scenario
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Cases of the scenario, 1 to 10,000
    #[arg(long, default_value_t = 400)]
    cases: u32,
    /// Adapters of each system
    #[arg(long, default_value_t = 2)]
    adapters: usize,
    /// Projector instances of each view
    #[arg(long, default_value_t = 2)]
    projectors: usize,
    /// Gateways
    #[arg(long, default_value_t = 2)]
    gateways: usize,
    /// Bootstrap servers of a cluster of one broker; without it one is started and stopped
    #[arg(long)]
    bootstrap: Option<String>,
    /// Brokers of the cluster that is started, 1 or 3
    #[arg(long, default_value_t = 1)]
    brokers: u16,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<bool, Fault> {
    let settings = Settings {
        seed: arguments.seed,
        cases: arguments.cases,
        shape: Shape {
            adapters: arguments.adapters,
            projectors: arguments.projectors,
            gateways: arguments.gateways,
            grouping: Grouping::EachItsOwn,
        },
    };
    let own = match &arguments.bootstrap {
        Some(_) => None,
        None => Some(Cluster::start(arguments.brokers)?),
    };
    let home = match (&arguments.bootstrap, &own) {
        (Some(bootstrap), _) => Home::fresh(bootstrap),
        (None, Some(cluster)) => cluster.fresh_home(),
        (None, None) => return Err("there is no cluster".into()),
    };
    let comparison = compare(&home, &settings).await?;
    show(&comparison);
    Ok(comparison.is_equal())
}

fn show(comparison: &Comparison) {
    let (one, two) = (&comparison.one, &comparison.separate);
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY);
    table.set_header(["", "one process, embedded", "separate services, Kafka"]);
    let figure = |side: &Side, question: &str, path: &str| {
        let answer = side.answers.by_question.get(question);
        let value = answer.and_then(|answer| answer.pointer(path));
        value.map_or("0".to_owned(), Value::to_string)
    };
    let length = |side: &Side, question: &str, path: &str| {
        let answer = side.answers.by_question.get(question);
        let list = answer.and_then(|answer| answer.pointer(path)?.as_array());
        list.map_or(0, Vec::len).to_string()
    };
    let statistics = "GetPathStatistics PARTY_GRAIN_AGENCY";
    type Shown<'a> = (&'a str, Box<dyn Fn(&Side) -> String + 'a>);
    let rows: Vec<Shown> = vec![
        (
            "events acknowledged",
            Box::new(|side| side.acknowledged.to_string()),
        ),
        ("events refused", Box::new(|side| side.refused.to_string())),
        (
            "reported in, s",
            Box::new(|side| format!("{:.1}", side.took.as_secs_f64())),
        ),
        (
            "cases read one by one",
            Box::new(|side| side.answers.cases.to_string()),
        ),
        (
            "pages of the list",
            Box::new(|side| side.answers.pages.to_string()),
        ),
        (
            "cases",
            Box::new(move |side| figure(side, statistics, "/cases")),
        ),
        (
            "events of work",
            Box::new(move |side| figure(side, statistics, "/events")),
        ),
        (
            "hand-overs",
            Box::new(move |side| figure(side, statistics, "/handOvers")),
        ),
        (
            "median duration of a case, ms",
            Box::new(move |side| figure(side, statistics, "/caseDuration/medianMs")),
        ),
        (
            "horizontal cases",
            Box::new(move |side| figure(side, "GetHorizontal", "/horizontalCases")),
        ),
        (
            "hand-over cells",
            Box::new(move |side| length(side, "GetHorizontal", "/handOvers")),
        ),
        (
            "not taken up",
            Box::new(move |side| figure(side, "GetHorizontal", "/unacceptedTotal")),
        ),
        (
            "vertical cases",
            Box::new(move |side| figure(side, "GetVertical", "/verticalCases")),
        ),
        (
            "level transitions",
            Box::new(move |side| length(side, "GetVertical", "/transitions")),
        ),
        (
            "chains",
            Box::new(move |side| length(side, "GetVertical", "/chains")),
        ),
    ];
    for (name, of) in rows {
        table.add_row([name.to_owned(), of(one), of(two)]);
    }
    println!("{table}");
    for difference in &comparison.differences {
        println!("DIFFERENT {difference}");
    }
    println!(
        "{}",
        if comparison.is_equal() {
            "EQUAL"
        } else {
            "NOT EQUAL"
        }
    );
}
