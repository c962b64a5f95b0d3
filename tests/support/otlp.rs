//! A receiver of OpenTelemetry's protocol over gRPC that keeps what it is sent, decoded.

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
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Metric, number_data_point};
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use prost::Message;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// Attributes by name, values as text; lists as their elements between commas.
pub type Attributes = BTreeMap<String, String>;

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A value of now.
    Gauge,
    /// A sum that only grows.
    Counter,
    /// A distribution.
    Histogram,
    /// A sum that may fall, or another kind that the hub has no use for.
    Other,
}

/// A metric as it was sent last.
#[derive(Debug, Clone)]
pub struct Told {
    /// Its unit; empty: none.
    pub unit: String,
    /// What it is for.
    pub description: String,
    /// What it is.
    pub kind: Kind,
    /// Whether its points count from a fixed beginning, not from the export before.
    pub is_cumulative: bool,
    /// Boundaries of a histogram.
    pub boundaries: Vec<f64>,
    /// The latest value of each series: of a histogram, how many there were.
    pub points: BTreeMap<Attributes, f64>,
    /// Attributes whose values were not text.
    pub not_text: Vec<String>,
}

/// A span.
#[derive(Debug, Clone)]
pub struct Traced {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: SpanKind,
    /// Lower hex.
    pub trace_id: String,
    /// Lower hex.
    pub span_id: String,
    /// Lower hex; empty: it is a root.
    pub parent: String,
    /// `tracestate`.
    pub state: String,
    /// Its attributes.
    pub attributes: Attributes,
    /// Trace and span that it is linked to.
    pub links: Vec<(String, String)>,
    /// Names of its events.
    pub events: Vec<String>,
    /// Whether its status is an error.
    pub is_error: bool,
    /// Nanoseconds since 1970.
    pub began: u64,
    /// Nanoseconds since 1970.
    pub ended: u64,
}

impl Traced {
    /// The context that names it.
    pub fn context(&self) -> (String, String) {
        (self.trace_id.clone(), self.span_id.clone())
    }
}

#[derive(Debug, Default)]
struct Kept {
    metrics: BTreeMap<String, Told>,
    spans: Vec<Traced>,
    resources: Vec<Attributes>,
    exports: usize,
    bytes: Vec<u8>,
}

/// The running receiver; it ends when dropped, and cuts its connections.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
    serving: JoinHandle<()>,
}

