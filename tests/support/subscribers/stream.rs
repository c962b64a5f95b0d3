//! A subscriber who keeps his place himself: `Subscribe` from anywhere, ended at random, resumed by
//! token at any gateway.

use super::diary::{Shared, SharedNames, What, lock, seen};
use super::doors::{Gateways, may_pass, pause, reason};
use super::wanted::Wanted;
use lienthong_contract::pb::subscription::v1::subscribe_response::Message;
use lienthong_contract::pb::subscription::v1::subscriptions_client::SubscriptionsClient;
use lienthong_contract::pb::subscription::v1::{
    Beginning, End, Events, Start, SubscribeRequest, start,
};
use lienthong_contract::time::from_millis;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// Where a subscriber begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// With the first event.
    Beginning,
    /// With what is recorded from now on.
    End,
    /// With what was recorded since this time, milliseconds since the epoch.
    Time(i64),
}

/// How a subscriber behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Stays while the gateway does.
    Steady,
    /// Goes at random and goes on from where he was.
    Restless,
    /// Goes at random, and wrote the token down some messages ago.
    Forgetful,
    /// Waits between messages, so that he falls behind.
    Slow,
}

/// A subscriber.
#[derive(Clone)]
pub struct Subscriber {
    /// Where he begins.
    pub from: From,
    /// What he asks for.
    pub wanted: Wanted,
    /// How he behaves.
    pub manner: Manner,
    /// Decides when he goes.
    pub seed: u64,
    /// Where he goes.
    pub gateways: Gateways,
    /// What he was told.
    pub diary: Shared,
    /// The names in it.
    pub names: SharedNames,
}

/// Where a stream goes on.
#[derive(Debug, Clone, Default)]
struct Place {
    token: Option<String>,
    /// Notes in the diary when the token was current.
    notes: usize,
    /// Messages since the token was written down.
    age: u32,
}

/// Subscribes until told to stop.
pub async fn run(subscriber: Subscriber, stop: CancellationToken) {
    let mut dice = StdRng::seed_from_u64(subscriber.seed);
    let mut place = Place::default();
    let mut turn = subscriber.seed as usize;
    while !stop.is_cancelled() {
        let ended = tokio::select! {
            ended = session(&subscriber, &mut place, &mut dice, turn) => ended,
            () = stop.cancelled() => return,
        };
        turn += 1;
        if let Err(status) = &ended {
            let mut diary = lock(&subscriber.diary);
            diary.hear(&reason(status));
            if !may_pass(status) {
                diary.say(format!("Subscribe: {status:?}"));
            }
        }
        tokio::select! {
            () = pause(ended.as_ref().err()) => {}
            () = stop.cancelled() => return,
        }
    }
}

fn start(from: From, place: &Place) -> Start {
    let place = match (&place.token, from) {
        (Some(token), _) => start::Place::Token(token.clone()),
        (None, From::Beginning) => start::Place::Beginning(Beginning {}),
        (None, From::End) => start::Place::End(End {}),
        (None, From::Time(millis)) => start::Place::Time(from_millis(millis)),
    };
    Start { place: Some(place) }
}

async fn session(
    subscriber: &Subscriber,
    place: &mut Place,
    dice: &mut StdRng,
    turn: usize,
) -> Result<(), Status> {
    let channel = subscriber.gateways.connect(turn).await?;
    let mut client = SubscriptionsClient::new(channel).max_decoding_message_size(64 << 20);
    let request = SubscribeRequest {
        start: Some(start(subscriber.from, place)),
        filters: subscriber.wanted.filters.clone(),
        heartbeat_s: 1,
        until_caught_up: false,
    };
    let mut told = client.subscribe(request).await?.into_inner();
    let goes_after = match subscriber.manner {
        Manner::Restless | Manner::Forgetful => dice.random_range(1..60),
        Manner::Steady | Manner::Slow => u32::MAX,
    };
    let first = place.notes;
    lock(&subscriber.diary).note(0, What::Resumed(first));
    let mut messages = 0;
    while messages < goes_after {
        // A heartbeat comes every second: silence is a gateway that stands still.
        let message = tokio::time::timeout(Duration::from_secs(5), told.message()).await;
        let message = message.map_err(|_| Status::unavailable("no heartbeat"))??;
        let Some(message) = message.and_then(|message| message.message) else {
            lock(&subscriber.diary).hear("end without GoingAway");
            return Ok(());
        };
        if messages == 0 {
            lock(&subscriber.diary).open();
            if !matches!(message, Message::Checkpoint(_)) {
                let words = "the first message was no Checkpoint".to_owned();
                lock(&subscriber.diary).say(words);
            }
        }
        messages += 1;
        if hear(subscriber, place, message) {
            return Ok(());
        }
        if subscriber.manner == Manner::Slow {
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }
    lock(&subscriber.diary).hear("the subscriber left");
    Ok(())
}

/// Takes a message in; whether it was the last.
fn hear(subscriber: &Subscriber, place: &mut Place, message: Message) -> bool {
    let (token, name) = match message {
        Message::Events(Events { deliveries, token }) => {
            if deliveries.is_empty() {
                lock(&subscriber.diary).say("a message without events".to_owned());
            }
            for delivery in &deliveries {
                let seen = seen(&subscriber.names, delivery);
                let mut diary = lock(&subscriber.diary);
                match seen {
                    Ok(seen) => diary.note(0, What::Told(seen)),
                    Err(words) => diary.say(words),
                }
            }
            (token, None)
        }
        Message::CaughtUp(message) => (message.token, Some("CaughtUp")),
        Message::FellBehind(message) => (message.token, Some("FellBehind")),
        Message::Checkpoint(message) => (message.token, Some("Checkpoint")),
        Message::GoingAway(message) => (message.token, Some("GoingAway")),
        Message::Heartbeat(_) => {
            lock(&subscriber.diary).hear("Heartbeat");
            return false;
        }
    };
    let mut diary = lock(&subscriber.diary);
    if let Some(name) = name {
        diary.hear(name);
    }
    if token.is_empty() {
        diary.say(format!("{} without a token", name.unwrap_or("Events")));
        return name == Some("GoingAway");
    }
    place.age += 1;
    let forgets = subscriber.manner == Manner::Forgetful && !place.age.is_multiple_of(7);
    if !forgets || place.token.is_none() {
        place.token = Some(token);
        place.notes = diary.notes.len();
    }
    name == Some("GoingAway")
}
