//! Records of the log as blocks of encoded events.

use super::{Block, Entry, Probed, WINDOW, wire};
use crate::facets::{Attribute, Facets, facets_of};
use crate::token;
use bytes::Bytes;
use lienthong_contract::pb::event::v1::{Event, Position, event::Payload};
use lienthong_contract::probe::is_probe;
use lienthong_domain::reference::Reference;
use lienthong_eventlog::StoredRecord;
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};

/// Bytes of encoded events from which on a block is full, and most records of one.
const FULL_BYTES: usize = 32 * 1024;
const FULL_RECORDS: usize = 512;

/// `Events.deliveries`.
const DELIVERIES: u32 = 1;
/// Fields of `Delivery`.
const EVENT: u32 = 1;
const TYPE: u32 = 2;
const POSITION: u32 = 3;
const PARTITION_KEY: u32 = 4;

/// Blocks of consecutive records, none of which reaches over the end of a chunk (see [`WINDOW`]).
/// `repeats` are offsets to be left out, ascending. What depends on reference data is read under
/// `reference`.
pub fn build(
    partition: u32,
    records: &[StoredRecord],
    repeats: &[u64],
    reference: &Reference,
) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut building: Option<Building> = None;
    let mut scratch = Vec::new();
    for record in records {
        let full = |building: &mut Building| building.is_full() || record.offset % WINDOW == 0;
        if let Some(done) = building.take_if(full) {
            blocks.push(done.finish());
        }
        let building = building.get_or_insert_with(|| Building::new(partition, record.offset));
        building.marks.push(token::mark(&record.record));
        if is_probe(&record.record.key) {
            building.probes.extend(probed(record));
            continue;
        }
        if repeats.binary_search(&record.offset).is_ok() {
            continue;
        }
        scratch.clear();
        if let Some(facets) = facets_of(record, reference)
            && wire::write_unprotected(&record.record.value, &mut scratch).is_some()
        {
            building.push(record, facets, &scratch);
        }
    }
    blocks.extend(building.map(Building::finish));
    blocks
}

/// A block on its way.
struct Building {
    partition: u32,
    first: u64,
    marks: Vec<u32>,
    entries: Vec<Entry>,
    bytes: Vec<u8>,
    probes: Vec<Probed>,
}

impl Building {
    fn new(partition: u32, first: u64) -> Self {
        Self {
            partition,
            first,
            marks: Vec::new(),
            entries: Vec::new(),
            bytes: Vec::new(),
            probes: Vec::new(),
        }
    }

    fn is_full(&self) -> bool {
        self.bytes.len() >= FULL_BYTES || self.marks.len() >= FULL_RECORDS
    }

    /// Encodes one event, of which `event` is what is left without its protected part.
    fn push(&mut self, record: &StoredRecord, facets: Facets, event: &[u8]) {
        let kind = facets.first(Attribute::Type).unwrap_or_default().as_bytes();
        let key = &record.record.key[..];
        let position = Position {
            partition: self.partition,
            offset: record.offset,
        };
        let position = position.encode_to_vec();
        let parts = [event.len(), kind.len(), position.len(), key.len()];
        let length: usize = parts.into_iter().map(field_len).sum();

        let element = self.bytes.len() as u32;
        encode_key(DELIVERIES, WireType::LengthDelimited, &mut self.bytes);
        encode_varint(length as u64, &mut self.bytes);
        let delivery = self.bytes.len() as u32;
        self.field(EVENT, event);
        self.field(TYPE, kind);
        self.field(POSITION, &position);
        self.field(PARTITION_KEY, key);
        let end = self.bytes.len() as u32;
        self.entries.push(Entry {
            offset: record.offset,
            recorded_ms: record.record.recorded_ms,
            facets,
            element: element..end,
            delivery: delivery..end,
        });
    }

    fn field(&mut self, number: u32, content: &[u8]) {
        encode_key(number, WireType::LengthDelimited, &mut self.bytes);
        encode_varint(content.len() as u64, &mut self.bytes);
        self.bytes.extend_from_slice(content);
    }

    fn finish(self) -> Block {
        Block {
            partition: self.partition,
            first: self.first,
            next: self.first + self.marks.len() as u64,
            entries: self.entries,
            bytes: Bytes::from(self.bytes),
            marks: self.marks,
            probes: self.probes,
        }
    }
}

/// What a probe tells; none of one that a later version made otherwise.
fn probed(record: &StoredRecord) -> Option<Probed> {
    let event = Event::decode(&record.record.value[..]).ok()?;
    let Some(Payload::Probe(probe)) = event.payload else {
        return None;
    };
    Some(Probed {
        offset: record.offset,
        recorded_ms: record.record.recorded_ms,
        probe,
    })
}

/// Bytes of a field with a number below 16 and content of a length.
fn field_len(content: usize) -> usize {
    1 + encoded_len_varint(content as u64) + content
}

#[cfg(test)]
#[path = "build_tests.rs"]
mod tests;
