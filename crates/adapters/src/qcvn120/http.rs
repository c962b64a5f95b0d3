//! Takes packets over HTTP.

use super::answer;
use super::envelope::{Address, Format};
use super::packet::Packets;
use crate::intake::append::{append, settle};
use crate::intake::chunk::Chunk;
use crate::intake::sealed::Refusal;
use crate::intake::trace::Call;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, StatusCode, Uri, header};
use axum::routing::post;
use bytes::BytesMut;
use futures_util::StreamExt;
use lienthong_contract::pb::operations::v1::{RejectedContent, RejectedMessage};
use lienthong_contract::status::Failure;
use lienthong_contract::time::{from_millis, now_millis};
use lienthong_telemetry::request;
use std::sync::Arc;

/// Where packets are posted.
const PATH: &str = "/qcvn120";
/// Their routes as traces name them.
const ROUTE: &str = "/qcvn120/{service}";
/// A body of this many times the most that is taken is not read to its end.
const DISCARDED: usize = 8;

/// The routes of the HTTP listener.
pub fn router(packets: Arc<Packets>) -> Router {
    Router::new()
        .route(PATH, post(take))
        .route("/qcvn120/{service}", post(take))
        .with_state(packets)
}

async fn take(State(packets): State<Arc<Packets>>, request: Request) -> Response<Body> {
    let span = request::span("POST", ROUTE, request.headers());
    let call = Call::of_request(request.headers(), span.clone());
    let response = receive(&packets, request, call).await;
    request::answered(&span, response.status().as_u16());
    response
}

async fn receive(packets: &Packets, request: Request, call: Call) -> Response<Body> {
    let adapter = packets.adapter();
    if let Err(draining) = adapter.must_be_serving() {
        return answer::of_failure(None, &draining);
    }
    let format = match format_of(request.headers()) {
        Ok(format) => format,
        Err(what) => return answer::of_request(StatusCode::UNSUPPORTED_MEDIA_TYPE, what),
    };
    let address = address_of(request.uri());
    let body = match body_of(request, packets).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let prepared = match packets.prepare(format, &body, &address, call) {
        Ok(prepared) => prepared,
        Err(failure) => {
            keep_whole(packets, format, body, &failure).await;
            return answer::of_failure(Some(format), &failure);
        }
    };
    match append(adapter, prepared.chunk).await.durable() {
        Ok((chunk, positions)) => {
            let outcomes = settle(adapter, chunk, &positions).await;
            answer::of_records(format, &prepared.records, &outcomes)
        }
        Err(failure) => answer::of_failure(Some(format), &failure),
    }
}

/// The format that the headers announce.
fn format_of(headers: &HeaderMap) -> Result<Format, &'static str> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if text(header::CONTENT_ENCODING).is_some_and(|coding| !coding.eq_ignore_ascii_case("identity"))
    {
        return Err("the body is compressed; send it as it is");
    }
    let kind = text(header::CONTENT_TYPE).unwrap_or_default();
    let charset = kind
        .split(';')
        .filter_map(|parameter| parameter.trim().split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("charset"))
        .map(|(_, charset)| charset.trim_matches('"'));
    if charset.is_some_and(|charset| !charset.eq_ignore_ascii_case("utf-8")) {
        return Err("the charset is not utf-8; send UTF-8");
    }
    Format::of_content_type(kind)
        .ok_or("the Content-Type is neither application/json nor application/xml; send one of them")
}

/// What the path and the query say about the packet. Agency codes need no escaping.
fn address_of(uri: &Uri) -> Address {
    let service = uri
        .path()
        .strip_prefix(PATH)
        .map(|rest| rest.trim_matches('/'));
    let unit = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| ["madonvi", "madinhdanhdv"].contains(&name.to_ascii_lowercase().as_str()))
        .map(|(_, unit)| unit.to_owned());
    Address {
        service: service.filter(|name| !name.is_empty()).map(str::to_owned),
        unit,
    }
}

/// The whole body, if it is not too large and does not take too long.
async fn body_of(request: Request, packets: &Packets) -> Result<Bytes, Response<Body>> {
    let limits = &packets.adapter().limits;
    let most = limits.message_bytes;
    let told: Option<usize> = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse().ok());
    let too_large = || {
        let what = format!("the body has more than {most} bytes; send fewer records at once");
        answer::of_request(StatusCode::PAYLOAD_TOO_LARGE, &what)
    };
    let too_large_by_its_length = told.is_some_and(|told| told > most);
    match tokio::time::timeout(limits.packet_patience, read(request.into_body(), most)).await {
        Ok(Ok(Some(body))) => Ok(body),
        Ok(Ok(None)) => Err(too_large()),
        _ if too_large_by_its_length => Err(too_large()),
        Ok(Err(_)) => Err(answer::of_request(
            StatusCode::BAD_REQUEST,
            "the body ended early; send it whole",
        )),
        Err(_) => Err(answer::of_request(
            StatusCode::REQUEST_TIMEOUT,
            "the body took too long; send it again",
        )),
    }
}

/// The body; none if it has more than `most` bytes. What is too many is read and thrown away, for
/// a sender who is still writing when the connection closes does not get to read the refusal.
async fn read(body: Body, most: usize) -> Result<Option<Bytes>, axum::Error> {
    let mut frames = body.into_data_stream();
    let mut whole = BytesMut::new();
    let mut size = 0_usize;
    while let Some(frame) = frames.next().await {
        let frame = frame?;
        size = size.saturating_add(frame.len());
        if size > most.saturating_mul(DISCARDED) {
            break;
        }
        if size > most {
            whole = BytesMut::new();
        } else {
            whole.extend_from_slice(&frame);
        }
    }
    Ok((size <= most).then(|| whole.freeze()))
}

/// Keeps a packet that could not be read at all.
async fn keep_whole(packets: &Packets, format: Format, body: Bytes, failure: &Failure) {
    let adapter = packets.adapter();
    let mut chunk = Chunk::new(adapter.clone(), Call::untraced(), 1);
    let message = RejectedMessage {
        rejected_time: Some(from_millis(now_millis())),
        adapter: adapter.name.to_owned(),
        reason: failure.reason.name().to_owned(),
        violations: failure.violations.clone(),
        ..Default::default()
    };
    chunk.set_aside(Refusal {
        id: String::new(),
        failure: failure.clone(),
        content: Some(RejectedContent {
            message: Some(message),
            content_type: format.content_type().to_owned(),
            content: body,
        }),
    });
    settle(adapter, chunk.seal(), &[]).await;
}
