//! Starts this program again as subscribers and hears what they counted.

use super::{Counted, Mode, Settings};
use crate::Outcome;
use clap::ValueEnum;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Subscribers in a process of their own; killed when dropped.
pub struct Readers {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// Starts them; those that wait for their standard input are ready when this comes back.
///
/// # Errors
/// If they end before.
pub fn start(settings: &Settings) -> Outcome<Readers> {
    let mode = settings.mode.to_possible_value();
    let mode = mode.map(|mode| mode.get_name().to_owned());
    let mut child = Command::new(std::env::current_exe()?)
        .arg("readers")
        .args(["--address", &settings.address])
        .args(["--mode", &mode.unwrap_or_default()])
        .args(["--streams", &settings.streams.to_string()])
        .args(["--connections", &settings.connections.to_string()])
        .args(["--suffix", &settings.suffix])
        .args(["--seconds", &settings.seconds.to_string()])
        .args(["--one-in", &settings.one_in.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let input = child.stdin.take();
    let output = child.stdout.take().ok_or("no output of the subscribers")?;
    let mut readers = Readers {
        child,
        input,
        output: BufReader::new(output),
    };
    if matches!(settings.mode, Mode::Live | Mode::Idle | Mode::Stalled) {
        let line = readers.line()?;
        if line != "ready" {
            return Err(format!("the subscribers said {line:?}").into());
        }
    }
    Ok(readers)
}

/// Starts them, waits for their end, and gives what they counted.
///
/// # Errors
/// If they failed.
pub fn count(settings: &Settings) -> Outcome<Counted> {
    start(settings)?.end()
}

impl Readers {
    /// Ends them and gives what they counted.
    ///
    /// # Errors
    /// If they failed.
    pub fn end(mut self) -> Outcome<Counted> {
        drop(self.input.take());
        Ok(serde_json::from_str(&self.line()?)?)
    }

    fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            let status = self.child.wait()?;
            return Err(format!("the subscribers ended early: {status}").into());
        }
        Ok(line.trim().to_owned())
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
