//! What the screen knows: the last answer, how lag went before it, and where the person is.

use super::panels::Panel;
use lienthong_contract::pb::operations::v1::GetLagResponse;
use std::collections::{BTreeMap, VecDeque};

/// Looks that are remembered: as many as the widest line of bars needs.
const REMEMBERED: usize = 240;

/// What the screen knows.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// Where the hub is asked.
    pub url: String,
    /// What it answered last.
    pub answer: Option<GetLagResponse>,
    /// Since when it has not answered, if so.
    pub gone: Option<Gone>,
    /// Whether the picture stands still.
    pub paused: bool,
    /// Whether the keys are explained.
    pub help: bool,
    /// The panel that keys move in.
    pub focus: Panel,
    /// Whether that panel has the screen to itself.
    pub zoomed: bool,
    /// The first row shown of each panel.
    pub scroll: BTreeMap<Panel, usize>,
    history: BTreeMap<(String, u32), VecDeque<f64>>,
}

/// A hub that does not answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Gone {
    /// Milliseconds since the Unix epoch, by the clock of this machine.
    pub since_ms: i64,
    /// What was said last.
    pub why: String,
}

impl State {
    /// Before the first answer.
    pub fn new(url: String) -> Self {
        Self {
            url,
            ..Self::default()
        }
    }

    /// Takes an answer, or why there is none. While paused nothing changes.
    pub fn take(&mut self, asked: Result<GetLagResponse, String>, now_ms: i64) {
        if self.paused {
            return;
        }
        match asked {
            Ok(answer) => {
                self.remember(&answer);
                self.answer = Some(answer);
                self.gone = None;
            }
            Err(why) => {
                let since_ms = self.gone.as_ref().map_or(now_ms, |gone| gone.since_ms);
                self.gone = Some(Gone { since_ms, why });
            }
        }
    }

    fn remember(&mut self, answer: &GetLagResponse) {
        let mut history = std::mem::take(&mut self.history);
        for lag in &answer.lags {
            let key = (lag.view.clone(), lag.partition);
            let mut seen = history.remove(&key).unwrap_or_default();
            if seen.len() == REMEMBERED {
                seen.pop_front();
            }
            seen.push_back(lag.lag_seconds);
            self.history.insert(key, seen);
        }
    }

    /// The lag of a view's partition at each look, in seconds, the oldest first.
    pub fn history(&self, view: &str, partition: u32) -> Vec<f64> {
        let seen = self.history.get(&(view.to_owned(), partition));
        seen.map_or_else(Vec::new, |seen| seen.iter().copied().collect())
    }
}
