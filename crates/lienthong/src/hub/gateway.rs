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

/// What a gateway serves from.
pub struct Given<'a> {
    /// The views.
    pub views: &'a Views,
    /// The logs.
    pub logs: &'a Logs,
    /// Subscriptions, and what is watched beside them.
    pub subscriptions: &'a Subscriptions,
    /// The reference data.
    pub catalog: Arc<Catalog>,
}

/// Serves until `shutdown`.
///
/// # Errors
/// If the process has no views to ask.
pub fn serve(
    listener: TcpListener,
    given: Given<'_>,
    shutdown: CancellationToken,
) -> Result<impl Future<Output = Result<(), Error>> + use<>, Failure> {
    let ports = given.views.ports();
    let ports = ports.ok_or_else(|| Failure::failed("a gateway needs views to ask"))?;
    let handles = Handles {
        questions: ports.questions,
        operations: ports.operations,
        performance: ports.performance,
        quality: ports.quality,
        subscription_lags: Some(given.subscriptions.lags()),
        watched: Some(given.subscriptions.watched()),
        log: given.logs.events.clone(),
        beside: beside(given.catalog, given.subscriptions),
    };
    Ok(lienthong_gateway::run(
        listener,
        Config::default(),
        handles,
        shutdown,
    ))
}

/// The catalogue and subscriptions, served beside the questions.
fn beside(catalog: Arc<Catalog>, subscriptions: &Subscriptions) -> Beside {
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
