//! Sends a rejected message through its adapter again.

use super::Service;
use crate::intake::append::{append, settle};
use crate::intake::chunk::Chunk;
use crate::intake::sealed::{Sealed, Slot};
use crate::intake::trace::Call;
use crate::intake::{Adapter, Draft};
use crate::qcvn120::{Address, Format};
use lienthong_contract::pb::event::v1::Outcome;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use prost::DecodeError;
use std::sync::Arc;

/// Reads the bytes of a system's message.
pub type Decode = fn(&[u8]) -> Result<Draft, DecodeError>;

/// A gRPC adapter and how its messages are read.
pub struct System {
    /// The adapter.
    pub adapter: Arc<Adapter>,
    /// The decoder of its messages.
    pub decode: Decode,
}

/// Records what the message says; one outcome for each event it makes.
///
/// # Errors
/// What is wrong with it if it is rejected again: then nothing of it is recorded, and it is not
/// kept a second time. `ADAPTER_ELSEWHERE` if this process does not serve its system.
/// `LOG_OVERLOADED` and the like if the log does not take it.
pub async fn send(
    service: &Service,
    kind: &str,
    content: &[u8],
    call: Call,
) -> Result<Vec<Outcome>, Failure> {
    if let Some(format) = Format::of_content_type(kind) {
        let packets = service
            .packets
            .as_ref()
            .ok_or_else(|| elsewhere("packets"))?;
        let prepared = packets.prepare(format, content, &Address::default(), call)?;
        return record(packets.adapter(), prepared.chunk).await;
    }
    let system = service
        .systems
        .iter()
        .find(|system| system.adapter.message == kind);
    let Some(system) = system else {
        return Err(elsewhere(kind));
    };
    let draft = (system.decode)(content).map_err(|error| {
        Failure::of_field(
            "corrected_content",
            format!("it is not a {kind}: {error}"),
            "encode the message as protobuf",
        )
    })?;
    let mut chunk = Chunk::new(system.adapter.clone(), call, 1);
    chunk.push(draft);
    record(&system.adapter, chunk.seal()).await
}

fn elsewhere(kind: &str) -> Failure {
    let what = format!("no adapter of this process takes {kind}");
    Failure::new(Reason::AdapterElsewhere, what)
}

async fn record(adapter: &Adapter, chunk: Sealed) -> Result<Vec<Outcome>, Failure> {
    adapter.must_be_serving()?;
    refused(&chunk)?;
    let (chunk, positions) = append(adapter, chunk).await.durable()?;
    refused(&chunk)?;
    Ok(settle(adapter, chunk, &positions).await)
}

fn refused(chunk: &Sealed) -> Result<(), Failure> {
    for slot in &chunk.slots {
        if let Slot::Refused(refusal) = slot {
            return Err(refusal.failure.clone());
        }
    }
    Ok(())
}
