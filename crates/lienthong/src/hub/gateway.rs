//! The gateway of a process: callers' questions, answered from the views.

use super::logs::Logs;
use super::views::Views;
use crate::exit::Failure;
use lienthong_gateway::{Config, Error, Handles};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves until `shutdown`.
///
/// # Errors
/// If the process has no views to ask.
pub fn serve(
    listener: TcpListener,
    views: &Views,
    logs: &Logs,
    shutdown: CancellationToken,
) -> Result<impl Future<Output = Result<(), Error>> + use<>, Failure> {
    let ports = views
        .ports()
        .ok_or_else(|| Failure::failed("a gateway needs views to ask"))?;
    let handles = Handles {
        questions: ports.questions,
        operations: ports.operations,
        performance: ports.performance,
        log: logs.events.clone(),
    };
    Ok(lienthong_gateway::run(
        listener,
        Config::default(),
        handles,
        shutdown,
    ))
}
