//! The addresses of the hub: bound before anything else starts, told once it serves.

use super::Service;
use crate::config::Settings;
use crate::exit::{Exit, Failure};
use serde::Serialize;
use std::net::SocketAddr;
use std::path::Path;
use tokio::net::TcpListener;

/// The listeners of a process, bound; what has none is not served.
pub struct Listeners {
    pub(super) adapters_grpc: Option<TcpListener>,
    pub(super) adapters_http: Option<TcpListener>,
    pub(super) gateway: Option<TcpListener>,
    pub(super) gateway_http: Option<TcpListener>,
    pub(super) projector: Option<TcpListener>,
    pub(super) metrics: TcpListener,
}

/// Where the process really listens, whatever port was asked for; only what it serves.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Addresses {
    /// gRPC adapters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapters_grpc: Option<SocketAddr>,
    /// QCVN 120 packets over HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapters_http: Option<SocketAddr>,
    /// Questions and operations over gRPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<SocketAddr>,
    /// Events over HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_http: Option<SocketAddr>,
    /// Gateways' questions to a projector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub projector: Option<SocketAddr>,
    /// `/metrics`, `/livez` and `/readyz`.
    pub metrics: SocketAddr,
}

impl Listeners {
    /// Binds every address of the settings that the service needs.
    ///
    /// # Errors
    /// The setting whose address cannot be had.
    pub async fn bind(settings: &Settings, service: &Service) -> Result<Self, Failure> {
        let (adapters, gateway) = (&settings.adapters, &settings.gateway);
        let takes_events = service.systems().is_some();
        let at = async |served: bool, setting, address| match served {
            true => bind(setting, address).await.map(Some),
            false => Ok(None),
        };
        Ok(Self {
            adapters_grpc: at(takes_events, "adapters.grpc_listen", adapters.grpc_listen).await?,
            adapters_http: at(
                service.takes_packets(),
                "adapters.http_listen",
                adapters.http_listen,
            )
            .await?,
            gateway: at(service.is_gateway(), "gateway.listen", gateway.listen).await?,
            gateway_http: at(
                service.is_gateway(),
                "gateway.http_listen",
                gateway.http_listen,
            )
            .await?,
            projector: at(
                service.is_projector(),
                "projector.listen",
                settings.projector.listen,
            )
            .await?,
            metrics: bind("metrics.listen", settings.metrics.listen).await?,
        })
    }

    /// The addresses bound.
    ///
    /// # Errors
    /// If the system does not tell one.
    pub fn addresses(&self) -> Result<Addresses, Failure> {
        let of = |listener: &Option<TcpListener>| {
            let address = listener.as_ref().map(TcpListener::local_addr);
            address.transpose()
        };
        Ok(Addresses {
            adapters_grpc: of(&self.adapters_grpc)?,
            adapters_http: of(&self.adapters_http)?,
            gateway: of(&self.gateway)?,
            gateway_http: of(&self.gateway_http)?,
            projector: of(&self.projector)?,
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
        if let Some(adapters) = self.adapters_grpc {
            writeln!(f, "  report over gRPC   grpcurl -plaintext {adapters} list")?;
        }
        if let Some(packets) = self.adapters_http {
            writeln!(f, "  report packets     POST http://{packets}/qcvn120")?;
        }
        if let Some(gateway) = self.gateway {
            writeln!(f, "  ask over gRPC      grpcurl -plaintext {gateway} list")?;
        }
        if let Some(events) = self.gateway_http {
            writeln!(f, "  watch events       curl -N http://{events}/v1/events")?;
        }
        if let Some(projector) = self.projector {
            writeln!(f, "  gateways ask       {projector}")?;
        }
        let metrics = self.metrics;
        write!(
            f,
            "  metrics, probes    http://{metrics}/metrics /livez /readyz"
        )
    }
}

impl Addresses {
    /// On one line, for the log: `adapters_grpc=127.0.0.1:7410 ...`.
    pub fn line(&self) -> String {
        let named = [
            ("adapters_grpc", self.adapters_grpc),
            ("adapters_http", self.adapters_http),
            ("gateway", self.gateway),
            ("gateway_http", self.gateway_http),
            ("projector", self.projector),
            ("metrics", Some(self.metrics)),
        ];
        let told = named
            .into_iter()
            .filter_map(|(name, address)| Some(format!("{name}={}", address?)));
        told.collect::<Vec<_>>().join(" ")
    }

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
