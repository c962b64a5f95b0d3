//! All reference data of one moment, under one version.

use crate::agency::Registry;
use crate::calendar::Calendar;
use crate::clock::Clock;
use crate::procedure::Procedures;
use crate::status::Mappings;

/// Agencies and units, procedures, the working calendar and the status tables.
#[derive(Debug, Clone)]
pub struct Reference {
    /// Agencies and units of all times.
    pub registry: Registry,
    /// Procedures in all their versions.
    pub procedures: Procedures,
    /// Working days.
    pub calendar: Calendar,
    /// What the systems' statuses mean.
    pub mappings: Mappings,
    /// Fingerprint of everything, 16 hexadecimal digits: equal tables, equal version.
    pub version: String,
}

impl Reference {
    /// The legal clock under this calendar.
    pub fn clock(&self) -> Clock<'_> {
        Clock {
            calendar: &self.calendar,
        }
    }
}
