//! The gRPC services of one listener: the adapters, the rejected log, health and reflection.

use crate::intake::Adapter;
use crate::rejected;
use crate::systems::{civil_status, onestop, population, specialised};
use lienthong_contract::pb::civil_status::v1::civil_status_adapter_service_server::CivilStatusAdapterServiceServer as CivilStatusServer;
use lienthong_contract::pb::onestop::v1::onestop_adapter_service_server::OnestopAdapterServiceServer as OnestopServer;
use lienthong_contract::pb::operations::v1::rejected_service_server::RejectedServiceServer;
use lienthong_contract::pb::population::v1::population_adapter_service_server::PopulationAdapterServiceServer as PopulationServer;
use lienthong_contract::pb::specialised::v1::specialised_adapter_service_server::SpecialisedAdapterServiceServer as SpecialisedServer;
use lienthong_contract::reflection::describe;
use std::sync::Arc;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tonic_reflection::server::Builder;

/// The services whose health is told one by one.
pub const NAMES: [&str; 5] = [
    "lienthong.onestop.v1.OnestopAdapterService",
    "lienthong.civil_status.v1.CivilStatusAdapterService",
    "lienthong.population.v1.PopulationAdapterService",
    "lienthong.specialised.v1.SpecialisedAdapterService",
    "lienthong.operations.v1.RejectedService",
];

/// One adapter for each gRPC contract.
pub struct Adapters {
    /// `lienthong.onestop.v1`.
    pub onestop: Arc<Adapter>,
    /// `lienthong.civil_status.v1`.
    pub civil_status: Arc<Adapter>,
    /// `lienthong.population.v1`.
    pub population: Arc<Adapter>,
    /// `lienthong.specialised.v1`.
    pub specialised: Arc<Adapter>,
}

/// Routes to every service, and the reporter of their health, which says SERVING from here on.
///
/// # Errors
/// If the descriptors built into this binary do not load.
pub async fn routes(
    adapters: &Adapters,
    rejected: rejected::Service,
) -> Result<(Routes, HealthReporter), tonic_reflection::server::Error> {
    let most = adapters.onestop.limits.message_bytes;
    let (reporter, health) = tonic_health::server::health_reporter();
    for name in NAMES {
        reporter
            .set_service_status(name, ServingStatus::Serving)
            .await;
    }
    let onestop = OnestopServer::new(onestop::Service(adapters.onestop.clone()));
    let civil_status = CivilStatusServer::new(civil_status::Service(adapters.civil_status.clone()));
    let population = PopulationServer::new(population::Service(adapters.population.clone()));
    let specialised = SpecialisedServer::new(specialised::Service(adapters.specialised.clone()));
    let rejected = RejectedServiceServer::new(rejected);
    let routes = Routes::new(health)
        .add_service(onestop.max_decoding_message_size(most))
        .add_service(civil_status.max_decoding_message_size(most))
        .add_service(population.max_decoding_message_size(most))
        .add_service(specialised.max_decoding_message_size(most))
        .add_service(rejected.max_decoding_message_size(most))
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?);
    Ok((routes.prepare(), reporter))
}

/// Says that nothing is served any more.
pub async fn stop_serving(reporter: &HealthReporter) {
    for name in NAMES.into_iter().chain([""]) {
        reporter
            .set_service_status(name, ServingStatus::NotServing)
            .await;
    }
}

fn reflection() -> Builder<'static> {
    describe(&NAMES, tonic_health::pb::FILE_DESCRIPTOR_SET)
}
