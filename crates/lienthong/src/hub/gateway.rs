//! The gateway of a process: callers' questions, answered from the views, and subscriptions.

use super::logs::Logs;
use super::subscriptions::Subscriptions;
use super::views::Views;
use crate::exit::Failure;
use lienthong_catalog::{Catalog, Service as CatalogCalls};
use lienthong_contract::pb::catalog::v1::catalog_service_server::{self, CatalogServiceServer};
use lienthong_contract::pb::subscription::v1::subscriptions_server;
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
    beside: Beside,
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
        beside,
    };
    Ok(lienthong_gateway::run(
        listener,
        Config::default(),
        handles,
        shutdown,
    ))
}

/// The catalogue and subscriptions, served beside the questions.
pub fn beside(catalog: Arc<Catalog>, subscriptions: &Subscriptions) -> Beside {
    let catalog = CatalogServiceServer::new(CatalogCalls::new(catalog));
    let catalog = catalog.max_decoding_message_size(LARGEST_CHANGES);
    Beside {
        routes: Routes::new(catalog).add_service(subscriptions.service()),
        names: vec![
            catalog_service_server::SERVICE_NAME,
            subscriptions_server::SERVICE_NAME,
        ],
    }
}
