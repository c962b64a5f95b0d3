//! The way from a command to a running hub.

use crate::cli::Shared;
use crate::config::Settings;
use crate::exit::{Exit, Failure};
use clap::Args;
use lienthong_contract::pb::catalog::v1::catalog_service_client::CatalogServiceClient;
use lienthong_contract::pb::operations::v1::operations_service_client::OperationsServiceClient;
use lienthong_contract::pb::operations::v1::rejected_service_client::RejectedServiceClient;
use lienthong_contract::pb::performance::v1::performance_service_client::PerformanceServiceClient;
use lienthong_contract::pb::procedure::v1::procedure_query_service_client::ProcedureQueryServiceClient;
use lienthong_contract::pb::quality::v1::quality_service_client::QualityServiceClient;
use lienthong_contract::pb::subscription::v1::subscriptions_client::SubscriptionsClient;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tonic::transport::{Channel, Endpoint};

/// Largest answer taken, in bytes: a page of long timelines, or a matrix of many agencies.
const LARGEST_ANSWER: usize = 256 * 1024 * 1024;

/// How often a long stream's connection is tried, and how long an answer may take.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// Where the gateway is.
#[derive(Debug, Clone, Args)]
pub struct GatewayAt {
    /// URL of the gateway; without it that of the setting gateway.listen
    #[arg(long = "gateway", value_name = "URL")]
    url: Option<String>,
}

/// Where the adapters are.
#[derive(Debug, Clone, Args)]
pub struct AdaptersAt {
    /// URL of the gRPC adapters; without it that of the setting adapters.grpc_listen
    #[arg(long = "adapters", value_name = "URL")]
    url: Option<String>,
}

impl GatewayAt {
    /// A client for questions.
    ///
    /// # Errors
    /// If the hub cannot be reached.
    pub async fn questions(
        &self,
        shared: &Shared,
    ) -> Result<ProcedureQueryServiceClient<Channel>, Failure> {
        let channel = self.connect(shared).await?;
        Ok(questions(channel))
    }

    /// A client for questions of how procedures are settled.
    ///
    /// # Errors
    /// If the hub cannot be reached.
    pub async fn performance(
        &self,
        shared: &Shared,
    ) -> Result<PerformanceServiceClient<Channel>, Failure> {
        let channel = self.connect(shared).await?;
        let client = PerformanceServiceClient::new(channel);
        Ok(client.max_decoding_message_size(LARGEST_ANSWER))
    }

    /// A client for an operator.
    ///
    /// # Errors
    /// If the hub cannot be reached.
    pub async fn operations(
        &self,
        shared: &Shared,
    ) -> Result<OperationsServiceClient<Channel>, Failure> {
        let channel = self.connect(shared).await?;
        Ok(operations(channel))
    }

    /// A client for an operator that outlives the hub: it connects when it is first asked, and anew
    /// when the hub comes back. With the URL that it asks.
    ///
    /// # Errors
    /// If the configuration cannot be used, or the URL is none.
    pub fn lasting_operations(
        &self,
        shared: &Shared,
    ) -> Result<(String, OperationsServiceClient<Channel>), Failure> {
        let url = self.url(&shared.load(Vec::new())?.settings);
        let channel = endpoint(&url)?.connect_lazy();
        Ok((url, operations(channel)))
    }

    /// A client for what does not fit.
    ///
    /// # Errors
    /// If the hub cannot be reached.
    pub async fn quality(&self, shared: &Shared) -> Result<QualityServiceClient<Channel>, Failure> {
        let channel = self.connect(shared).await?;
        Ok(QualityServiceClient::new(channel).max_decoding_message_size(LARGEST_ANSWER))
    }

    /// A client for the catalogue.
    ///
    /// # Errors
    /// If the hub cannot be reached.
    pub async fn catalog(&self, shared: &Shared) -> Result<CatalogServiceClient<Channel>, Failure> {
        let channel = self.connect(shared).await?;
        let client = CatalogServiceClient::new(channel);
        Ok(client.max_decoding_message_size(LARGEST_ANSWER))
    }

    /// A client for subscriptions.
    ///
    /// # Errors
    /// If the hub cannot be reached.
    pub async fn subscriptions(
        &self,
        shared: &Shared,
    ) -> Result<SubscriptionsClient<Channel>, Failure> {
        let channel = self.connect(shared).await?;
        Ok(subscriptions(channel))
    }

