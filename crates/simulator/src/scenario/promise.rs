//! What a system promises: the day that the law gives, as the catalogue and the legal clock have it,
//! or the script's own time where the catalogue knows no limit.

use super::script::{Part, Says};
use super::workday;
use lienthong_domain::clock::Stop;
use lienthong_domain::path::day::{day, day_number};
use lienthong_domain::reference::Reference;
use std::collections::BTreeMap;

/// What is promised of the dossiers of a case.
pub(super) struct Promises<'a> {
    pub(super) reference: &'a Reference,
    /// Working minutes until the appointment where the catalogue knows no limit.
    pub(super) otherwise: i64,
    pub(super) parts: BTreeMap<Part, Received<'a>>,
}

/// A dossier that was received.
pub(super) struct Received<'a> {
    procedure: &'a str,
    at_ms: i64,
    stops: Vec<Stop>,
}

impl<'a> Promises<'a> {
    /// Follows what is said of a dossier; the appointment, if this is where one is told.
    pub(super) fn follow(
        &mut self,
        part: Part,
        says: Says,
        procedure: &'a str,
        at_ms: i64,
    ) -> Option<i64> {
        match says {
            Says::Received => {
                let received = Received {
                    procedure,
                    at_ms,
                    stops: Vec::new(),
                };
                self.parts.insert(part, received);
                Some(self.appointment(part, at_ms))
            }
            Says::SupplementRequested => self.stop(part, at_ms, 5),
            Says::PaymentRequested => self.stop(part, at_ms, 6),
            Says::PaymentMade => self.go_on(part, at_ms),
            Says::SupplementReceived => {
                self.go_on(part, at_ms);
                Some(self.appointment(part, at_ms))
            }
            _ => None,
        }
    }

    fn stop(&mut self, part: Part, from_ms: i64, portal_status: u8) -> Option<i64> {
        let stops = &mut self.parts.get_mut(&part)?.stops;
        stops.push(Stop {
            from_ms,
            to_ms: None,
            portal_status,
        });
        None
    }

    fn go_on(&mut self, part: Part, at_ms: i64) -> Option<i64> {
        self.parts.get_mut(&part)?.stops.last_mut()?.to_ms = Some(at_ms);
        None
    }

    fn appointment(&self, part: Part, now_ms: i64) -> i64 {
        let by_law = self.parts.get(&part).and_then(|received| {
            let began = day(day_number(received.at_ms));
            let procedures = &self.reference.procedures;
            let limit = procedures.version_at(received.procedure, began)?.limit?;
            let clock = self.reference.clock();
            clock.due(&limit, received.at_ms, &received.stops).ok()
        });
        by_law.unwrap_or_else(|| workday::after(now_ms, self.otherwise))
    }
}
