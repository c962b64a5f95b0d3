//! Which lanes are this gateway's: all of them, or those that the group of gateways gives it.

use super::Context;
use super::keeper::{self, Place};
use lienthong_eventlog::{Change, GroupError, Groups, Member, Membership};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Pause before what failed is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// What lanes are kept with.
pub struct Keeping {
    /// By number of the lane.
    pub places: Vec<Arc<Place>>,
    /// What their tasks use.
    pub context: Arc<Context>,
    /// When to end.
    pub shutdown: CancellationToken,
}

/// The lanes that are kept.
struct Kept {
    keeping: Keeping,
    /// Ends the keeper of a lane.
    given: BTreeMap<u32, CancellationToken>,
    keepers: JoinSet<()>,
}

/// Keeps every lane until shutdown, and until all is recorded.
pub async fn alone(keeping: Keeping) {
    let lanes = (0..).take(keeping.places.len()).collect();
    let mut kept = Kept::new(keeping);
    kept.assign(lanes);
    kept.close().await;
}

/// Keeps the lanes that the group gives until shutdown, and until all is recorded. A gateway that
/// the group refuses keeps nothing and passes everything on.
pub async fn shared(keeping: Keeping, groups: Arc<dyn Groups>, member: Member) {
    let shutdown = keeping.shutdown.clone();
    let mut kept = Kept::new(keeping);
    let joined = shutdown
        .run_until_cancelled(join(groups.as_ref(), member))
        .await;
    let Some(Ok(mut membership)) = joined else {
        if let Some(Err(error)) = joined {
            tracing::error!(%error, "this gateway keeps no durable subscriptions");
        }
        return kept.close().await;
    };
    loop {
        let change = tokio::select! {
            () = shutdown.cancelled() => break,
            change = membership.next() => change,
        };
        match change {
            Ok(Change::Assigned(lanes)) => kept.assign(lanes),
            Ok(Change::Revoked(lanes)) => kept.revoke(&lanes),
            Err(error) if error.is_retryable() => {
                tracing::warn!(%error, "which durable subscriptions are this gateway's is uncertain; it keeps those it has");
                sleep(PAUSE).await;
            }
            Err(error) => {
                tracing::error!(%error, "this gateway keeps no durable subscriptions any more");
                let all: Vec<u32> = kept.given.keys().copied().collect();
                kept.revoke(&all);
                break;
            }
        }
    }
    kept.close().await;
    membership.leave().await;
}

async fn join(groups: &dyn Groups, member: Member) -> Result<Box<dyn Membership>, GroupError> {
    loop {
        match groups.join(member.clone()).await {
            Err(error) if error.is_retryable() => {
                tracing::warn!(%error, "the group of gateways could not be joined; it is tried again");
                sleep(PAUSE).await;
            }
            joined => return joined,
        }
    }
}

impl Kept {
    fn new(keeping: Keeping) -> Self {
        Self {
            keeping,
            given: BTreeMap::new(),
            keepers: JoinSet::new(),
        }
    }

    fn assign(&mut self, lanes: Vec<u32>) {
        for number in lanes {
            let Some(place) = self.keeping.places.get(number as usize) else {
                continue;
            };
            if self.given.contains_key(&number) {
                continue;
            }
            let taken = CancellationToken::new();
            self.given.insert(number, taken.clone());
            let keep = keeper::keep(
                place.clone(),
                self.keeping.context.clone(),
                taken,
                self.keeping.shutdown.clone(),
            );
            self.keepers.spawn(keep);
        }
    }

    fn revoke(&mut self, lanes: &[u32]) {
        for number in lanes {
            if let Some(taken) = self.given.remove(number) {
                taken.cancel();
            }
        }
    }

    /// Waits for shutdown, and until every lane is left.
    async fn close(&mut self) {
        self.keeping.shutdown.cancelled().await;
        while self.keepers.join_next().await.is_some() {}
    }
}
