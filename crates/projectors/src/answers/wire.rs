//! Domain values as messages of the contract.

use lienthong_contract::pb::event::v1::Party as WireParty;
use lienthong_contract::pb::procedure::v1 as pb;
use lienthong_contract::time::from_millis;
use lienthong_domain::distribution::{Distribution, Durations};
use lienthong_domain::event::Party;
use lienthong_domain::interconnection::{Class, Direction};
use lienthong_domain::level::Level;
use lienthong_domain::path::exchange::Exchange;
use lienthong_domain::path::holder::Holder;

pub(super) fn level(level: Option<Level>) -> i32 {
    let wire = match level {
        None => pb::Level::Unspecified,
        Some(Level::Commune) => pb::Level::Commune,
        Some(Level::District) => pb::Level::District,
        Some(Level::Province) => pb::Level::Province,
        Some(Level::Ministry) => pb::Level::Ministry,
    };
    wire as i32
}

/// None: unspecified.
pub(super) fn read_level(level: pb::Level) -> Option<Level> {
    match level {
        pb::Level::Unspecified => None,
        pb::Level::Commune => Some(Level::Commune),
        pb::Level::District => Some(Level::District),
        pb::Level::Province => Some(Level::Province),
        pb::Level::Ministry => Some(Level::Ministry),
    }
}

pub(super) fn class(class: Class) -> i32 {
    let wire = match class {
        Class::NotInterconnected => pb::InterconnectionClass::None,
        Class::Horizontal => pb::InterconnectionClass::Horizontal,
        Class::Vertical => pb::InterconnectionClass::Vertical,
        Class::Unknown => pb::InterconnectionClass::Unknown,
    };
    wire as i32
}

/// None: unspecified.
pub(super) fn read_class(class: pb::InterconnectionClass) -> Option<Class> {
    match class {
        pb::InterconnectionClass::Unspecified => None,
        pb::InterconnectionClass::None => Some(Class::NotInterconnected),
        pb::InterconnectionClass::Horizontal => Some(Class::Horizontal),
        pb::InterconnectionClass::Vertical => Some(Class::Vertical),
        pb::InterconnectionClass::Unknown => Some(Class::Unknown),
    }
}

/// Unspecified while either level is unknown.
pub(super) fn direction(from: Option<Level>, to: Option<Level>) -> i32 {
    let between = from.zip(to).map(|(from, to)| Direction::between(from, to));
    let wire = match between {
        None => pb::Direction::Unspecified,
        Some(Direction::Up) => pb::Direction::Up,
        Some(Direction::Down) => pb::Direction::Down,
        Some(Direction::Level) => pb::Direction::Level,
    };
    wire as i32
}

/// Absent for the unnamed party.
pub(super) fn party(party: &Party<'_>) -> Option<WireParty> {
    party.is_named().then(|| WireParty {
        agency_code: party.agency.to_owned(),
        unit_code: party.unit.to_owned(),
    })
}

/// A sum beyond 64 bits (300 million years in all) is shown as the largest number there is.
pub(super) fn distribution(durations: Durations) -> pb::Distribution {
    let Distribution {
        count,
        sum_ms,
        min_ms,
        max_ms,
        median_ms,
        p90_linear_ms,
        p90_nearest_rank_ms,
    } = durations.figures();
    pb::Distribution {
        count,
        sum_ms: i64::try_from(sum_ms).unwrap_or(i64::MAX),
        min_ms,
        max_ms,
        median_ms,
        p90_linear_ms,
        p90_nearest_rank_ms,
    }
}

pub(super) fn holder(holder: &Holder<'_>, at: Option<Level>) -> pb::Holder {
    pb::Holder {
        party: party(&holder.party),
        level: level(at),
        since_time: Some(from_millis(holder.since_ms)),
        accepted: holder.accepted,
        successor_agency_codes: Vec::new(),
    }
}

pub(super) fn exchange(case_code: &str, exchange: &Exchange<'_>) -> pb::OpenExchange {
    pb::OpenExchange {
        case_code: case_code.to_owned(),
        dossier_code: exchange.dossier.to_owned(),
        from: party(&exchange.from),
        to: party(&exchange.to),
        since_time: Some(from_millis(exchange.since_ms)),
        due_time: exchange.due_ms.map(from_millis),
    }
}
