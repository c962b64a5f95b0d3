//! Consumers of durable subscriptions, who know when they were done with which event.

use super::now_ms;
use crate::kill::Fault;
use lienthong_contract::pb::subscription::v1::consume_request::Message as Said;
use lienthong_contract::pb::subscription::v1::consume_response::Message as Told;
use lienthong_contract::pb::subscription::v1::subscriptions_client::SubscriptionsClient;
use lienthong_contract::pb::subscription::v1::{
    Acknowledgements, ConsumeRequest, CreateSubscriptionRequest, End, Handling, Open, Receipt,
    Start, Subscription, start,
};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

/// Events a second of a consumer that is slow.
const SLOW_PER_SECOND: u64 = 10;
/// After so long what was not acknowledged is handed out again, in seconds: longer than any phase.
const ACK_TIMEOUT_S: u32 = 300;

/// How a consumer behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Acknowledges at once.
    Works,
    /// Acknowledges a few a second.
    Slow,
    /// Takes events and acknowledges none.
    Holds,
    /// Is not there.
    Gone,
}

fn closed<T>(_: mpsc::error::SendError<T>) -> Status {
    Status::unavailable("the gateway hears no more")
}

/// A subscription and its one consumer.
pub struct Subscriber {
    /// The subscription.
    pub name: &'static str,
    /// Events from here on are wanted, by when they were recorded: milliseconds since the epoch.
    pub since_ms: f64,
    manner: watch::Sender<Manner>,
    done_ms: Mutex<HashMap<(u32, u64), f64>>,
    /// The number under which each event was told, by position.
    numbers: Mutex<HashMap<(u32, u64), u64>>,
    endings: Mutex<Vec<String>>,
}

impl Subscriber {
    /// Makes the subscription: every event from now on.
    ///
    /// # Errors
    /// If the gateway does not take it.
    pub async fn create(gateway: &str, name: &'static str) -> Result<Arc<Self>, Fault> {
        let mut client = SubscriptionsClient::new(crate::wire::connect(gateway).await?);
        let request = CreateSubscriptionRequest {
            subscription: Some(Subscription {
                name: name.to_owned(),
                handling: Some(Handling {
                    max_in_flight: 1_000,
                    ack_timeout_s: ACK_TIMEOUT_S,
                    max_attempts: 100,
                    ..Handling::default()
                }),
                ..Subscription::default()
            }),
            start: Some(Start {
                place: Some(start::Place::End(End {})),
            }),
        };
        // A gateway that has just begun may not yet keep its lanes.
        let mut tries = 0;
        while let Err(status) = client.create_subscription(request.clone()).await {
            tries += 1;
            if tries == 100 {
                return Err(status.into());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(Arc::new(Self {
            name,
            since_ms: now_ms(),
            manner: watch::Sender::new(Manner::Works),
            done_ms: Mutex::default(),
            numbers: Mutex::default(),
            endings: Mutex::default(),
        }))
    }

    /// From now on the consumer behaves so.
    pub fn set(&self, manner: Manner) {
        self.manner.send_replace(manner);
    }

    /// When the consumer was done with which event, by position.
    pub fn done_ms(&self) -> HashMap<(u32, u64), f64> {
        self.done().clone()
    }

    /// The number under which each event was told, by position.
    pub fn numbers(&self) -> HashMap<(u32, u64), u64> {
        let numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.clone()
    }

    /// How sessions ended that nobody ended.
    pub fn endings(&self) -> Vec<String> {
        let endings = self.endings.lock().unwrap_or_else(PoisonError::into_inner);
        endings.clone()
    }

    /// Consumes until it is dropped.
    pub async fn consume(self: Arc<Self>, gateway: String) {
        let mut manner = self.manner.subscribe();
        loop {
            if *manner.borrow_and_update() == Manner::Gone {
                // The sender is part of `self`.
                let _ = manner.changed().await;
                continue;
            }
            if let Err(status) = self.session(&gateway).await {
                let mut endings = self.endings.lock().unwrap_or_else(PoisonError::into_inner);
                endings.push(format!("{}: {status}", self.name));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn session(&self, gateway: &str) -> Result<(), Status> {
        let mut client = SubscriptionsClient::new(crate::wire::connect(gateway).await?)
            .max_decoding_message_size(64 << 20);
        let (says, said) = mpsc::channel(64);
        let open = Open {
            name: self.name.to_owned(),
            consumer: "truth".to_owned(),
            heartbeat_s: 1,
            ..Open::default()
        };
        let opening = ConsumeRequest {
            message: Some(Said::Open(open)),
        };
        says.send(opening).await.map_err(closed)?;
        let mut told = client
            .consume(ReceiverStream::new(said))
            .await?
            .into_inner();
        let mut held: VecDeque<(Receipt, (u32, u64))> = VecDeque::new();
        let mut manner = self.manner.subscribe();
        let mut tick = tokio::time::interval(Duration::from_millis(1_000 / SLOW_PER_SECOND));
        loop {
            let mut is_due = false;
            tokio::select! {
                message = told.message() => match message?.and_then(|message| message.message) {
                    Some(Told::Handed(handed)) => {
                        let told = handed.deliveries.iter().map(|delivery| {
                            let receipt = Receipt {
                                sequence: delivery.sequence,
                                attempt: delivery.attempt,
                            };
                            let at = delivery.position.unwrap_or_default();
                            (receipt, (at.partition, at.offset))
                        });
                        let told: Vec<_> = told.collect();
                        let mut numbers =
                            self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
                        numbers.extend(told.iter().map(|(receipt, at)| (*at, receipt.sequence)));
                        held.extend(told);
                    }
                    Some(Told::GoingAway(_)) | None => return Ok(()),
                    Some(_) => {}
                },
                _ = tick.tick() => is_due = true,
                // The sender is part of `self`.
                _ = manner.changed() => {}
            }
            let now = *manner.borrow();
            let many = match now {
                Manner::Works => held.len(),
                Manner::Slow => held.len().min(usize::from(is_due)),
                Manner::Holds => 0,
                Manner::Gone => return Ok(()),
            };
            if many > 0 {
                self.acknowledge(&says, held.drain(..many).collect())
                    .await?;
            }
        }
    }

    async fn acknowledge(
        &self,
        says: &mpsc::Sender<ConsumeRequest>,
        done: Vec<(Receipt, (u32, u64))>,
    ) -> Result<(), Status> {
        let acknowledgements = Acknowledgements {
            done: done.iter().map(|(receipt, _)| *receipt).collect(),
            failed: Vec::new(),
        };
        let message = ConsumeRequest {
            message: Some(Said::Acknowledgements(acknowledgements)),
        };
        says.send(message).await.map_err(closed)?;
        let now = now_ms();
        let mut known = self.done();
        for (_, at) in done {
            known.entry(at).or_insert(now);
        }
        Ok(())
    }

    fn done(&self) -> MutexGuard<'_, HashMap<(u32, u64), f64>> {
        self.done_ms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
