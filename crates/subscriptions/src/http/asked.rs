//! What a request asks for: its parameters, read once and refused by name.
//!
//! | parameter | meaning |
//! |---|---|
//! | `from` | `beginning`, `end` (the usual) or a time by RFC 3339 |
//! | `last_event_id` | the token to resume with; `from` is then not looked at. Of a stream the header `Last-Event-ID` comes first, which a browser sends when it comes back by the same address |
//! | an attribute, such as `agency` | its value; given several times: one of these values |
//! | `agency.prefix`, `agency.suffix` | likewise, of how a value begins or ends |
//! | `filters` | a list of filters in the JSON of CloudEvents Subscriptions |
//! | `until_caught_up` | `true`: the stream ends once everything is told that was recorded when it began |
//! | `heartbeat` | of a stream: seconds of silence after which a comment is sent, 1 to 300; 15 |
//! | `max` | of a page: most events, 1 to 1,000; 100 |
//!
//! Different parameters must all hold.

use crate::facets::Attribute;
use crate::filter::{self, Filter};
use crate::stream::{Until, Wanted};
use axum::extract::Query;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use lienthong_contract::pb::event::v1::FieldViolation;
use lienthong_contract::pb::subscription::v1::filter::Dialect;
use lienthong_contract::pb::subscription::v1::start::Place;
use lienthong_contract::pb::subscription::v1::{self as pb, Beginning, End, Start};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time::from_millis;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

const HEARTBEAT_S: RangeInclusive<u64> = 1..=300;
const USUAL_HEARTBEAT_S: u64 = 15;
const MOST: RangeInclusive<u64> = 1..=1_000;
const USUAL_MOST: u64 = 100;

/// The two forms that events come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Server-sent events.
    Stream,
    /// A list and the way to the next.
    Page,
}

impl Form {
    /// The form that `Accept` names; none if it names neither. Whoever takes anything gets the
    /// stream.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut kinds = headers.get_all(header::ACCEPT).iter().peekable();
        if kinds.peek().is_none() {
            return Some(Form::Stream);
        }
        let kinds = kinds.filter_map(|kinds| kinds.to_str().ok());
        let kinds = kinds.flat_map(|kinds| kinds.split(','));
        let form = |kind: &str| match kind.split(';').next().unwrap_or_default().trim() {
            "*/*" | "text/*" | "text/event-stream" => Some(Form::Stream),
            "application/*" | "application/cloudevents-batch+json" => Some(Form::Page),
            _ => None,
        };
        kinds
            .map(str::to_ascii_lowercase)
            .find_map(|kind| form(&kind))
    }
}

/// A request that can be answered.
pub(super) struct Asked {
    pub(super) wanted: Wanted,
    /// Events of a page.
    pub(super) most: usize,
}

impl Asked {
    /// Reads a request.
    ///
    /// # Errors
    /// `REQUEST_MALFORMED` with every parameter at fault.
    pub(super) fn read(form: Form, query: &str, headers: &HeaderMap) -> Result<Self, Failure> {
        let mut reading = Reading::of(query);
        let sent = match form {
            Form::Stream => headers.get(super::LAST_EVENT_ID),
            Form::Page => None,
        };
        let start = reading.start(sent);
        let filter = reading.filter();
        let until = match form {
            Form::Page => Until::CaughtUp,
            Form::Stream => reading.until(),
        };
        let usual = USUAL_HEARTBEAT_S;
        let heartbeat = match form {
            Form::Page => usual,
            Form::Stream => reading.number("heartbeat", HEARTBEAT_S, usual),
        };
        let most = match form {
            Form::Page => reading.number("max", MOST, USUAL_MOST),
            Form::Stream => 0,
        };
        reading.end(form)?;
        Ok(Self {
            wanted: Wanted {
                start: Some(start),
                filter,
                until,
                heartbeat: Duration::from_secs(heartbeat),
            },
            most: most as usize,
        })
    }
}

/// Parameters that are not read yet, and what is wrong with those that are.
struct Reading {
    parameters: BTreeMap<String, Vec<String>>,
    violations: Vec<FieldViolation>,
}

impl Reading {
    fn of(query: &str) -> Self {
        let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut violations = Vec::new();
        let uri = Uri::builder().path_and_query(format!("/?{query}")).build();
        let pairs = uri.ok().and_then(|uri| {
            let pairs = Query::<Vec<(String, String)>>::try_from_uri(&uri);
            pairs.ok().map(|Query(pairs)| pairs)
        });
        match pairs {
            Some(pairs) => {
                for (name, value) in pairs {
                    parameters.entry(name).or_default().push(value);
                }
            }
            None => violations.push(violation(
                "query",
                "it cannot be read",
                "write name=value pairs with & between them, percent-encoded",
            )),
        }
        Self {
            parameters,
            violations,
        }
    }

    fn start(&mut self, sent: Option<&HeaderValue>) -> Start {
        let from = self.from();
        let token = self.one("last_event_id").unwrap_or_default();
        let token = match sent.map(|sent| sent.to_str()) {
            Some(Ok(sent)) if !sent.trim().is_empty() => sent.trim().to_owned(),
            Some(Err(_)) => {
                let fix = "send the token as it was received, or leave the header out";
                self.refuse("Last-Event-ID", "it is no token", fix);
                token
            }
            _ => token,
        };
        let place = match token.is_empty() {
            true => from,
            false => Place::Token(token),
        };
        Start { place: Some(place) }
    }

