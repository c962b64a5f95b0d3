//! The subscriptions of a gateway: the event log read once for all its subscribers, their streams,
//! and the durable subscriptions that it keeps.

use super::advertise::Advertised;
use super::fits::within;
use super::logs::Logs;
use super::{build, webhook_key};
use crate::config::{Home, Settings};
use crate::exit::{Exit, Failure};
use lienthong_contract::pb::subscription::v1::subscriptions_server::SubscriptionsServer;
use lienthong_contract::ports::{Questions, SubscriptionLags, Watched};
use lienthong_contract::reference::Current;
use lienthong_subscriptions::durable::{self, Durable};
use lienthong_subscriptions::http;
use lienthong_subscriptions::service::Service;
use lienthong_subscriptions::source::{self, Source};
use lienthong_subscriptions::stream::{self, Streaming};
use lienthong_subscriptions::watch::{self, Watch};
use lienthong_subscriptions::webhook::{self, Reach, Transport, Webhooks};
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Milliseconds that a gateway may be away: what Kafka's brokers can be told to take.
const SESSION_MS: RangeInclusive<u64> = 1_000..=1_800_000;
/// Seconds that a stream lasts.
const STREAM_MAX_AGE_S: RangeInclusive<u64> = 1..=86_400;
/// How long readers over HTTP may take to end.
const HTTP_DEADLINE: Duration = Duration::from_secs(10);
/// The name of a gateway that is alone.
const ALONE: &str = "gateway";

/// What a gateway has of subscriptions.
pub struct Subscriptions {
    source: Arc<Source>,
    streaming: Arc<Streaming>,
    durable: Arc<Durable>,
    watch: Arc<Watch>,
    streams: stream::Config,
    origins: Vec<String>,
}

/// What the settings say of subscriptions, checked before anything starts.
pub struct Plan {
    durable: durable::Config,
    streams: stream::Config,
    origins: Vec<String>,
    webhooks: Webhooks,
    watch: watch::Config,
}

/// What subscriptions are made from.
pub struct Given<'a> {
    /// The logs.
    pub logs: &'a Logs,
    /// The reference data in force.
    pub reference: Current,
    /// The views, which tell when probes are queryable.
    pub questions: Option<Arc<dyn Questions>>,
}

/// What ends subscriptions.
pub struct Ends {
    /// Streams and consumers are told to go on elsewhere.
    pub streams: CancellationToken,
    /// The event log is no longer read for them; after they have ended.
    pub source: CancellationToken,
}

/// Reads the settings; `address` is where the gateway listens.
///
/// # Errors
/// [`Exit::Usage`] for a setting that does not fit, with its fix.
pub fn plan(settings: &Settings, address: Option<SocketAddr>) -> Result<Plan, Failure> {
    check(settings)?;
    let durable = durable(settings, address)?;
    Ok(Plan {
        watch: watched(settings, &durable.gateway),
        durable,
        streams: stream::Config {
            max_age: Duration::from_secs(settings.gateway.stream_max_age_s),
        },
        origins: settings.gateway.cors_origins.clone(),
        webhooks: webhooks(settings)?,
    })
}

/// Whether the numbers and origins of the settings fit; makes nothing.
///
/// # Errors
/// [`Exit::Usage`] for a setting that does not fit, with its fix.
pub fn check(settings: &Settings) -> Result<(), Failure> {
    let told = &settings.gateway;
    http::check(&told.cors_origins)
        .map_err(|error| Failure::new(Exit::Usage, format!("gateway.cors_origins: {error}")))?;
    let session = told.session_timeout_ms;
    within("gateway.session_timeout_ms", session, SESSION_MS)?;
    let max_age = told.stream_max_age_s;
    within("gateway.stream_max_age_s", max_age, STREAM_MAX_AGE_S)
}

