//! Figures on their way between processes.

use super::Clockwork;
use super::deadlines::{Deadlines, Outcomes};
use super::moments::PackedMoments;
use super::steps_due::StepsDue;
use super::stops::PackedStops;
use crate::answers::packed::PackedDurations;
use serde::{Deserialize, Serialize};

/// See the module.
#[derive(Serialize, Deserialize)]
pub(super) struct Packed {
    dossiers: u64,
    received: u64,
    by_moment: Outcomes,
    by_day: Outcomes,
    allowed: PackedDurations,
    taken: PackedDurations,
    moments: PackedMoments,
    stops: [PackedStops; 3],
    steps_due: StepsDue,
    extended_dossiers: u64,
    extensions: u64,
    withdrawn_dossiers: u64,
}

impl From<Clockwork> for Packed {
    fn from(sum: Clockwork) -> Self {
        Self {
            dossiers: sum.dossiers,
            received: sum.deadlines.received,
            by_moment: sum.deadlines.by_moment,
            by_day: sum.deadlines.by_day,
            allowed: PackedDurations::new(&sum.deadlines.allowed),
            taken: PackedDurations::new(&sum.deadlines.taken),
            moments: sum.moments.pack(),
            stops: sum.stops.each_ref().map(|stop| stop.pack()),
            steps_due: sum.steps_due,
            extended_dossiers: sum.extended_dossiers,
            extensions: sum.extensions,
            withdrawn_dossiers: sum.withdrawn_dossiers,
        }
    }
}

impl Packed {
    /// Adds the figures to a sum for the same question.
    ///
    /// # Errors
    /// If its moments are not those asked for.
    pub(super) fn add_to(self, sum: &mut Clockwork) -> Result<(), postcard::Error> {
        sum.moments.add_packed(self.moments)?;
        sum.dossiers += self.dossiers;
        sum.deadlines.merge(Deadlines {
            received: self.received,
            by_moment: self.by_moment,
            by_day: self.by_day,
            allowed: self.allowed.unpack(),
            taken: self.taken.unpack(),
        });
        for (into, from) in sum.stops.iter_mut().zip(self.stops) {
            into.merge(from.unpack());
        }
        sum.steps_due.merge(&self.steps_due);
        sum.extended_dossiers += self.extended_dossiers;
        sum.extensions += self.extensions;
        sum.withdrawn_dossiers += self.withdrawn_dossiers;
        Ok(())
    }
}
