//! Replays an event log of another system (XES, CSV, JSON lines) through an adapter.
//!
//! A mapping file says which activity is which event and which columns name case, time,
//! agency and level. Every row becomes exactly one event whose id is made of its case and its
//! index in the case, and columns of the case may tell further events once a case, so a log
//! imported twice takes effect once. The whole file is checked before anything is sent.

mod agencies;
mod case_facts;
mod check;
mod mapping;
mod payload;
mod problem;
mod rows;
mod rule;
mod soundness;
mod translate;

pub use agencies::Agency;
pub use case_facts::CaseFact;
pub use check::{Checked, check};
pub use mapping::{Columns, Mapping, NamedAgency, Order, OtherAgencies, Times};
pub use problem::Problem;
pub use rows::{Format, Row, Rows, open};
pub use rule::{ChannelBy, ChannelName, EventRule, RuleStatus};
pub use translate::translate;

use crate::client::{self, Connection, Options};
use crate::message::Message;
use crate::positions::Reached;
use lienthong_contract::pb::event::v1::{Outcome, Position, outcome::Result as Answer};
use std::path::PathBuf;
use tokio::sync::mpsc;

/// Most rejections described in a summary.
const DESCRIBED: usize = 10;
/// Answers between two reports of progress.
const REPORT_EVERY: u64 = 256;
/// Messages read ahead of the stream.
const READ_AHEAD: usize = 1_024;

/// What to import, and where to.
#[derive(Debug, Clone)]
pub struct Config {
    /// The mapping file (TOML).
    pub mapping: PathBuf,
    /// The event log, plain or gzip.
    pub file: PathBuf,
    /// None: told by the file's name.
    pub format: Option<Format>,
    /// Where to write the agencies of the log as a table that the hub's
    /// `reference.agencies` takes.
    pub agencies_out: Option<PathBuf>,
    /// The adapters; none: check the file and write the agencies, send nothing.
    pub send_to: Option<Options>,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// Rows checked, or events sent.
    pub rows: u64,
    /// Events of the file; 0 while they are still being counted.
    pub of: u64,
}

/// The two passes over a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Reading and checking every row.
    Checking,
    /// Sending, and waiting for the answers.
    Sending,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// Rows of the file, header lines not counted.
    pub rows: u64,
    /// Events told by columns of cases, besides those of the rows.
    pub case_facts: u64,
    /// Cases in the file.
    pub cases: u64,
    /// Agencies in the file.
    pub agencies: u64,
    /// Events the hub made durable, those it knew already included.
    pub acknowledged: u64,
    /// Events the hub rejected.
    pub rejected: u64,
    /// Events sent again because the answer did not come.
    pub resent: u64,
    /// The first rejections, in words, at most 10.
    pub rejections: Vec<String>,
    /// The highest position of each partition: what a question needs as `min_positions`
    /// to see the whole import.
    pub positions: Vec<Position>,
}

/// Why an import did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The mapping or the file is wrong; nothing was sent.
    #[error("{}", problem::list(.0))]
    Problems(Vec<Problem>),
    /// The file was changed between checking and sending; part of it may have been sent.
    #[error("the file changed while it was imported: {0}")]
    Changed(Problem),
    /// The agencies could not be written.
    #[error("{file}: {source}. Fix: give a path that can be written")]
    AgenciesOut {
        /// The path given.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The hub did not take the events; what it acknowledged is durable, and the same import
    /// can be run again.
    #[error(transparent)]
    Client(#[from] client::Error),
    /// The thread that reads the file ended without a result.
    #[error("reading the file ended unexpectedly: {0}")]
    Reader(String),
}

impl Error {
    /// Whether the same import may succeed later as it is.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Error::Client(error) if error.is_retryable())
    }
}

