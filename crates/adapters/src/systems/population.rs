//! The national population database.

use crate::intake::trace::Call;
use crate::intake::{Adapter, Draft, batch, stream};
use futures_util::stream::{BoxStream, StreamExt};
use lienthong_contract::pb::event::v1::event::Payload;
use lienthong_contract::pb::population::v1::dossier_event::Payload as Told;
use lienthong_contract::pb::population::v1::population_adapter_service_server::PopulationAdapterService;
use lienthong_contract::pb::population::v1::{
    DossierEvent, ReportEventsRequest, ReportEventsResponse, StreamEventsRequest,
    StreamEventsResponse,
};
use prost::{DecodeError, Message};
use std::sync::Arc;
use tonic::{Request, Response, Status, Streaming};

/// Content type of a rejected message of this system.
pub const MESSAGE: &str = "lienthong.population.v1.DossierEvent";

/// The service over its adapter.
pub struct Service(pub Arc<Adapter>);

#[async_trait::async_trait]
impl PopulationAdapterService for Service {
    async fn report_events(
        &self,
        request: Request<ReportEventsRequest>,
    ) -> Result<Response<ReportEventsResponse>, Status> {
        let call = Call::of_source(request.metadata());
        let drafts = request.into_inner().events.into_iter().map(draft).collect();
        let outcomes = batch::report(&self.0, drafts, call).await?;
        Ok(Response::new(ReportEventsResponse { outcomes }))
    }

    type StreamEventsStream = BoxStream<'static, Result<StreamEventsResponse, Status>>;

    async fn stream_events(
        &self,
        request: Request<Streaming<StreamEventsRequest>>,
    ) -> Result<Response<Self::StreamEventsStream>, Status> {
        self.0.must_be_serving()?;
        let call = Call::of_source(request.metadata());
        let inbound = request
            .into_inner()
            .map(|message| message.map(|message| message.event.map(draft).unwrap_or_default()));
        let answers = stream::report(self.0.clone(), inbound.boxed(), call);
        let answers = answers.map(|answer| {
            answer.map(|outcome| StreamEventsResponse {
                outcome: Some(outcome),
            })
        });
        Ok(Response::new(answers.boxed()))
    }
}

/// Reads a rejected message as it was kept, or as it was corrected.
///
/// # Errors
/// If the bytes are not a message of this system.
pub fn decode(bytes: &[u8]) -> Result<Draft, DecodeError> {
    DossierEvent::decode(bytes).map(draft)
}

fn draft(event: DossierEvent) -> Draft {
    Draft {
        header: event.header,
        payload: event.payload.map(payload),
        observed: None,
    }
}

fn payload(told: Told) -> Payload {
    match told {
        Told::Received(told) => Payload::Received(told),
        Told::HandedOver(told) => Payload::HandedOver(told),
        Told::Accepted(told) => Payload::Accepted(told),
        Told::Returned(told) => Payload::Returned(told),
        Told::Consulted(told) => Payload::Consulted(told),
        Told::Answered(told) => Payload::Answered(told),
        Told::SupplementRequested(told) => Payload::SupplementRequested(told),
        Told::SupplementReceived(told) => Payload::SupplementReceived(told),
        Told::ProgressReported(told) => Payload::ProgressReported(told),
        Told::Linked(told) => Payload::Linked(told),
        Told::PersonalNumberAssigned(told) => Payload::PersonalNumberAssigned(told),
        Told::IdentityVerified(told) => Payload::IdentityVerified(told),
        Told::IdentityMismatched(told) => Payload::IdentityMismatched(told),
        Told::ResidenceRegistered(told) => Payload::ResidenceRegistered(told),
        Told::ResidenceRemoved(told) => Payload::ResidenceRemoved(told),
    }
}
