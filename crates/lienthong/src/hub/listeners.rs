//! The addresses of the hub: bound before anything else starts, told once it serves.

use crate::config::Settings;
use crate::exit::{Exit, Failure};
use serde::Serialize;
use std::net::SocketAddr;
use std::path::Path;
use tokio::net::TcpListener;

/// The listeners, bound.
pub struct Listeners {
    pub(super) adapters_grpc: TcpListener,
    pub(super) adapters_http: TcpListener,
    pub(super) gateway: TcpListener,
    pub(super) metrics: TcpListener,
}

/// Where the hub really listens, whatever port was asked for.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Addresses {
    /// gRPC adapters.
    pub adapters_grpc: SocketAddr,
    /// QCVN 120 packets over HTTP.
    pub adapters_http: SocketAddr,
    /// Questions and operations over gRPC.
    pub gateway: SocketAddr,
    /// `/metrics`, `/livez` and `/readyz`.
    pub metrics: SocketAddr,
}

impl Listeners {
    /// Binds every address of the settings.
    ///
    /// # Errors
    /// The setting whose address cannot be had.
    pub async fn bind(settings: &Settings) -> Result<Self, Failure> {
        let adapters = &settings.adapters;
        Ok(Self {
            adapters_grpc: bind("adapters.grpc_listen", adapters.grpc_listen).await?,
            adapters_http: bind("adapters.http_listen", adapters.http_listen).await?,
            gateway: bind("gateway.listen", settings.gateway.listen).await?,
            metrics: bind("metrics.listen", settings.metrics.listen).await?,
        })
    }

    /// The addresses bound.
    ///
    /// # Errors
    /// If the system does not tell one.
    pub fn addresses(&self) -> Result<Addresses, Failure> {
        Ok(Addresses {
            adapters_grpc: self.adapters_grpc.local_addr()?,
            adapters_http: self.adapters_http.local_addr()?,
            gateway: self.gateway.local_addr()?,
            metrics: self.metrics.local_addr()?,
        })
    }
}

async fn bind(setting: &str, address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let fix = "Fix: end the process that has it, or set another address or port 0";
        Failure::new(Exit::Failed, format!("{setting} {address}: {error}. {fix}"))
    })
}

impl std::fmt::Display for Addresses {
    /// What a person may try, one line for each address.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [adapters, packets, gateway, metrics] = [
            self.adapters_grpc,
            self.adapters_http,
            self.gateway,
            self.metrics,
        ];
        writeln!(f, "  report over gRPC   grpcurl -plaintext {adapters} list")?;
        writeln!(f, "  report packets     POST http://{packets}/qcvn120")?;
        writeln!(f, "  ask over gRPC      grpcurl -plaintext {gateway} list")?;
        write!(
            f,
            "  metrics, probes    http://{metrics}/metrics /livez /readyz"
        )
    }
}

impl Addresses {
    /// Writes the addresses as JSON, whole or not at all.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, file: &Path) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self).map_err(Failure::failed)?;
        let unfinished = file.with_extension("unfinished");
        let written =
            std::fs::write(&unfinished, text).and_then(|()| std::fs::rename(&unfinished, file));
        written.map_err(|error| {
            Failure::failed(format!("--addresses-file {}: {error}", file.display()))
        })
    }
}
