//! What a receiver can prove by himself: manifests equal to what he was told, and numbers that
//! `ReadRange` tells as they were told.

use super::check::Verdict;
use super::diary::{Note, Seen, SharedNames, What, lock, seen};
use crate::kill::Fault;
use lienthong_contract::pb::subscription::v1::subscriptions_client::SubscriptionsClient;
use lienthong_contract::pb::subscription::v1::{DayManifest, GetManifestRequest, ReadRangeRequest};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use tonic::transport::Channel;

/// Numbers of one call of `ReadRange`.
const RANGE: u64 = 50_000;

/// What a receiver counts of a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Day {
    /// First number; 0: none.
    pub first: u64,
    /// Last number.
    pub last: u64,
    /// How many.
    pub count: u64,
    /// Sum of the events' digests.
    pub digest: u64,
}

/// Every number with what was told under it first.
pub fn numbers(notes: &[Note]) -> BTreeMap<u64, Seen> {
    let mut numbers = BTreeMap::new();
    for note in notes {
        if let What::Told(seen) = note.what {
            numbers.entry(seen.sequence).or_insert(seen);
        }
    }
    numbers
}

/// The manifests as the receiver makes them from what he was told.
pub fn days(numbers: &BTreeMap<u64, Seen>, names: &SharedNames) -> HashMap<String, Day> {
    let names = lock(names);
    let mut days: HashMap<String, Day> = HashMap::new();
    for (number, seen) in numbers {
        let day = days.entry(names.text(seen.day).to_string()).or_default();
        if day.first == 0 {
            day.first = *number;
        }
        day.last = *number;
        day.count += 1;
        day.digest = day
            .digest
            .wrapping_add(digest(*number, &names.text(seen.event)));
    }
    days
}

/// What one event adds to the digest of its day; `identity` is source, line feed, id.
pub fn digest(number: u64, identity: &str) -> u64 {
    let hash = Sha256::digest(format!("{number}\n{identity}"));
    let first: [u8; 8] = std::array::from_fn(|at| hash[at]);
    u64::from_be_bytes(first)
}

/// Compares the hub's manifests with the receiver's.
pub fn manifests(told: &[DayManifest], counted: &HashMap<String, Day>, verdict: &mut Verdict) {
    let mut left: Vec<&String> = counted.keys().collect();
    for manifest in told {
        verdict.manifests += 1;
        left.retain(|day| **day != manifest.day);
        let theirs = Day {
            first: manifest.first_sequence,
            last: manifest.last_sequence,
            count: manifest.count,
            digest: u64::from_str_radix(&manifest.digest, 16).unwrap_or_default(),
        };
        let ours = counted.get(&manifest.day).cloned().unwrap_or_default();
        if ours != theirs {
            verdict.manifests_different += 1;
            verdict.say(format!(
                "{}: told {theirs:?}, counted {ours:?}",
                manifest.day
            ));
        }
    }
    verdict.manifests_different += left.len() as u64;
    if let Some(day) = left.first() {
        verdict.say(format!("{day:?} has no manifest"));
    }
}

/// Compares a number read again with what was told under it.
pub fn again(numbers: &BTreeMap<u64, Seen>, read: &Seen, verdict: &mut Verdict) {
    verdict.read_again += 1;
    let same = numbers.get(&read.sequence).is_some_and(|told| {
        let same_place = told.offset == u64::MAX
            || (told.partition, told.offset) == (read.partition, read.offset);
        told.event == read.event && told.key == read.key && same_place && told.day == read.day
    });
    if !same || read.attempt != 0 {
        verdict.read_wrong += 1;
        let told = numbers.get(&read.sequence);
        verdict.say(format!("read again as {read:?}, told {told:?}"));
    }
}

/// Asks the hub for everything that proves a durable subscription.
///
/// # Errors
/// If the hub does not answer.
pub async fn ask(
    channel: &Channel,
    name: &str,
    notes: &[Note],
    names: &SharedNames,
    verdict: &mut Verdict,
) -> Result<(), Fault> {
    let mut client = SubscriptionsClient::new(channel.clone()).max_decoding_message_size(64 << 20);
    let numbers = numbers(notes);
    let counted = days(&numbers, names);
    let mut asked: Vec<&String> = counted.keys().collect();
    asked.sort();
    let request = GetManifestRequest {
        name: name.to_owned(),
        first_day: asked.first().map(|day| (*day).clone()).unwrap_or_default(),
        last_day: asked.last().map(|day| (*day).clone()).unwrap_or_default(),
    };
    let told = client.get_manifest(request).await?.into_inner();
    manifests(&told.days, &counted, verdict);
    let last = numbers.keys().max().copied().unwrap_or_default();
    let mut first = 1;
    while first <= last {
        let to = last.min(first + RANGE - 1);
        let mut next = first;
        let request = ReadRangeRequest {
            name: name.to_owned(),
            first_sequence: first,
            last_sequence: to,
        };
        let mut read = client.read_range(request).await?.into_inner();
        while let Some(message) = read.message().await? {
            for delivery in &message.deliveries {
                let seen = seen(names, delivery)?;
                if seen.sequence != next {
                    verdict.read_wrong += 1;
                    verdict.say(format!("read {} where {next} was due", seen.sequence));
                }
                next = seen.sequence + 1;
                again(&numbers, &seen, verdict);
            }
        }
        if next != to + 1 {
            verdict.read_wrong += to + 1 - next.min(to + 1);
            verdict.say(format!("ReadRange of {first} to {to} ended before {next}"));
        }
        first = to + 1;
    }
    Ok(())
}
