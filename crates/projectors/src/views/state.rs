//! One partition of one view: facts, what is parked, and how far the log has been read.
//!
//! The hub's own probes are passed over: they leave no fact, park nothing and release nothing, so a
//! view's digest is the same with and without them.

use super::case::{self, CaseFact};
use super::horizontal::{self, HorizontalFact};
use super::keyed::Keyed;
use super::stored::Parts;
use super::vertical::{self, VerticalFact};
use super::{Applied, View};
use crate::parking::{Fault, Parking, Poison};
use lienthong_contract::event;
use lienthong_contract::pb::event::v1 as pb;
use lienthong_contract::probe::is_probe;
use lienthong_domain::event::{Event, Kind, Release};
use lienthong_domain::status::Mappings;
use lienthong_eventlog::StoredRecord;
use serde::{Deserialize, Serialize};

/// The facts of one partition of one view.
pub enum Facts {
    /// Of the case view.
    Case(Keyed<CaseFact>),
    /// Of the horizontal view.
    Horizontal(Keyed<HorizontalFact>),
    /// Of the vertical view.
    Vertical(Keyed<VerticalFact>),
}

/// A record of the log with what could be read of it.
pub struct Read {
    /// The record.
    pub stored: StoredRecord,
    /// The event, or why there is none; of a probe nothing that anybody looks at.
    pub event: Result<event::Told, Poison>,
}

/// Reads a record. Needs no view, so that it can be done outside its lock.
pub fn read(stored: StoredRecord) -> Read {
    if is_probe(&stored.record.key) {
        let event = Ok(event::Told::default());
        return Read { stored, event };
    }
    let event = prost::Message::decode(&stored.record.value[..]).map_err(|error| Poison {
        fault: Fault::Unreadable,
        detail: event::Unreadable::NotAnEvent(error.to_string()).to_string(),
    });
    Read { stored, event }
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It was applied.
    Applied(Applied),
    /// It could not be read: its key is parked now.
    Parked,
    /// Its key is parked: it waits.
    Waits,
    /// An operator's decision on its parked key: the records at these offsets are to be taken
    /// again, in order, by [`State::take_released`]. Nothing has changed yet.
    Releases(Vec<u64>),
}

/// A range of the log that retention removed before the view had read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// First offset lost.
    pub from: u64,
    /// First offset that was there again.
    pub to: u64,
}

/// The last record that was taken: proof that a checkpoint and a log belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRead {
    /// Its offset.
    pub offset: u64,
    /// See [`identity`].
    pub identity: u64,
}

/// One partition of one view.
pub struct State {
    /// The facts.
    pub facts: Facts,
    /// What is parked.
    pub parking: Parking,
    /// Next offset to be taken.
    pub next: u64,
    /// The last record taken.
    pub last: Option<LastRead>,
    /// What retention removed unread, the latest loss.
    pub lost: Option<Lost>,
    /// The status tables under which the facts were read. Part of what the view is: they stay the
    /// same until it is made again from the log.
    pub tables: Mappings,
}

impl State {
    /// A partition that has read nothing, to begin at offset `next`.
    pub fn new(view: View, next: u64, tables: Mappings) -> Self {
        let facts = match view {
            View::Case => Facts::Case(Keyed::default()),
            View::Horizontal => Facts::Horizontal(Keyed::default()),
            View::Vertical => Facts::Vertical(Keyed::default()),
        };
        Self {
            facts,
            parking: Parking::default(),
            next,
            last: None,
            lost: None,
            tables,
        }
    }

    /// Takes the record at `next`. A [`Taken::Releases`] is only the announcement: fetch those
    /// records and call [`State::take_released`].
    pub fn take(&mut self, read: &Read) -> Taken {
        let key = &read.stored.record.key[..];
        if is_probe(key) {
            self.pass(&read.stored);
            return Taken::Applied(Applied::LeftOut);
        }
        if let Some(parked) = self.parking.get(key) {
            if let Some(release) = release_of(read) {
                if release.parked_offset != parked.offset {
                    self.pass(&read.stored);
                    return Taken::Applied(Applied::LeftOut);
                }
                let first = (!release.skip).then_some(parked.offset);
                return Taken::Releases(first.into_iter().chain(parked.waiting.clone()).collect());
            }
            self.parking.wait(key, read.stored.offset);
            self.pass(&read.stored);
            return Taken::Waits;
        }
        let taken = self.apply(read);
        self.pass(&read.stored);
        taken
    }

