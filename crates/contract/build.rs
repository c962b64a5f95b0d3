//! Generates the code of `proto/` with protox: no protoc to install.

use prost_types::{FileDescriptorProto, FileDescriptorSet};
use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let files: Vec<PathBuf> = [
        "event/v1/event",
        "event/v1/payloads",
        "event/v1/acknowledgement",
        "onestop/v1/onestop",
        "civil_status/v1/civil_status",
        "population/v1/population",
        "specialised/v1/specialised",
        "procedure/v1/procedure",
        "operations/v1/operations",
        "projection/v1/projection",
        "performance/v1/performance",
        "quality/v1/quality",
        "catalog/v1/catalog",
        "subscription/v1/filter",
        "subscription/v1/stream",
        "subscription/v1/durable",
        "subscription/v1/journal",
        "subscription/v1/subscription",
    ]
    .iter()
    .map(|name| root.join(format!("lienthong/{name}.proto")))
    .collect();

    let descriptors = protox::compile(&files, [&root])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(
        out.join("descriptors.bin"),
        prost::Message::encode_to_vec(&descriptors),
    )?;
    let (services, messages): (Vec<_>, Vec<_>) = descriptors
        .file
        .into_iter()
        .partition(|file| file.name() == STREAMING);
    tonic_prost_build::configure()
        .bytes(".lienthong.operations.v1")
        .bytes(".lienthong.projection.v1")
        .codec_path("crate::codec::Protobuf")
        .compile_fds(FileDescriptorSet { file: messages })?;
    streaming(services, &out)
}

/// The service whose server sends messages that are encoded already; its file has no messages.
const STREAMING: &str = "lienthong/subscription/v1/subscription.proto";
/// What it sends so.
const ENCODED: [&str; 4] = [
    "SubscribeResponse",
    "ConsumeResponse",
    "FetchResponse",
    "ReadRangeResponse",
];

/// The client as usual; the server with [`ENCODED`] replaced.
fn streaming(file: Vec<FileDescriptorProto>, out: &Path) -> Result<(), Box<dyn Error>> {
    let package = ".lienthong.subscription.v1";
    let usual = || {
        tonic_prost_build::configure()
            .codec_path("crate::codec::Protobuf")
            .extern_path(package, "crate::pb::subscription::v1")
    };
    let services = FileDescriptorSet { file };
    let dir = |name: &str| {
        let dir = out.join(name);
        std::fs::create_dir_all(&dir).map(|()| dir)
    };
    let client = usual().build_server(false).out_dir(dir("client")?);
    client.compile_fds(services.clone())?;
    let server = usual().build_client(false).out_dir(dir("server")?);
    let server = ENCODED.iter().fold(server, |server, message| {
        server.extern_path(format!("{package}.{message}"), "crate::codec::Encoded")
    });
    server.compile_fds(services)?;
    Ok(())
}
