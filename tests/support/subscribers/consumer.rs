//! A consumer of a durable subscription: works, is slow, fails, forgets, crashes or is as good as
//! dead; over `Consume` or over `Fetch` and `Acknowledge`.

use super::diary::{Seen, Shared, SharedNames, What, lock, seen};
use super::doors::{Gateways, may_pass, pause, reason};
use lienthong_contract::pb::subscription::v1::consume_request::Message as Said;
use lienthong_contract::pb::subscription::v1::consume_response::Message as Told;
use lienthong_contract::pb::subscription::v1::subscriptions_client::SubscriptionsClient;
use lienthong_contract::pb::subscription::v1::{
    AcknowledgeRequest, Acknowledgements, ConsumeRequest, Delivery, Failed, FetchRequest, Open,
    Receipt,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// How a consumer behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Acknowledges what he gets.
    Works,
    /// The same, a little later.
    Slow,
    /// Some events fail, and some are never answered.
    Fails,
    /// Ends his connection at random with events unanswered.
    Crashes,
    /// Answers nothing, ever.
    Dead,
    /// Asks by `Fetch`.
    Fetches,
    /// Every event of some cases fails until he is cured.
    Chokes,
}

/// A consumer.
#[derive(Clone)]
pub struct Consumer {
    /// The subscription.
    pub subscription: String,
    /// Number among its consumers.
    pub who: u16,
    /// How he behaves.
    pub manner: Manner,
    /// Decides what fails.
    pub seed: u64,
    /// Where he goes.
    pub gateways: Gateways,
    /// What he was told; shared by the consumers of a subscription.
    pub diary: Shared,
    /// The names in it.
    pub names: SharedNames,
    /// Set when he chokes no more, is alive again, forgets nothing more.
    pub cured: Arc<AtomicBool>,
}

/// What a consumer does with an event.
enum Verdict {
    Done,
    Failed,
    Nothing,
}

/// Consumes until told to stop.
pub async fn run(consumer: Consumer, stop: CancellationToken) {
    let mut dice = StdRng::seed_from_u64(consumer.seed);
    let mut turn = consumer.seed as usize;
    while !stop.is_cancelled() {
        let session = async {
            match consumer.manner {
                Manner::Fetches => fetching(&consumer, &mut dice, turn).await,
                _ => consuming(&consumer, &mut dice, turn).await,
            }
        };
        let ended = tokio::select! {
            ended = session => ended,
            () = stop.cancelled() => return,
        };
        turn += 1;
        {
            let mut diary = lock(&consumer.diary);
            diary.note(consumer.who, What::Left);
            if let Err(status) = &ended {
                diary.hear(&reason(status));
                if !may_pass(status) {
                    diary.say(format!("consumer {}: {status:?}", consumer.who));
                }
            }
        }
        tokio::select! {
            () = pause(ended.as_ref().err()) => {}
            () = stop.cancelled() => return,
        }
    }
}

impl Consumer {
    fn name(&self) -> String {
        format!("c{}", self.who)
    }

    fn is_cured(&self) -> bool {
        self.cured.load(Ordering::SeqCst)
    }

    fn share(&self) -> u32 {
        match self.manner {
            Manner::Dead => 5,
            _ => 0,
        }
    }

    fn decide(&self, seen: &Seen, dice: &mut StdRng) -> Verdict {
        if self.is_cured() {
            return Verdict::Done;
        }
        match self.manner {
            Manner::Works | Manner::Slow | Manner::Crashes | Manner::Fetches => Verdict::Done,
            Manner::Dead => Verdict::Nothing,
            Manner::Chokes if seen.key % 50 == 7 => Verdict::Failed,
            Manner::Chokes => Verdict::Done,
            Manner::Fails => match dice.random_range(0..200) {
                0..4 => Verdict::Failed,
                4 => Verdict::Nothing,
                _ => Verdict::Done,
            },
        }
    }

    /// Notes deliveries and decides about each, in order.
    fn take(&self, deliveries: &[Delivery], dice: &mut StdRng) -> Acknowledgements {
        let mut cases = HashSet::new();
        let mut said = Acknowledgements::default();
        for delivery in deliveries {
            let told = seen(&self.names, delivery);
            let mut diary = lock(&self.diary);
            let told = match told {
                Ok(told) => told,
                Err(words) => {
                    diary.say(words);
                    continue;
                }
            };
            if told.sequence == 0 || told.attempt == 0 || delivery.day.is_empty() {
                diary.say(format!("a delivery without its number: {delivery:?}"));
            }
            if !cases.insert(told.key) {
                diary.say(format!("two events of a case in one message: {told:?}"));
            }
            diary.note(self.who, What::Told(told));
            let receipt = Receipt {
                sequence: told.sequence,
                attempt: told.attempt,
            };
            match self.decide(&told, dice) {
                Verdict::Done => {
                    diary.note(self.who, What::Done(told.sequence));
                    said.done.push(receipt);
                }
                Verdict::Failed => {
                    diary.note(self.who, What::Failed(told.sequence));
                    said.failed.push(Failed {
                        receipt: Some(receipt),
                        retry_after_ms: 0,
                        reason: "on purpose".to_owned(),
                    });
                }
                Verdict::Nothing => diary.note(self.who, What::Forgotten(told.sequence)),
            }
        }
        said
    }
}

