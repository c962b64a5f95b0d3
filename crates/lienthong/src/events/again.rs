//! Going on after a stream has ended: at the next gateway, with growing pauses.

use crate::cli::Shared;
use crate::client::{self, subscriptions};
use crate::exit::{Exit, Failure};
use clap::Args;
use lienthong_contract::pb::subscription::v1::subscriptions_client::SubscriptionsClient;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Pause after the first failure; doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Where the gateways are.
#[derive(Debug, Args)]
pub struct Gateways {
    /// URL of a gateway; may be repeated: when one goes away, the next takes over. Without it that
    /// of the setting gateway.listen
    #[arg(long = "gateway", value_name = "URL")]
    urls: Vec<String>,
}

/// Gateways to go on at, one after the other.
#[derive(Debug)]
pub struct Again {
    urls: Vec<String>,
    next: usize,
    /// Failures since something came.
    failures: u32,
}

impl Gateways {
    /// The gateways in force.
    ///
    /// # Errors
    /// If the configuration cannot be used.
    pub fn read(&self, shared: &Shared) -> Result<Again, Failure> {
        let mut urls = self.urls.clone();
        if urls.is_empty() {
            let settings = shared.load(Vec::new())?.settings;
            urls.push(client::url(settings.gateway.listen));
        }
        Ok(Again {
            urls,
            next: 0,
            failures: 0,
        })
    }
}

impl Again {
    /// A client for the first gateway that answers.
    ///
    /// # Errors
    /// If none does.
    pub async fn connect(&mut self) -> Result<SubscriptionsClient<Channel>, Failure> {
        let mut failure = Failure::new(Exit::Usage, "no gateway was given");
        for _ in 0..self.urls.len() {
            match client::connect_lasting(&self.urls[self.next]).await {
                Ok(channel) => return Ok(subscriptions(channel)),
                Err(error) => failure = error,
            }
            self.turn();
        }
        Err(failure)
    }

    /// Something came: pauses begin anew.
    pub fn well(&mut self) {
        self.failures = 0;
    }

    /// Lets the next gateway be asked.
    pub fn turn(&mut self) {
        self.next = (self.next + 1) % self.urls.len();
    }

    /// Waits before the next try, which goes to the next gateway.
    pub async fn pause(&mut self, why: &str) {
        let pause = pause(self.failures);
        self.failures += 1;
        self.turn();
        eprintln!("{why}; going on in {:.1} s", pause.as_secs_f64());
        tokio::time::sleep(pause).await;
    }
}

/// The pause after so many failures, a fifth more or less, so that many clients do not come back
/// at one moment.
fn pause(failures: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << failures.min(16));
    let whole = doubled.min(LONGEST_PAUSE);
    let random = RandomState::new().build_hasher().finish() % 401;
    whole.mul_f64(0.8 + random as f64 / 1_000.0)
}

/// Whether a call that ended so may succeed a little later: the hub says so, or the connection
/// broke.
pub fn is_passing(status: &Status) -> bool {
    let is_ours = status.get_error_details().error_info().is_some();
    match status.code() {
        Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded => true,
        Code::Unknown | Code::Internal | Code::Cancelled => !is_ours,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lienthong_contract::reason::Reason;
    use lienthong_contract::status::Failure as Refusal;

    #[test]
    fn pauses_grow_to_a_bound_and_differ() {
        for failures in 0..40 {
            let doubled = FIRST_PAUSE.saturating_mul(1 << failures.min(16));
            let whole = doubled.min(LONGEST_PAUSE).as_secs_f64();
            let told = pause(failures).as_secs_f64();
            assert!((whole * 0.79..whole * 1.21).contains(&told), "{failures}");
        }
    }

    #[test]
    fn a_broken_connection_passes_and_a_refusal_of_the_hub_does_not() {
        let of = |reason| Status::from(Refusal::new(reason, "so it is"));
        assert!(is_passing(&of(Reason::SubscriptionMoving)));
        assert!(is_passing(&Status::unknown("h2 protocol error")));
        assert!(!is_passing(&of(Reason::SubscriptionNotFound)));
        assert!(!is_passing(&of(Reason::TokenForeign)));
        assert!(!is_passing(&Status::unimplemented("no such call")));
    }
}
