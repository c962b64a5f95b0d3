//! A dossier event: what is true of any fact that a source told about a dossier.
//!
//! `Event` borrows from the message it was read from, so reading one allocates
//! nothing. It knows no history: what an event means for a dossier that already has
//! one is decided in the views.

pub mod detail;
pub mod kind;
pub mod order;

pub use detail::Detail;
pub use kind::Kind;
pub use order::{Fingerprint, OrderKey};

/// A unit of an agency, or an agency as a whole (`unit` empty). Both empty: not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Party<'a> {
    /// Agency code, such as `H56.15.03`.
    pub agency: &'a str,
    /// The agency's own code of a department or desk.
    pub unit: &'a str,
}

impl Party<'_> {
    /// Whether the source told an agency.
    pub fn is_named(&self) -> bool {
        !self.agency.is_empty()
    }
}

/// How a dossier is tied to another code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Relation {
    /// The code names the interconnected case the dossier belongs to.
    Case = 1,
    /// The code is the dossier of which this one is a part.
    Parent = 2,
    /// The code is another code of the same dossier.
    Alias = 3,
}

/// A link told by a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link<'a> {
    /// The kind of link.
    pub relation: Relation,
    /// The other code.
    pub code: &'a str,
    /// True: the link no longer holds.
    pub revoked: bool,
}

/// An operator's decision on a parked dossier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// Offset, in the record's own partition, of the event that parked the dossier.
    pub parked_offset: u64,
    /// True: leave that event out; false: apply it again.
    pub skip: bool,
}

/// One dossier event. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// The source's own id; with `source`, the idempotency key.
    pub id: &'a str,
    /// URN of the sending system.
    pub source: &'a str,
    /// Code of the dossier in the sending system.
    pub dossier: &'a str,
    /// The interconnected case as the source named it; empty: not named.
    pub case: &'a str,
    /// Procedure code; empty: not told.
    pub procedure: &'a str,
    /// Who acted.
    pub actor: Party<'a>,
    /// When it happened, by the source's clock.
    pub occurred_ms: i64,
    /// When the hub took it in, by the hub's clock.
    pub recorded_ms: i64,
    /// Order among one dossier's events of the same occurred time; 0: not numbered.
    pub sequence: u32,
    /// Portal status 1 to 10 as mapped; 0: the event carries none.
    pub portal_status: u8,
    /// What happened.
    pub kind: Kind,
    /// Who was addressed: the receiver of a hand-over, who gets a return, who is consulted;
    /// for `Accepted`, who handed it over. Unnamed for every other kind.
    pub addressee: Party<'a>,
    /// The source's number of the exchange (hand-over, consultation, supplement,
    /// payment); the hash of the file of `Digitised` and `ResultIssued`; empty: not told.
    pub reference: &'a str,
    /// The appointment or deadline that the event sets.
    pub due_ms: Option<i64>,
    /// What else the event tells.
    pub detail: Detail,
    /// Only of `Kind::Linked`.
    pub link: Option<Link<'a>>,
    /// Only of `Kind::ParkedReleased`.
    pub release: Option<Release>,
}

impl Event<'_> {
    /// The idempotency key in 64 bits.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.source, self.id)
    }

    /// Where the event stands among the events of its case, whatever order they
    /// arrived in.
    pub fn order(&self) -> OrderKey {
        OrderKey {
            occurred_ms: self.occurred_ms,
            sequence: self.sequence,
            rank: self.kind.rank(),
            fingerprint: self.fingerprint(),
        }
    }
}

/// The keys of the records that an event makes. The first says which partition it belongs to:
/// the case its source names, else the dossier's own code, so that all events of a case share a
/// partition. A link is recorded under the code it names too, unless that is the first key.
pub fn record_keys<'a>(
    dossier: &'a str,
    case: &'a str,
    linked: Option<&'a str>,
) -> (&'a str, Option<&'a str>) {
    let key = if case.is_empty() { dossier } else { case };
    (key, linked.filter(|code| *code != key))
}
