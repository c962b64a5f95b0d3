//! `lienthong up --demo` and `lienthong demo`: simulated ministries report through the public
//! endpoints, and what the hub makes of it is shown live, asked for through the public endpoints,
//! too.

mod drive;
mod first;
mod screen;
mod snapshot;
mod target;

pub use target::Target;

use crate::client;
use crate::exit::Failure;
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
/// Which cases are played where nobody chose others.
const SEED: u64 = 2025;
/// How long the simulated systems may take to end.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// What is played.
#[derive(Debug, Clone, Copy, Args)]
#[group(skip)]
pub struct Play {
    /// Same seed, same cases [default: 2025]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Events a second [default: 150]
    #[arg(long, value_name = "N")]
    rate: Option<u32>,
    /// Cases to report, 1 to 10,000; the hub then keeps serving [default: 400]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    cases: Option<u32>,
}

impl Play {
    /// Whether any of it was chosen.
    pub fn is_given(&self) -> bool {
        self.seed.is_some() || self.rate.is_some() || self.cases.is_some()
    }

    fn config(&self) -> Config {
        let defaults = Config::new(self.seed.unwrap_or(SEED), now_millis());
        Config {
            cases: self.cases.unwrap_or(defaults.cases),
            rate: self.rate.unwrap_or(defaults.rate),
            ..defaults
        }
    }
}

/// Whether standard output shows a picture that is drawn anew.
pub fn draws_a_screen() -> bool {
    std::io::stdout().is_terminal()
}

/// Runs the demonstration and goes on showing the views until `stop`.
///
/// # Errors
/// If the hub's endpoints cannot be reached, or standard output not be written.
pub async fn run(
    play: Play,
    target: Target,
    began: Instant,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let gateway = client::connect_any(&target.gateways).await?;
    let adapters = client::connect_any(&target.any_adapter()).await?;
    let asked = Asked::new(gateway, adapters);
    let before = asked.positions().await?;
    let screen = Screen {
        head: target.head.clone(),
        gateway: target.gateways.first().cloned().unwrap_or_default(),
        events_before: before.events,
        terminal: draws_a_screen().then(Term::stdout),
    };

    let driven = Driven::default();
    let config = play.config();
    let driving = tokio::spawn(drive::run(
        target.adapters,
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
