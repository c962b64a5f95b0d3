//! What every view keeps of an event: who did what to which dossier, and when.

use super::codes::{At, Codes};
use super::names::{Name, Names, PartyName};
use lienthong_domain::event::{Detail, Event, Fingerprint, Kind, OrderKey};
use lienthong_domain::path::Step;
use serde::{Deserialize, Serialize};

/// The common part of a fact. The fingerprint is written first and in eight bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    #[serde(with = "postcard::fixint::le")]
    fingerprint: u64,
    occurred_ms: i64,
    sequence: u32,
    /// The dossier's code among the codes of the part.
    pub dossier: At,
    actor: PartyName,
    addressee: PartyName,
    procedure: Name,
    #[serde(with = "kind_number")]
    kind: Kind,
    portal_status: u8,
}

impl Act {
    /// The common part of an event; its dossier is at `dossier` among the part's codes.
    pub fn read(event: &Event<'_>, dossier: At, names: &mut Names) -> Self {
        Self {
            occurred_ms: event.occurred_ms,
            fingerprint: event.fingerprint().0,
            sequence: event.sequence,
            dossier,
            actor: names.party(event.actor),
            addressee: names.party(event.addressee),
            procedure: names.name(event.procedure),
            kind: event.kind,
            portal_status: event.portal_status,
        }
    }

    /// What happened.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// `source` + `id`.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(self.fingerprint)
    }

    /// Where it stands among the facts of the case.
    pub fn order(&self) -> OrderKey {
        OrderKey {
            occurred_ms: self.occurred_ms,
            sequence: self.sequence,
            rank: self.kind.rank(),
            fingerprint: self.fingerprint(),
        }
    }

    /// Whether every number is one that the vocabulary and the codes gave.
    pub fn fits(&self, codes: Codes<'_>, names: &Names) -> bool {
        (self.dossier as usize) < codes.block().len()
            && names.holds(self.procedure, [self.actor, self.addressee])
    }

    /// The step as answers read it, without exchange number and deadline.
    pub fn step<'a>(&self, codes: Codes<'a>, names: &'a Names) -> Step<'a> {
        Step {
            order: self.order(),
            dossier: codes.code(self.dossier),
            kind: self.kind,
            actor: names.party_of(self.actor),
            addressee: names.party_of(self.addressee),
            reference: 0,
            portal_status: self.portal_status,
            procedure: names.text(self.procedure),
            due_ms: None,
            detail: Detail::NONE,
            source: "",
            recorded_ms: 0,
        }
    }

    /// Everything as bytes that are the same in every rebuild: texts, not their numbers.
    pub fn canonical(&self, codes: Codes<'_>, names: &Names, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.occurred_ms.to_le_bytes());
        to.extend_from_slice(&self.fingerprint.to_le_bytes());
        to.extend_from_slice(&self.sequence.to_le_bytes());
        to.extend_from_slice(&[self.kind as u8, self.portal_status]);
        let (actor, addressee) = (names.party_of(self.actor), names.party_of(self.addressee));
        let texts = [codes.code(self.dossier), names.text(self.procedure)];
        for text in texts.into_iter().chain([actor.agency, actor.unit]) {
            put(text, to);
        }
        put(addressee.agency, to);
        put(addressee.unit, to);
    }
}

/// Appends a text with its length, so that no two lists of texts give the same bytes.
pub fn put(text: &str, to: &mut Vec<u8>) {
    to.extend_from_slice(&(text.len() as u32).to_le_bytes());
    to.extend_from_slice(text.as_bytes());
}

/// The number of an exchange (hand-over, consultation, supplement, payment) in 64 bits; 0 if it
/// was not told. Part of the views' digests: it must never change.
pub fn reference(text: &str) -> u64 {
    if text.is_empty() {
        return 0;
    }
    siphasher::sip::SipHasher13::new()
        .hash(text.as_bytes())
        .max(1)
}

/// Eight bytes of a deadline for the digest.
pub fn due_bytes(due_ms: Option<i64>) -> [u8; 8] {
    due_ms.unwrap_or(i64::MIN).to_le_bytes()
}

mod kind_number {
    use super::Kind;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(kind: &Kind, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u8(*kind as u8)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Kind, D::Error> {
        let number = u8::deserialize(from)?;
        Kind::from_number(number).ok_or_else(|| D::Error::custom("no event has this kind"))
    }
}
