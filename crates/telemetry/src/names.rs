//! Every metric and attribute name, once. Where OpenTelemetry's semantic conventions name a
//! thing, theirs is used; the rest begins with `lienthong.`.
//!
//! In Prometheus form dots become underscores, the unit is appended and counters end in
//! `_total`: `lienthong.projection.lag` in seconds is `lienthong_projection_lag_seconds`.

/// Histogram, seconds: how long a call took, from its headers to the end of its answer.
pub const RPC_SERVER_DURATION: &str = "rpc.server.call.duration";
/// Counter: events acknowledged, that is durable in the log; resent ones count again.
pub const INGEST_ACCEPTED: &str = "lienthong.ingest.accepted.events";
/// Counter: messages refused as not well-formed.
pub const INGEST_REJECTED: &str = "lienthong.ingest.rejected.events";
/// Gauge, seconds: now minus the recorded time of the first event not yet processed.
pub const PROJECTION_LAG: &str = "lienthong.projection.lag";
/// Gauge: events not yet processed.
pub const PROJECTION_LAG_EVENTS: &str = "lienthong.projection.lag.events";
/// Gauge: state of a view's partition; see [`crate::projection::Reading::status`].
pub const PROJECTION_STATUS: &str = "lienthong.projection.status";

/// Attribute: `package.Service/Method`, `_OTHER` for a method that is not served.
pub const RPC_METHOD: &str = "rpc.method";
/// Attribute: always `grpc`.
pub const RPC_SYSTEM_NAME: &str = "rpc.system.name";
/// Attribute: gRPC status code by name, such as `INVALID_ARGUMENT`.
pub const RPC_STATUS_CODE: &str = "rpc.status_code";
/// Attribute: which adapter, such as `onestop`.
pub const ADAPTER: &str = "lienthong.adapter";
/// Attribute: reason of the catalogue of errors, such as `EVENT_MALFORMED`.
pub const REASON: &str = "lienthong.reason";
/// Attribute: `case`, `horizontal` or `vertical`.
pub const VIEW: &str = "lienthong.view";
/// Attribute: number of the log's partition.
pub const PARTITION: &str = "messaging.destination.partition.id";

/// Histogram boundaries for durations of calls, in seconds, as the semantic conventions
/// advise.
pub const DURATION_BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
