//! What filters see of an event.

use std::ops::Range;

/// An attribute that filters may name; `proto/lienthong/subscription/v1/filter.proto` says what
/// each is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Attribute {
    Type,
    Source,
    Id,
    Subject,
    PartitionKey,
    Time,
    RecordedTime,
    DataSchema,
    CorrelationId,
    CausationId,
    Sequence,
    Procedure,
    Field,
    Agency,
    Addressee,
    Unit,
    Level,
    Interconnection,
    Case,
    Channel,
}

/// The attributes of one event, some with several values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facets {
    text: String,
    values: Vec<(Attribute, Range<u16>)>,
}

impl Facets {
    /// Adds a value; an empty one is none.
    pub fn add(&mut self, attribute: Attribute, value: &str) {
        let start = self.text.len();
        let end = start + value.len();
        let (Ok(start), Ok(end)) = (u16::try_from(start), u16::try_from(end)) else {
            return;
        };
        if !value.is_empty() {
            self.text.push_str(value);
            self.values.push((attribute, start..end));
        }
    }

    /// Every value of an attribute.
    pub fn of(&self, attribute: Attribute) -> impl Iterator<Item = &str> {
        let of = self.values.iter().filter(move |(of, _)| *of == attribute);
        of.map(|(_, place)| &self.text[usize::from(place.start)..usize::from(place.end)])
    }

    /// The first value of an attribute.
    pub fn first(&self, attribute: Attribute) -> Option<&str> {
        self.of(attribute).next()
    }
}
