//! The other gateways: who keeps a lane, and how a call is passed on to it.
//!
//! A call is passed on once, with [`FORWARDED`]; a gateway that is taken for the keeper and is not
//! says `SUBSCRIPTION_MOVING`.

use super::calls::{Said, Told};
use crate::service::FORWARDED;
use futures_util::StreamExt;
use futures_util::future::ready;
use lienthong_contract::codec::{Encoded, Protobuf};
use lienthong_contract::pb::subscription::v1::consume_request::Message;
use lienthong_contract::pb::subscription::v1::subscriptions_client::SubscriptionsClient;
use lienthong_contract::pb::subscription::v1::{
    ConsumeRequest, FetchRequest, Open, ReadRangeRequest,
};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_eventlog::{GroupError, Groups, Owner};
use lienthong_telemetry::rpc;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_types::StatusExt;

/// How long what the group said holds.
const HOLDS: Duration = Duration::from_secs(1);
/// Longest wait for a connection, and between two pings of one that is silent.
const SILENCE: Duration = Duration::from_secs(2);
/// Largest message that is passed on, in bytes: a page of the largest fetch.
const LARGEST: usize = 64 * 1024 * 1024;

/// Finds keepers and speaks with them.
pub struct Peers {
    groups: Arc<dyn Groups>,
    group: String,
    /// This gateway's name.
    gateway: String,
    known: tokio::sync::Mutex<Option<(Instant, Arc<[Owner]>)>>,
    channels: Mutex<HashMap<String, Measured>>,
}

type Measured = rpc::Client<Channel>;

/// Another gateway.
pub struct Peer {
    channel: Measured,
}

impl Peers {
    /// Nobody is known yet.
    pub fn new(groups: Arc<dyn Groups>, group: String, gateway: String) -> Self {
        Self {
            groups,
            group,
            gateway,
            known: tokio::sync::Mutex::default(),
            channels: Mutex::default(),
        }
    }

    /// The gateway that keeps a lane.
    ///
    /// # Errors
    /// `SUBSCRIPTION_MOVING` if nobody does, or if it is this one, which does not know of it yet.
    pub async fn keeper(&self, lane: u32) -> Result<Peer, Failure> {
        let owners = self
            .owners()
            .await
            .map_err(|error| moving(error.to_string()))?;
        let owner = owners.iter().find(|owner| owner.partitions.contains(&lane));
        let owner = owner.filter(|owner| owner.instance != self.gateway);
        let owner = owner.ok_or_else(|| moving("no gateway keeps it just now"))?;
        self.peer(&owner.address)
    }

    /// Every other gateway that keeps something.
    ///
    /// # Errors
    /// `SUBSCRIPTION_MOVING` if the group cannot be asked.
    pub async fn others(&self) -> Result<Vec<Peer>, Failure> {
        let owners = self
            .owners()
            .await
            .map_err(|error| moving(error.to_string()))?;
        let others = owners
            .iter()
            .filter(|owner| owner.instance != self.gateway && !owner.partitions.is_empty());
        others.map(|owner| self.peer(&owner.address)).collect()
    }

    /// The lanes that some gateway keeps.
    ///
    /// # Errors
    /// [`GroupError`] if the group cannot be asked.
    pub async fn kept_lanes(&self) -> Result<Vec<u32>, GroupError> {
        let owners = self.owners().await?;
        let lanes = owners.iter().flat_map(|owner| owner.partitions.iter());
        Ok(lanes.copied().collect())
    }

    /// What the group says, at most [`HOLDS`] old; one question at a time.
    async fn owners(&self) -> Result<Arc<[Owner]>, GroupError> {
        let mut known = self.known.lock().await;
        if let Some((at, owners)) = known.as_ref()
            && at.elapsed() < HOLDS
        {
            return Ok(owners.clone());
        }
        let owners: Arc<[Owner]> = self.groups.owners(&self.group).await?.into();
        *known = Some((Instant::now(), owners.clone()));
        Ok(owners)
    }

    /// What the group said does not hold any more.
    pub async fn forget(&self) {
        *self.known.lock().await = None;
    }

