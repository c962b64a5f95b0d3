//! Gathers what is wrong with a message.

use crate::pb::event::v1::{FieldViolation, Party};
use crate::time::{EARLIEST_MS, LATEST_MS, to_millis};
use lienthong_domain::code::{self, CodeError};
use prost_types::Timestamp;

/// The violations found so far, in the order they were found.
#[derive(Debug, Default)]
pub struct Violations(Vec<FieldViolation>);

impl Violations {
    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The list, for a `Failure`.
    pub fn into_list(self) -> Vec<FieldViolation> {
        self.0
    }

    /// Adds a violation.
    pub fn add(&mut self, field: &str, description: impl Into<String>, fix: &str) {
        self.0.push(FieldViolation {
            field: field.to_owned(),
            description: description.into(),
            fix: fix.to_owned(),
        });
    }

    /// Adds the violation of a code, if it is one.
    pub fn code(&mut self, field: &str, checked: Result<(), CodeError>) {
        if let Err(error) = checked {
            self.add(field, error.what, error.fix);
        }
    }

    /// An optional text without control characters, at most `most` bytes.
    pub fn short_text(&mut self, field: &str, text: &str, most: usize) {
        if text.len() > most {
            self.add(
                field,
                format!("it has {} bytes, more than {most}", text.len()),
                "shorten it",
            );
        } else if text.chars().any(char::is_control) {
            self.add(field, "it has control characters", "leave them out");
        }
    }

    /// A text that must be there, at most `most` bytes.
    pub fn required_text(&mut self, field: &str, text: &str, most: usize) {
        if text.trim().is_empty() {
            self.add(field, "it is missing", "give it");
        } else {
            self.short_text(field, text, most);
        }
    }

    /// A time that must be there.
    pub fn required_time(&mut self, field: &str, time: Option<&Timestamp>) {
        match time {
            None => self.add(
                field,
                "it is missing",
                "give the time with its zone, such as 2026-10-08T09:30:00+07:00",
            ),
            some => self.time(field, some),
        }
    }

    /// A time that may be absent.
    pub fn time(&mut self, field: &str, time: Option<&Timestamp>) {
        let Some(time) = time else { return };
        match to_millis(time) {
            Some(millis) if (EARLIEST_MS..LATEST_MS).contains(&millis) => {}
            Some(_) => self.add(
                field,
                "it is outside the years 2000 to 2100",
                "check unit and epoch: seconds since 1970-01-01T00:00:00Z",
            ),
            None => self.add(
                field,
                "its nanoseconds are outside 0 to 999,999,999",
                "give seconds and nanoseconds as google.protobuf.Timestamp says",
            ),
        }
    }

    /// A party that must be there with an agency.
    pub fn required_party(&mut self, field: &str, party: Option<&Party>) {
        match party {
            None => self.add(
                field,
                "it is missing",
                "name the agency, and the unit if there is one",
            ),
            some => self.party(field, some),
        }
    }

    /// A party that may be absent, but names an agency if it is there.
    pub fn party(&mut self, field: &str, party: Option<&Party>) {
        let Some(party) = party else { return };
        self.code(
            &format!("{field}.agency_code"),
            code::check_agency(&party.agency_code),
        );
        self.short_text(
            &format!("{field}.unit_code"),
            &party.unit_code,
            super::SHORT_TEXT,
        );
    }

    /// Demands that a rule holds.
    pub fn demand(&mut self, holds: bool, field: &str, description: &str, fix: &str) {
        if !holds {
            self.add(field, description, fix);
        }
    }
}
