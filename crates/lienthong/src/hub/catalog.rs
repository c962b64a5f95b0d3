//! The catalogue of a process: the reference data in force, whatever it serves.

use super::logs::Logs;
use crate::exit::{Exit, Failure};
use lienthong_catalog::{Catalog, OpenError};
use lienthong_contract::reference::Tables;
use std::sync::Arc;

/// Folds the catalogue log over the tables of the files, and follows it.
///
/// # Errors
/// [`Exit::Usage`] if the files do not hold together; else if the log cannot be read.
pub async fn open(logs: &Logs, tables: Tables) -> Result<Arc<Catalog>, Failure> {
    let opened = Catalog::open(logs.catalog.clone(), tables).await;
    opened.map(Arc::new).map_err(|error| match &error {
        OpenError::Tables(_) => Failure::new(Exit::Usage, error),
        other if other.is_retryable() => Failure::new(Exit::Unavailable, error),
        _ => Failure::failed(error),
    })
}
