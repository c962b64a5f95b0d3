//! Durable subscriptions over real logs: everything but the network, which `kafka` has, too.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod calls;
mod checker;
mod kafka;
mod webhooks;

use super::calls::{From, Told as Stream};
use super::poster::{End, Poster, Target};
use super::seat::{Answer, Outcome, Seat, Told};
use super::*;
use crate::testing;
use async_trait::async_trait;
use futures_util::StreamExt;
use lienthong_contract::pb::event::v1::FieldViolation;
use lienthong_contract::pb::subscription::v1::consume_response::Message;
use lienthong_contract::pb::subscription::v1::start::Place as At;
use lienthong_contract::pb::subscription::v1::*;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_eventlog::embedded::Embedded;
use prost::Message as _;
use std::sync::Mutex;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic_types::StatusExt;

/// Posts nowhere: takes events as done until it is told what to say at their end.
#[derive(Default)]
struct Posts {
    posted: Mutex<Vec<(u32, u64)>>,
    /// Refused by the validation.
    refuses: Mutex<bool>,
    /// Disables the endpoint with the next event.
    gone: Mutex<bool>,
}

#[async_trait]
impl Poster for Posts {
    fn check(&self, _: &Webhook, _: &str) -> Vec<FieldViolation> {
        Vec::new()
    }

    fn secret(&self, target: &Target) -> Result<String, Failure> {
        Ok(format!("whsec_{}", target.generation))
    }

    async fn validate(&self, _: &Target) -> Result<(), Failure> {
        match *self.refuses.lock().unwrap() {
            true => Err(Failure::new(Reason::WebhookRefused, "it answered 500")),
            false => Ok(()),
        }
    }

    async fn run(&self, target: Target, mut seat: Seat) -> End {
        while let Some(told) = seat.told.recv().await {
            let Told::Handed(events) = told else { continue };
            let mut answers = Vec::new();
            for event in events {
                if std::mem::take(&mut *self.gone.lock().unwrap()) {
                    return End::Disabled("the endpoint answered 410".to_owned());
                }
                let posted = (target.generation, event.sequence);
                self.posted.lock().unwrap().push(posted);
                answers.push(Answer {
                    sequence: event.sequence,
                    attempt: event.attempt,
                    outcome: Outcome::Done,
                });
            }
            if seat.answers.send(answers).await.is_err() {
                break;
            }
        }
        End::Left
    }
}

/// Two logs on disk, and the source over the one of events.
struct Home {
    _dirs: [TempDir; 2],
    events: Arc<Embedded>,
    subscriptions: Arc<Embedded>,
    source: Arc<crate::source::Source>,
    posts: Arc<Posts>,
}

/// A gateway that is alone.
struct Gateway {
    durable: Arc<Durable>,
    shutdown: CancellationToken,
}

impl Home {
    async fn new(partitions: u32) -> Self {
        let (events_dir, events) = testing::log(partitions);
        let (subscriptions_dir, subscriptions) = testing::log(LANES);
        Self {
            _dirs: [events_dir, subscriptions_dir],
            source: testing::source(events.clone()).await,
            events,
            subscriptions,
            posts: Arc::default(),
        }
    }

    async fn gateway(&self, name: &str) -> Gateway {
        let config = Config {
            gateway: name.to_owned(),
            ..Config::default()
        };
        let handles = Handles {
            blocks: self.source.clone(),
            events: self.events.clone(),
            log: self.subscriptions.clone(),
            groups: None,
            poster: self.posts.clone(),
        };
        let shutdown = CancellationToken::new();
        let durable = start(config, handles, shutdown.clone()).await.unwrap();
        Gateway { durable, shutdown }
    }

    async fn append(&self, cases: usize, from: usize, to: usize) {
        testing::append(self.events.as_ref(), testing::records(cases, from, to)).await;
    }
}

impl Gateway {
    async fn stop(self) {
        self.shutdown.cancel();
        self.durable.finished().await;
    }

    async fn create(&self, subscription: Subscription) -> SubscriptionStatus {
        let request = CreateSubscriptionRequest {
            subscription: Some(subscription),
            start: Some(beginning()),
        };
        let made = self.durable.create(request, From::Client).await;
        made.unwrap().status.unwrap()
    }

    async fn status(&self, name: &str) -> SubscriptionStatus {
        let request = GetSubscriptionRequest {
            name: name.to_owned(),
        };
        let got = self.durable.get(request, From::Client).await;
        got.unwrap().status.unwrap()
    }

    /// Asks until it is so.
    async fn until(
        &self,
        name: &str,
        so: impl Fn(&SubscriptionStatus) -> bool,
    ) -> SubscriptionStatus {
        loop {
            let status = self.status(name).await;
            if so(&status) {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn beginning() -> Start {
    Start {
        place: Some(At::Beginning(Beginning {})),
    }
}

fn named(name: &str) -> Subscription {
    Subscription {
        name: name.to_owned(),
        ..Subscription::default()
    }
}

/// A consumer's stream as a client has it.
struct Consumer {
    said: mpsc::Sender<Acknowledgements>,
    told: Stream,
}

async fn consume(durable: &Durable, open: Open) -> Result<Consumer, tonic::Status> {
    let (said, hears) = mpsc::channel(64);
    let hears = ReceiverStream::new(hears).map(Ok).boxed();
    let told = durable.consume(open, hears, From::Client).await?;
    Ok(Consumer { said, told })
}

fn opens(name: &str, consumer: &str) -> Open {
    Open {
        name: name.to_owned(),
        consumer: consumer.to_owned(),
        ..Open::default()
    }
}

impl Consumer {
    /// The next message but heartbeats; none at the end.
    async fn next(&mut self) -> Option<Message> {
        loop {
            let told = self.told.next().await?.ok()?;
            let told = ConsumeResponse::decode(told.encode_to_vec().as_slice()).unwrap();
            match told.message.unwrap() {
                Message::Heartbeat(_) => {}
                message => return Some(message),
            }
        }
    }

    /// The events of the next message that has some.
    async fn events(&mut self) -> Vec<Delivery> {
        match self.next().await {
            Some(Message::Handed(handed)) => handed.deliveries,
            other => panic!("{other:?}"),
        }
    }

    async fn done(&self, events: &[Delivery]) {
        let done = events.iter().map(receipt).collect();
        let said = Acknowledgements {
            done,
            ..Acknowledgements::default()
        };
        // The stream may have ended.
        let _ = self.said.send(said).await;
    }
}

fn receipt(of: &Delivery) -> Receipt {
    Receipt {
        sequence: of.sequence,
        attempt: of.attempt,
    }
}

fn id(of: &Delivery) -> String {
    let header = of.event.as_ref().and_then(|event| event.header.as_ref());
    header.map_or_else(String::new, |header| header.id.clone())
}

fn reason(status: &tonic::Status) -> String {
    let info = status.get_details_error_info();
    info.map_or_else(String::new, |info| info.reason)
}
