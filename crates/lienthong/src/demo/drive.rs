//! The simulated ministries, and how far they are.

use crate::words::count;
use lienthong_simulator::demo::{self, Endpoints, Progress};
use lienthong_simulator::scenario::TimedEvent;
use lienthong_simulator::system::System;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;
use tonic::codegen::http::Uri;

/// How far they are.
#[derive(Debug, Clone, Default)]
pub struct State {
    progress: Progress,
    /// How they ended, once they did.
    ended: Option<Result<(), String>>,
}

/// The state, shared with whoever shows it.
#[derive(Clone, Default)]
pub struct Driven(Arc<Mutex<State>>);

impl Driven {
    /// As it is now.
    pub fn state(&self) -> State {
        self.with(|state| state.clone())
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    /// `12 of 900 sent: 12 acknowledged, 1 rejected, 3 sent twice on purpose`.
    pub fn figures(&self) -> String {
        let progress = &self.progress;
        format!(
            "{} of {} sent: {} acknowledged, {} rejected, {} sent twice on purpose",
            count(progress.sent),
            count(progress.planned),
            count(progress.acknowledged),
            count(progress.rejected),
            count(progress.duplicates)
        )
    }

    /// What will happen next.
    pub fn outlook(&self) -> String {
        match &self.ended {
            None => "Simulated systems are reporting. Ctrl-C drains and ends.".to_owned(),
            Some(Ok(())) => {
                "Every simulated case is reported; the hub keeps serving. Ctrl-C drains and ends."
                    .to_owned()
            }
            Some(Err(why)) => format!(
                "The simulated systems gave up: {why}\nThe hub keeps serving. Ctrl-C drains and ends."
            ),
        }
    }
}

/// What they report.
pub enum Sent {
    /// Cases of these days.
    Everyday(demo::Config),
    /// The events of a published scenario.
    Published {
        /// In their order.
        events: Vec<TimedEvent>,
        /// How many a second.
        rate: u32,
    },
}

/// Reports until every case is told or `stop`.
pub async fn run(
    adapters: BTreeMap<System, Vec<Uri>>,
    sent: Sent,
    driven: Driven,
    stop: CancellationToken,
) {
    let shown = driven.clone();
    let on_progress = move |progress| shown.with(|state| state.progress = progress);
    let endpoints = Endpoints { adapters };
    let ended = match sent {
        Sent::Everyday(config) => demo::run(endpoints, config, on_progress, stop).await,
        Sent::Published { events, rate } => {
            demo::send(endpoints, events, rate, on_progress, stop).await
        }
    };
    let ended = ended.map(|_| ()).map_err(|error| error.to_string());
    driven.with(|state| state.ended = Some(ended));
}
