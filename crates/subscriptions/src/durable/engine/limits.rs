//! How a subscription hands out, with its defaults in place.

use lienthong_contract::pb::subscription::v1::{Handling, Subscription, Webhook};

/// Share by which a pause is longer or shorter at random.
const JITTER: f64 = 0.2;
/// Defaults of a webhook: requests at once, and seconds of one.
const CONCURRENT: u32 = 16;
const REQUEST_S: u32 = 15;

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
            max_attempts: or(told.max_attempts, 5, 20),
            backoff_ms: i64::from(or(told.backoff_ms, 1_000, 5_000)),
            max_backoff_ms: i64::from(or(told.max_backoff_s, 300, 36_000)) * 1_000,
            max_parked: or(told.max_parked_events, 10_000, 10_000) as usize,
        }
    }

    /// As a subscription tells them.
    fn handling(&self) -> Handling {
        let seconds = |ms: i64| (ms / 1_000) as u32;
        Handling {
            max_in_flight: self.max_in_flight as u32,
            ack_timeout_s: seconds(self.ack_timeout_ms),
            max_attempts: self.max_attempts,
            backoff_ms: self.backoff_ms as u32,
            max_backoff_s: seconds(self.max_backoff_ms),
            max_parked_events: self.max_parked as u32,
        }
    }

    /// The pause after so many failures, at least 1, in milliseconds; `chance` from 0 to 1.
    pub(super) fn backoff(&self, failures: u32, chance: f64) -> i64 {
        let doubled = 2_f64.powi(failures.saturating_sub(1).min(62) as i32);
        let pause = (self.backoff_ms as f64 * doubled).min(self.max_backoff_ms as f64);
        (pause * (1.0 - JITTER + 2.0 * JITTER * chance)) as i64
    }
}

/// A subscription with what is in force in the place of everything that was left to the hub. Two
/// that were told differently and are handled alike are equal.
pub fn in_force(told: &Subscription) -> Subscription {
    Subscription {
        handling: Some(Limits::of(told).handling()),
        webhook: told.webhook.as_ref().map(webhook_in_force),
        ..told.clone()
    }
}

fn webhook_in_force(told: &Webhook) -> Webhook {
    let or = |value: u32, default: u32| if value == 0 { default } else { value };
    Webhook {
        max_concurrent: or(told.max_concurrent, CONCURRENT),
        timeout_s: or(told.timeout_s, REQUEST_S),
        ..told.clone()
    }
}

fn longest_post_ms(webhook: &Webhook) -> i64 {
    let webhook = webhook_in_force(webhook);
    let turn_s = match webhook.max_per_second {
        0 => 0,
        rate => i64::from(webhook.max_concurrent / rate) + 1,
    };
    (i64::from(webhook.timeout_s) + turn_s + 15) * 1_000
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
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
        assert_eq!((limits.max_attempts, limits.backoff_ms), (20, 5_000));
        let pauses = (1..limits.max_attempts).map(|failures| limits.backoff(failures, 0.5));
        let days = pauses.sum::<i64>() as f64 / 86_400_000.0;
        assert!((2.5..3.5).contains(&days), "tried over {days} days");
    }

    #[test]
    fn what_is_in_force_is_told_in_the_units_of_the_request_and_stays_when_it_is_asked_for() {
        let consumed = in_force(&Subscription::default());
        let expected = Handling {
            max_in_flight: 1_000,
            ack_timeout_s: 30,
            max_attempts: 5,
            backoff_ms: 1_000,
            max_backoff_s: 300,
            max_parked_events: 10_000,
        };
        assert_eq!(consumed.handling, Some(expected));
        let told = Subscription {
            handling: Some(Handling {
                ack_timeout_s: 7,
                backoff_ms: 50,
                ..Handling::default()
            }),
            webhook: Some(Webhook::default()),
            ..Subscription::default()
        };
        let posted = in_force(&told);
        let handling = posted.handling.unwrap();
        // The 7 seconds would be over before a request may be.
        assert_eq!((handling.ack_timeout_s, handling.backoff_ms), (30, 50));
        assert_eq!(posted.webhook.as_ref().unwrap().max_concurrent, 16);
        assert_eq!(in_force(&posted), posted);
    }
}