/// Starts them.
///
/// # Errors
/// What could not be started.
pub async fn start(plan: Plan, given: Given<'_>, ends: Ends) -> Result<Subscriptions, Failure> {
    let kept = given.logs.subscriptions.as_ref();
    let kept = kept.ok_or_else(|| Failure::failed("a gateway needs the subscription log"))?;
    let events = given.logs.gateways_events.clone();
    let source = source::start(events, given.reference.clone(), ends.source.clone()).await;
    let source = source.map_err(|error| failed(error.is_retryable(), error))?;
    let watched = watch::Handles {
        blocks: source.clone(),
        questions: given.questions,
        reference: given.reference,
    };
    let watch = watch::start(plan.watch, watched, ends.source);
    let streaming = Streaming::new(source.clone(), plan.streams.clone(), ends.streams.clone());
    let (gateway, address) = (&plan.durable.gateway, &plan.durable.address);
    tracing::info!(%gateway, %address, "keeping subscriptions");
    let handles = durable::Handles {
        blocks: source.clone(),
        events: given.logs.events.clone(),
        log: kept.log.clone(),
        groups: kept.groups.clone(),
        poster: Arc::new(plan.webhooks),
    };
    let durable = durable::start(plan.durable, handles, ends.streams).await;
    Ok(Subscriptions {
        source,
        streaming: Arc::new(streaming),
        durable: durable.map_err(|error| failed(error.is_retryable(), error))?,
        watch,
        streams: plan.streams,
        origins: plan.origins,
    })
}

fn failed(is_retryable: bool, error: impl std::fmt::Display) -> Failure {
    match is_retryable {
        true => Failure::new(Exit::Unavailable, error),
        false => Failure::failed(error),
    }
}

/// Who keeps durable subscriptions; alone on a log that is this process's own.
fn durable(settings: &Settings, address: Option<SocketAddr>) -> Result<durable::Config, Failure> {
    let gateway = &settings.gateway;
    let session = Duration::from_millis(gateway.session_timeout_ms);
    if settings.log.home == Home::Embedded {
        return Ok(durable::Config {
            gateway: ALONE.to_owned(),
            address: String::new(),
            session,
            group: String::new(),
        });
    }
    let advertised = Advertised {
        of: "gateway",
        advertise: &gateway.advertise,
        instance: &gateway.instance,
        bound: address,
    };
    let address = advertised.address()?;
    Ok(durable::Config {
        gateway: advertised.name(&address),
        address,
        session,
        group: format!("{}.gateway", build::group_prefix(settings)?),
    })
}

/// The rhythms of sources lie in the data directory, by gateway: several may share one.
fn watched(settings: &Settings, gateway: &str) -> watch::Config {
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter
        } else {
            '-'
        }
    };
    let name: String = gateway.chars().map(plain).collect();
    let file = format!("rhythms-{name}.json");
    watch::Config {
        rhythms: Some(settings.data_dir.join("watch").join(file)),
        lost_after: Duration::from_millis(settings.probe.lost_after_ms),
    }
}

fn webhooks(settings: &Settings) -> Result<Webhooks, Failure> {
    let told = &settings.gateway.webhooks;
    let config = webhook::Config {
        reach: match told.allow_private {
            true => Reach::Private,
            false => Reach::Public,
        },
        transport: match told.allow_http {
            true => Transport::Http,
            false => Transport::Https,
        },
        key: webhook_key::of(settings)?,
    };
    Webhooks::new(config).map_err(|error| Failure::new(Exit::Usage, error))
}

impl Subscriptions {
    /// Their calls, to be served beside the questions.
    pub fn service(&self) -> SubscriptionsServer<Service> {
        SubscriptionsServer::new(Service {
            streams: self.streaming.clone(),
            durable: self.durable.clone(),
        })
    }

    /// Serves events over HTTP until `shutdown`; whoever reads nothing then is cut.
    pub fn serve_http(
        &self,
        listener: TcpListener,
        shutdown: CancellationToken,
    ) -> impl Future<Output = Result<(), http::Error>> + use<> {
        let handles = http::Handles {
            blocks: self.source.clone(),
            streams: self.streams.clone(),
            origins: self.origins.clone(),
        };
        async move {
            let served = http::run(listener, handles, shutdown.clone());
            let late = async {
                shutdown.cancelled().await;
                tokio::time::sleep(HTTP_DEADLINE).await;
            };
            tokio::select! {
                ended = served => ended,
                () = late => {
                    tracing::warn!("readers of events over HTTP took too long to end; they were cut");
                    Ok(())
                }
            }
        }
    }

    /// How late durable subscriptions are.
    pub fn lags(&self) -> Arc<dyn SubscriptionLags> {
        self.durable.clone()
    }

    /// What reading the log tells of those who report and of the hub's own probes.
    pub fn watched(&self) -> Arc<dyn Watched> {
        self.watch.clone()
    }

    /// Waits until what was settled is recorded, once `Ends::streams` was cancelled.
    pub async fn finished(&self) {
        self.durable.finished().await;
    }

    /// Waits until the rhythms of sources are written down, once `Ends::source` was cancelled.
    pub async fn watch_finished(&self) {
        self.watch.finished().await;
    }
}
