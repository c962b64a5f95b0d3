//! Dossiers in flight: held by an agency that is no longer in force.

use hashbrown::HashMap;
use jiff::civil::Date;
use lienthong_domain::agency::{Registry, Successors};

/// Agencies that had ended by a day, with what became of them.
#[derive(Debug, Default)]
pub(super) struct Flight {
    on: Date,
    /// By code: its last day.
    ended: HashMap<String, Date>,
    successors: HashMap<String, Vec<String>>,
}

impl Flight {
    /// The agencies that had ended by `on`, and whose code names no agency on it.
    pub(super) fn new(on: Date, registry: &Registry) -> Self {
        let mut ended: HashMap<String, Date> = HashMap::new();
        for agency in registry.agencies() {
            let last = agency.period.last();
            if last < on && registry.agency_at(&agency.code, on).is_none() {
                let known = ended.entry(agency.code.clone()).or_insert(last);
                *known = last.max(*known);
            }
        }
        Self {
            on,
            ended,
            successors: HashMap::new(),
        }
    }

    /// Whether what an agency holds is in flight. An agency that no table knows is none of them.
    pub(super) fn is_in_flight(&self, holder: &str) -> bool {
        self.ended.contains_key(holder)
    }

    /// Codes of the agencies in force that took over; several: one of them, nobody knows which;
    /// none: orphaned.
    pub(super) fn successors(&mut self, holder: &str, registry: &Registry) -> Vec<String> {
        let Some(last) = self.ended.get(holder) else {
            return Vec::new();
        };
        if let Some(known) = self.successors.get(holder) {
            return known.clone();
        }
        let found = match registry.agency_successors(holder, *last, self.on) {
            Successors::Known(agency) => vec![agency.code.clone()],
            Successors::Several(agencies) => {
                agencies.iter().map(|agency| agency.code.clone()).collect()
            }
            Successors::Abolished | Successors::Unknown => Vec::new(),
        };
        self.successors.insert(holder.to_owned(), found.clone());
        found
    }
}
