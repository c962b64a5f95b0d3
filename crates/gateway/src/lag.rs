//! How late everything is: every port asked at once, what they say put side by side, and what of it
//! needs a hand.
//!
//! A part that does not answer in time is told as a cause; the others are told all the same. Asking
//! costs a look at each part's memory and at the log's end, so that a screen may ask every second.

mod causes;
mod memory;
mod summary;
mod words;

use futures_util::future::join;
use lienthong_contract::pb::operations::v1::{
    GetLagResponse, ProbeLag, SourceLag, StageLag, SubscriptionLag, ViewLag, ViewSummary,
};
use lienthong_contract::ports::{SubscriptionLags, ViewOperations, Watched};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time::{from_millis, now_millis};
use memory::Memory;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a part may take; more than its own patience with the log.
const PATIENCE: Duration = Duration::from_secs(4);
/// How often it is looked whether something needs a hand though nobody asks, so that a later
/// question is told since when.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What is asked.
pub(crate) struct Lag {
    views: Arc<dyn ViewOperations>,
    subscriptions: Option<Arc<dyn SubscriptionLags>>,
    watched: Option<Arc<dyn Watched>>,
    memory: Memory,
}

/// What the parts said.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) lags: Vec<ViewLag>,
    pub(crate) views: Vec<ViewSummary>,
    pub(crate) subscriptions: Vec<SubscriptionLag>,
    pub(crate) sources: Vec<SourceLag>,
    pub(crate) stages: Vec<StageLag>,
    pub(crate) probes: Vec<ProbeLag>,
    /// Which did not say anything.
    pub(crate) silent: Vec<Silent>,
}

/// A part that did not answer.
#[derive(Debug)]
pub(crate) enum Silent {
    /// The views; why.
    Views(Failure),
    /// Durable subscriptions.
    Subscriptions,
}

impl Lag {
    pub(crate) fn new(
        views: Arc<dyn ViewOperations>,
        subscriptions: Option<Arc<dyn SubscriptionLags>>,
        watched: Option<Arc<dyn Watched>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            views,
            subscriptions,
            watched,
            memory: Memory::default(),
        })
    }

    /// See `OperationsService.GetLag`.
    ///
    /// # Errors
    /// Why the views do not answer, if nobody else says anything.
    pub(crate) async fn answer(&self) -> Result<GetLagResponse, Failure> {
        let parts = self.parts().await;
        if let [Silent::Views(failure), ..] = &parts.silent[..]
            && parts.says_nothing()
        {
            return Err(failure.clone());
        }
        let now_ms = now_millis();
        let causes = self.memory.since(causes::causes(&parts), now_ms);
        Ok(GetLagResponse {
            lags: parts.lags,
            views: parts.views,
            subscriptions: parts.subscriptions,
            sources: parts.sources,
            stages: parts.stages,
            probes: parts.probes,
            causes,
            as_of_time: Some(from_millis(now_ms)),
        })
    }

    async fn parts(&self) -> Parts {
        let views = tokio::time::timeout(PATIENCE, self.views.lag());
        let subscriptions = tokio::time::timeout(PATIENCE, self.subscriptions());
        let (views, subscriptions) = join(views, subscriptions).await;
        let mut parts = Parts::default();
        match views.unwrap_or_else(|_| Err(late())) {
            Ok(lags) => {
                parts.views = summary::summaries(&lags);
                parts.lags = lags;
            }
            Err(failure) => parts.silent.push(Silent::Views(failure)),
        }
        match subscriptions {
            Ok(lags) => parts.subscriptions = lags,
            Err(_) => parts.silent.push(Silent::Subscriptions),
        }
        if let Some(watched) = &self.watched {
            let now_ms = now_millis();
            parts.sources = watched.sources(now_ms);
            parts.stages = watched.stages(now_ms);
            parts.probes = watched.probes(now_ms);
        }
        parts
    }

    async fn subscriptions(&self) -> Vec<SubscriptionLag> {
        match &self.subscriptions {
            Some(port) => port.subscription_lags().await,
            None => Vec::new(),
        }
    }
}

impl Parts {
    fn says_nothing(&self) -> bool {
        self.lags.is_empty()
            && self.subscriptions.is_empty()
            && self.sources.is_empty()
            && self.probes.is_empty()
    }
}

fn late() -> Failure {
    let message = format!(
        "the views did not say within {} s how late they are",
        PATIENCE.as_secs()
    );
    Failure::new(Reason::LogUnavailable, message)
}

/// Looks again and again, until `shutdown`, for what needs a hand.
pub(crate) async fn watch(lag: Arc<Lag>, shutdown: CancellationToken) {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = looks.tick() => {}
        }
        let parts = tokio::select! {
            () = shutdown.cancelled() => return,
            parts = lag.parts() => parts,
        };
        lag.memory.since(causes::causes(&parts), now_millis());
    }
}
