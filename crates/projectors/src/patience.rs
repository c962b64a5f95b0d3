//! Waiting for somebody by this process's own time.
//!
//! ```text
//! by the clock   |---------------- 2 s ----------------|
//! own time       |-|      |-|      |-|      |-|      |-|      ... (it runs one moment in ten)
//! ```
//! A process that is stopped, or that gets little of the processor, finds the time gone as soon as
//! it runs again, and the answer not yet read. It would say of others that they do not answer.

use std::pin::pin;
use std::time::Duration;
use tokio::time::timeout;

/// What the limit is counted in: however long one takes, it counts once.
const STEP: Duration = Duration::from_millis(20);

/// Waits until there is an answer, at most `limit` of own time; none: there was none.
pub async fn patiently<T>(limit: Duration, answer: impl Future<Output = T>) -> Option<T> {
    let mut answer = pin!(answer);
    let steps = limit.as_millis().div_ceil(STEP.as_millis());
    for _ in 0..steps {
        if let Ok(answered) = timeout(STEP, &mut answer).await {
            return Some(answered);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Instant, advance, sleep};

    const LIMIT: Duration = Duration::from_secs(2);

    #[tokio::test(start_paused = true)]
    async fn the_limit_is_kept_by_one_that_runs() {
        let began = Instant::now();
        assert_eq!(patiently(LIMIT, std::future::pending::<()>()).await, None);
        let waited = began.elapsed();
        assert!((LIMIT..LIMIT * 2).contains(&waited), "{waited:?}");
        let soon = async { sleep(LIMIT / 2).await };
        assert_eq!(patiently(LIMIT, soon).await, Some(()));
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_which_it_did_not_run_counts_once() {
        let answer = async {
            // Nobody of this process ran meanwhile.
            advance(LIMIT * 10).await;
            sleep(LIMIT / 4).await;
        };
        assert_eq!(patiently(LIMIT, answer).await, Some(()));
    }
}
