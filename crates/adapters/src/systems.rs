//! One file for each connected kind of system. Each names the payloads that its contract has and
//! moves them, unchanged, onto the shared way in.

pub mod civil_status;
pub mod onestop;
pub mod population;
pub mod specialised;

/// A kind of system with an adapter of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum System {
    /// The one-stop systems of provinces and communes.
    Onestop,
    /// The civil-status software.
    CivilStatus,
    /// The population database.
    Population,
    /// The specialised systems: social insurance, tax, land.
    Specialised,
}

impl System {
    /// Every system.
    pub const ALL: [Self; 4] = [
        Self::Onestop,
        Self::CivilStatus,
        Self::Population,
        Self::Specialised,
    ];

    /// Its adapter's name, as in the events it records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Onestop => "onestop",
            Self::CivilStatus => "civil_status",
            Self::Population => "population",
            Self::Specialised => "specialised",
        }
    }
}
