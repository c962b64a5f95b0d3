//! `lienthong completions`: what a shell needs to complete the command line.

use crate::cli::Cli;
use crate::exit::Failure;
use crate::print::out;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Which shell
    shell: Shell,
}

/// # Errors
/// If standard output cannot be written.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Cli::command(),
        "lienthong",
        &mut script,
    );
    out(&String::from_utf8_lossy(&script))
}
