//! Instances over the wire.

use super::directory::Connect;
use super::peer::{PROTOCOL, Peer, Told, UNHEARD};
use async_trait::async_trait;
use futures_util::StreamExt;
use lienthong_contract::pb::event::v1::FieldViolation;
use lienthong_contract::pb::projection::v1 as pb;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_telemetry::rpc;
use pb::projection_service_client::ProjectionServiceClient;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

/// How long a connection may take to open.
const CONNECT: Duration = Duration::from_secs(1);
/// How often a silent connection is pinged, and how long it may take to answer.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// How long a call may take whose answer is at hand.
const AT_HAND: Duration = Duration::from_secs(5);
/// How long a call may take that looks at every part of a partition.
const OF_ALL: Duration = Duration::from_secs(30);
/// Largest message, in bytes. The sum of the durations of fifty million steps stays below it.
pub const LARGEST: usize = 256 << 20;

/// Connects over gRPC.
pub struct Remote;

impl Connect for Remote {
    fn connect(&self, address: &str) -> Result<Arc<dyn Peer>, Failure> {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(|error| {
            let message = format!("{address:?} of a projector instance is no address: {error}");
            Failure::new(Reason::Internal, message)
        })?;
        let channel = endpoint
            .connect_timeout(CONNECT)
            .tcp_nodelay(true)
            .http2_adaptive_window(true)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .keep_alive_while_idle(true)
            .connect_lazy();
        let client = ProjectionServiceClient::new(rpc::client(channel))
            .max_decoding_message_size(LARGEST)
            .max_encoding_message_size(LARGEST);
        Ok(Arc::new(Instance {
            client,
            address: address.to_owned(),
        }))
    }
}

struct Instance {
    client: ProjectionServiceClient<rpc::Client<Channel>>,
    address: String,
}

impl Instance {
    /// Waits for an answer, at most so long.
    async fn within<T>(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, Failure> {
        match tokio::time::timeout(limit, call).await {
            Ok(Ok(answer)) => Ok(answer.into_inner()),
            Ok(Err(status)) => Err(failure(&self.address, &status)),
            Err(_) => Err(unheard(&self.address, "did not answer in time")),
        }
    }
}

#[async_trait]
impl Peer for Instance {
    async fn lanes(&self) -> Result<pb::ListLanesResponse, Failure> {
        let request = pb::ListLanesRequest { protocol: PROTOCOL };
        self.within(AT_HAND, self.client.clone().list_lanes(request))
            .await
    }

    async fn mentions(
        &self,
        request: pb::ListMentionsRequest,
    ) -> Result<pb::ListMentionsResponse, Failure> {
        self.within(AT_HAND, self.client.clone().list_mentions(request))
            .await
    }

    async fn parts(&self, request: pb::GetPartsRequest) -> Result<pb::GetPartsResponse, Failure> {
        self.within(OF_ALL, self.client.clone().get_parts(request))
            .await
    }

    async fn sum(&self, request: pb::GetSumRequest) -> Result<pb::GetSumResponse, Failure> {
        self.within(OF_ALL, self.client.clone().get_sum(request))
            .await
    }

    async fn wait_for(&self, request: pb::WaitForRequest) -> Result<pb::WaitForResponse, Failure> {
        let limit = AT_HAND + Duration::from_millis(u64::from(request.max_wait_ms));
        self.within(limit, self.client.clone().wait_for(request))
            .await
    }

    async fn positions(&self) -> Result<pb::ListPositionsResponse, Failure> {
        let request = pb::ListPositionsRequest { protocol: PROTOCOL };
        self.within(AT_HAND, self.client.clone().list_positions(request))
            .await
    }

    async fn lag(&self) -> Result<pb::GetLagResponse, Failure> {
        let request = pb::GetLagRequest { protocol: PROTOCOL };
        self.within(AT_HAND, self.client.clone().get_lag(request))
            .await
    }

    async fn parked(&self, view: &str) -> Result<pb::ListParkedResponse, Failure> {
        let request = pb::ListParkedRequest {
            protocol: PROTOCOL,
            view: view.to_owned(),
        };
        self.within(AT_HAND, self.client.clone().list_parked(request))
            .await
    }

    async fn rebuild(&self, view: &str) -> Result<Told<pb::RebuildViewResponse>, Failure> {
        let request = pb::RebuildViewRequest {
            protocol: PROTOCOL,
            view: view.to_owned(),
        };
        let mut client = self.client.clone();
        let told = self.within(AT_HAND, client.rebuild_view(request)).await?;
        let address = self.address.clone();
        let step = move |step: Result<_, Status>| step.map_err(|status| failure(&address, &status));
        Ok(told.map(step).boxed())
    }

