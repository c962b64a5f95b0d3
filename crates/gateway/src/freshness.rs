//! Read your own write: a bounded wait until the views have reached given positions.

use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::ports::Questions;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Milliseconds that 0 stands for.
const DEFAULT_MS: u32 = 5_000;

/// What a request asks to be in its answer.
pub(crate) struct Wanted<'a> {
    /// The views that the answer is made from.
    pub(crate) views: &'a [&'a str],
    /// Positions that each must have processed.
    pub(crate) positions: &'a [Position],
    /// As the request has it; checked already, 0 stands for the default.
    pub(crate) max_wait_ms: u32,
}

/// Waits until every view has processed every position.
///
/// # Errors
/// `VIEW_NOT_CAUGHT_UP`, `VIEW_LOADING`, or `DRAINING` when the hub goes down meanwhile.
pub(crate) async fn reach(
    port: &dyn Questions,
    draining: &CancellationToken,
    wanted: Wanted<'_>,
) -> Result<(), Failure> {
    if wanted.positions.is_empty() {
        return Ok(());
    }
    let limit = Duration::from_millis(u64::from(match wanted.max_wait_ms {
        0 => DEFAULT_MS,
        given => given,
    }));
    let views = wanted
        .views
        .iter()
        .map(|view| port.wait_for(view, wanted.positions, limit));
    tokio::select! {
        reached = futures_util::future::try_join_all(views) => reached.map(|_| ()),
        () = draining.cancelled() => {
            Err(Failure::new(Reason::Draining, "the hub is going down; ask again after its restart"))
        }
    }
}
