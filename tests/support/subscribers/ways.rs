//! Every way of subscribing, at once.

use super::check::{Durable, Outage, Verdict, durable, stream};
use super::consumer::{self, Consumer};
use super::diary::{Diary, Names, Note, Shared, SharedNames, What, lock};
use super::doors::{Gateways, may_pass, pause};
use super::expected::{Expected, Sendings, Since};
use super::receiver::{self, Receiver};
use super::sse::{self, Reader};
use super::stream::{self as streams, From, Manner, Subscriber};
use super::wanted::{self, Wanted};
use crate::kill::Fault;
use lienthong_contract::pb::subscription::v1::subscriptions_client::SubscriptionsClient;
use lienthong_contract::pb::subscription::v1::{
    Beginning, CreateSubscriptionRequest, End, Handling, Start, Subscription, Webhook, start,
};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// After this an event that was not acknowledged is handed out again, seconds.
const ACK_TIMEOUT_S: u32 = 3;
/// Tries to create a subscription.
const TRIES: usize = 100;

/// How a way ends up with its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The caller keeps his place.
    Stream,
    /// The hub keeps the place, under this name.
    Durable(String),
}

/// One way of subscribing.
pub struct Way {
    /// Its name for a person.
    pub name: String,
    /// What it asks for.
    pub wanted: Wanted,
    /// How it ends up with its events.
    pub kind: Kind,
    /// What it was told.
    pub diary: Shared,
    /// Whether it begins with the first event.
    pub from_beginning: bool,
    /// Whether it hears of every event and is not slow by itself.
    pub is_steady: bool,
    /// Since when events count, if not from the beginning and not from its first message.
    pub moment: Option<Instant>,
}

/// All of them, running.
pub struct Ways {
    /// What they ask for and were told.
    pub ways: Vec<Way>,
    /// The names in their diaries.
    pub names: SharedNames,
    /// Where they go.
    pub gateways: Gateways,
    cured: Arc<AtomicBool>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    seed: u64,
}

impl Ways {
    /// None yet.
    pub fn new(gateways: Gateways, seed: u64) -> Self {
        Self {
            ways: Vec::new(),
            names: Arc::new(Mutex::new(Names::default())),
            gateways,
            cured: Arc::default(),
            stop: CancellationToken::new(),
            tasks: JoinSet::new(),
            seed,
        }
    }

    /// Starts those that are there before the first event.
    ///
    /// # Errors
    /// If a durable subscription cannot be created.
    pub async fn start(&mut self) -> Result<(), Fault> {
        use wanted::{desks, everything, few, handed_over, province};
        self.stream("stream", From::Beginning, everything(), Manner::Steady);
        self.stream(
            "stream, restless",
            From::Beginning,
            everything(),
            Manner::Restless,
        );
        self.stream(
            "stream, forgetful",
            From::Beginning,
            everything(),
            Manner::Forgetful,
        );
        self.stream("stream, slow", From::Beginning, everything(), Manner::Slow);
        self.stream(
            "stream of hand-overs",
            From::Beginning,
            handed_over(),
            Manner::Restless,
        );
        self.stream("stream of desks", From::Beginning, desks(), Manner::Steady);
        self.stream(
            "stream of a province",
            From::Beginning,
            province(),
            Manner::Restless,
        );
        self.stream("stream of few", From::Beginning, few(), Manner::Restless);
        let all = "/v1/events?from=beginning&heartbeat=2";
        self.events("events over HTTP", all, everything());
        let part = "/v1/events?from=beginning&heartbeat=2&agency.prefix=H56";
        self.events("a province over HTTP", part, province());
        use consumer::Manner::{Chokes, Crashes, Dead, Fails, Fetches, Slow, Works};
        self.durable("durable", everything(), &[Works]).await?;
        let three = [Works, Slow, Works];
        self.durable("durable-shared", everything(), &three).await?;
        let troubled = [Works, Fails, Crashes, Dead, Crashes];
        self.durable("durable-troubled", everything(), &troubled)
            .await?;
        self.durable("durable-fetched", desks(), &[Fetches, Fetches])
            .await?;
        self.durable("durable-choking", everything(), &[Chokes, Chokes])
            .await?;
        self.webhook("webhook").await
    }