async fn consuming(consumer: &Consumer, dice: &mut StdRng, turn: usize) -> Result<(), Status> {
    let channel = consumer.gateways.connect(turn).await?;
    let mut client = SubscriptionsClient::new(channel).max_decoding_message_size(64 << 20);
    let (says, said) = mpsc::channel(64);
    let say = |message| ConsumeRequest {
        message: Some(message),
    };
    let open = Open {
        name: consumer.subscription.clone(),
        consumer: consumer.name(),
        max_in_flight: consumer.share(),
        heartbeat_s: 1,
    };
    let _ = says.send(say(Said::Open(open))).await;
    let mut told = client
        .consume(ReceiverStream::new(said))
        .await?
        .into_inner();
    lock(&consumer.diary).open();
    let crashes_after = match consumer.manner {
        Manner::Crashes if !consumer.is_cured() => dice.random_range(1..40),
        _ => u32::MAX,
    };
    let mut handed = 0;
    loop {
        let message = tokio::time::timeout(Duration::from_secs(5), told.message()).await;
        let message = message.map_err(|_| Status::unavailable("no heartbeat"))??;
        let Some(message) = message.and_then(|message| message.message) else {
            lock(&consumer.diary).hear("end without GoingAway");
            return Ok(());
        };
        match message {
            Told::Handed(message) => {
                handed += 1;
                if consumer.manner == Manner::Slow {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                if handed >= crashes_after {
                    crash(consumer, &message.deliveries);
                    return Ok(());
                }
                let acknowledgements = consumer.take(&message.deliveries, dice);
                let said = say(Said::Acknowledgements(acknowledgements));
                if says.send(said).await.is_err() {
                    return Err(Status::unavailable("the gateway hears no more"));
                }
            }
            Told::Late(message) => lock(&consumer.diary).late += message.acknowledgements,
            Told::Withdrawn(message) => {
                lock(&consumer.diary).say(format!("withdrawn: {message:?}"));
            }
            Told::GoingAway(_) => {
                lock(&consumer.diary).hear("GoingAway");
                return Ok(());
            }
            Told::Heartbeat(_) => lock(&consumer.diary).hear("Heartbeat"),
        }
    }
}

/// The consumer got these and is gone before it could answer.
fn crash(consumer: &Consumer, deliveries: &[Delivery]) {
    for delivery in deliveries {
        let told = seen(&consumer.names, delivery);
        let mut diary = lock(&consumer.diary);
        match told {
            Ok(told) => diary.note(consumer.who, What::Told(told)),
            Err(words) => diary.say(words),
        }
    }
    // Before the connection is dropped: from then on the hub may give them to others.
    let mut diary = lock(&consumer.diary);
    diary.note(consumer.who, What::Left);
    diary.hear("the consumer crashed");
}

async fn fetching(consumer: &Consumer, dice: &mut StdRng, turn: usize) -> Result<(), Status> {
    let channel = consumer.gateways.connect(turn).await?;
    let mut client = SubscriptionsClient::new(channel).max_decoding_message_size(64 << 20);
    lock(&consumer.diary).open();
    loop {
        let request = FetchRequest {
            name: consumer.subscription.clone(),
            consumer: consumer.name(),
            max_events: 50,
            max_wait_ms: 1_000,
        };
        let fetch = tokio::time::timeout(Duration::from_secs(6), client.fetch(request));
        let fetched = fetch
            .await
            .map_err(|_| Status::unavailable("Fetch did not answer"))??;
        let acknowledgements = consumer.take(&fetched.into_inner().deliveries, dice);
        if acknowledgements == Acknowledgements::default() {
            continue;
        }
        let request = AcknowledgeRequest {
            name: consumer.subscription.clone(),
            acknowledgements: Some(acknowledgements),
        };
        let acknowledge = tokio::time::timeout(Duration::from_secs(6), client.acknowledge(request));
        let answer = acknowledge
            .await
            .map_err(|_| Status::unavailable("Acknowledge did not answer"))??;
        lock(&consumer.diary).late += answer.into_inner().late;
    }
}