    async fn connect(&self, shared: &Shared) -> Result<Channel, Failure> {
        let settings = shared.load(Vec::new())?.settings;
        connect(&self.url(&settings)).await
    }

    fn url(&self, settings: &Settings) -> String {
        let listen = settings.gateway.listen;
        self.url.clone().unwrap_or_else(|| url(listen))
    }
}

impl AdaptersAt {
    /// The URL in force.
    ///
    /// # Errors
    /// If the configuration cannot be used.
    pub fn url(&self, shared: &Shared) -> Result<String, Failure> {
        let settings = shared.load(Vec::new())?.settings;
        let listen = settings.adapters.grpc_listen;
        Ok(self.url.clone().unwrap_or_else(|| url(listen)))
    }

    /// A client for the rejected log.
    ///
    /// # Errors
    /// If the hub cannot be reached.
    pub async fn rejected(
        &self,
        shared: &Shared,
    ) -> Result<RejectedServiceClient<Channel>, Failure> {
        let channel = connect(&self.url(shared)?).await?;
        Ok(rejected(channel))
    }
}

/// A client for questions over a channel.
pub fn questions(channel: Channel) -> ProcedureQueryServiceClient<Channel> {
    ProcedureQueryServiceClient::new(channel).max_decoding_message_size(LARGEST_ANSWER)
}

/// A client for an operator over a channel.
pub fn operations(channel: Channel) -> OperationsServiceClient<Channel> {
    OperationsServiceClient::new(channel).max_decoding_message_size(LARGEST_ANSWER)
}

/// A client for the rejected log over a channel.
pub fn rejected(channel: Channel) -> RejectedServiceClient<Channel> {
    RejectedServiceClient::new(channel).max_decoding_message_size(LARGEST_ANSWER)
}

/// A client for subscriptions over a channel.
pub fn subscriptions(channel: Channel) -> SubscriptionsClient<Channel> {
    SubscriptionsClient::new(channel).max_decoding_message_size(LARGEST_ANSWER)
}

/// Connects for a stream without end: a hub that is gone without a word is noticed.
///
/// # Errors
/// As [`connect`].
pub async fn connect_lasting(url: &str) -> Result<Channel, Failure> {
    let endpoint = endpoint(url)?
        .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
        .keep_alive_while_idle(true);
    open(endpoint, url).await
}

/// Connects.
///
/// # Errors
/// [`Exit::Usage`] for what is no URL, [`Exit::Unavailable`] if nobody answers there.
pub async fn connect(url: &str) -> Result<Channel, Failure> {
    open(endpoint(url)?, url).await
}

async fn open(endpoint: Endpoint, url: &str) -> Result<Channel, Failure> {
    endpoint.connect().await.map_err(|_| {
        let fix = "Fix: start it with `lienthong up`, or give the address it printed";
        Failure::new(Exit::Unavailable, format!("no hub answers at {url}. {fix}"))
    })
}

fn endpoint(url: &str) -> Result<Endpoint, Failure> {
    let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|error| {
        let fix = "Fix: give a URL such as http://127.0.0.1:7420";
        Failure::new(Exit::Usage, format!("{url}: {error}. {fix}"))
    })?;
    Ok(endpoint.connect_timeout(Duration::from_secs(5)))
}

/// Connects to the processes of a service; calls go to those that answer, in turn.
///
/// # Errors
/// [`Exit::Usage`] for what is no URL, [`Exit::Unavailable`] if none answers.
pub async fn connect_any(urls: &[String]) -> Result<Channel, Failure> {
    let mut failure = Failure::new(Exit::Usage, "no address was given");
    let mut answering = Vec::new();
    for url in urls {
        match connect(url).await {
            Ok(channel) if urls.len() == 1 => return Ok(channel),
            Ok(_) => answering.push(endpoint(url)?),
            Err(error) => failure = error,
        }
    }
    if answering.is_empty() {
        return Err(failure);
    }
    Ok(Channel::balance_list(answering.into_iter()))
}

/// The URL under which a listener of this machine is reached.
pub fn url(listen: SocketAddr) -> String {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, listen.port()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    #[test]
    fn a_listener_on_every_address_is_reached_on_the_local_one() {
        let url = |listen: &str| super::url(listen.parse().unwrap());
        assert_eq!(url("0.0.0.0:7420"), "http://127.0.0.1:7420");
        assert_eq!(url("[::]:7420"), "http://[::1]:7420");
        assert_eq!(url("10.1.2.3:7420"), "http://10.1.2.3:7420");
    }
}