    /// Starts those that come while events come in.
    ///
    /// # Errors
    /// If a durable subscription cannot be created.
    pub async fn join(&mut self) -> Result<(), Fault> {
        use wanted::{everything, province};
        self.stream(
            "stream, late",
            From::Beginning,
            everything(),
            Manner::Steady,
        );
        self.stream(
            "stream from the end",
            From::End,
            everything(),
            Manner::Restless,
        );
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        let moment = Instant::now();
        self.stream(
            "stream from a time",
            From::Time(i64::try_from(now)?),
            everything(),
            Manner::Restless,
        );
        self.last().moment = Some(moment);
        let name = "durable-from-end";
        self.create(subscription(name, &province()), start_at(From::End))
            .await?;
        let moment = Instant::now();
        self.consume(name, province(), &[consumer::Manner::Works]);
        self.last().moment = Some(moment);
        self.last().from_beginning = false;
        Ok(())
    }

    /// From now on no consumer fails, forgets, crashes or chokes.
    pub fn cure(&self) {
        self.cured.store(true, Ordering::SeqCst);
    }

    /// Ends all of them.
    pub async fn end(&mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }

    /// What a way is to be told, if it said its first word.
    pub fn expected(&self, way: &Way, sendings: &Sendings) -> Expected {
        let since = match (way.from_beginning, way.moment) {
            (true, _) => Since::Beginning,
            (false, Some(moment)) => Since::Moment(moment),
            (false, None) => {
                let opened = lock(&way.diary).opened;
                Since::Moment(opened.unwrap_or_else(Instant::now))
            }
        };
        sendings.expected(&way.wanted, since)
    }

    /// Those of `must` that a way has not got yet.
    pub fn missing(way: &Way, must: &HashSet<u32>) -> usize {
        let diary = lock(&way.diary);
        let mut got: HashSet<u32> = HashSet::new();
        let mut of_number = std::collections::HashMap::new();
        for note in &diary.notes {
            match note.what {
                What::Told(seen) if way.kind == Kind::Stream => {
                    got.insert(seen.event);
                }
                What::Told(seen) => {
                    of_number.insert(seen.sequence, seen.event);
                }
                What::Done(number) => got.extend(of_number.get(&number)),
                _ => {}
            }
        }
        must.difference(&got).count()
    }

    /// What a way's diary proves.
    pub fn judge(&self, way: &Way, sendings: &Sendings, outages: &[Outage]) -> Verdict {
        let expected = self.expected(way, sendings);
        let diary = lock(&way.diary);
        let mut verdict = match &way.kind {
            Kind::Stream => stream(&expected, &diary.notes),
            Kind::Durable(_) => {
                let knows = Durable {
                    ack_timeout: Duration::from_secs(ACK_TIMEOUT_S.into()),
                    late: diary.late,
                    outages,
                    skipped: &HashSet::new(),
                };
                durable(&expected, &diary.notes, &knows)
            }
        };
        verdict.way = way.name.clone();
        verdict.sessions = diary.sessions;
        verdict.heard = diary.heard.clone();
        for words in &diary.strange {
            verdict.say(words.clone());
        }
        if way.is_steady {
            for outage in outages {
                let silence = silence(&diary.notes, outage).as_secs_f64();
                let longest = verdict.silences_s.entry(outage.what.clone()).or_default();
                *longest = longest.max(silence);
            }
        }
        verdict
    }

    fn last(&mut self) -> &mut Way {
        let last = self.ways.len() - 1;
        &mut self.ways[last]
    }

    fn add(&mut self, name: &str, wanted: Wanted, kind: Kind) -> Shared {
        let diary = Arc::new(Mutex::new(Diary::default()));
        self.ways.push(Way {
            name: name.to_owned(),
            is_steady: wanted.filters.is_empty(),
            wanted,
            kind,
            diary: diary.clone(),
            from_beginning: true,
            moment: None,
        });
        diary
    }

    fn seed(&self) -> u64 {
        self.seed.wrapping_add(self.tasks.len() as u64)
    }

    fn stream(&mut self, name: &str, from: From, wanted: Wanted, manner: Manner) {
        let diary = self.add(name, wanted.clone(), Kind::Stream);
        self.last().from_beginning = from == From::Beginning;
        self.last().is_steady &= manner != Manner::Slow;
        let subscriber = Subscriber {
            from,
            wanted,
            manner,
            seed: self.seed(),
            gateways: self.gateways.clone(),
            diary,
            names: self.names.clone(),
        };
        self.tasks
            .spawn(streams::run(subscriber, self.stop.clone()));
    }

