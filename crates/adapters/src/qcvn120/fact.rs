//! What a record tells, one fact at a time, and the event id that follows from it.

use super::moment;
use lienthong_contract::pb::event::v1::{Observation, Protected, SourceStatus, event::Payload};
use lienthong_domain::event::Fingerprint;

/// Longest number of a feed that goes into an event id as it is.
const READABLE: usize = 40;

/// One fact of a record; it becomes one event.
#[derive(Debug)]
pub struct Fact {
    /// What makes its id, after the dossier code: the kind and what tells it from others of that
    /// kind in the same second.
    pub slug: String,
    /// When it happened, in milliseconds since the Unix epoch.
    pub occurred_ms: i64,
    /// What happened.
    pub payload: Payload,
    /// The status, on the fact that carries it.
    pub status: Option<SourceStatus>,
    /// The department that acted.
    pub unit: String,
    /// Personal data.
    pub protected: Option<Protected>,
    /// What the record shows of it.
    pub observed: Vec<Observation>,
}

impl Fact {
    /// A fact without status, unit and personal data.
    pub fn new(slug: impl Into<String>, occurred_ms: i64, payload: Payload) -> Self {
        Self {
            slug: slug.into(),
            occurred_ms,
            payload,
            status: None,
            unit: String::new(),
            protected: None,
            observed: Vec::new(),
        }
    }

    /// The event id: the same fact of the same dossier has the same one, in every packet that
    /// tells it.
    pub fn id(&self, dossier: &str) -> String {
        let time = moment::digits(self.occurred_ms);
        format!("{dossier}:{}:{time}", self.slug)
    }
}

/// A feed's number as a part of an id: itself, or its fingerprint if an id cannot hold it.
pub fn id_part(text: &str) -> String {
    let fits = text.len() <= READABLE && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits {
        text.to_owned()
    } else {
        hash(text, "")
    }
}

/// 16 hex digits that stand for two texts.
pub fn hash(one: &str, other: &str) -> String {
    format!("{:016x}", Fingerprint::of(one, other).0)
}