    /// Carries out the decision `decision`: the key is parked no more, and the records that it
    /// released are taken in order, until one of them parks the key again.
    pub fn take_released(&mut self, decision: &Read, released: &[Read]) {
        self.parking.release(&decision.stored.record.key);
        for read in released {
            if !self
                .parking
                .wait(&read.stored.record.key, read.stored.offset)
            {
                self.apply(read);
            }
        }
        self.pass(&decision.stored);
    }

    fn apply(&mut self, read: &Read) -> Taken {
        let key = std::str::from_utf8(&read.stored.record.key).map_err(|_| Poison {
            fault: Fault::Unreadable,
            detail: "the record key is not UTF-8".to_owned(),
        });
        let event = read.event.as_ref().map_err(Poison::clone);
        let event = event.and_then(|event| event::read(event, &self.tables).map_err(Poison::from));
        match key.and_then(|key| event.map(|event| (key, event))) {
            Ok((_, event)) if event.kind == Kind::ParkedReleased => {
                Taken::Applied(Applied::LeftOut)
            }
            Ok((key, event)) => Taken::Applied(self.facts.take(key, read.stored.offset, &event)),
            Err(poison) => {
                let record = &read.stored.record;
                self.parking
                    .park(&record.key, read.stored.offset, record.recorded_ms, poison);
                Taken::Parked
            }
        }
    }

    fn pass(&mut self, stored: &StoredRecord) {
        self.next = stored.offset + 1;
    }

    /// Remembers the record taken last, for the next checkpoint. Asked for once a batch, for it
    /// costs as much as taking an event.
    pub fn remember(&mut self, stored: &StoredRecord) {
        self.last = Some(LastRead {
            offset: stored.offset,
            identity: identity(stored),
        });
    }

    /// The facts, if they are the case view's.
    pub fn case(&self) -> Option<&Keyed<CaseFact>> {
        match &self.facts {
            Facts::Case(facts) => Some(facts),
            _ => None,
        }
    }

    /// The facts, if they are the horizontal view's.
    pub fn horizontal(&self) -> Option<&Keyed<HorizontalFact>> {
        match &self.facts {
            Facts::Horizontal(facts) => Some(facts),
            _ => None,
        }
    }

    /// The facts, if they are the vertical view's.
    pub fn vertical(&self) -> Option<&Keyed<VerticalFact>> {
        match &self.facts {
            Facts::Vertical(facts) => Some(facts),
            _ => None,
        }
    }

    /// Digest of everything the partition holds.
    pub fn digest(&self) -> u128 {
        let facts = self.facts.parts().digest();
        facts.wrapping_add(self.parking.digest())
    }
}

/// What tells a record from one of another log at the same offset.
pub fn identity(stored: &StoredRecord) -> u64 {
    let hash = crate::views::keyed::digest_of(&stored.record.value) as u64;
    hash ^ stored.record.recorded_ms as u64
}

/// An operator's decision. Read leniently: it is recorded under the parked key whatever that is,
/// and must be understood even where no dossier has such a code.
fn release_of(read: &Read) -> Option<Release> {
    use pb::parked_released::Decision;
    let Some(pb::event::Payload::ParkedReleased(told)) = &read.event.as_ref().ok()?.payload else {
        return None;
    };
    let skip = match told.decision() {
        Decision::Skip => true,
        Decision::Retry => false,
        Decision::Unspecified => return None,
    };
    Some(Release {
        parked_offset: told.parked_offset,
        skip,
    })
}

impl Facts {
    fn take(&mut self, key: &str, offset: u64, event: &Event<'_>) -> Applied {
        match self {
            Facts::Case(facts) => case::apply(facts, key, offset, event),
            Facts::Horizontal(facts) => horizontal::apply(facts, key, offset, event),
            Facts::Vertical(facts) => vertical::apply(facts, key, offset, event),
        }
    }

    /// The parts, whatever their facts.
    pub fn parts(&self) -> &dyn Parts {
        match self {
            Facts::Case(facts) => facts,
            Facts::Horizontal(facts) => facts,
            Facts::Vertical(facts) => facts,
        }
    }

    /// The parts, whatever their facts, to be changed.
    pub fn parts_mut(&mut self) -> &mut dyn Parts {
        match self {
            Facts::Case(facts) => facts,
            Facts::Horizontal(facts) => facts,
            Facts::Vertical(facts) => facts,
        }
    }
}
