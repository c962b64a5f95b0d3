//! Requests are frames already encoded; answers are lists of outcomes.
//!
//! `StreamEventsResponse` is, on the wire, a `ReportEventsResponse` of one outcome, and every
//! adapter answers alike, so one codec serves every call.

use bytes::{BufMut, Bytes};
use lienthong_contract::pb::onestop::v1::ReportEventsResponse;
use prost::Message;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Code, Status};

#[derive(Debug, Clone, Copy)]
pub(super) struct Frames;

impl Codec for Frames {
    type Encode = Bytes;
    type Decode = ReportEventsResponse;
    type Encoder = Frames;
    type Decoder = Frames;

    fn encoder(&mut self) -> Frames {
        Frames
    }

    fn decoder(&mut self) -> Frames {
        Frames
    }
}

impl Encoder for Frames {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, frame: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(frame);
        Ok(())
    }
}

impl Decoder for Frames {
    type Item = ReportEventsResponse;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Self::Item>, Status> {
        ReportEventsResponse::decode(buffer)
            .map(Some)
            .map_err(|error| Status::new(Code::Internal, error.to_string()))
    }
}
