//! The listener: services, reflection, health, keep-alive, and the drain.

use crate::lag::{self, Lag};
use crate::operations::Operations;
use crate::performance::Performance;
use crate::quality::Quality;
use crate::questions::Questions;
use lienthong_contract::pb::operations::v1::operations_service_server::{
    self, OperationsServiceServer,
};
use lienthong_contract::pb::performance::v1::performance_service_server::{
    self, PerformanceServiceServer,
};
use lienthong_contract::pb::procedure::v1::procedure_query_service_server::{
    self, ProcedureQueryServiceServer,
};
use lienthong_contract::pb::quality::v1::quality_service_server::{self, QualityServiceServer};
use lienthong_contract::ports;
use lienthong_contract::reflection::describe;
use lienthong_eventlog::EventLog;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tonic_reflection::server::Builder;

/// Interval at which the server pings an idle connection, and how long it waits.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// Whose health is told: the whole, and each service of the gateway's own.
const SERVICES: [&str; 5] = [
    "",
    procedure_query_service_server::SERVICE_NAME,
    operations_service_server::SERVICE_NAME,
    quality_service_server::SERVICE_NAME,
    performance_service_server::SERVICE_NAME,
];

/// How the gateway ends.
#[derive(Debug, Clone)]
pub struct Config {
    /// How long it still takes calls after it said `NOT_SERVING`, for load balancers to
    /// look away.
    pub drain_wait: Duration,
    /// How long calls in flight may then take before they are cut.
    pub drain_deadline: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            drain_wait: Duration::ZERO,
            drain_deadline: Duration::from_secs(10),
        }
    }
}

/// What the gateway asks.
#[derive(Clone)]
pub struct Handles {
    /// Answers questions over the views.
    pub questions: Arc<dyn ports::Questions>,
    /// Answers questions about what does not fit.
    pub quality: Arc<dyn ports::Quality>,
    /// Answers questions of how procedures are settled.
    pub performance: Arc<dyn ports::Performance>,
    /// Answers an operator about the views.
    pub operations: Arc<dyn ports::ViewOperations>,
    /// How late durable subscriptions are; none: there are none here.
    pub subscription_lags: Option<Arc<dyn ports::SubscriptionLags>>,
    /// What reading the log tells of sources and of the hub's own probes; none: nothing is told.
    pub watched: Option<Arc<dyn ports::Watched>>,
    /// The event log: its bounds, and where decisions on parked dossiers are recorded.
    pub log: Arc<dyn EventLog>,
    /// What else is served here.
    pub beside: Beside,
}

/// Services that others bring, served on the same listener.
#[derive(Clone, Default)]
pub struct Beside {
    /// The services.
    pub routes: Routes,
    /// Their full names, for health and reflection.
    pub names: Vec<&'static str>,
}

/// Why the gateway ended otherwise than by its shutdown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The reflection service could not read the contract's descriptors.
    #[error("reflection cannot be served: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The listener or the transport failed.
    #[error("the gateway's listener failed: {0}")]
    Transport(#[from] tonic::transport::Error),
}

impl Error {
    /// Always false: both are faults of the build or of the machine.
    pub fn is_retryable(&self) -> bool {
        false
    }
}

/// Serves until `shutdown`, then drains: health says `NOT_SERVING`, waits end with
/// `DRAINING`, calls in flight finish or are cut at the deadline.
///
/// # Errors
/// If the listener fails.
pub async fn run(
    listener: TcpListener,
    config: Config,
    handles: Handles,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let quality = QualityServiceServer::new(Quality {
        port: handles.quality,
        views: handles.questions.clone(),
        partitions: handles.log.partitions(),
        draining: shutdown.clone(),
    });
    let performance = PerformanceServiceServer::new(Performance {
        port: handles.performance,
        questions: handles.questions.clone(),
        partitions: handles.log.partitions(),
        draining: shutdown.clone(),
    });
    let questions = ProcedureQueryServiceServer::new(Questions {
        port: handles.questions,
        partitions: handles.log.partitions(),
        draining: shutdown.clone(),
    });
    let lag = Lag::new(
        handles.operations.clone(),
        handles.subscription_lags,
        handles.watched,
    );
    tokio::spawn(lag::watch(lag.clone(), shutdown.clone()));
    let operations = OperationsServiceServer::new(Operations {
        port: handles.operations,
        log: handles.log,
        lag,
        draining: shutdown.clone(),
    });
    let services: Vec<&'static str> = SERVICES.into_iter().chain(handles.beside.names).collect();
    let (mut health, health_service) = tonic_health::server::health_reporter();
    tell(&health, &services, ServingStatus::Serving).await;

    let stopped = CancellationToken::new();
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let serving = Server::builder()
        .http2_keepalive_interval(Some(KEEP_ALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEP_ALIVE_TIMEOUT))
        .layer(lienthong_telemetry::rpc::layer())
        .add_routes(handles.beside.routes)
        .add_service(questions)
        .add_service(operations)
        .add_service(quality)
        .add_service(performance)
        .add_service(health_service)
        .add_service(reflection(&services).build_v1()?)
        .add_service(reflection(&services).build_v1alpha()?)
        .serve_with_incoming_shutdown(incoming, stopped.clone().cancelled_owned());
    let drain = async {
        shutdown.cancelled().await;
        tell(&health, &services, ServingStatus::NotServing).await;
        tokio::time::sleep(config.drain_wait).await;
        // Ends the streams of whoever watches, which would hold up the drain.
        for service in &services {
            health.clear_service_status(service).await;
        }
        stopped.cancel();
        tokio::time::sleep(config.drain_deadline).await;
    };
    tokio::select! {
        ended = serving => Ok(ended?),
        () = drain => {
            tracing::warn!("the drain's deadline passed with calls in flight; they were cut");
            Ok(())
        }
    }
}

/// Says the status of the whole and of each service.
async fn tell(health: &HealthReporter, services: &[&str], status: ServingStatus) {
    for service in services {
        health.set_service_status(service, status).await;
    }
}

/// Describes the whole contract and lists what is served here.
fn reflection(services: &[&'static str]) -> Builder<'static> {
    describe(&services[1..], tonic_health::pb::FILE_DESCRIPTOR_SET)
}