    async fn verify(&self, views: &[String]) -> Result<Told<pb::VerifyViewsResponse>, Failure> {
        let request = pb::VerifyViewsRequest {
            protocol: PROTOCOL,
            views: views.to_vec(),
        };
        let mut client = self.client.clone();
        let told = self.within(AT_HAND, client.verify_views(request)).await?;
        let address = self.address.clone();
        let step = move |step: Result<_, Status>| step.map_err(|status| failure(&address, &status));
        Ok(told.map(step).boxed())
    }

    async fn diff(
        &self,
        request: pb::DiffViewsRequest,
    ) -> Result<Told<pb::DiffViewsResponse>, Failure> {
        let mut client = self.client.clone();
        let told = self.within(AT_HAND, client.diff_views(request)).await?;
        let address = self.address.clone();
        let step = move |step: Result<_, Status>| step.map_err(|status| failure(&address, &status));
        Ok(told.map(step).boxed())
    }
}

/// What an instance said, or that it could not be asked.
fn failure(address: &str, status: &Status) -> Failure {
    let details = status.get_error_details();
    let info = details.error_info();
    let reason = info.and_then(|info| Reason::from_name(&info.reason));
    let Some((info, reason)) = info.zip(reason) else {
        return match status.code() {
            Code::Unimplemented => {
                let message = format!("{address} does not know a call: finish the rolling upgrade");
                Failure::new(Reason::VersionsMixed, message)
            }
            // What the transport refuses has a cause; such as a connection on which too many calls
            // were given up.
            Code::OutOfRange | Code::ResourceExhausted if status.source().is_none() => {
                let message = format!("an answer of {address} is too large: {}", status.message());
                Failure::new(Reason::Internal, message)
            }
            _ if is_refused(status) => out_of_reach(address, "nobody listens there"),
            _ => unheard(address, status.message()),
        };
    };
    let faults = details.bad_request();
    let faults = faults.into_iter().flat_map(|bad| &bad.field_violations);
    let violations = faults.map(|fault| {
        let (description, fix) = fault
            .description
            .split_once(". Fix: ")
            .unwrap_or((&fault.description, ""));
        FieldViolation {
            field: fault.field.clone(),
            description: description.to_owned(),
            fix: fix.to_owned(),
        }
    });
    Failure {
        reason,
        message: status.message().to_owned(),
        violations: violations.collect(),
        metadata: info.metadata.clone(),
    }
}

/// Whether nobody listens at the address.
fn is_refused(status: &Status) -> bool {
    let mut cause = status.source();
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>();
        if io.is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused) {
            return true;
        }
        cause = error.source();
    }
    false
}

fn unheard(address: &str, what: &str) -> Failure {
    out_of_reach(address, what).with(UNHEARD, true)
}

fn out_of_reach(address: &str, what: &str) -> Failure {
    let message = format!("the projector instance {address} cannot be reached: {what}");
    Failure::new(Reason::ViewUnowned, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn caused_by(code: Code, kind: io::ErrorKind) -> Status {
        let mut status = Status::new(code, "transport error");
        status.set_source(Arc::new(io::Error::from(kind)));
        status
    }

    #[test]
    fn who_refuses_is_gone_and_who_is_cut_off_is_only_not_heard() {
        let refused = caused_by(Code::Unavailable, io::ErrorKind::ConnectionRefused);
        let refused = failure("a:1", &refused);
        assert_eq!(refused.reason, Reason::ViewUnowned);
        assert!(!refused.metadata.contains_key(UNHEARD), "{refused:?}");
        for code in [Code::Unavailable, Code::ResourceExhausted, Code::Unknown] {
            let cut_off = failure("a:1", &caused_by(code, io::ErrorKind::ConnectionReset));
            assert_eq!(cut_off.reason, Reason::ViewUnowned);
            assert!(cut_off.metadata.contains_key(UNHEARD), "{cut_off:?}");
        }
        let too_large = failure("a:1", &Status::out_of_range("decoded message too large"));
        assert_eq!(too_large.reason, Reason::Internal);
    }

    #[tokio::test]
    async fn nobody_listens_where_a_process_has_ended() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let gone = Remote.connect(&address).unwrap().lanes().await.unwrap_err();
        assert!(gone.message.contains("nobody listens there"), "{gone:?}");
        assert!(!gone.metadata.contains_key(UNHEARD), "{gone:?}");
    }
}
