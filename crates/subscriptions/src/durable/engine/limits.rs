//! How a subscription hands out, with its defaults in place.

use lienthong_contract::pb::subscription::v1::{Subscription, Webhook};

/// Share by which a pause is longer or shorter at random.
const JITTER: f64 = 0.2;

/// Limits in force; `proto/lienthong/subscription/v1/durable.proto` says what each is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Events handed out and not answered, and events taken up whose case does not wait.
    pub max_in_flight: usize,
    /// Milliseconds after which an event that was not answered counts as failed.
    pub ack_timeout_ms: i64,
    /// Failures after which a case is parked.
    pub max_attempts: u32,
    /// Pause after the first failure, milliseconds.
    pub backoff_ms: i64,
    /// Longest pause, milliseconds.
    pub max_backoff_ms: i64,
    /// Events of parked cases, and of cases that pause after a failure, before nothing more is
    /// taken up.
    pub max_parked: usize,
}

impl Limits {
    /// Those of a subscription. One with a webhook has other defaults, and its time-out is never
    /// shorter than a request and the wait for its turn may take.
    pub fn of(subscription: &Subscription) -> Limits {
        let told = subscription.handling.unwrap_or_default();
        let webhook = subscription.webhook.as_ref();
        let or = |value: u32, consumed: u32, posted: u32| match (value, webhook) {
            (0, None) => consumed,
            (0, Some(_)) => posted,
            (value, _) => value,
        };
        let ack_timeout_ms = i64::from(or(told.ack_timeout_s, 30, 30)) * 1_000;
        Limits {
            max_in_flight: or(told.max_in_flight, 1_000, 1_000) as usize,
            ack_timeout_ms: ack_timeout_ms.max(webhook.map_or(0, longest_post_ms)),
            max_attempts: or(told.max_attempts, 5, 12),
            backoff_ms: i64::from(or(told.backoff_ms, 1_000, 5_000)),
            max_backoff_ms: i64::from(or(told.max_backoff_s, 300, 36_000)) * 1_000,
            max_parked: or(told.max_parked_events, 10_000, 10_000) as usize,
        }
    }

    /// The pause after so many failures, at least 1, in milliseconds; `chance` from 0 to 1.
    pub(super) fn backoff(&self, failures: u32, chance: f64) -> i64 {
        let doubled = 2_f64.powi(failures.saturating_sub(1).min(62) as i32);
        let pause = (self.backoff_ms as f64 * doubled).min(self.max_backoff_ms as f64);
        (pause * (1.0 - JITTER + 2.0 * JITTER * chance)) as i64
    }
}

fn longest_post_ms(webhook: &Webhook) -> i64 {
    let or = |value: u32, default: u32| i64::from(if value == 0 { default } else { value });
    let turn_s = match webhook.max_per_second {
        0 => 0,
        rate => or(webhook.max_concurrent, 16).div_euclid(i64::from(rate)) + 1,
    };
    (or(webhook.timeout_s, 15) + turn_s + 15) * 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_the_longest_and_vary_by_a_fifth() {
        let limits = Limits::of(&Subscription::default());
        assert_eq!(limits.backoff(1, 0.5), 1_000);
        assert_eq!(limits.backoff(1, 0.0), 800);
        assert_eq!(limits.backoff(1, 1.0), 1_200);
        assert_eq!(limits.backoff(4, 0.5), 8_000);
        assert_eq!(limits.backoff(100, 0.5), 300_000);
    }

    #[test]
    fn a_webhook_has_the_time_that_its_requests_may_take() {
        let webhook = Webhook {
            timeout_s: 60,
            max_concurrent: 100,
            max_per_second: 2,
            ..Webhook::default()
        };
        let subscription = Subscription {
            webhook: Some(webhook),
            ..Subscription::default()
        };
        let limits = Limits::of(&subscription);
        assert_eq!(limits.ack_timeout_ms, (60 + 51 + 15) * 1_000);
        assert_eq!((limits.max_attempts, limits.backoff_ms), (12, 5_000));
    }
}
