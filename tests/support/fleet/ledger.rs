//! What was sent about each case, in the order sent, and every acknowledgement.

use lienthong_contract::pb::event::v1::{Event, Position};
use lienthong_simulator::message::Message;
use std::collections::HashMap;
use std::time::Instant;

/// `source` and `id` of an event: what makes it take effect once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// The source.
    pub source: Box<str>,
    /// The source's own id.
    pub id: Box<str>,
}

impl Identity {
    /// Of an event; empty parts where it has no header.
    pub fn of(event: &Event) -> Self {
        let header = event.header.clone().unwrap_or_default();
        Self {
            source: header.source.into(),
            id: header.id.into(),
        }
    }
}

/// An event in its place in a case.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The message.
    pub message: Message,
    /// Its identity.
    pub identity: Identity,
    /// The dossier it is about.
    pub dossier_code: Box<str>,
}

impl Planned {
    /// Of a message.
    ///
    /// # Errors
    /// If the message does not decode.
    pub fn new(message: Message) -> Result<Self, prost::DecodeError> {
        let event = message.event()?;
        Ok(Self {
            identity: Identity::of(&event),
            dossier_code: event.header.unwrap_or_default().dossier_code.into(),
            message,
        })
    }
}

/// One case: its events in the order in which they are sent.
#[derive(Debug, Clone)]
pub struct Chain {
    /// The code under which the whole case can be asked for.
    pub case_code: String,
    /// Its events.
    pub events: Vec<Planned>,
}

/// What became of one event.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Its identity.
    pub identity: Identity,
    /// The dossier it is about.
    pub dossier_code: Box<str>,
    /// Sendings.
    pub attempts: u32,
    /// Every position it was acknowledged with.
    pub acknowledged: Vec<Position>,
    /// Refused for good.
    pub refused: bool,
    /// When it was about to be sent first.
    pub since: Instant,
    /// The message.
    pub message: Message,
}

impl Sent {
    /// An event that is about to be sent.
    pub fn of(planned: &Planned) -> Self {
        Self {
            identity: planned.identity.clone(),
            dossier_code: planned.dossier_code.clone(),
            attempts: 0,
            acknowledged: Vec::new(),
            refused: false,
            since: Instant::now(),
            message: planned.message.clone(),
        }
    }
}

/// What became of one case.
#[derive(Debug, Clone)]
pub struct Record {
    /// The code under which the whole case can be asked for.
    pub case_code: String,
    /// Events sent at least once, in the order sent.
    pub sent: Vec<Sent>,
}

/// Everything that was sent.
#[derive(Debug, Default)]
pub struct Ledger {
    /// One record a case.
    pub records: Vec<Record>,
}

impl Ledger {
    /// Different events sent.
    pub fn sent(&self) -> usize {
        self.different(|_| true)
    }

    /// Different events acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.different(|sent| !sent.acknowledged.is_empty())
    }

    /// Different events refused for good.
    pub fn refused(&self) -> usize {
        self.different(|sent| sent.refused)
    }

    fn different(&self, wanted: impl Fn(&Sent) -> bool) -> usize {
        let sent = self.records.iter().flat_map(|record| &record.sent);
        let wanted = sent.filter(|sent| wanted(sent));
        let identities: std::collections::HashSet<_> = wanted.map(|sent| &sent.identity).collect();
        identities.len()
    }

    /// Highest acknowledged position of each partition.
    pub fn reached(&self) -> Vec<Position> {
        let mut reached: HashMap<u32, u64> = HashMap::new();
        let sent = self.records.iter().flat_map(|record| &record.sent);
        for position in sent.flat_map(|sent| &sent.acknowledged) {
            let highest = reached.entry(position.partition).or_default();
            *highest = position.offset.max(*highest);
        }
        let positions = reached.into_iter();
        positions
            .map(|(partition, offset)| Position { partition, offset })
            .collect()
    }
}