    fn events(&mut self, name: &str, path: &str, wanted: Wanted) {
        let diary = self.add(name, wanted, Kind::Stream);
        let reader = Reader {
            path: path.to_owned(),
            seed: self.seed(),
            gateways: self.gateways.clone(),
            diary,
            names: self.names.clone(),
        };
        self.tasks.spawn(sse::run(reader, self.stop.clone()));
    }

    async fn durable(
        &mut self,
        name: &str,
        wanted: Wanted,
        consumers: &[consumer::Manner],
    ) -> Result<(), Fault> {
        let mut made = subscription(name, &wanted);
        if consumers.contains(&consumer::Manner::Chokes) {
            made.handling.get_or_insert_default().max_attempts = 3;
        }
        self.create(made, start_at(From::Beginning)).await?;
        self.consume(name, wanted, consumers);
        Ok(())
    }

    fn consume(&mut self, name: &str, wanted: Wanted, consumers: &[consumer::Manner]) {
        let diary = self.add(name, wanted, Kind::Durable(name.to_owned()));
        for (number, manner) in consumers.iter().enumerate() {
            let consumer = Consumer {
                subscription: name.to_owned(),
                who: number as u16 + 1,
                manner: *manner,
                seed: self.seed(),
                gateways: self.gateways.clone(),
                diary: diary.clone(),
                names: self.names.clone(),
                cured: self.cured.clone(),
            };
            self.tasks.spawn(consumer::run(consumer, self.stop.clone()));
        }
    }

    async fn webhook(&mut self, name: &str) -> Result<(), Fault> {
        let wanted = wanted::desks();
        let diary = self.add(name, wanted.clone(), Kind::Durable(name.to_owned()));
        let receiver = Receiver {
            diary,
            names: self.names.clone(),
            cured: self.cured.clone(),
            seed: self.seed(),
        };
        let url = receiver::start(receiver, self.stop.clone()).await?;
        let mut made = subscription(name, &wanted);
        made.webhook = Some(Webhook {
            url,
            ..Webhook::default()
        });
        self.create(made, start_at(From::Beginning)).await
    }

    async fn create(&self, made: Subscription, start: Start) -> Result<(), Fault> {
        let request = CreateSubscriptionRequest {
            subscription: Some(made),
            start: Some(start),
        };
        let mut last = None;
        for turn in 0..TRIES {
            let created = match self.gateways.connect(turn).await {
                Ok(channel) => {
                    let mut client = SubscriptionsClient::new(channel);
                    client.create_subscription(request.clone()).await
                }
                Err(status) => Err(status),
            };
            match created {
                Ok(_) => return Ok(()),
                Err(status) if may_pass(&status) => {
                    pause(Some(&status)).await;
                    last = Some(status);
                }
                Err(status) => return Err(status.into()),
            }
        }
        Err(format!("a subscription was not created: {last:?}").into())
    }
}

fn subscription(name: &str, wanted: &Wanted) -> Subscription {
    Subscription {
        name: name.to_owned(),
        description: "made by the checker".to_owned(),
        filters: wanted.filters.clone(),
        handling: Some(Handling {
            max_in_flight: 500,
            ack_timeout_s: ACK_TIMEOUT_S,
            max_attempts: 100,
            backoff_ms: 50,
            max_backoff_s: 1,
            max_parked_events: 1_000_000,
        }),
        webhook: None,
    }
}

fn start_at(from: From) -> Start {
    let place = match from {
        From::End => start::Place::End(End {}),
        _ => start::Place::Beginning(Beginning {}),
    };
    Start { place: Some(place) }
}

/// The longest time without an event that touches the outage.
fn silence(notes: &[Note], outage: &Outage) -> Duration {
    let told = notes
        .iter()
        .filter(|note| matches!(note.what, What::Told(_)));
    let mut last: Option<Instant> = None;
    let mut longest = Duration::ZERO;
    for note in told {
        if let Some(last) = last
            && note.at >= outage.from
            && last <= outage.until
        {
            longest = longest.max(note.at - last);
        }
        last = Some(note.at);
    }
    longest
}
