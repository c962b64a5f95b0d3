//! An OpenTelemetry collector that takes everything and only counts it, in a process of its own, so
//! that it costs the hub nothing but the sending.

use crate::Outcome;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// The collector; killed when dropped.
pub struct Collector {
    child: Child,
    out: BufReader<ChildStdout>,
    /// Its address, `host:port`.
    pub address: String,
}

/// What it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Exports of metrics.
    pub exports: u64,
    /// Spans.
    pub spans: u64,
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts this program again as the collector.
pub fn start() -> Outcome<Collector> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("collector")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let out = child.stdout.take().ok_or("no output of the collector")?;
    let mut out = BufReader::new(out);
    let mut line = String::new();
    out.read_line(&mut line)?;
    Ok(Collector {
        child,
        out,
        address: line.trim().to_owned(),
    })
}

impl Collector {
    /// Ends it; what it was sent.
    pub fn end(mut self) -> Outcome<Counted> {
        drop(self.child.stdin.take());
        let mut said = String::new();
        self.out.read_to_string(&mut said)?;
        let numbers: Result<Vec<u64>, _> = said.split_whitespace().map(str::parse).collect();
        match numbers?[..] {
            [exports, spans] => Ok(Counted { exports, spans }),
            _ => Err("the collector did not count".into()),
        }
    }
}

#[derive(Clone, Default)]
struct Counts(Arc<[AtomicU64; 2]>);

/// Serves until standard input ends; prints its address, and in the end what it counted.
pub async fn serve() -> Outcome<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    let counts = Counts::default();
    let server = tonic::transport::Server::builder()
        .add_service(MetricsServiceServer::new(counts.clone()))
        .add_service(TraceServiceServer::new(counts.clone()))
        .serve_with_incoming(TcpIncoming::from(listener));
    let ended = tokio::task::spawn_blocking(|| {
        let mut nothing = Vec::new();
        std::io::stdin().read_to_end(&mut nothing)
    });
    tokio::select! {
        served = server => served?,
        _ = ended => {}
    }
    let [exports, spans] = [0, 1].map(|index: usize| counts.0[index].load(Relaxed));
    println!("{exports} {spans}");
    Ok(())
}

#[tonic::async_trait]
impl MetricsService for Counts {
    async fn export(
        &self,
        _: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.0[0].fetch_add(1, Relaxed);
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl TraceService for Counts {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let resources = request.into_inner().resource_spans.into_iter();
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        let spans: usize = scopes.map(|scope| scope.spans.len()).sum();
        self.0[1].fetch_add(spans as u64, Relaxed);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}
