//! Kills the hub at random moments under load and proves that nothing acknowledged is lost.
//!
//! `kill --rounds 200 --seed 1`; exit code 1 on any fault, and then the data is kept.

use clap::Parser;
use lienthong_tests::kill::{Fault, Round, Settings, Summary, run};
use std::process::ExitCode;

/// Kills the hub at random moments under load and checks what is left.
#[derive(Debug, Parser)]
struct Arguments {
    /// How often to kill
    #[arg(long, default_value_t = 200)]
    rounds: u32,
    /// Decides every random choice but the machine's own timing
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Longest time under load before a kill, in milliseconds
    #[arg(long, default_value_t = 1_500)]
    longest_ms: u64,
    /// The library that keeps the views' checkpoints, sled or redb; the hub's default if left out
    #[arg(long)]
    store: Option<String>,
}

fn main() -> ExitCode {
    match kill(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

fn kill(arguments: &Arguments) -> Result<bool, Fault> {
    let folder = tempfile::Builder::new()
        .prefix("lienthong-kill-")
        .tempdir()?;
    let settings = Settings {
        rounds: arguments.rounds,
        seed: arguments.seed,
        data: folder.path().join("data"),
        longest_ms: arguments.longest_ms,
        store: arguments.store.clone(),
    };
    println!("{} kills, seed {}", settings.rounds, settings.seed);
    println!(
        "{:>5}  {:<11} {:>8} {:>12} {:>9} {:>5} {:>7} {:>13} {:>10}",
        "round",
        "killed in",
        "after ms",
        "acknowledged",
        "checked",
        "lost",
        "doubled",
        "digests equal",
        "restart ms"
    );
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let ended = runtime.block_on(run(&settings, &mut show));
    let clean = match &ended {
        Ok(summary) => {
            sum_up(summary);
            summary.is_clean()
        }
        Err(_) => false,
    };
    if !clean {
        println!("the data is kept in {}", folder.keep().display());
    }
    ended.map(|_| clean)
}

fn show(round: &Round) {
    println!(
        "{:>5}  {:<11} {:>8} {:>12} {:>9} {:>5} {:>7} {:>13} {:>10}",
        round.number,
        round.during.name(),
        round.killed_after_ms,
        round.acknowledged,
        round.checked,
        round.lost,
        round.doubled,
        format!("{} of {}", round.digests - round.different, round.digests),
        round.restart_ms,
    );
    round
        .strange
        .iter()
        .for_each(|what| println!("       {what}"));
}

fn sum_up(summary: &Summary) {
    let total = |of: fn(&Round) -> u64| summary.rounds.iter().map(of).sum::<u64>();
    println!();
    println!(
        "kills                              {}",
        summary.rounds.len()
    );
    println!("events sent, resends included      {}", summary.attempts);
    println!("different events                   {}", summary.sent);
    println!(
        "acknowledged                       {}",
        summary.acknowledged
    );
    println!(
        "acknowledged and lost              {}",
        total(|round| round.lost)
    );
    println!(
        "applied twice                      {}",
        total(|round| round.doubled)
    );
    println!("positions that hold their event    {}", summary.positions);
    println!("positions that do not              {}", summary.misplaced);
    println!(
        "events of work in log and in views {} and {}",
        summary.counted.0, summary.counted.1
    );
    println!(
        "digests equal to a rebuild         {} of {}",
        total(|round| round.digests - round.different),
        total(|round| round.digests)
    );
    println!(
        "{}",
        if summary.is_clean() {
            "CLEAN"
        } else {
            "FAULTS FOUND"
        }
    );
}
