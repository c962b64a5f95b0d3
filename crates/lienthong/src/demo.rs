//! `lienthong up --demo`: simulated ministries report through the public endpoints, and what
//! the hub makes of it is shown live, asked for through the public endpoints, too.

mod drive;
mod first;
mod screen;
mod snapshot;

use crate::client;
use crate::exit::Failure;
use crate::hub::Addresses;
use clap::Args;
use console::Term;
use drive::Driven;
use lienthong_contract::time::now_millis;
use lienthong_simulator::demo::Config;
use screen::Screen;
use snapshot::Asked;
use std::io::IsTerminal;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Time between two pictures on a terminal, and between two summaries elsewhere.
const ON_TERMINAL: Duration = Duration::from_secs(1);
const ELSEWHERE: Duration = Duration::from_secs(5);
/// How long the simulated systems may take to end.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Arguments of the demonstration.
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Arguments {
    /// Report simulated cases of a birth group and a land procedure, and show the views live
    #[arg(long)]
    pub demo: bool,
    /// Same seed, same cases
    #[arg(long, value_name = "N", default_value_t = 2025, requires = "demo")]
    seed: u64,
    /// Events a second
    #[arg(long, value_name = "N", default_value_t = 150, requires = "demo")]
    rate: u32,
    /// Cases to report, 1 to 10,000; the hub then keeps serving
    #[arg(long, value_name = "N", default_value_t = 400, requires = "demo",
        value_parser = clap::value_parser!(u32).range(1..=10_000))]
    cases: u32,
}

impl Arguments {
    /// Whether standard output shows a picture that is drawn anew.
    pub fn draws_a_screen(&self) -> bool {
        self.demo && std::io::stdout().is_terminal()
    }
}

/// Runs the demonstration and goes on showing the views until `stop`.
///
/// # Errors
/// If the hub's own endpoints cannot be reached, or standard output not be written.
pub async fn run(
    arguments: Arguments,
    addresses: Addresses,
    began: Instant,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let gateway = client::connect(&client::url(addresses.gateway)).await?;
    let adapters_url = client::url(addresses.adapters_grpc);
    let adapters = client::connect(&adapters_url).await?;
    let asked = Asked::new(gateway, adapters);
    let before = asked.positions().await?;
    let screen = Screen {
        addresses,
        events_before: before.events,
        terminal: arguments.draws_a_screen().then(Term::stdout),
    };

    let driven = Driven::default();
    let config = Config {
        cases: arguments.cases,
        rate: arguments.rate,
        ..Config::new(arguments.seed, now_millis())
    };
    let driving = tokio::spawn(drive::run(
        adapters_url,
        config,
        driven.clone(),
        stop.clone(),
    ));
    let seen = first::Seen::default();
    let looking = tokio::spawn(first::watch(asked.clone(), before, began, seen.clone()));

    let period = if screen.terminal.is_some() {
        ON_TERMINAL
    } else {
        ELSEWHERE
    };
    let mut ticks = tokio::time::interval(period);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = ticks.tick() => {}
            // The very first picture comes as soon as there is something to see.
            () = seen.first_time() => {}
        }
        let snapshot = asked.snapshot().await;
        screen.show(&snapshot, &driven.state(), seen.after())?;
    }
    looking.abort();
    // The simulated ministries end their streams before the hub ends its doors.
    tokio::time::timeout(LAST_WORDS, driving)
        .await
        .map_err(|_| Failure::failed("the simulated systems did not end"))?
        .map_err(Failure::failed)
}
