//! What a look says in the words of the contract: status, reason, stage and owner.

use super::standing::{Live, Standing};
use super::tracker::{Found, Tracker};
use lienthong_contract::pb::operations::v1::{Outlook, SubscriptionLag};
use lienthong_contract::pb::subscription::v1::SubscriptionState;
use lienthong_domain::lag::{Condition, Phase, Status};
use lienthong_telemetry::owners;
use lienthong_telemetry::stage::Stage;

/// What one look says of a subscription.
pub struct Seen<'a> {
    /// Its name.
    pub name: &'a str,
    /// By the fold.
    pub standing: &'a Standing,
    /// By its task; none: it did not answer, or no gateway keeps it.
    pub live: Option<&'a Live>,
    /// By the log.
    pub found: &'a Found,
    /// The window, this look included.
    pub tracker: &'a Tracker,
    /// Why no gateway keeps it now; none: one does.
    pub unkept: Option<&'a str>,
    /// The gateway that keeps it.
    pub gateway: &'a str,
}

/// In the words of the contract.
pub fn told(seen: &Seen<'_>, now_ms: i64) -> SubscriptionLag {
    let Seen {
        standing, found, ..
    } = seen;
    let (status, reason) = status(seen);
    let (stage, owner) = cause(seen, status);
    let rates = seen.tracker.window.outlook();
    let live = seen.live.cloned().unwrap_or_default();
    let parked_for = |since_ms: i64| now_ms.saturating_sub(since_ms).max(0) as f64 / 1_000.0;
    SubscriptionLag {
        name: seen.name.to_owned(),
        lag_seconds: found.lag_ms(now_ms) as f64 / 1_000.0,
        lag_events: found.waiting,
        status: status.name().to_owned(),
        reason,
        outlook: Some(Outlook {
            in_per_second: rates.in_per_second,
            out_per_second: rates.out_per_second,
            eta_seconds: match found.waiting {
                0 => Some(0.0),
                _ => rates.eta_seconds,
            },
            headroom_seconds: found.headroom_seconds,
            window_seconds: rates.covered_seconds,
        }),
        stage: stage.map_or_else(String::new, |stage| stage.name().to_owned()),
        owner,
        in_flight: live.in_flight,
        consumers: live.consumers,
        parked: standing.parked,
        parked_oldest_seconds: standing.parked_ms.map_or(0.0, parked_for),
        gateway: seen.gateway.to_owned(),
    }
}

fn status(seen: &Seen<'_>) -> (Status, String) {
    let Seen {
        standing, found, ..
    } = seen;
    let condition = Condition {
        phase: Phase::Following,
        blocked: found.blocked.clone(),
        lost: found.lost.clone(),
        ..Condition::default()
    };
    let (judged, words) = seen.tracker.window.judge(&condition);
    if judged == Status::Lost {
        return (judged, words);
    }
    if let Some(why) = seen.unkept {
        return (Status::Unkept, why.to_owned());
    }
    match standing.state {
        SubscriptionState::Disabled => (Status::Disabled, standing.why.clone()),
        SubscriptionState::Paused if standing.why.is_empty() => {
            (Status::Paused, "it was paused".to_owned())
        }
        SubscriptionState::Paused => (Status::Paused, standing.why.clone()),
        _ if standing.is_full => {
            let why = "as many events as it may hold wait in cases that failed; release or skip parked cases";
            (Status::Full, why.to_owned())
        }
        _ if judged == Status::Current => (judged, words),
        _ => (judged, with_consumers(words, seen)),
    }
}

/// What consumers have to do with it.
fn with_consumers(mut words: String, seen: &Seen<'_>) -> String {
    match seen.live {
        None => words.push_str("; its task does not answer"),
        Some(live) if live.consumers == 0 => words.push_str("; nobody consumes it"),
        Some(live) if live.in_flight > 0 => {
            let in_flight = live.in_flight;
            words.push_str(&format!("; {in_flight} handed out and not acknowledged"));
        }
        Some(_) => {}
    }
    if seen.found.is_at_most {
        words.push_str("; the seconds are the most it can be: it is still looked for the first event that it wants");
    }
    words
}

/// The stage that is the cause, and whose it is.
fn cause(seen: &Seen<'_>, status: Status) -> (Option<Stage>, String) {
    let owners = owners::get();
    let subscriber = || (Some(Stage::Subscriber), seen.name.to_owned());
    let gateways = || (Some(Stage::Subscriber), owners.gateways.clone());
    match status {
        Status::Current => (None, String::new()),
        Status::Lost => (Some(Stage::Log), owners.log.clone()),
        Status::Unkept => gateways(),
        Status::Paused | Status::Disabled | Status::Full => subscriber(),
        _ if seen.found.blocked.is_some() => (Some(Stage::Log), owners.log.clone()),
        _ => match seen.live {
            None => gateways(),
            // In whose hands is the event that is late? What is not taken up is the gateway's, unless
            // it holds already what it may.
            Some(live) => {
                let is_held = seen.standing.waiting >= seen.standing.max_in_flight;
                match live.consumers == 0 || seen.found.is_numbered || is_held {
                    true => subscriber(),
                    false => gateways(),
                }
            }
        },
    }
}
