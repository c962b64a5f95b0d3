//! Seeded scenarios of places whose own figures were published, and of the reorganisation of
//! 2025-07-01: a catalogue of changes for the catalogue service, and what the desks of the place
//! report through the adapters.
//!
//! A scenario fixes how many dossiers have a trait (late, digitised, signed and so on); who they
//! are, when they came and what became of them is drawn by the seed. No figure is sent: each is
//! computed by the hub from dossiers and catalogue. Units and working days are the real ones;
//! province codes are those of Decision 20/2020/QĐ-TTg, every agency below them, every procedure
//! code that begins with 9 and every dossier is made up. One scenario fills one hub: figures of a
//! catalogue are of everything in it.

mod agencies;
mod apply;
mod catalogue;
mod fields;
mod hai_ha;
mod life;
mod population;
mod reorganisation;
mod service;
mod thanh_hoa;
mod van_ho;
mod working_days;

pub use apply::apply;
pub use reorganisation::{HANDED_ON, REFORM, STRANDED, orphan};

use crate::message::NotTaken;
use crate::scenario::TimedEvent;
use lienthong_contract::pb::catalog::v1::Change;
use lienthong_contract::reference::LoadError;
use lienthong_domain::calendar::NoCalendar;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// A place and a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Published {
    /// Hải Hà district of Quảng Ninh, 2024-01-01 to 2024-06-30.
    HaiHa,
    /// Vân Hồ district of Sơn La, the year 2024.
    VanHo,
    /// Thanh Hóa province, 2025-07-01 to 2025-12-31.
    ThanhHoa,
    /// Parts of Thanh Hóa, Quảng Ninh, Hải Dương and Hải Phòng, the year 2025.
    Reorganisation,
}

impl Published {
    /// Every one.
    pub const ALL: [Published; 4] = [
        Published::HaiHa,
        Published::VanHo,
        Published::ThanhHoa,
        Published::Reorganisation,
    ];

    /// The name by which it is asked for.
    pub fn name(self) -> &'static str {
        match self {
            Published::HaiHa => "hai-ha-2024h1",
            Published::VanHo => "van-ho",
            Published::ThanhHoa => "thanh-hoa",
            Published::Reorganisation => "reorganisation-2025",
        }
    }

    /// The one of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// What is sent to a hub.
#[derive(Debug, Clone)]
pub struct Play {
    /// For `CatalogService.ApplyChanges`, in this order, before any event.
    pub catalogue: Vec<Change>,
    /// For the adapters, in the order of their arrival.
    pub events: Vec<TimedEvent>,
}

/// Why nothing was generated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The shipped tables do not load.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The shipped calendar lacks a year.
    #[error(transparent)]
    Calendar(#[from] NoCalendar),
    /// A system would say what its adapter does not take.
    #[error(transparent)]
    Taken(#[from] NotTaken),
    /// A day or moment lies outside the calendar.
    #[error("a day of the scenario is out of range: {0}")]
    Day(#[from] jiff::Error),
    /// The numbers of a population do not add up.
    #[error("population of {place}: {what}. Fix: correct its counts")]
    Counts {
        /// Whose.
        place: &'static str,
        /// What does not add up.
        what: String,
    },
    /// No service of the catalogue allows what was drawn.
    #[error("population of {place}: no service allows a dossier that is {what}")]
    NoService {
        /// Whose.
        place: &'static str,
        /// What was wanted.
        what: String,
    },
    /// The shipped units lack one that the scenario names.
    #[error("the shipped tables have no unit {0} on the scenario's days")]
    NoUnit(String),
}

impl Error {
    /// Always false: scenario or tables have to be corrected.
    pub fn is_retryable(&self) -> bool {
        false
    }
}

/// What a place reports; equal seeds give equal plays.
///
/// # Errors
/// See [`Error`]; a test generates every scenario.
pub fn play(which: Published, seed: u64) -> Result<Play, Error> {
    let mut dice = StdRng::seed_from_u64(seed ^ ((which as u64) << 48));
    match which {
        Published::HaiHa => hai_ha::play(&mut dice),
        Published::VanHo => van_ho::play(&mut dice),
        Published::ThanhHoa => thanh_hoa::play(&mut dice),
        Published::Reorganisation => reorganisation::play(&mut dice),
    }
}

#[cfg(test)]
#[path = "published_tests.rs"]
#[allow(clippy::unwrap_used)]
mod tests;
