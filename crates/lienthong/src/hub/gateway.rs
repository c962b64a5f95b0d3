//! The gateway of a process: callers' questions, answered from the views.

use super::logs::Logs;
use super::views::Views;
use crate::exit::Failure;
use lienthong_catalog::{Catalog, Service};
use lienthong_contract::pb::catalog::v1::catalog_service_server::{self, CatalogServiceServer};
use lienthong_gateway::{Beside, Config, Error, Handles};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

/// Largest request for the catalogue, in bytes: 20,000 changes with long names.
const LARGEST_CHANGES: usize = 64 * 1024 * 1024;

/// Serves until `shutdown`.
///
/// # Errors
/// If the process has no views to ask.
pub fn serve(
    listener: TcpListener,
    views: &Views,
    logs: &Logs,
    catalog: Arc<Catalog>,
    shutdown: CancellationToken,
) -> Result<impl Future<Output = Result<(), Error>> + use<>, Failure> {
    let ports = views
        .ports()
        .ok_or_else(|| Failure::failed("a gateway needs views to ask"))?;
    let handles = Handles {
        questions: ports.questions,
        operations: ports.operations,
        performance: ports.performance,
        quality: ports.quality,
        log: logs.events.clone(),
        beside: beside(catalog),
    };
    Ok(lienthong_gateway::run(
        listener,
        Config::default(),
        handles,
        shutdown,
    ))
}

/// The catalogue, served beside the questions.
fn beside(catalog: Arc<Catalog>) -> Beside {
    let service = CatalogServiceServer::new(Service::new(catalog));
    Beside {
        routes: Routes::new(service.max_decoding_message_size(LARGEST_CHANGES)),
        names: vec![catalog_service_server::SERVICE_NAME],
    }
}