    fn peer(&self, address: &str) -> Result<Peer, Failure> {
        let mut channels = self.channels();
        if let Some(channel) = channels.get(address) {
            let channel = channel.clone();
            return Ok(Peer { channel });
        }
        let endpoint = Endpoint::from_shared(format!("http://{address}"))
            .map_err(|error| moving(format!("its gateway's address {address}: {error}")))?
            .connect_timeout(SILENCE)
            .http2_keep_alive_interval(SILENCE)
            .keep_alive_timeout(SILENCE);
        let channel = rpc::client(endpoint.connect_lazy());
        channels.insert(address.to_owned(), channel.clone());
        Ok(Peer { channel })
    }

    fn channels(&self) -> MutexGuard<'_, HashMap<String, Measured>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a client is told of a peer's refusal: its own words, or that the subscription moves if
    /// the peer was not reached.
    pub async fn told(&self, refused: Status) -> Status {
        let info = refused.get_details_error_info();
        match info {
            Some(info) if info.reason == Reason::SubscriptionMoving.name() => {
                self.forget().await;
                refused
            }
            Some(_) => refused,
            None => {
                self.forget().await;
                unreached(&refused)
            }
        }
    }
}

fn unreached(refused: &Status) -> Status {
    moving(format!(
        "its gateway does not answer: {}",
        refused.message()
    ))
    .into()
}

/// The subscription has no keeper that could be reached.
pub fn moving(what: impl Into<String>) -> Failure {
    Failure::new(Reason::SubscriptionMoving, what)
}

/// A call that is passed on.
pub fn passed<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let mark = MetadataValue::from_static("1");
    request.metadata_mut().insert(FORWARDED, mark);
    request
}

impl Peer {
    /// For calls whose answers are small.
    pub fn client(&self) -> SubscriptionsClient<Measured> {
        SubscriptionsClient::new(self.channel.clone()).max_decoding_message_size(LARGEST)
    }

    /// `Consume`, its messages passed on as they are.
    ///
    /// # Errors
    /// What the peer says.
    pub async fn consume(&self, open: Open, said: Said) -> Result<Told, Status> {
        let first = ConsumeRequest {
            message: Some(Message::Open(open)),
        };
        let said = said.filter_map(|said| {
            // One that breaks off ends the stream there, too.
            let message = said.ok().map(Message::Acknowledgements);
            ready(message.map(|message| ConsumeRequest {
                message: Some(message),
            }))
        });
        let messages = futures_util::stream::once(ready(first)).chain(said);
        let request = passed(messages);
        let mut grpc = self.grpc().await?;
        let path = PathAndQuery::from_static("/lienthong.subscription.v1.Subscriptions/Consume");
        let codec: Protobuf<ConsumeRequest, Encoded> = Protobuf::default();
        let told = grpc.streaming(request, path, codec).await?.into_inner();
        Ok(told.map(named).boxed())
    }

    /// `Fetch`, its answer passed on as it is.
    ///
    /// # Errors
    /// What the peer says.
    pub async fn fetch(&self, request: FetchRequest) -> Result<Encoded, Status> {
        let mut grpc = self.grpc().await?;
        let path = PathAndQuery::from_static("/lienthong.subscription.v1.Subscriptions/Fetch");
        let codec: Protobuf<FetchRequest, Encoded> = Protobuf::default();
        Ok(grpc.unary(passed(request), path, codec).await?.into_inner())
    }

    /// `ReadRange`, its messages passed on as they are.
    ///
    /// # Errors
    /// What the peer says.
    pub async fn read_range(&self, request: ReadRangeRequest) -> Result<Told, Status> {
        let mut grpc = self.grpc().await?;
        let path = PathAndQuery::from_static("/lienthong.subscription.v1.Subscriptions/ReadRange");
        let codec: Protobuf<ReadRangeRequest, Encoded> = Protobuf::default();
        let told = grpc.server_streaming(passed(request), path, codec).await?;
        Ok(told.into_inner().map(named).boxed())
    }

    async fn grpc(&self) -> Result<Grpc<Measured>, Status> {
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(LARGEST);
        let ready = grpc.ready().await;
        ready.map_err(|error| unreached(&Status::unavailable(error.to_string())))?;
        Ok(grpc)
    }
}

/// A stream that breaks off because its gateway has gone says so by its reason.
fn named(told: Result<Encoded, Status>) -> Result<Encoded, Status> {
    told.map_err(|refused| match refused.get_details_error_info() {
        Some(_) => refused,
        None => unreached(&refused),
    })
}
