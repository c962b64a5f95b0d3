//! The commands, one a file.

pub mod case;
pub mod catalog;
pub mod clock;
pub mod completions;
pub mod config;
pub mod consume;
pub mod demo;
pub mod doctor;
pub mod dossiers;
pub mod explain;
pub mod export;
pub mod horizontal;
pub mod import;
pub mod lag;
pub mod log;
pub mod man;
pub mod parked;
pub mod performance;
pub mod quality;
pub mod reconcile;
pub mod register;
pub mod rejected;
pub mod runbook;
pub mod serve;
pub mod slip;
pub mod subscribe;
pub mod subscriptions;
pub mod top;
pub mod up;
pub mod vertical;
pub mod views;

use crate::cli::{Cli, Command};
use crate::exit::Failure;
use std::time::Instant;

/// Runs the command; `began` is when the process did.
///
/// # Errors
/// What the command says, with its exit code.
pub fn run(cli: Cli, began: Instant) -> Result<(), Failure> {
    let shared = &cli.shared;
    match cli.command {
        Command::Up(arguments) => up::run(arguments, shared, began),
        Command::Serve(arguments) => serve::run(arguments, shared),
        Command::Demo(arguments) => wait(demo::run(arguments, shared, began)),
        Command::Case(arguments) => wait(case::run(arguments, shared)),
        Command::Horizontal(arguments) => wait(horizontal::run(arguments, shared)),
        Command::Vertical(arguments) => wait(vertical::run(arguments, shared)),
        Command::Quality(arguments) => wait(quality::run(arguments, shared)),
        Command::Reconcile(arguments) => wait(reconcile::run(arguments, shared)),
        Command::Performance(arguments) => wait(performance::run(arguments, shared)),
        Command::Dossiers(arguments) => wait(dossiers::run(arguments, shared)),
        Command::Clock(arguments) => wait(clock::run(arguments, shared)),
        Command::Slip(arguments) => wait(slip::run(arguments, shared)),
        Command::Register(arguments) => wait(register::run(arguments, shared)),
        Command::Export(arguments) => wait(export::run(arguments, shared)),
        Command::Lag(arguments) => wait(lag::run(arguments, shared)),
        Command::Top(arguments) => wait(top::run(arguments, shared)),
        Command::Doctor(arguments) => wait(doctor::run(&arguments, shared)),
        Command::Parked(arguments) => wait(parked::run(arguments, shared)),
        Command::Rejected(arguments) => wait(rejected::run(arguments, shared)),
        Command::Catalog(arguments) => wait(catalog::run(arguments, shared)),
        Command::Subscribe(arguments) => wait(subscribe::run(arguments, shared)),
        Command::Subscriptions(arguments) => wait(subscriptions::run(arguments, shared)),
        Command::Consume(arguments) => wait(consume::run(arguments, shared)),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Runbook(arguments) => runbook::run(&arguments),
        Command::Config(arguments) => config::run(&arguments, shared),
        Command::Views(arguments) => wait(views::run(arguments, shared)),
        Command::Log(arguments) => wait(log::run(arguments, shared)),
        Command::Import(arguments) => wait(import::run(arguments, shared)),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
    }
}

/// Runs a command that talks to a hub.
fn wait(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(command)
}
