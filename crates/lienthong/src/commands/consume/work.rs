//! What a consumer does with events: print them, or run a command for each.

use super::Arguments;
use crate::events::{Lines, json};
use crate::exit::Failure;
use crate::print::Reader;
use lienthong_contract::pb::subscription::v1::{Acknowledgements, Delivery, Failed, Receipt};
use std::collections::VecDeque;
use std::io::Write;
use std::process::{Command, Stdio};
use tokio::task::JoinSet;

/// Events that are printed, at most, when no other number was given; 0: as many as the
/// subscription allows.
const AS_MANY: u32 = 0;

/// The events at work.
pub struct Work {
    exec: Option<String>,
    parallel: usize,
    at_once: Option<u32>,
    lines: Lines,
    /// How many more to acknowledge; none: without end.
    left: Option<u64>,
    waiting: VecDeque<Delivery>,
    running: JoinSet<(Receipt, Result<(), String>)>,
    /// Nothing more is begun.
    stopping: bool,
    /// Answers that no stream took.
    unsaid: Acknowledgements,
}

impl Work {
    /// Nothing yet.
    pub fn new(arguments: &Arguments) -> Self {
        Self {
            exec: arguments.exec.clone(),
            parallel: arguments.parallel.get() as usize,
            at_once: arguments.max_in_flight,
            lines: arguments.lines,
            left: arguments.max_events.map(|events| events.get().into()),
            waiting: VecDeque::new(),
            running: JoinSet::new(),
            stopping: false,
            unsaid: Acknowledgements::default(),
        }
    }

    /// Events that may be handed out to this consumer at once; 0: as many as there may be.
    pub fn at_once(&self) -> u32 {
        let wanted = match (self.at_once, &self.exec) {
            (Some(given), _) => given,
            (None, Some(_)) => u32::try_from(self.parallel * 2).unwrap_or(u32::MAX),
            (None, None) => AS_MANY,
        };
        match self
            .left
            .map(|left| u32::try_from(left).unwrap_or(u32::MAX))
        {
            Some(left) if wanted == AS_MANY => left,
            Some(left) => left.min(wanted),
            None => wanted,
        }
    }

    /// Whether as many as wanted are acknowledged.
    pub fn is_done(&self) -> bool {
        self.left == Some(0)
    }

    /// Whether nothing more is begun.
    pub fn is_ending(&self) -> bool {
        self.stopping || self.is_done()
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.running.is_empty() && (self.stopping || self.waiting.is_empty())
    }

    /// Begins nothing more; what runs is finished.
    pub fn stop(&mut self) {
        self.stopping = true;
        self.waiting.clear();
    }

    /// The stream is gone: what has not begun comes again, and what runs is finished, so that
    /// nothing of its case begins beside it.
    ///
    /// # Errors
    /// If an event cannot be told as JSON.
    pub async fn rest(&mut self) -> Result<(), Failure> {
        self.waiting.clear();
        while !self.running.is_empty() {
            let answers = self.finished().await?;
            self.keep(answers);
        }
        Ok(())
    }

    /// Keeps answers that no stream took.
    pub fn keep(&mut self, answers: Acknowledgements) {
        self.unsaid.done.extend(answers.done);
        self.unsaid.failed.extend(answers.failed);
    }

    /// Answers that no stream took, if there are any.
    pub fn unsaid(&mut self) -> Option<Acknowledgements> {
        let unsaid = std::mem::take(&mut self.unsaid);
        (!is_empty(&unsaid)).then_some(unsaid)
    }

    /// Takes events; what is done at once is answered at once.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub fn take(&mut self, deliveries: Vec<Delivery>) -> Result<Acknowledgements, Failure> {
        if self.stopping {
            return Ok(Acknowledgements::default());
        }
        if self.exec.is_none() {
            return self.print(deliveries);
        }
        self.waiting.extend(deliveries);
        self.begin()?;
        Ok(Acknowledgements::default())
    }

    /// Prints as many as wanted.
    fn print(&mut self, mut deliveries: Vec<Delivery>) -> Result<Acknowledgements, Failure> {
        let left = self.left.map_or(usize::MAX, |left| left as usize);
        deliveries.truncate(left);
        if self.lines.print(&deliveries)? == Reader::Gone {
            self.left = Some(0);
            return Ok(Acknowledgements::default());
        }
        let done: Vec<_> = deliveries.iter().map(receipt).collect();
        self.count(done.len() as u64);
        Ok(Acknowledgements {
            done,
            failed: Vec::new(),
        })
    }

    /// Waits until a command has ended; says what became of its event. Cancel-safe.
    ///
    /// # Errors
    /// If an event cannot be told as JSON.
    pub async fn finished(&mut self) -> Result<Acknowledgements, Failure> {
        let mut answers = Acknowledgements::default();
        if let Some(ended) = self.running.join_next().await {
            let (receipt, ended) = ended.map_err(Failure::failed)?;
            match ended {
                Ok(()) => {
                    answers.done.push(receipt);
                    self.count(1);
                }
                Err(reason) => answers.failed.push(Failed {
                    receipt: Some(receipt),
                    retry_after_ms: 0,
                    reason,
                }),
            }
        }
        self.begin()?;
        Ok(answers)
    }

    fn count(&mut self, done: u64) {
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(done);
        }
    }

    /// Runs commands for what waits, as many as may run at once.
    fn begin(&mut self) -> Result<(), Failure> {
        let Some(exec) = &self.exec else {
            return Ok(());
        };
        let most = self.left.map_or(usize::MAX, |left| left as usize);
        while self.running.len() < self.parallel.min(most)
            && let Some(delivery) = self.waiting.pop_front()
        {
            let event = json(&delivery)?;
            let (exec, receipt) = (exec.clone(), receipt(&delivery));
            self.running
                .spawn_blocking(move || (receipt, execute(&exec, &event)));
        }
        Ok(())
    }
}

/// Whether nothing is answered.
pub fn is_empty(answers: &Acknowledgements) -> bool {
    answers.done.is_empty() && answers.failed.is_empty()
}

fn receipt(delivery: &Delivery) -> Receipt {
    Receipt {
        sequence: delivery.sequence,
        attempt: delivery.attempt,
    }
}

/// Runs the command with the event on its standard input; why it failed, if it did. A command that
/// does not read its input to the end is none the worse for it.
fn execute(command: &str, event: &str) -> Result<(), String> {
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| format!("the command could not be started: {error}"))?;
    if let Some(mut input) = child.stdin.take() {
        let _ = input.write_all(event.as_bytes());
        let _ = input.write_all(b"\n");
    }
    match child.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("the command ended with {status}")),
        Err(error) => Err(format!("the command could not be waited for: {error}")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_command_gets_the_event_and_its_exit_code_decides() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let command = format!("cat > {}", out.display());
        assert_eq!(execute(&command, r#"{"sequence":7}"#), Ok(()));
        assert_eq!(std::fs::read_to_string(out).unwrap(), "{\"sequence\":7}\n");
        let failed = execute("exit 3", "{}").unwrap_err();
        assert!(failed.contains('3'), "{failed}");
        // More than a pipe holds, and nobody reads it.
        assert_eq!(execute("true", &"x".repeat(1 << 20)), Ok(()));
    }
}
