//! `lienthong man`: manual pages in roff.

use crate::cli::Cli;
use crate::exit::Failure;
use crate::print::out;
use clap::{Args, CommandFactory};
use std::path::PathBuf;

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Write one page for each command into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// # Errors
/// If the pages cannot be written.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    if let Some(folder) = &arguments.out {
        std::fs::create_dir_all(folder)?;
        return Ok(clap_mangen::generate_to(Cli::command(), folder)?);
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    out(&String::from_utf8_lossy(&page))
}
