//! `lienthong demo`: simulated ministries report to a hub that runs already, and what it makes of
//! that is shown live.

use crate::cli::Shared;
use crate::demo::{self, Play, Show, Target};
use crate::exit::Failure;
use crate::process::{self, Signals};
use crate::system::System;
use clap::Args;
use clap::ValueEnum;
use lienthong_simulator::published::Published;
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// An adapter, such as onestop=http://127.0.0.1:7410; give one for each process. Without
    /// SYSTEM= it takes every system
    #[arg(long = "adapter", value_name = "[SYSTEM=]URL", required = true, value_parser = adapter)]
    adapters: Vec<(Option<System>, String)>,
    /// A gateway, such as http://127.0.0.1:7420; give one for each process
    #[arg(
        long = "gateway",
        value_name = "URL",
        required = true,
        value_delimiter = ','
    )]
    gateways: Vec<String>,
    /// Instead of cases of these days, a place whose figures were published: hai-ha-2024h1,
    /// van-ho, thanh-hoa or reorganisation-2025; one to a hub, with its catalogue
    #[arg(long, value_name = "NAME", value_parser = scenario)]
    scenario: Option<Published>,
    #[command(flatten)]
    play: Play,
}

/// # Errors
/// If a system has no adapter, or the hub cannot be reached.
pub async fn run(arguments: Arguments, shared: &Shared, began: Instant) -> Result<(), Failure> {
    let loaded = shared.load(Vec::new())?;
    process::init_logging(&loaded, demo::draws_a_screen())?;
    let target = Target::of_many(&arguments.adapters, arguments.gateways)?;
    let mut signals = Signals::new()?;
    let stop = CancellationToken::new();
    let show = Show {
        play: arguments.play,
        published: arguments.scenario,
    };
    let playing = demo::run(show, target, began, stop.clone());
    tokio::pin!(playing);
    tokio::select! {
        ended = &mut playing => return ended,
        () = signals.next() => stop.cancel(),
    }
    playing.await
}

fn adapter(text: &str) -> Result<(Option<System>, String), String> {
    match text.split_once('=') {
        Some((system, url)) => Ok((Some(System::from_str(system, false)?), url.to_owned())),
        None => Ok((None, text.to_owned())),
    }
}

fn scenario(text: &str) -> Result<Published, String> {
    let names = Published::ALL.map(Published::name).join(", ");
    Published::parse(text).ok_or_else(|| format!("give one of {names}"))
}
