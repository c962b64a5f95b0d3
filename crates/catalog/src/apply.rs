//! Recording changes: checked against the tables with them, then appended, then in force.

use crate::batch;
use crate::fold::tried;
use crate::stream::{Catalog, PARTITION};
use lienthong_contract::pb::catalog::v1::Change;
use lienthong_contract::pb::event::v1::FieldViolation;
use lienthong_contract::reason::Reason;
use lienthong_contract::reference::LoadError;
use lienthong_contract::status::Failure;
use lienthong_contract::time::now_millis;
use lienthong_eventlog::AppendError;
use std::time::Duration;

/// Most changes of one call.
pub const MOST: usize = 20_000;
/// Longest id of a change.
const LONGEST_ID: usize = 128;
/// How often changes are checked again because another process recorded some meanwhile.
const ATTEMPTS: usize = 5;
/// How long the log may take to give back what was written to it.
const FOLD_WITHIN: Duration = Duration::from_secs(20);

/// What became of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Recorded now, or, where it was only a check, those that would be.
    pub recorded: u64,
    /// Known before.
    pub known: u64,
    /// Version of the reference data with them.
    pub reference_version: String,
}

/// Whether checked changes are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// They are.
    Record,
    /// They are not.
    CheckOnly,
}

impl Catalog {
    /// Records changes, all or none.
    ///
    /// # Errors
    /// `REQUEST_MALFORMED` naming the change, its field and the fix; `LOG_OVERLOADED` and the like if
    /// the log does not take them.
    pub async fn apply(&self, changes: Vec<Change>, mode: Mode) -> Result<Applied, Failure> {
        check_shape(&changes)?;
        let _turn = self.turn.lock().await;
        for _ in 0..ATTEMPTS {
            let end = self.log.bounds(PARTITION).await.map_err(|error| {
                tracing::error!(%error, "the catalogue log could not be read");
                Failure::new(Reason::LogUnavailable, "the catalogue cannot be read")
            })?;
            self.fold_until(end.end).await?;
            let (fresh, version, checked_at) = self.checked(&changes).await?;
            let applied = Applied {
                recorded: fresh.len() as u64,
                known: (changes.len() - fresh.len()) as u64,
                reference_version: version,
            };
            if fresh.is_empty() || mode == Mode::CheckOnly {
                return Ok(applied);
            }
            let last = self.append(&fresh, checked_at).await?;
            self.fold_until(last + 1).await?;
            if self.fold().refusal(last).is_none() {
                return Ok(applied);
            }
        }
        let what = "other processes change the catalogue all the time; try again";
        Err(Failure::new(Reason::LogUnavailable, what))
    }

    /// Those of the changes that are new, the version with them, and the offset before which the
    /// tables were made that they were checked with.
    async fn checked(&self, changes: &[Change]) -> Result<(Vec<Change>, String, u64), Failure> {
        let (tables, fresh, effective) = {
            let fold = self.fold();
            let asked: Vec<&Change> = changes.iter().collect();
            let fresh = fold.fresh(&asked).map_err(|taken| {
                let id = &changes[taken.index].id;
                Failure::of_field(
                    &format!("changes[{}].id", taken.index),
                    format!("{id} is the id of a change that says something else"),
                    "give each change an id of its own",
                )
            })?;
            let fresh: Vec<Change> = fresh.into_iter().cloned().collect();
            (fold.tables().clone(), fresh, fold.effective())
        };
        if fresh.is_empty() {
            return Ok((fresh, self.current().now().version.clone(), effective));
        }
        let building = tokio::task::spawn_blocking(move || {
            let borrowed: Vec<&Change> = fresh.iter().collect();
            let version = tried(&tables, &borrowed).map(|(_, reference)| reference.version);
            (fresh, version)
        });
        let (fresh, version) = building.await.map_err(|error| {
            tracing::error!(%error, "changes could not be checked");
            Failure::new(Reason::Internal, "the changes could not be checked")
        })?;
        match version {
            Ok(version) => Ok((fresh, version, effective)),
            Err(error) => Err(misfit(changes, &error)),
        }
    }

    /// The offset of the last record.
    async fn append(&self, changes: &[Change], checked_at: u64) -> Result<u64, Failure> {
        let mut last = 0;
        for records in batch::records(changes, checked_at, now_millis()) {
            let positions = self.log.append(records).await;
            let positions = positions.map_err(|error| unappended(&error))?;
            last = positions.last().map_or(last, |position| position.offset);
        }
        Ok(last)
    }

    async fn fold_until(&self, offset: u64) -> Result<(), Failure> {
        let mut folded = self.folded.clone();
        let folding = folded.wait_for(|next| *next >= offset);
        match tokio::time::timeout(FOLD_WITHIN, folding).await {
            Ok(Ok(_)) => Ok(()),
            _ => {
                let what = "the catalogue cannot be followed just now";
                Err(Failure::new(Reason::LogUnavailable, what))
            }
        }
    }
}

fn check_shape(changes: &[Change]) -> Result<(), Failure> {
    if changes.is_empty() || changes.len() > MOST {
        let what = format!("there are {} changes", changes.len());
        return Err(Failure::of_field(
            "changes",
            what,
            "send 1 to 20,000 a call",
        ));
    }
    for (index, change) in changes.iter().enumerate() {
        let id = change.id.as_bytes();
        if id.is_empty() || id.len() > LONGEST_ID || !id.iter().all(u8::is_ascii_graphic) {
            return Err(Failure::of_field(
                &format!("changes[{index}].id"),
                format!("{:?} is not an id", change.id),
                "write 1 to 128 printable ASCII characters without spaces",
            ));
        }
    }
    Ok(())
}

/// What does not fit, with the place of the change at fault; of a row that was there before, the
/// changes as a whole.
fn misfit(changes: &[Change], error: &LoadError) -> Failure {
    if let LoadError::Change {
        id,
        field,
        what,
        fix,
    } = error
        && let Some(index) = changes.iter().position(|change| change.id == *id)
    {
        let field = format!("changes[{index}].{field}");
        return Failure::of_field(&field, format!("change {id}: {what}"), fix);
    }
    let violation = FieldViolation {
        field: "changes".to_owned(),
        description: format!("with them the tables no longer hold together: {error}"),
        fix: "send the changes of the other rows in the same call".to_owned(),
    };
    Failure::of_fields(Reason::RequestMalformed, vec![violation])
}

fn unappended(error: &AppendError) -> Failure {
    tracing::error!(%error, "changes of the catalogue could not be recorded");
    let reason = match error {
        AppendError::Overloaded { .. } => Reason::LogOverloaded,
        AppendError::DiskFull { .. } => Reason::LogDiskFull,
        AppendError::TooLarge { .. } | AppendError::BatchTooLarge { .. } => Reason::EventTooLarge,
        AppendError::Closed => Reason::Draining,
        AppendError::Io { .. } | AppendError::Unavailable { .. } => Reason::LogUnavailable,
        // The hub's own clock stands before 1970 or after 9999.
        AppendError::RecordedTime { .. } => Reason::Internal,
    };
    Failure::new(reason, "the changes could not be recorded")
}
