//! Calls that bring a context of W3C Trace Context.

use lienthong_contract::pb::event::v1::Outcome;
use lienthong_tests::facts::Fact;
use lienthong_tests::wire::{Batch, BatchAnswer, encode};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

/// A caller's span.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Lower hex.
    pub trace_id: String,
    /// Lower hex.
    pub span_id: String,
    is_sampled: bool,
}

/// A caller of its own for each number above 0.
pub fn caller(number: usize, is_sampled: bool) -> Caller {
    Caller {
        trace_id: format!("{number:032x}"),
        span_id: format!("{:016x}", number + 0xabc0_0000),
        is_sampled,
    }
}

/// Reports facts of one system as one batch, within the caller's span.
pub async fn report(
    channel: &Channel,
    facts: &[Fact],
    caller: &Caller,
) -> Result<Vec<Outcome>, Status> {
    let path = facts[0].system.report_path();
    let events = facts.iter().map(encode).collect();
    call(channel, path, Batch { events }, caller).await
}

/// Calls what nobody serves.
pub async fn unknown_method(channel: &Channel, caller: &Caller) -> Status {
    let path = PathAndQuery::from_static("/invented.by.a.caller/H56.15.03-261122-0000");
    let nothing = Batch { events: Vec::new() };
    call(channel, path, nothing, caller).await.unwrap_err()
}

async fn call(
    channel: &Channel,
    path: PathAndQuery,
    batch: Batch,
    caller: &Caller,
) -> Result<Vec<Outcome>, Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let flags = u8::from(caller.is_sampled);
    let (trace, span) = (&caller.trace_id, &caller.span_id);
    let traceparent = format!("00-{trace}-{span}-{flags:02x}");
    let mut request = Request::new(batch);
    let headers = request.metadata_mut();
    headers.insert("traceparent", traceparent.parse().unwrap());
    headers.insert("tracestate", "vendor=value".parse().unwrap());
    let codec = ProstCodec::<Batch, BatchAnswer>::default();
    let answer = client.unary(request, path, codec).await?;
    Ok(answer.into_inner().outcomes)
}
