//! The `RejectedService`: list, look, send again.

use super::{RejectedLog, resubmit};
use crate::intake::trace::Call;
use crate::qcvn120;
use lienthong_contract::pb::operations::v1::rejected_service_server::RejectedService;
use lienthong_contract::pb::operations::v1::{
    GetRejectedRequest, GetRejectedResponse, ListRejectedRequest, ListRejectedResponse,
    RejectedContent, ResubmitRejectedRequest, ResubmitRejectedResponse,
};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_eventlog::ReadError;
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// Messages a page when the request does not say.
const PAGE: u32 = 50;
/// Most messages a page.
const LONGEST_PAGE: u32 = 1_000;

/// The service over the rejected log and the adapters that rejected messages go back to.
pub struct Service {
    /// The log.
    pub log: Arc<RejectedLog>,
    /// The gRPC adapters with the decoders of their messages.
    pub systems: Vec<resubmit::System>,
    /// The adapter of packets, where they are served.
    pub packets: Option<Arc<qcvn120::Packets>>,
    /// Lets one resubmission through at a time, so that this process accepts none twice. Another
    /// process may at the same moment; then the event takes effect once.
    pub turn: tokio::sync::Mutex<()>,
}

impl Service {
    /// A service that sends messages back through `systems` and `packets`.
    pub fn new(
        log: Arc<RejectedLog>,
        systems: Vec<resubmit::System>,
        packets: Option<Arc<qcvn120::Packets>>,
    ) -> Self {
        Self {
            log,
            systems,
            packets,
            turn: tokio::sync::Mutex::new(()),
        }
    }

    async fn find(&self, number: u64) -> Result<RejectedContent, Failure> {
        let found = self
            .log
            .get(number)
            .await
            .map_err(|error| unreadable(&error))?;
        found.ok_or_else(|| {
            let what = format!("there is no rejected message {number}");
            Failure::new(Reason::RejectedNotFound, what)
        })
    }
}

#[async_trait::async_trait]
impl RejectedService for Service {
    async fn list_rejected(
        &self,
        request: Request<ListRejectedRequest>,
    ) -> Result<Response<ListRejectedResponse>, Status> {
        let request = request.into_inner();
        let page = match request.page_size {
            0 => PAGE,
            size if size <= LONGEST_PAGE => size,
            size => {
                let what = format!("it is {size}");
                return Err(
                    Failure::of_field("page_size", what, "give 1 to 1,000, or 0 for 50").into(),
                );
            }
        };
        let listed = self
            .log
            .list(
                request.after_number,
                page as usize,
                request.include_resubmitted,
            )
            .await;
        Ok(Response::new(ListRejectedResponse {
            messages: listed.map_err(|error| unreadable(&error))?,
            totals: self.log.totals(),
        }))
    }

    async fn get_rejected(
        &self,
        request: Request<GetRejectedRequest>,
    ) -> Result<Response<GetRejectedResponse>, Status> {
        let peer = request.remote_addr();
        let number = request.into_inner().number;
        let found = self.find(number).await?;
        tracing::info!(
            number,
            ?peer,
            "a rejected message was read with its content"
        );
        Ok(Response::new(GetRejectedResponse {
            message: found.message,
            content_type: found.content_type,
            content: found.content,
        }))
    }

    async fn resubmit_rejected(
        &self,
        request: Request<ResubmitRejectedRequest>,
    ) -> Result<Response<ResubmitRejectedResponse>, Status> {
        let peer = request.remote_addr();
        let call = Call::of_operator(request.metadata());
        let request = request.into_inner();
        let _turn = self.turn.lock().await;
        let found = self.find(request.number).await?;
        if found
            .message
            .as_ref()
            .is_some_and(|message| message.resubmitted)
        {
            let what = format!("message {} was resubmitted already", request.number);
            return Err(Failure::new(Reason::RejectedResubmitted, what).into());
        }
        let content = if request.corrected_content.is_empty() {
            found.content
        } else {
            request.corrected_content
        };
        let outcomes = resubmit::send(self, &found.content_type, &content, call).await?;
        let number = request.number;
        tracing::info!(number, ?peer, "a rejected message was resubmitted");
        if let Err(error) = self.log.mark_resubmitted(number).await {
            // The event is durable; sending it once more takes effect once.
            tracing::warn!(number, %error, "a resubmission could not be marked");
        }
        Ok(Response::new(ResubmitRejectedResponse { outcomes }))
    }
}

fn unreadable(error: &ReadError) -> Failure {
    tracing::error!(%error, "the rejected log could not be read");
    Failure::new(Reason::LogUnavailable, "the rejected log cannot be read")
}
