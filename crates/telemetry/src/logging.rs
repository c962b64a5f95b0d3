//! The hub's own log: lines for a terminal, or JSON for a collector, on standard error.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// The form of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a person.
    Text,
    /// One JSON object a line.
    Json,
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter is not one.
    #[error(
        "logging.filter {filter:?}: {what}. Fix: write a level (error, warn, info, debug, trace), or target=level pairs separated by commas"
    )]
    Filter {
        /// As given.
        filter: String,
        /// What the parser said.
        what: String,
    },
    /// Logging was set up before in this process.
    #[error("logging is set up already")]
    AlreadySet,
}

/// Sets up logging for the process.
///
/// # Errors
/// A filter that does not parse, or a second call.
pub fn init(format: Format, filter: &str) -> Result<(), Error> {
    let filter = parse(filter)?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let done = match format {
        Format::Text => builder.with_target(false).try_init(),
        Format::Json => builder.json().flatten_event(true).try_init(),
    };
    done.map_err(|_| Error::AlreadySet)
}

fn parse(filter: &str) -> Result<EnvFilter, Error> {
    EnvFilter::builder()
        .parse(filter)
        .map_err(|error| Error::Filter {
            filter: filter.to_owned(),
            what: error.to_string(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_is_none_is_refused_with_a_fix() {
        let said = parse("info,hub=loud").err().map(|error| error.to_string());
        assert!(said.is_some_and(|said| said.contains("hub=loud") && said.contains("Fix:")));
        assert!(parse("info,lienthong_eventlog=debug").is_ok());
    }
}
