//! A progress bar with rate and time left, on standard error; silent when that is no terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

const TEMPLATE: &str = "{msg} [{wide_bar}] {human_pos}/{human_len}  {per_sec}  {eta} left";

/// Shows how far one piece of work after the other is.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar that shows nothing yet.
    pub fn new() -> Self {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// Shows that `done` of `total` events of the work so named are done. Another name begins
    /// another piece of work, with a rate of its own.
    pub fn show(&self, name: &str, done: u64, total: u64) {
        if self.bar.message() != name {
            self.bar.reset();
            self.bar.set_message(name.to_owned());
        }
        self.bar.set_length(total);
        self.bar.set_position(done);
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
