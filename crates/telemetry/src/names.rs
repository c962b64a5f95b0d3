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
/// Gauge, seconds: now minus the recorded time of the first event not yet processed, by view and
/// partition.
pub const PROJECTION_LAG: &str = "lienthong.projection.lag";
/// Gauge: records not yet processed.
pub const PROJECTION_LAG_EVENTS: &str = "lienthong.projection.lag.events";
/// Gauge: status by its place in `contract`'s order of severity; see [`crate::projection`].
pub const PROJECTION_STATUS: &str = "lienthong.projection.status";
/// Gauge, seconds: until the view has caught up; none shown if it never will.
pub const PROJECTION_ETA: &str = "lienthong.projection.caught_up.eta";
/// Gauge, records a second that came in.
pub const PROJECTION_IN: &str = "lienthong.projection.in";
/// Gauge, records a second that were processed.
pub const PROJECTION_OUT: &str = "lienthong.projection.out";
/// Gauge, seconds: age of the oldest event that a durable subscription wants and has not settled.
pub const SUBSCRIPTION_LAG: &str = "lienthong.subscription.lag";
/// Gauge: events that a subscription has not settled.
pub const SUBSCRIPTION_LAG_EVENTS: &str = "lienthong.subscription.lag.events";
/// Gauge: status of a subscription, numbered as that of a view.
pub const SUBSCRIPTION_STATUS: &str = "lienthong.subscription.status";
/// Gauge, seconds: until the subscription has caught up; none shown if it never will.
pub const SUBSCRIPTION_ETA: &str = "lienthong.subscription.caught_up.eta";
/// Histogram, seconds: how long a stage of the way took; see [`crate::stage`].
pub const STAGE_DURATION: &str = "lienthong.stage.duration";
/// Histogram, seconds: from recorded until questions to a view see it, or a subscriber has
/// acknowledged it.
pub const END_TO_END: &str = "lienthong.event.end_to_end.duration";
/// Gauge: record keys parked in a view, or events in parked cases of a subscription.
pub const PARKED: &str = "lienthong.parked.events";
/// Gauge, seconds: age of the oldest of them.
pub const PARKED_AGE: &str = "lienthong.parked.oldest.age";
/// Gauge, seconds: until retention removes the first event that a view or a subscription has not
/// processed; none shown if nothing is removed or nothing waits.
pub const RETENTION_HEADROOM: &str = "lienthong.retention.headroom";
/// Histogram, seconds: from the making of a probe until it is where the attribute says.
pub const PROBE_ROUNDTRIP: &str = "lienthong.probe.roundtrip.duration";
/// Counter: probes that did not arrive in time.
pub const PROBE_LOST: &str = "lienthong.probe.lost";
/// Counter: probes that were sent.
pub const PROBE_SENT: &str = "lienthong.probe.sent";
/// Gauge, seconds: hub's clock minus the source's; negative: the source's is ahead.
pub const SOURCE_SKEW: &str = "lienthong.source.clock.skew";
/// Gauge, seconds since a source reported last.
pub const SOURCE_QUIET: &str = "lienthong.source.quiet";
/// Gauge, 0 to 1: the chance of so long a silence by the source's own rhythm.
pub const SOURCE_SILENCE_PROBABILITY: &str = "lienthong.source.silence.probability";
/// Gauge: 1 if a source is silent against its own rhythm, else 0.
pub const SOURCE_SILENT: &str = "lienthong.source.silent";

/// Histogram, seconds: how long a call that this process made took.
pub const RPC_CLIENT_DURATION: &str = "rpc.client.call.duration";
/// Histogram, seconds: how long an operation of a messaging client took (send, poll).
pub const MESSAGING_OPERATION_DURATION: &str = "messaging.client.operation.duration";
/// Histogram, seconds: how long processing a batch took.
pub const MESSAGING_PROCESS_DURATION: &str = "messaging.process.duration";
/// Counter: messages sent.
pub const MESSAGING_SENT: &str = "messaging.client.sent.messages";
/// Counter: messages given to a consumer.
pub const MESSAGING_CONSUMED: &str = "messaging.client.consumed.messages";

/// Attribute: `package.Service/Method`, `_OTHER` for a method that is not served.
pub const RPC_METHOD: &str = "rpc.method";
/// Attribute: always `grpc`.
pub const RPC_SYSTEM_NAME: &str = "rpc.system.name";
/// Attribute: gRPC status code by name, such as `INVALID_ARGUMENT`.
pub const RPC_STATUS_CODE: &str = "rpc.status_code";
/// Attribute: `kafka`, or `lienthong` for the embedded log.
pub const MESSAGING_SYSTEM: &str = "messaging.system";
/// Attribute: `send`, `poll`, `process`.
pub const MESSAGING_OPERATION_NAME: &str = "messaging.operation.name";
/// Attribute: `send`, `receive`, `process`.
pub const MESSAGING_OPERATION_TYPE: &str = "messaging.operation.type";
/// Attribute: the topic, or the embedded log's folder name.
pub const MESSAGING_DESTINATION: &str = "messaging.destination.name";
/// Attribute: method of a request over HTTP.
pub const HTTP_METHOD: &str = "http.request.method";
/// Attribute: the pattern of its path.
pub const HTTP_ROUTE: &str = "http.route";
/// Attribute: status of its answer.
pub const HTTP_STATUS: &str = "http.response.status_code";
/// Attribute: number of the log's partition.
pub const PARTITION: &str = "messaging.destination.partition.id";
/// Attribute: the consumer group; of an embedded log what the group would be called.
pub const MESSAGING_GROUP: &str = "messaging.consumer.group.name";
/// Attribute of a span of one message: its `source` + `id`.
pub const MESSAGING_MESSAGE_ID: &str = "messaging.message.id";
/// Attribute of a span: the correlation id.
pub const MESSAGING_CONVERSATION_ID: &str = "messaging.message.conversation_id";
/// Attribute of a span of several messages.
pub const MESSAGING_BATCH_COUNT: &str = "messaging.batch.message_count";
/// Attribute: a class of errors of few values, such as a reason of the catalogue.
pub const ERROR_TYPE: &str = "error.type";
/// Attribute: which adapter, such as `onestop`.
pub const ADAPTER: &str = "lienthong.adapter";
/// Attribute: reason of the catalogue of errors, such as `EVENT_MALFORMED`.
pub const REASON: &str = "lienthong.reason";
/// Attribute: `case`, `horizontal` or `vertical`.
pub const VIEW: &str = "lienthong.view";
/// Attribute: name of a durable subscription.
pub const SUBSCRIPTION: &str = "lienthong.subscription";
/// Attribute: see [`crate::stage::Stage`].
pub const STAGE: &str = "stage";
/// Attribute: the system or team whose stage it is.
pub const OWNER: &str = "owner";
/// Attribute: URN of a source, `_OTHER` beyond the bound.
pub const SOURCE: &str = "lienthong.source";
/// Attribute: the adapter that a probe goes through.
pub const ROUTE: &str = "lienthong.route";

/// Histogram boundaries for durations, in seconds, as the semantic conventions advise.
pub const DURATION_BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
/// Histogram boundaries of stages, in seconds: from a healthy disk to a source that sends once a day.
pub const STAGE_BUCKETS: [f64; 18] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0,
    3_600.0, 14_400.0, 86_400.0,
];
