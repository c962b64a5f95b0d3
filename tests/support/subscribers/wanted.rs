//! What the ways of subscribing ask for, each with a plain evaluation of its own over what was
//! sent: nothing of the hub's filters is used here.

use lienthong_contract::event::kind;
use lienthong_contract::pb::event::v1::Event;
use lienthong_contract::pb::subscription::v1::filter::Dialect;
use lienthong_contract::pb::subscription::v1::{Attributes, Filter, Filters};

/// A set of filters and what they mean.
#[derive(Clone)]
pub struct Wanted {
    /// As the hub gets them.
    pub filters: Vec<Filter>,
    /// Whether an event as it was sent fits.
    pub fits: fn(&Event) -> bool,
}

/// Every event.
pub fn everything() -> Wanted {
    Wanted {
        filters: Vec::new(),
        fits: |_| true,
    }
}

/// Hand-overs and their acceptances, by exact type.
pub fn handed_over() -> Wanted {
    let of = |kind: &str| exact("type", &format!("vn.lienthong.dossier.{kind}.v1"));
    Wanted {
        filters: vec![any(vec![of("handed_over"), of("accepted")])],
        fits: |event| matches!(type_of(event), "handed_over" | "accepted"),
    }
}

/// What one-stop systems say of procedures that have a code, but no submission.
pub fn desks() -> Wanted {
    Wanted {
        filters: vec![
            suffix("source", ":onestop"),
            not(exact("type", "vn.lienthong.dossier.submitted.v1")),
            prefix("procedure", "1."),
        ],
        fits: |event| {
            let header = event.header.clone().unwrap_or_default();
            header.source.ends_with(":onestop")
                && type_of(event) != "submitted"
                && header.procedure_code.starts_with("1.")
        },
    }
}

/// About one event in ten, by the end of its id, of everybody but the one-stop systems.
pub fn few() -> Wanted {
    let none = not(any(vec![suffix("source", ":onestop")]));
    Wanted {
        filters: vec![all(vec![suffix("id", "3"), none])],
        fits: |event| {
            let header = event.header.clone().unwrap_or_default();
            header.id.ends_with('3') && !header.source.ends_with(":onestop")
        },
    }
}

/// The agencies of one province, as the events name them.
pub fn province() -> Wanted {
    Wanted {
        filters: vec![prefix("agency", "H56")],
        fits: |event| {
            let header = event.header.clone().unwrap_or_default();
            header.agency_code.starts_with("H56")
        },
    }
}

fn type_of(event: &Event) -> &'static str {
    event
        .payload
        .as_ref()
        .and_then(kind)
        .map_or("", |kind| kind.name())
}

fn attributes(name: &str, value: &str) -> Attributes {
    Attributes {
        values: [(name.to_owned(), value.to_owned())].into(),
    }
}

fn filter(dialect: Dialect) -> Filter {
    Filter {
        dialect: Some(dialect),
    }
}

fn exact(name: &str, value: &str) -> Filter {
    filter(Dialect::Exact(attributes(name, value)))
}

fn prefix(name: &str, value: &str) -> Filter {
    filter(Dialect::Prefix(attributes(name, value)))
}

fn suffix(name: &str, value: &str) -> Filter {
    filter(Dialect::Suffix(attributes(name, value)))
}

fn all(filters: Vec<Filter>) -> Filter {
    filter(Dialect::All(Filters { filters }))
}

fn any(filters: Vec<Filter>) -> Filter {
    filter(Dialect::Any(Filters { filters }))
}

fn not(of: Filter) -> Filter {
    filter(Dialect::Not(Box::new(of)))
}
