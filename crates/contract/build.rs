//! Generates the code of `proto/` with protox: no protoc to install.

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
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
    tonic_prost_build::configure()
        .bytes(".lienthong.operations.v1")
        .bytes(".lienthong.projection.v1")
        .codec_path("crate::codec::Protobuf")
        .compile_fds(descriptors)?;
    Ok(())
}