    fn from(&mut self) -> Place {
        let end = Place::End(End {});
        let Some(text) = self.one("from") else {
            return end;
        };
        match text.as_str() {
            "end" => end,
            "beginning" => Place::Beginning(Beginning {}),
            // A plus sign that was not encoded is a space by now.
            text => match text.replace(' ', "+").parse::<jiff::Timestamp>() {
                Ok(time) => Place::Time(from_millis(time.as_millisecond())),
                Err(_) => {
                    let what = "it is neither a time nor `beginning` or `end`";
                    let fix = "write a time by RFC 3339, such as 2026-11-22T08:00:00Z, or beginning, or end";
                    self.refuse("from", what, fix);
                    end
                }
            },
        }
    }

    /// The filters of the parameters and those of `filters`; all must hold.
    fn filter(&mut self) -> Filter {
        let mut filters = self.listed();
        for attribute in Attribute::ALL {
            let name = attribute.name();
            for parameter in [
                name.to_owned(),
                format!("{name}.prefix"),
                format!("{name}.suffix"),
            ] {
                let values = self.parameters.remove(&parameter).unwrap_or_default();
                if values.iter().any(String::is_empty) {
                    self.refuse(&parameter, "it is empty", "give a value, or leave it out");
                } else if !values.is_empty() {
                    filters.push(one_of(&parameter, name, values));
                }
            }
        }
        Filter::compile(&filters, "filters").unwrap_or_else(|violations| {
            self.violations.extend(violations);
            Filter::everything()
        })
    }

    fn listed(&mut self) -> Vec<pb::Filter> {
        let Some(text) = self.one("filters") else {
            return Vec::new();
        };
        let read = match serde_json::from_str(&text) {
            Ok(value) => filter::from_json(&value, "filters"),
            Err(error) => {
                let fix = r#"write a list of filters, such as [{"exact":{"type":"..."}}], percent-encoded"#;
                Err(vec![violation(
                    "filters",
                    format!("it is no JSON: {error}"),
                    fix,
                )])
            }
        };
        read.unwrap_or_else(|violations| {
            self.violations.extend(violations);
            Vec::new()
        })
    }

    fn until(&mut self) -> Until {
        match self.one("until_caught_up").as_deref() {
            None | Some("false") => Until::GoingAway,
            Some("true") => Until::CaughtUp,
            Some(_) => {
                let what = "it is neither `true` nor `false`";
                self.refuse("until_caught_up", what, "write true, or leave it out");
                Until::GoingAway
            }
        }
    }

    fn number(&mut self, name: &str, range: RangeInclusive<u64>, usual: u64) -> u64 {
        let Some(text) = self.one(name) else {
            return usual;
        };
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.unwrap_or_else(|| {
            let (least, most) = (range.start(), range.end());
            let what = format!("it is no number from {least} to {most}");
            self.refuse(
                name,
                what,
                &format!("write one, or leave it out for {usual}"),
            );
            usual
        })
    }

    /// A parameter that may be given once.
    fn one(&mut self, name: &str) -> Option<String> {
        let mut values = self.parameters.remove(name)?;
        if values.len() > 1 {
            self.refuse(name, "it is given more than once", "give it once");
        }
        values.pop()
    }

    /// Refuses what nobody asked for and what was wrong.
    fn end(mut self, form: Form) -> Result<(), Failure> {
        let of_form = match form {
            Form::Stream => "until_caught_up, heartbeat",
            Form::Page => "max",
        };
        let names = Attribute::names().join(", ");
        let fix = format!(
            "use from, last_event_id, filters, {of_form}, or an attribute, alone or with .prefix or .suffix: {names}"
        );
        for name in std::mem::take(&mut self.parameters).into_keys() {
            self.refuse(&name, "there is no such parameter", &fix);
        }
        match self.violations.is_empty() {
            true => Ok(()),
            false => Err(Failure::of_fields(
                Reason::RequestMalformed,
                self.violations,
            )),
        }
    }

    fn refuse(&mut self, field: &str, what: impl Into<String>, fix: &str) {
        self.violations.push(violation(field, what, fix));
    }
}

/// The filter of a parameter: that one of its values is, begins or ends the attribute's.
fn one_of(parameter: &str, name: &str, values: Vec<String>) -> pb::Filter {
    let filter = |value| {
        let values = [(name.to_owned(), value)].into();
        let asked = pb::Attributes { values };
        let dialect = match parameter.rsplit_once('.') {
            Some((_, "prefix")) => Dialect::Prefix(asked),
            Some((_, "suffix")) => Dialect::Suffix(asked),
            _ => Dialect::Exact(asked),
        };
        pb::Filter {
            dialect: Some(dialect),
        }
    };
    let filters = values.into_iter().map(filter).collect();
    pb::Filter {
        dialect: Some(Dialect::Any(pb::Filters { filters })),
    }
}

fn violation(field: &str, what: impl Into<String>, fix: &str) -> FieldViolation {
    FieldViolation {
        field: field.to_owned(),
        description: what.into(),
        fix: fix.to_owned(),
    }
}

#[cfg(test)]
#[path = "../asked_tests.rs"]
mod tests;
