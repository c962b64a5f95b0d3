//! Consumers that crash, sleep and fail over gateways that stop, start and are displaced: nothing
//! is lost, and what is promised of numbers and order holds.

use super::*;
use crate::durable::kept::manifest;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use tokio::time::{sleep, timeout};

const EVENTS: usize = 6_000;
const CASES: usize = 150;

/// What consumers saw, in the order in which they saw it.
#[derive(Default)]
struct Seen {
    /// The event of each number, by id.
    numbers: BTreeMap<u64, String>,
    /// First deliveries by case.
    cases: BTreeMap<String, Vec<u64>>,
    attempts: BTreeMap<(u64, u32), u32>,
    again: usize,
}

impl Seen {
    fn take(&mut self, event: &Delivery) {
        let seen = self.attempts.entry((event.sequence, event.attempt));
        *seen.or_default() += 1;
        match self.numbers.get(&event.sequence) {
            Some(before) => {
                assert_eq!(*before, id(event), "number {}", event.sequence);
                self.again += 1;
            }
            None => {
                self.numbers.insert(event.sequence, id(event));
                let offset = event.position.unwrap().offset;
                let case = self.cases.entry(event.partition_key.clone()).or_default();
                assert!(
                    case.last().is_none_or(|last| *last < offset),
                    "{} out of order",
                    event.partition_key
                );
                case.push(offset);
            }
        }
    }
}

/// Consumes through whichever gateway is there until told to end.
async fn live(
    name: String,
    gateway: watch::Receiver<Arc<Durable>>,
    seen: Arc<Mutex<Seen>>,
    end: CancellationToken,
    seed: u64,
) {
    let mut random = StdRng::seed_from_u64(seed);
    while !end.is_cancelled() {
        let durable = gateway.borrow().clone();
        let Ok(mut consumer) = consume(durable.as_ref(), opens("all", &name)).await else {
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        let mut messages = 0;
        // Crashes after some messages, with whatever it has.
        let most = random.random_range(3..60);
        while messages < most {
            let Ok(told) = timeout(Duration::from_millis(200), consumer.next()).await else {
                if end.is_cancelled() {
                    return;
                }
                continue;
            };
            let Some(Message::Handed(handed)) = told else {
                if matches!(told, Some(Message::Late(_))) {
                    continue;
                }
                break;
            };
            messages += 1;
            let mut said = Acknowledgements::default();
            for event in &handed.deliveries {
                seen.lock().unwrap().take(event);
                match random.random_range(0..200) {
                    // Never answered.
                    0 => {}
                    1..=5 => said.failed.push(Failed {
                        receipt: Some(receipt(event)),
                        retry_after_ms: random.random_range(1..40),
                        reason: "not today".to_owned(),
                    }),
                    _ => said.done.push(receipt(event)),
                }
            }
            if consumer.said.send(said).await.is_err() {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_delivered_in_order_and_numbered_without_gaps_whoever_comes_and_goes() {
    let home = Home::new(5).await;
    let mut gateway = home.gateway("a").await;
    let handling = Handling {
        max_in_flight: 120,
        ack_timeout_s: 1,
        max_attempts: 100,
        backoff_ms: 10,
        max_backoff_s: 1,
        ..Handling::default()
    };
    let subscription = Subscription {
        handling: Some(handling),
        ..named("all")
    };
    gateway.create(subscription).await;
    let (tell, there) = watch::channel(gateway.durable.clone());
    let seen: Arc<Mutex<Seen>> = Arc::default();
    let end = CancellationToken::new();
    let consumers: Vec<_> = (0..4)
        .map(|number| {
            let name = format!("consumer-{number}");
            tokio::spawn(live(name, there.clone(), seen.clone(), end.clone(), number))
        })
        .collect();
    let mut displaced = Vec::new();
    for round in 0..6 {
        home.append(CASES, round * EVENTS / 6, (round + 1) * EVENTS / 6)
            .await;
        sleep(Duration::from_millis(300)).await;
        for gateway in displaced.drain(..) {
            Gateway::stop(gateway).await;
        }
        let next = match round % 2 {
            0 => {
                gateway.stop().await;
                home.gateway("a").await
            }
            // The next one takes over while this one does not know of it.
            _ => {
                let next = home.gateway("b").await;
                displaced.push(gateway);
                next
            }
        };
        gateway = next;
        tell.send_replace(gateway.durable.clone());
    }
    let all = EVENTS as u64;
    let status = gateway
        .until("all", |status| {
            status.settled_sequence == all && status.lag_ms == 0
        })
        .await;
    assert_eq!((status.last_sequence, status.outstanding), (all, 0));
    assert_eq!(status.unread_records, 0, "{status:?}");
    end.cancel();
    for consumer in consumers {
        consumer.await.unwrap();
    }
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    let numbers: Vec<u64> = seen.numbers.keys().copied().collect();
    assert_eq!(numbers, (1..=all).collect::<Vec<_>>());
    let mut ids: Vec<usize> = seen
        .numbers
        .values()
        .map(|id| id.parse().unwrap())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..EVENTS).collect::<Vec<_>>());
    // A receipt names one handing out for ever.
    assert!(seen.attempts.values().all(|times| *times == 1));
    assert!(seen.again > 0, "nobody crashed");
    let digest = seen
        .numbers
        .iter()
        .map(|(number, id)| manifest::term(*number, "urn:lienthong:vn:H56:onestop", id));
    let digest = digest.fold(0, u64::wrapping_add);
    let numbers = seen.numbers;
    let request = GetManifestRequest {
        name: "all".to_owned(),
        first_day: "2026-01-01".to_owned(),
        last_day: "2026-12-31".to_owned(),
    };
    let manifest = gateway.durable.manifest(request, From::Client).await;
    let days = manifest.unwrap().days;
    assert_eq!(days.iter().map(|day| day.count).sum::<u64>(), all);
    let told = days
        .iter()
        .map(|day| u64::from_str_radix(&day.digest, 16).unwrap());
    assert_eq!(told.fold(0, u64::wrapping_add), digest);
    let request = ReadRangeRequest {
        name: "all".to_owned(),
        first_sequence: 17,
        last_sequence: all - 5,
    };
    let mut range = gateway
        .durable
        .read_range(request, From::Client)
        .await
        .unwrap();
    let mut healed = BTreeMap::new();
    while let Some(told) = range.next().await {
        let told = told.unwrap().encode_to_vec();
        for event in ReadRangeResponse::decode(told.as_slice())
            .unwrap()
            .deliveries
        {
            assert_eq!(event.attempt, 0);
            healed.insert(event.sequence, id(&event));
        }
    }
    let expected: BTreeMap<u64, String> = numbers
        .into_iter()
        .filter(|(number, _)| (17..=all - 5).contains(number))
        .collect();
    assert_eq!(healed, expected);
    gateway.stop().await;
    for gateway in displaced {
        gateway.stop().await;
    }
}
