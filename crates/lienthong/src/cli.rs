//! The command line: what every command shares, and the list of commands.

use crate::commands::{
    case, catalog, clock, completions, config, consume, demo, doctor, dossiers, explain, export,
    horizontal, import, lag, log, man, parked, performance, quality, reconcile, register, rejected,
    runbook, serve, slip, subscribe, subscriptions, top, up, vertical, views,
};
use crate::config::{Error, Given, Loaded, Sources, load};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

const EXIT_CODES: &str = "Exit codes:
  0  done
  1  failed
  2  usage: an argument, a setting or a request is not well-formed
  3  not found
  4  unavailable: try again; nothing was lost
  5  verification found a difference
  6  something needs a hand: what `lag` or `doctor` names on standard error";

/// Liên Thông: an interoperability hub for administrative systems.
#[derive(Debug, Parser)]
#[command(name = "lienthong", version, about, after_help = EXIT_CODES, after_long_help = EXIT_CODES)]
pub struct Cli {
    /// Where settings come from.
    #[command(flatten)]
    pub shared: Shared,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Default, Args)]
pub struct Shared {
    /// Configuration file; without it `lienthong.toml` of the working directory, if there is one
    #[arg(long, global = true, value_name = "FILE", env = "LIENTHONG_CONFIG")]
    pub config: Option<PathBuf>,
    /// A setting, such as gateway.listen=127.0.0.1:7420; may be repeated
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
    /// Directory of the log and the views [setting: data_dir]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

impl Shared {
    /// Loads the configuration; `flags` are the command's own, the strongest.
    ///
    /// # Errors
    /// [`Error`], naming each key at fault.
    pub fn load(&self, flags: Vec<Given>) -> Result<Loaded, Error> {
        let mut given = Given::by_environment(std::env::vars_os())?;
        for text in &self.settings {
            given.push(Given::by_set(text)?);
        }
        if let Some(dir) = &self.data_dir {
            let dir = dir.display().to_string();
            given.push(Given::by_flag("--data-dir", "data_dir", dir));
        }
        given.extend(flags);
        load(Sources {
            file: self.config.clone(),
            given,
        })
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the hub: adapters, log, views, gateway and metrics in one process
    Up(up::Arguments),
    /// Run one service of the hub as a process of its own, on a log that processes share
    Serve(serve::Arguments),
    /// Report simulated cases to a running hub, and show its views live
    Demo(demo::Arguments),
    /// One interconnected case whole: its timeline, who holds it, what it waits for
    Case(case::Arguments),
    /// Hand-overs between agencies of one level, and cases in work
    Horizontal(horizontal::Arguments),
    /// The chain of levels: time at each, transitions, where cases are stuck
    Vertical(vertical::Arguments),
    /// What does not fit in what sources told: findings by source and kind, or one by one
    Quality(quality::Arguments),
    /// Registers that sources submitted beside what they told: dossiers never published
    Reconcile(reconcile::Arguments),
    /// Figures of a period: received, settled on time, in work, online, digitised, and their shares
    Performance(performance::Arguments),
    /// Dossiers in a state, such as overdue, the most urgent first
    Dossiers(dossiers::Arguments),
    /// The legal clock of one dossier: deadline, stops, who used how much of the time
    Clock(clock::Arguments),
    /// The control slip of one dossier (form 06): who handed it to whom, in time or not
    Slip(slip::Arguments),
    /// The register of an agency (form 07): dossiers received on a day
    Register(register::Arguments),
    /// Publish figures as an open data set
    Export(export::Arguments),
    /// How late everything is, why, whose, and what to do; exit code 6 if something needs a hand
    Lag(lag::Arguments),
    /// The same on a screen of its own, anew every second
    Top(top::Arguments),
    /// Check configuration, disk, log, brokers, clocks and endpoints, and say the fix; changes nothing
    Doctor(doctor::Arguments),
    /// Dossiers that wait behind an event that could not be applied
    Parked(parked::Arguments),
    /// Messages that were not well-formed
    Rejected(rejected::Arguments),
    /// Agencies, units and procedures: what is in force, and changes to it
    Catalog(catalog::Arguments),
    /// Events as they happen, from a place that the caller keeps
    Subscribe(subscribe::Arguments),
    /// Durable subscriptions: their place is kept by the hub
    Subscriptions(subscriptions::Arguments),
    /// Take part in a durable subscription: print its events, or run a command for each
    Consume(consume::Arguments),
    /// What an error reason means and what to do
    Explain(explain::Arguments),
    /// What an alert or a cause of lateness means and what to do, step by step
    Runbook(runbook::Arguments),
    /// The settings in force and where each came from
    Config(config::Arguments),
    /// How far views are; rebuild or verify them, or see what other status tables would change
    Views(views::Arguments),
    /// The event log
    Log(log::Arguments),
    /// Replay an event log (XES, CSV or JSON lines) through the adapters
    Import(import::Arguments),
    /// Shell completions, on standard output
    Completions(completions::Arguments),
    /// The manual page, on standard output, or those of all commands into a folder
    Man(man::Arguments),
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_documents_every_exit_code() {
        let help = Cli::command().render_help().to_string();
        for line in EXIT_CODES.lines() {
            assert!(help.contains(line.trim()), "{line}");
        }
    }

    #[test]
    fn a_parked_dossier_is_released_by_exactly_one_decision() {
        let parse = |words: &[&str]| {
            let before = ["lienthong", "parked", "release", "KEY", "--offset", "7"];
            Cli::try_parse_from(before.iter().chain(words))
        };
        assert!(parse(&["--skip"]).is_ok() && parse(&["--retry"]).is_ok());
        assert!(parse(&[]).is_err() && parse(&["--skip", "--retry"]).is_err());
    }

    #[test]
    fn a_parked_case_of_a_subscription_is_named_or_all_are_with_exactly_one_decision() {
        let parse = |words: &str| {
            let before = ["lienthong", "subscriptions", "release", "NAME"];
            Cli::try_parse_from(before.into_iter().chain(words.split_whitespace()))
        };
        for words in ["CASE --skip", "CASE --retry", "--all --skip"] {
            assert!(parse(words).is_ok(), "{words}");
        }
        for words in ["--skip", "CASE", "CASE --all --skip", "CASE --skip --retry"] {
            assert!(parse(words).is_err(), "{words}");
        }
    }

    #[test]
    fn limits_of_a_webhook_need_a_webhook() {
        let parse = |words: &str| {
            let before = ["lienthong", "subscriptions", "create", "NAME"];
            Cli::try_parse_from(before.into_iter().chain(words.split_whitespace()))
        };
        assert!(parse("--webhook https://x.example --webhook-timeout 5").is_ok());
        assert!(parse("--webhook-timeout 5").is_err());
    }
}