impl Receiver {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// If there is none.
    pub async fn start() -> std::io::Result<Self> {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts one at an address.
    ///
    /// # Errors
    /// If it is taken.
    pub async fn start_at(address: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let kept = Arc::new(Mutex::new(Kept::default()));
        let server = Server::builder()
            .add_service(MetricsServiceServer::new(Service(kept.clone())))
            .add_service(TraceServiceServer::new(Service(kept.clone())));
        let serving = tokio::spawn(async move {
            let served = server
                .serve_with_incoming(TcpIncoming::from(listener))
                .await;
            // A test that waits for what never comes says so itself.
            let _ = served;
        });
        Ok(Self {
            address,
            kept,
            serving,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The setting that makes a hub export to it.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every metric that came, by name.
    pub fn metrics(&self) -> BTreeMap<String, Told> {
        self.kept().metrics.clone()
    }

    /// Every span that came, in that order.
    pub fn spans(&self) -> Vec<Traced> {
        self.kept().spans.clone()
    }

    /// The resources that were named, each once.
    pub fn resources(&self) -> Vec<Attributes> {
        self.kept().resources.clone()
    }

    /// All that came, one export after another, as it was on the wire.
    pub fn bytes(&self) -> Vec<u8> {
        self.kept().bytes.clone()
    }

    /// How many exports came.
    pub fn exports(&self) -> usize {
        self.kept().exports
    }

    /// Waits until what came satisfies the test; whether it did in time.
    pub async fn waits_for(&self, patience: Duration, is_there: impl Fn(&Self) -> bool) -> bool {
        let deadline = Instant::now() + patience;
        loop {
            if is_there(self) {
                return true;
            }
            if Instant::now() > deadline {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

struct Service(Arc<Mutex<Kept>>);

impl Service {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tonic::async_trait]
impl MetricsService for Service {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let mut kept = self.kept();
        let request = request.into_inner();
        kept.exports += 1;
        kept.bytes.extend(request.encode_to_vec());
        for of_resource in request.resource_metrics {
            let resource = of_resource.resource.unwrap_or_default();
            kept.name_resource(&resource.attributes);
            let scopes = of_resource.scope_metrics.into_iter();
            for metric in scopes.flat_map(|scope| scope.metrics) {
                kept.keep_metric(metric);
            }
        }
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl TraceService for Service {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut kept = self.kept();
        let request = request.into_inner();
        kept.exports += 1;
        kept.bytes.extend(request.encode_to_vec());
        for of_resource in request.resource_spans {
            let resource = of_resource.resource.unwrap_or_default();
            kept.name_resource(&resource.attributes);
            let scopes = of_resource.scope_spans.into_iter();
            kept.spans
                .extend(scopes.flat_map(|scope| scope.spans).map(traced));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Kept {
    fn name_resource(&mut self, attributes: &[KeyValue]) {
        let resource = read(attributes);
        if !self.resources.contains(&resource) {
            self.resources.push(resource);
        }
    }

    fn keep_metric(&mut self, metric: Metric) {
        // `AggregationTemporality` has 2 for cumulative.
        let (kind, temporality) = match &metric.data {
            Some(Data::Gauge(_)) => (Kind::Gauge, 2),
            Some(Data::Sum(sum)) if sum.is_monotonic => {
                (Kind::Counter, sum.aggregation_temporality)
            }
            Some(Data::Histogram(histogram)) => {
                (Kind::Histogram, histogram.aggregation_temporality)
            }
            _ => (Kind::Other, 0),
        };
        let told = self.metrics.entry(metric.name).or_insert_with(|| Told {
            unit: metric.unit.clone(),
            description: metric.description.clone(),
            kind,
            is_cumulative: temporality == 2,
            boundaries: Vec::new(),
            points: BTreeMap::new(),
            not_text: Vec::new(),
        });
        let points: Vec<(Vec<KeyValue>, f64)> = match metric.data {
            Some(Data::Gauge(gauge)) => gauge.data_points.into_iter().map(number).collect(),
            Some(Data::Sum(sum)) => sum.data_points.into_iter().map(number).collect(),
            Some(Data::Histogram(histogram)) => {
                let points = histogram.data_points;
                if let Some(point) = points.first() {
                    told.boundaries.clone_from(&point.explicit_bounds);
                }
                let count = |point: opentelemetry_proto::tonic::metrics::v1::HistogramDataPoint| {
                    (point.attributes, point.count as f64)
                };
                points.into_iter().map(count).collect()
            }
            _ => Vec::new(),
        };
        for (attributes, value) in points {
            let not_text = attributes.iter().filter(|attribute| !is_text(attribute));
            for attribute in not_text {
                if !told.not_text.contains(&attribute.key) {
                    told.not_text.push(attribute.key.clone());
                }
            }
            told.points.insert(read(&attributes), value);
        }
    }
}

fn number(point: opentelemetry_proto::tonic::metrics::v1::NumberDataPoint) -> (Vec<KeyValue>, f64) {
    let value = match point.value {
        Some(number_data_point::Value::AsDouble(value)) => value,
        Some(number_data_point::Value::AsInt(value)) => value as f64,
        None => f64::NAN,
    };
    (point.attributes, value)
}

fn traced(span: Span) -> Traced {
    let is_error =
        |status: &opentelemetry_proto::tonic::trace::v1::Status| status.code() == StatusCode::Error;
    let link = |link: &opentelemetry_proto::tonic::trace::v1::span::Link| {
        (hex(&link.trace_id), hex(&link.span_id))
    };
    Traced {
        kind: span.kind(),
        trace_id: hex(&span.trace_id),
        span_id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        state: span.trace_state.clone(),
        attributes: read(&span.attributes),
        links: span.links.iter().map(link).collect(),
        events: span.events.iter().map(|event| event.name.clone()).collect(),
        is_error: span.status.as_ref().is_some_and(is_error),
        began: span.start_time_unix_nano,
        ended: span.end_time_unix_nano,
        name: span.name,
    }
}

fn read(attributes: &[KeyValue]) -> Attributes {
    let attribute = |attribute: &KeyValue| {
        let value = attribute.value.as_ref().map(text).unwrap_or_default();
        (attribute.key.clone(), value)
    };
    attributes.iter().map(attribute).collect()
}

fn is_text(attribute: &KeyValue) -> bool {
    let value = attribute.value.as_ref().and_then(|any| any.value.as_ref());
    matches!(value, Some(any_value::Value::StringValue(_)))
}

fn text(value: &AnyValue) -> String {
    match &value.value {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::BoolValue(value)) => value.to_string(),
        Some(any_value::Value::IntValue(value)) => value.to_string(),
        Some(any_value::Value::DoubleValue(value)) => value.to_string(),
        Some(any_value::Value::ArrayValue(list)) => {
            let elements: Vec<_> = list.values.iter().map(text).collect();
            elements.join(",")
        }
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
