//! The kinds of systems, as the command line names them.

use clap::ValueEnum;

/// A kind of system with an adapter of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum System {
    /// One-stop systems of provinces and communes
    Onestop,
    /// The civil-status software
    CivilStatus,
    /// The population database
    Population,
    /// Specialised systems: social insurance, tax, land
    Specialised,
}

impl System {
    /// Its adapter.
    pub fn adapter(self) -> lienthong_adapters::System {
        match self {
            Self::Onestop => lienthong_adapters::System::Onestop,
            Self::CivilStatus => lienthong_adapters::System::CivilStatus,
            Self::Population => lienthong_adapters::System::Population,
            Self::Specialised => lienthong_adapters::System::Specialised,
        }
    }

    /// The simulated system.
    pub fn simulated(self) -> lienthong_simulator::system::System {
        match self {
            Self::Onestop => lienthong_simulator::system::System::Onestop,
            Self::CivilStatus => lienthong_simulator::system::System::CivilStatus,
            Self::Population => lienthong_simulator::system::System::Population,
            Self::Specialised => lienthong_simulator::system::System::Specialised,
        }
    }
}
