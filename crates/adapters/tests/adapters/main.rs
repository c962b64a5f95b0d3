//! The adapters as their callers see them: over gRPC and HTTP, on an embedded log.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod batch;
mod double;
mod drain;
mod http;
mod hub;
mod packets;
mod processes;
mod rejected;
mod standard;
mod stream;
