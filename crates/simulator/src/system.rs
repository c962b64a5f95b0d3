//! The systems that a simulated sender can be.

use tonic::codegen::http::uri::PathAndQuery;

/// A system with an adapter of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum System {
    /// The one-stop system of a province or commune.
    Onestop,
    /// The civil-status software of the Ministry of Justice.
    CivilStatus,
    /// The national population database of the Ministry of Public Security.
    Population,
    /// Any specialised system: social insurance, tax, land.
    Specialised,
}

impl System {
    /// Every system.
    pub const ALL: [System; 4] = [
        System::Onestop,
        System::CivilStatus,
        System::Population,
        System::Specialised,
    ];

    /// The adapter's name, as in `Event.adapter`.
    pub fn name(self) -> &'static str {
        match self {
            System::Onestop => "onestop",
            System::CivilStatus => "civil_status",
            System::Population => "population",
            System::Specialised => "specialised",
        }
    }

    /// The system of that name, if it is one.
    pub fn parse(name: &str) -> Option<System> {
        System::ALL.into_iter().find(|system| system.name() == name)
    }

    /// The path of `StreamEvents` of the system's adapter.
    pub fn stream_path(self) -> PathAndQuery {
        PathAndQuery::from_static(match self {
            System::Onestop => "/lienthong.onestop.v1.OnestopAdapterService/StreamEvents",
            System::CivilStatus => {
                "/lienthong.civil_status.v1.CivilStatusAdapterService/StreamEvents"
            }
            System::Population => "/lienthong.population.v1.PopulationAdapterService/StreamEvents",
            System::Specialised => {
                "/lienthong.specialised.v1.SpecialisedAdapterService/StreamEvents"
            }
        })
    }

    /// The path of `ReportEvents` of the system's adapter.
    pub fn report_path(self) -> PathAndQuery {
        PathAndQuery::from_static(match self {
            System::Onestop => "/lienthong.onestop.v1.OnestopAdapterService/ReportEvents",
            System::CivilStatus => {
                "/lienthong.civil_status.v1.CivilStatusAdapterService/ReportEvents"
            }
            System::Population => "/lienthong.population.v1.PopulationAdapterService/ReportEvents",
            System::Specialised => {
                "/lienthong.specialised.v1.SpecialisedAdapterService/ReportEvents"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::System;
    use lienthong_contract::pb;

    #[test]
    fn paths_are_those_of_the_generated_services() {
        let services = [
            (
                System::Onestop,
                pb::onestop::v1::onestop_adapter_service_server::SERVICE_NAME,
            ),
            (
                System::CivilStatus,
                pb::civil_status::v1::civil_status_adapter_service_server::SERVICE_NAME,
            ),
            (
                System::Population,
                pb::population::v1::population_adapter_service_server::SERVICE_NAME,
            ),
            (
                System::Specialised,
                pb::specialised::v1::specialised_adapter_service_server::SERVICE_NAME,
            ),
        ];
        for (system, service) in services {
            assert_eq!(
                system.stream_path().as_str(),
                format!("/{service}/StreamEvents")
            );
            assert_eq!(
                system.report_path().as_str(),
                format!("/{service}/ReportEvents")
            );
            assert_eq!(System::parse(system.name()), Some(system));
        }
    }
}