/// Imports a file: checks all of it, writes the agencies if asked to, sends it if asked to.
/// `progress` is called on every 256th row or answer and at the end of each phase.
///
/// # Errors
/// See [`Error`]; after `Problems` nothing was sent.
pub async fn run(
    config: Config,
    progress: impl Fn(Progress) + Send + Sync + 'static,
) -> Result<Summary, Error> {
    let progress = std::sync::Arc::new(progress);
    let (mapping, file, format) = (config.mapping, config.file, config.format);
    let tell = progress.clone();
    let source = blocking(move || {
        let mapping = Mapping::load(&mapping).map_err(|problem| vec![problem])?;
        let mut tell = |rows| {
            tell(Progress {
                phase: Phase::Checking,
                rows,
                of: 0,
            })
        };
        let checked = check(&mapping, &file, format, &mut tell)?;
        Ok(Source {
            mapping,
            file,
            format,
            checked,
        })
    })
    .await?
    .map_err(Error::Problems)?;
    if let Some(path) = &config.agencies_out {
        agencies::write(&source.checked.agencies, path).map_err(|error| Error::AgenciesOut {
            file: path.display().to_string(),
            source: error,
        })?;
    }
    let mut summary = Summary {
        rows: source.checked.rows,
        case_facts: source.checked.case_facts,
        cases: source.checked.cases,
        agencies: source.checked.agencies.len() as u64,
        ..Summary::default()
    };
    if let Some(options) = config.send_to {
        send(source, options, &*progress, &mut summary).await?;
    }
    Ok(summary)
}

/// A file that was found good.
struct Source {
    mapping: Mapping,
    file: PathBuf,
    format: Option<Format>,
    checked: Checked,
}

async fn send(
    source: Source,
    options: Options,
    progress: &(dyn Fn(Progress) + Send + Sync),
    summary: &mut Summary,
) -> Result<(), Error> {
    let system = source.mapping.system();
    let of = source.checked.rows + source.checked.case_facts;
    let connection = Connection::new(options);
    let (messages, queue) = mpsc::channel(READ_AHEAD);
    let reading = blocking(move || feed(&source, &messages));
    let mut reached = Reached::default();
    let mut rows = 0;
    let mut on_outcome = |message: &Message, outcome: Outcome| {
        rows += 1;
        match outcome.result {
            Some(Answer::Position(position)) => reached.note(position),
            Some(Answer::Rejection(rejection)) if summary.rejections.len() < DESCRIBED => {
                let fields = rejection.violations.iter().map(|violation| {
                    format!(
                        "{}: {}. Fix: {}",
                        violation.field, violation.description, violation.fix
                    )
                });
                let fields = fields.collect::<Vec<_>>().join("; ");
                summary
                    .rejections
                    .push(format!("{} {}: {fields}", message.id(), rejection.reason));
            }
            _ => {}
        }
        if rows % REPORT_EVERY == 0 {
            progress(Progress {
                phase: Phase::Sending,
                rows,
                of,
            });
        }
    };
    client::stream(&connection, system, queue, &mut on_outcome).await?;
    progress(Progress {
        phase: Phase::Sending,
        rows,
        of,
    });
    reading.await?.map_err(Error::Changed)?;
    let counts = connection.counts();
    summary.acknowledged = counts.acknowledged;
    summary.rejected = counts.rejected;
    summary.resent = counts.resent;
    summary.positions = reached.positions();
    Ok(())
}

/// Puts every message of the file into the queue, in the order the mapping asks for. Ends
/// early when the queue's reader is gone.
fn feed(source: &Source, messages: &mpsc::Sender<Message>) -> Result<(), Problem> {
    let mut index = translate::Indexes::default();
    let rows = open(&source.file, source.format, &source.mapping.columns_used())?;
    let mut told = case_facts::Told::default();
    let mut by_arrival = Vec::new();
    for row in rows {
        let row = row?;
        let facts = case_facts::case_facts(&source.mapping, &row, &mut told);
        let event = translate(&source.mapping, &row, &mut index);
        let facts = facts.map_err(|problem| problem.of(&source.file))?;
        let event = event.map_err(|problem| problem.of(&source.file))?;
        for event in facts.into_iter().map(|fact| fact.event).chain([event]) {
            if source.mapping.order == Order::Recorded {
                by_arrival.push(event);
            } else if messages.blocking_send(event.message).is_err() {
                return Ok(());
            }
        }
    }
    by_arrival.sort_by(|a, b| a.arrival().cmp(&b.arrival()));
    for event in by_arrival {
        if messages.blocking_send(event.message).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, Error>> {
    let task = tokio::task::spawn_blocking(work);
    async { task.await.map_err(|error| Error::Reader(error.to_string())) }
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
