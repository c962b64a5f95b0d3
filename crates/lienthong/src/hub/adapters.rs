//! The adapters of a process.

use super::logs::Logs;
use crate::exit::Failure;
use lienthong_adapters::{Config, Error, Handles};
use lienthong_contract::reference::Current;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Where they listen.
pub struct Doors {
    /// Their gRPC.
    pub grpc: TcpListener,
    /// QCVN 120 packets, where they are taken.
    pub http: Option<TcpListener>,
}

/// Serves until `shutdown`.
///
/// # Errors
/// If the process has no rejected log.
pub fn serve(
    doors: Doors,
    config: Config,
    reference: Current,
    logs: &Logs,
    shutdown: CancellationToken,
) -> Result<impl Future<Output = Result<(), Error>> + use<>, Failure> {
    let rejected = logs.rejected.clone();
    let handles = Handles {
        log: logs.events.clone(),
        rejected: rejected.ok_or_else(|| Failure::failed("adapters need the rejected log"))?,
        reference,
    };
    Ok(lienthong_adapters::run(
        doors.grpc, doors.http, config, handles, shutdown,
    ))
}
