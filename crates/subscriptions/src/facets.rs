//! What filters see of an event.

mod read;

pub use read::{facets_of, told_by};

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

impl Attribute {
    /// Every attribute.
    pub const ALL: [Attribute; 20] = [
        Attribute::Type,
        Attribute::Source,
        Attribute::Id,
        Attribute::Subject,
        Attribute::PartitionKey,
        Attribute::Time,
        Attribute::RecordedTime,
        Attribute::DataSchema,
        Attribute::CorrelationId,
        Attribute::CausationId,
        Attribute::Sequence,
        Attribute::Procedure,
        Attribute::Field,
        Attribute::Agency,
        Attribute::Addressee,
        Attribute::Unit,
        Attribute::Level,
        Attribute::Interconnection,
        Attribute::Case,
        Attribute::Channel,
    ];

    /// Its name in filters and in a CloudEvent: lower-case letters only.
    pub const fn name(self) -> &'static str {
        match self {
            Attribute::Type => "type",
            Attribute::Source => "source",
            Attribute::Id => "id",
            Attribute::Subject => "subject",
            Attribute::PartitionKey => "partitionkey",
            Attribute::Time => "time",
            Attribute::RecordedTime => "recordedtime",
            Attribute::DataSchema => "dataschema",
            Attribute::CorrelationId => "correlationid",
            Attribute::CausationId => "causationid",
            Attribute::Sequence => "sequence",
            Attribute::Procedure => "procedure",
            Attribute::Field => "field",
            Attribute::Agency => "agency",
            Attribute::Addressee => "addressee",
            Attribute::Unit => "unit",
            Attribute::Level => "level",
            Attribute::Interconnection => "interconnection",
            Attribute::Case => "case",
            Attribute::Channel => "channel",
        }
    }

    /// The attribute of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|attribute| attribute.name() == name)
    }

    /// Every name, to be told to who asked for another.
    pub fn names() -> [&'static str; Self::ALL.len()] {
        Self::ALL.map(Attribute::name)
    }
}

/// The attributes of one event, some with several values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facets {
    text: String,
    values: Vec<(Attribute, Range<u32>)>,
    /// By the source's clock, no attributes: filters have `time` as text.
    times: Times,
}

/// When an event was, by its source's clock, milliseconds since the epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// When it happened; none: not told, or out of range.
    pub occurred_ms: Option<i64>,
    /// When the source sent it, where it says so.
    pub sent_ms: Option<i64>,
}

impl Facets {
    /// Empty, with room for what an event usually has.
    fn with_room() -> Self {
        Self {
            text: String::with_capacity(400),
            values: Vec::with_capacity(Attribute::ALL.len()),
            times: Times::default(),
        }
    }

    /// When it was, by its source's clock.
    pub fn times(&self) -> Times {
        self.times
    }

    /// Adds a value; an empty one is none, and one that is there already is not added again.
    ///
    /// Places are 32 bits wide: a record of the log, of which all values are parts or far smaller,
    /// is bounded by megabytes.
    pub fn add(&mut self, attribute: Attribute, value: &str) {
        if value.is_empty() || self.of(attribute).any(|there| there == value) {
            return;
        }
        let start = self.text.len() as u32;
        self.text.push_str(value);
        self.values.push((attribute, start..self.text.len() as u32));
    }

    /// Every value of an attribute, in the order in which they were added.
    pub fn of(&self, attribute: Attribute) -> impl Iterator<Item = &str> {
        let of = self.values.iter().filter(move |(of, _)| *of == attribute);
        of.map(|(_, place)| &self.text[place.start as usize..place.end as usize])
    }

    /// The first value of an attribute.
    pub fn first(&self, attribute: Attribute) -> Option<&str> {
        self.of(attribute).next()
    }
}

#[cfg(test)]
#[path = "facets_tests.rs"]
mod tests;
