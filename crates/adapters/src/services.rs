//! The gRPC services of one listener: the adapters, the rejected log, health and reflection.

use crate::config::Limits;
use crate::intake::Adapter;
use crate::rejected;
use crate::systems::{System, civil_status, onestop, population, specialised};
use lienthong_contract::pb::civil_status::v1::civil_status_adapter_service_server::CivilStatusAdapterServiceServer as CivilStatusServer;
use lienthong_contract::pb::onestop::v1::onestop_adapter_service_server::OnestopAdapterServiceServer as OnestopServer;
use lienthong_contract::pb::operations::v1::rejected_service_server::RejectedServiceServer;
use lienthong_contract::pb::population::v1::population_adapter_service_server::PopulationAdapterServiceServer as PopulationServer;
use lienthong_contract::pb::specialised::v1::specialised_adapter_service_server::SpecialisedAdapterServiceServer as SpecialisedServer;
use lienthong_contract::reflection::describe;
use std::collections::BTreeMap;
use std::sync::Arc;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// The service of the rejected log, which every listener has.
const REJECTED: &str = "lienthong.operations.v1.RejectedService";

/// The adapters served, by system.
pub type Adapters = BTreeMap<System, Arc<Adapter>>;

/// The services of one listener.
pub struct Services {
    /// The way to each.
    pub routes: Routes,
    names: Vec<&'static str>,
    health: HealthReporter,
}

/// Every service of these adapters; health says SERVING from here on.
///
/// # Errors
/// If the descriptors built into this binary do not load.
pub async fn services(
    adapters: &Adapters,
    rejected: rejected::Service,
    limits: &Limits,
) -> Result<Services, tonic_reflection::server::Error> {
    let names: Vec<_> = adapters
        .keys()
        .copied()
        .map(name)
        .chain([REJECTED])
        .collect();
    let (reporter, health) = tonic_health::server::health_reporter();
    for name in &names {
        reporter
            .set_service_status(name, ServingStatus::Serving)
            .await;
    }
    let most = limits.message_bytes;
    let mut routes = Routes::new(health);
    for (system, adapter) in adapters {
        routes = add(routes, *system, adapter.clone(), most);
    }
    let rejected = RejectedServiceServer::new(rejected);
    let reflection = || describe(&names, tonic_health::pb::FILE_DESCRIPTOR_SET);
    let routes = routes
        .add_service(rejected.max_decoding_message_size(most))
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?)
        .prepare();
    Ok(Services {
        routes,
        names,
        health: reporter,
    })
}

impl Services {
    /// Says that nothing is served any more.
    pub async fn stop_serving(&self) {
        for name in self.names.iter().copied().chain([""]) {
            self.health
                .set_service_status(name, ServingStatus::NotServing)
                .await;
        }
    }
}

fn name(system: System) -> &'static str {
    match system {
        System::Onestop => "lienthong.onestop.v1.OnestopAdapterService",
        System::CivilStatus => "lienthong.civil_status.v1.CivilStatusAdapterService",
        System::Population => "lienthong.population.v1.PopulationAdapterService",
        System::Specialised => "lienthong.specialised.v1.SpecialisedAdapterService",
    }
}

fn add(routes: Routes, system: System, adapter: Arc<Adapter>, most: usize) -> Routes {
    match system {
        System::Onestop => {
            let service = OnestopServer::new(onestop::Service(adapter));
            routes.add_service(service.max_decoding_message_size(most))
        }
        System::CivilStatus => {
            let service = CivilStatusServer::new(civil_status::Service(adapter));
            routes.add_service(service.max_decoding_message_size(most))
        }
        System::Population => {
            let service = PopulationServer::new(population::Service(adapter));
            routes.add_service(service.max_decoding_message_size(most))
        }
        System::Specialised => {
            let service = SpecialisedServer::new(specialised::Service(adapter));
            routes.add_service(service.max_decoding_message_size(most))
        }
    }
}
