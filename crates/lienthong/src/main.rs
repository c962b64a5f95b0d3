//! The one binary of the hub: parse, load the configuration, build, run, drain.

mod asked;
mod cli;
mod client;
mod commands;
mod config;
mod copy;
mod demo;
mod doctor;
mod events;
mod exit;
mod figures;
mod hub;
mod lag;
mod opendata;
mod print;
mod process;
mod progress;
mod runbooks;
mod system;
mod telemetry;
mod top;
mod words;

use clap::Parser;
use std::process::ExitCode;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let began = Instant::now();
    let cli = cli::Cli::parse();
    match commands::run(cli, began) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            failure.code()
        }
    }
}
