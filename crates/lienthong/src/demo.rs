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
use crate::exit::{Exit, Failure};
use clap::Args;
use console::Term;
use drive::{Driven, Sent};
use lienthong_contract::time::now_millis;
use lienthong_simulator::demo::Config;
use lienthong_simulator::published::{self, Published};
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
/// Events a second of a published scenario where nobody chose: tens of thousands are to come.
const RATE_OF_PUBLISHED: u32 = 5_000;
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

    fn seed(&self) -> u64 {
        self.seed.unwrap_or(SEED)
    }

    fn config(&self) -> Config {
        let defaults = Config::new(self.seed(), now_millis());
        Config {
            cases: self.cases.unwrap_or(defaults.cases),
            rate: self.rate.unwrap_or(defaults.rate),
            ..defaults
        }
    }
}

/// What is reported.
#[derive(Debug, Clone, Copy)]
pub struct Show {
    /// Seed, pace and number of cases.
    pub play: Play,
    /// A scenario whose figures were published; none: cases of these days.
    pub published: Option<Published>,
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
    show: Show,
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
    let sent = sent(&show, &target).await?;
    let driving = tokio::spawn(drive::run(
        target.adapters,
        sent,
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

/// What will be sent; of a published scenario, once its catalogue is in force.
async fn sent(show: &Show, target: &Target) -> Result<Sent, Failure> {
    let Some(which) = show.published else {
        return Ok(Sent::Everyday(show.play.config()));
    };
    if show.play.cases.is_some() {
        let message = "a published scenario has its own number of cases. Fix: leave --cases out";
        return Err(Failure::new(Exit::Usage, message));
    }
    let played = published::play(which, show.play.seed()).map_err(Failure::failed)?;
    let gateway = client::connect_any(&target.gateways).await?;
    published::apply(gateway, &played.catalogue).await?;
    Ok(Sent::Published {
        events: played.events,
        rate: show.play.rate.unwrap_or(RATE_OF_PUBLISHED),
    })
}
