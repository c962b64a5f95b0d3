//! Reads the facets of an event: what it tells itself, and what reference data says of that.
//!
//! This is on the way of every event: its header is read without being copied or decoded, of the
//! payload only the few kinds that tell a party, a channel or a code, and the protected part never.

use super::{Attribute, Facets, Times};
use lienthong_contract::cloudevents::{self, Told};
use lienthong_contract::pb::event::v1::{Channel, Party, event::Payload};
use lienthong_domain::event::record_keys;
use lienthong_domain::interconnection::{Class, class_of_levels};
use lienthong_domain::path::day::{day, day_number};
use lienthong_domain::procedure::national;
use lienthong_domain::reference::Reference;
use lienthong_eventlog::StoredRecord;
use prost::Message;

/// Of `lienthong.event.v1.Event`, the payloads that tell a facet; everything else is skipped.
#[derive(Clone, PartialEq, prost::Message)]
struct Said {
    #[prost(oneof = "Payload", tags = "20, 21, 23, 24, 25, 26, 39, 43")]
    payload: Option<Payload>,
}

/// What filters see of a record; none if it is no event of this version, or the second copy of a
/// link, whose key is the second of `contract::event::keys`, or one of the hub's own.
///
/// An agency, unit or procedure is what its code named on the day of the event at +07:00; what the
/// reference data does not know is not told.
pub fn facets_of(record: &StoredRecord, reference: &Reference) -> Option<Facets> {
    let value = &record.record.value;
    let key = std::str::from_utf8(&record.record.key).ok()?;
    let told = cloudevents::read(value)?;
    if told.is_hubs_own() {
        return None;
    }
    let said = Said::decode(&value[..]).ok()?.payload;
    let (_, second) = record_keys(told.dossier_code, told.case_code, linked(said.as_ref()));
    if second == Some(key) {
        return None;
    }
    let mut facets = tell(&told, said.as_ref(), key)?;
    if let Some(millis) = told.occurred.and_then(cloudevents::Moment::millis) {
        let on = On {
            reference,
            day: day(day_number(millis)),
        };
        on.procedure(told.procedure_code, &mut facets);
        on.agency(told.agency_code, &mut facets);
        on.exchange(told.agency_code, partner(said.as_ref()), &mut facets);
    }
    Some(facets)
}

/// What an event tells of itself, without reference data; none if it is no event of this version.
pub fn told_by(key: &str, value: &[u8]) -> Option<Facets> {
    let said = Said::decode(value).ok()?.payload;
    tell(&cloudevents::read(value)?, said.as_ref(), key)
}

fn tell(told: &Told<'_>, said: Option<&Payload>, key: &str) -> Option<Facets> {
    let kind = told.kind()?;
    if told.id.is_empty() || told.source.is_empty() {
        return None;
    }
    let time = |moment: Option<_>| moment.and_then(cloudevents::rfc3339).unwrap_or_default();
    let mut facets = Facets::with_room();
    let millis = |moment: Option<cloudevents::Moment>| moment.and_then(cloudevents::Moment::millis);
    facets.times = Times {
        occurred_ms: millis(told.occurred),
        sent_ms: millis(told.sent),
    };
    facets.add(Attribute::Type, kind);
    facets.add(Attribute::Source, told.source);
    facets.add(Attribute::Id, told.id);
    facets.add(Attribute::Subject, told.dossier_code);
    facets.add(Attribute::PartitionKey, key);
    facets.add(Attribute::Time, &time(told.occurred));
    facets.add(Attribute::RecordedTime, &time(told.recorded));
    facets.add(Attribute::DataSchema, cloudevents::schema());
    facets.add(Attribute::CorrelationId, told.correlation_id);
    facets.add(Attribute::CausationId, told.causation_id);
    let sequence = cloudevents::sequence(told.sequence).unwrap_or_default();
    facets.add(Attribute::Sequence, &sequence);
    facets.add(Attribute::Procedure, told.procedure_code);
    facets.add(Attribute::Procedure, national(told.procedure_code));
    facets.add(Attribute::Agency, told.agency_code);
    facets.add(Attribute::Case, told.case_code);
    facets.add(Attribute::Case, told.dossier_code);
    facets.add(Attribute::Case, linked(said).unwrap_or_default());
    match said {
        Some(Payload::Submitted(told)) => facets.add(Attribute::Channel, name(told.channel())),
        Some(Payload::Received(told)) => facets.add(Attribute::Channel, name(told.channel())),
        Some(Payload::ResultReturned(told)) => {
            facets.add(Attribute::Channel, name(told.channel()));
        }
        Some(Payload::HandedOver(_) | Payload::Returned(_) | Payload::Consulted(_)) => {
            facets.add(Attribute::Addressee, partner(said));
        }
        _ => {}
    }
    Some(facets)
}

/// The code that a link names.
fn linked(said: Option<&Payload>) -> Option<&str> {
    match said {
        Some(Payload::Linked(told)) => Some(&told.code),
        _ => None,
    }
}

/// The other agency of an exchange; empty where there is none. An acceptance tells who handed
/// over, who is no addressee.
fn partner(said: Option<&Payload>) -> &str {
    let party: Option<&Party> = match said {
        Some(Payload::HandedOver(told)) => told.to.as_ref(),
        Some(Payload::Returned(told)) => told.to.as_ref(),
        Some(Payload::Consulted(told)) => told.to.as_ref(),
        Some(Payload::Accepted(told)) => told.from.as_ref(),
        _ => None,
    };
    party.map_or("", |party| &party.agency_code)
}

fn name(channel: Channel) -> &'static str {
    match channel {
        Channel::Unspecified => "",
        Channel::Desk => "desk",
        Channel::Online => "online",
        Channel::Post => "post",
        Channel::System => "system",
    }
}

/// Reference data on the day of an event.
struct On<'a> {
    reference: &'a Reference,
    day: jiff::civil::Date,
}

impl On<'_> {
    /// The version of the day; after the last day of a procedure its last, which dossiers keep that
    /// are still open.
    fn procedure(&self, code: &str, facets: &mut Facets) {
        let mut versions = self.reference.procedures.versions_of(code).iter().rev();
        if let Some(version) = versions.find(|version| version.period.first() <= self.day) {
            facets.add(Attribute::Field, &version.field);
            facets.add(Attribute::Interconnection, told_class(version.class()));
        }
    }

    fn agency(&self, code: &str, facets: &mut Facets) {
        let registry = &self.reference.registry;
        let Some(agency) = registry.agency_at(code, self.day) else {
            return;
        };
        facets.add(Attribute::Level, agency.level.as_str());
        let mut above = agency.unit_code.as_deref();
        while let Some(unit) = above {
            facets.add(Attribute::Unit, unit);
            let unit = registry.units().unit_at(unit, self.day);
            above = unit.and_then(|unit| unit.parent.as_deref());
        }
    }

    fn exchange(&self, one: &str, other: &str, facets: &mut Facets) {
        if one.is_empty() || other.is_empty() || one == other {
            return;
        }
        let levels = [one, other].map(|code| self.reference.registry.level_at(code, self.day));
        facets.add(
            Attribute::Interconnection,
            told_class(class_of_levels(levels)),
        );
    }
}

/// Only the two classes that an interconnected procedure or exchange can have.
fn told_class(class: Class) -> &'static str {
    match class {
        Class::Horizontal | Class::Vertical => class.as_str(),
        Class::NotInterconnected | Class::Unknown => "",
    }
}
