//! What one subscriber was told and what he said, in the order in which it happened to him.

use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::pb::subscription::v1::Delivery;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Texts kept once: identities of events, keys, days.
#[derive(Debug, Default)]
pub struct Names {
    numbers: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

impl Names {
    /// The number of a text; the same text has the same number for ever.
    pub fn of(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.texts.len() as u32;
        let text: Arc<str> = Arc::from(text);
        self.texts.push(text.clone());
        self.numbers.insert(text, number);
        number
    }

    /// The text of a number.
    pub fn text(&self, number: u32) -> Arc<str> {
        let text = self.texts.get(number as usize);
        text.cloned().unwrap_or_default()
    }

    /// The number of an event by its source and id, as manifests write them.
    pub fn identity(&mut self, source: &str, id: &str) -> u32 {
        self.of(&format!("{source}\n{id}"))
    }
}

/// One event as it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Number of its identity in [`Names`].
    pub event: u32,
    /// Number of its case's key.
    pub key: u32,
    /// Where it lies.
    pub partition: u32,
    /// Where it lies; `u64::MAX` where the way does not tell.
    pub offset: u64,
    /// 0 for a stream whose place the caller keeps.
    pub sequence: u64,
    /// 0 for a stream whose place the caller keeps.
    pub attempt: u32,
    /// Number of the day's text; of a durable subscription only.
    pub day: u32,
}

/// One thing that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// An event was told.
    Told(Seen),
    /// The subscriber is about to say that it is done.
    Done(u64),
    /// The subscriber is about to say that it failed.
    Failed(u64),
    /// The subscriber keeps it and says nothing on purpose.
    Forgotten(u64),
    /// The subscriber's connection ended, whoever ended it.
    Left,
    /// A stream goes on from the token that was current when the diary had so many notes.
    Resumed(usize),
}

/// Who, when, what.
#[derive(Debug, Clone, Copy)]
pub struct Note {
    /// Number of the consumer; 0 where there is only one.
    pub who: u16,
    /// When.
    pub at: Instant,
    /// What.
    pub what: What,
}

/// Everything that happened to a way of subscribing.
#[derive(Debug, Default)]
pub struct Diary {
    /// In order.
    pub notes: Vec<Note>,
    /// When the first message of the first stream came.
    pub opened: Option<Instant>,
    /// Streams opened.
    pub sessions: u64,
    /// Messages that told no event, and ends of streams, by name.
    pub heard: BTreeMap<String, u64>,
    /// Acknowledgements that came too late, as the hub said.
    pub late: u64,
    /// Anything wrong, in words; only the first ones.
    pub strange: Vec<String>,
}

/// A diary that several tasks write.
pub type Shared = Arc<Mutex<Diary>>;

/// The names that all diaries share.
pub type SharedNames = Arc<Mutex<Names>>;

/// A lock whose holder may have panicked.
pub fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Diary {
    /// Notes something.
    pub fn note(&mut self, who: u16, what: What) {
        self.notes.push(Note {
            who,
            at: Instant::now(),
            what,
        });
    }

    /// Counts something that told no event.
    pub fn hear(&mut self, what: &str) {
        *self.heard.entry(what.to_owned()).or_default() += 1;
    }

    /// Keeps the first few things that are wrong.
    pub fn say(&mut self, what: String) {
        if self.strange.len() < 8 {
            self.strange.push(what);
        }
    }

    /// A stream was opened and said its first word.
    pub fn open(&mut self) {
        self.sessions += 1;
        self.opened.get_or_insert_with(Instant::now);
    }
}

/// A delivery as it is noted.
///
/// # Errors
/// What is missing in it, or personal data that it must not have.
pub fn seen(names: &Mutex<Names>, delivery: &Delivery) -> Result<Seen, String> {
    let event = delivery.event.as_ref().ok_or("a delivery without event")?;
    let header = event.header.as_ref().ok_or("an event without header")?;
    if header.protected.is_some() {
        return Err(format!("{} was told with its protected part", header.id));
    }
    let Position { partition, offset } = delivery.position.ok_or("a delivery without position")?;
    let mut names = lock(names);
    Ok(Seen {
        event: names.identity(&header.source, &header.id),
        key: names.of(&delivery.partition_key),
        partition,
        offset,
        sequence: delivery.sequence,
        attempt: delivery.attempt,
        day: names.of(&delivery.day),
    })
}
