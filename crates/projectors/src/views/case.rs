//! The case view: every fact of a dossier, with its links, its source and its place in the log.

use super::Applied;
use super::act::{Act, due_bytes, put, reference};
use super::codes::{At, Codes, KEY, MoreCodes};
use super::keyed::{Fact, Keyed};
use super::names::{Name, Names};
use lienthong_domain::event::{Detail, Event, Kind, Link, Relation};
use lienthong_domain::path::Step;
use serde::{Deserialize, Serialize};

/// What the case view keeps of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseFact {
    act: Act,
    /// Recorded minus occurred time.
    recorded_after_ms: i64,
    offset: u64,
    reference: u64,
    due_ms: Option<i64>,
    detail: u64,
    /// The case that the header named.
    case: Option<At>,
    link: Option<At>,
    source: Name,
    /// 0: no link; else the relation, plus [`REVOKED`].
    relation: u8,
}

const REVOKED: u8 = 0x80;

/// Takes an event into its part. A pure function of the state and the event.
pub fn apply(state: &mut Keyed<CaseFact>, key: &str, offset: u64, event: &Event<'_>) -> Applied {
    state.take(key, offset, event)
}

impl CaseFact {
    /// Milliseconds since the Unix epoch at which the hub recorded the event.
    pub fn recorded_ms(&self) -> i64 {
        let occurred_ms = self.act.order().occurred_ms;
        occurred_ms.wrapping_add(self.recorded_after_ms)
    }

    /// Where the event is durable in its partition.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The case that the event's header named; empty: none.
    pub fn case<'a>(&self, codes: Codes<'a>) -> &'a str {
        self.case.map_or("", |at| codes.code(at))
    }

    /// The link that the event told.
    pub fn link<'a>(&self, codes: Codes<'a>) -> Option<Link<'a>> {
        let relation = match self.relation & !REVOKED {
            1 => Relation::Case,
            2 => Relation::Parent,
            3 => Relation::Alias,
            _ => return None,
        };
        Some(Link {
            relation,
            code: codes.code(self.link?),
            revoked: self.relation & REVOKED != 0,
        })
    }
}

impl Fact for CaseFact {
    fn keeps(kind: Kind) -> bool {
        kind != Kind::ParkedReleased
    }

    fn read(event: &Event<'_>, offset: u64, codes: &mut MoreCodes, names: &mut Names) -> Self {
        let dossier = codes.add(event.dossier);
        let case = match event.case {
            "" => None,
            code => Some(codes.add(code)),
        };
        let (link, relation) = match event.link {
            None => (None, 0),
            Some(link) => {
                let revoked = if link.revoked { REVOKED } else { 0 };
                (Some(codes.add(link.code)), link.relation as u8 | revoked)
            }
        };
        Self {
            act: Act::read(event, dossier, names),
            recorded_after_ms: event.recorded_ms.wrapping_sub(event.occurred_ms),
            offset,
            reference: reference(event.reference),
            due_ms: event.due_ms,
            detail: event.detail.bits(),
            case,
            link,
            source: names.name(event.source),
            relation,
        }
    }

    fn act(&self) -> &Act {
        &self.act
    }

    fn step<'a>(&self, codes: Codes<'a>, names: &'a Names) -> Step<'a> {
        Step {
            reference: self.reference,
            due_ms: self.due_ms,
            detail: Detail::from_bits(self.detail),
            source: names.text(self.source),
            recorded_ms: self.recorded_ms(),
            ..self.act.step(codes, names)
        }
    }

    fn source<'a>(&self, names: &'a Names) -> &'a str {
        names.text(self.source)
    }

    /// A fact that ties its dossier to the record key, or tells of the dossier that is the record
    /// key, and to nothing else. A part of such facts alone is one case.
    fn is_plain(&self) -> bool {
        let own = self.case.unwrap_or(self.act.dossier) == KEY;
        own && self.relation == 0
    }

    fn fits(&self, codes: Codes<'_>, names: &Names) -> bool {
        let known = |at: Option<At>| at.is_none_or(|at| (at as usize) < codes.block().len());
        self.act.fits(codes, names)
            && names.holds(self.source, [0, 0])
            && known(self.case)
            && known(self.link)
    }

    fn canonical(&self, codes: Codes<'_>, names: &Names, to: &mut Vec<u8>) {
        self.act.canonical(codes, names, to);
        to.extend_from_slice(&self.recorded_ms().to_le_bytes());
        to.extend_from_slice(&due_bytes(self.due_ms));
        for number in [self.offset, self.reference, self.detail] {
            to.extend_from_slice(&number.to_le_bytes());
        }
        to.push(self.relation);
        for code in [self.case, self.link] {
            put(code.map_or("", |at| codes.code(at)), to);
        }
        put(names.text(self.source), to);
    }
}
