//! Events as adapters record them.

use bytes::Bytes;
use lienthong_contract::pb::event::v1::{
    self as pb, Event, Header, Linked, MappedStatus, ParkedReleased, Party, SourceStatus,
    event::Payload,
};
use lienthong_contract::time::from_millis;
use lienthong_eventlog::Record;
use prost::Message;

/// 2026-05-04T01:00:00Z.
pub const MORNING_MS: i64 = 1_777_856_400_000;

/// What a test tells of an event.
#[derive(Debug, Clone)]
pub struct Told {
    pub id: String,
    pub source: &'static str,
    pub dossier: String,
    pub case: String,
    pub agency: &'static str,
    /// Minutes after [`MORNING_MS`].
    pub minute: i64,
    pub status: u32,
    /// System and code of the source's own status.
    pub coded: Option<(&'static str, &'static str)>,
    pub payload: Payload,
}

impl Told {
    pub fn new(id: &str, dossier: &str, case: &str, minute: i64, payload: Payload) -> Self {
        Self {
            id: id.to_owned(),
            source: "urn:lienthong:vn:H56:onestop",
            dossier: dossier.to_owned(),
            case: case.to_owned(),
            agency: "H56.01",
            minute,
            status: 0,
            coded: None,
            payload,
        }
    }

    pub fn by(mut self, agency: &'static str) -> Self {
        self.agency = agency;
        self
    }

    /// With the source's own status.
    pub fn coded(mut self, system: &'static str, code: &'static str) -> Self {
        self.coded = Some((system, code));
        self
    }

    pub fn event(&self) -> Event {
        let occurred = from_millis(MORNING_MS + self.minute * 60_000);
        Event {
            header: Some(Header {
                id: self.id.clone(),
                source: self.source.to_owned(),
                dossier_code: self.dossier.clone(),
                case_code: self.case.clone(),
                procedure_code: "1.001193".to_owned(),
                agency_code: self.agency.to_owned(),
                occurred_time: Some(occurred),
                source_status: self.coded.map(|(system, code)| SourceStatus {
                    system: system.to_owned(),
                    code: code.to_owned(),
                }),
                ..Header::default()
            }),
            recorded_time: Some(from_millis(MORNING_MS + self.minute * 60_000 + 500)),
            adapter: "onestop".to_owned(),
            mapped_status: (self.status > 0).then(|| MappedStatus {
                portal_status: self.status,
                mapping_version: "1".to_owned(),
            }),
            payload: Some(self.payload.clone()),
            ..Event::default()
        }
    }

    /// The records of the event: one, or two for a link that names another code than its key.
    pub fn records(&self) -> Vec<Record> {
        let event = self.event();
        let header = event.header.as_ref().unwrap();
        let (first, second) = lienthong_contract::event::keys(header, &self.payload);
        let keys = [Some(first), second].into_iter().flatten();
        keys.map(|key| record(key.as_bytes(), event.encode_to_vec()))
            .collect()
    }
}

pub fn record(key: &[u8], value: Vec<u8>) -> Record {
    Record {
        key: Bytes::copy_from_slice(key),
        value: Bytes::from(value),
        recorded_ms: MORNING_MS,
    }
}

/// A record that no version can read.
pub fn poison(key: &str) -> Record {
    record(key.as_bytes(), vec![0xff; 9])
}

/// An operator's decision.
pub fn release(key: &str, parked_offset: u64, skip: bool) -> Record {
    use pb::parked_released::Decision;
    let decision = if skip {
        Decision::Skip
    } else {
        Decision::Retry
    };
    let payload = Payload::ParkedReleased(ParkedReleased {
        decision: decision as i32,
        parked_offset,
    });
    let id = format!("release-{key}-{parked_offset}");
    let event = Told::new(&id, key, "", 0, payload).event();
    record(key.as_bytes(), event.encode_to_vec())
}

pub fn received() -> Payload {
    Payload::Received(pb::Received::default())
}

pub fn accepted() -> Payload {
    Payload::Accepted(pb::Accepted::default())
}

pub fn returned_result() -> Payload {
    Payload::ResultReturned(pb::ResultReturned::default())
}

pub fn handed_over(to: &str) -> Payload {
    Payload::HandedOver(pb::HandedOver {
        to: Some(Party {
            agency_code: to.to_owned(),
            unit_code: String::new(),
        }),
        ..pb::HandedOver::default()
    })
}

pub fn linked(relation: pb::linked::Relation, code: &str, revoked: bool) -> Payload {
    Payload::Linked(Linked {
        relation: relation as i32,
        code: code.to_owned(),
        revoked,
    })
}

/// One of the hub's own probes, as an adapter appends it.
pub fn probe(number: u64) -> Record {
    let event = Event {
        header: Some(Header {
            id: format!("probe-onestop-0-{number}"),
            source: "urn:lienthong:hub:hub".to_owned(),
            occurred_time: Some(from_millis(MORNING_MS)),
            ..Header::default()
        }),
        recorded_time: Some(from_millis(MORNING_MS)),
        adapter: "onestop".to_owned(),
        payload: Some(Payload::Probe(pb::Probe {
            route: "onestop".to_owned(),
            number,
            ..pb::Probe::default()
        })),
        ..Event::default()
    };
    let key = format!("!probe/onestop/{number}");
    record(key.as_bytes(), event.encode_to_vec())
}
