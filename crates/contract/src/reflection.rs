//! What server reflection tells, the same on every port: the whole contract, the services
//! served there, and the standard error details so that tools show them decoded.

use crate::DESCRIPTORS;
use tonic_reflection::server::Builder;

/// Services that every port serves besides its own.
const STANDARD: [&str; 3] = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

/// A reflection service that describes the contract and `health`, and lists the services
/// named beside the standard ones.
pub fn describe<'a>(services: &[&'static str], health: &'a [u8]) -> Builder<'a> {
    let described = Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(health);
    let listed = services.iter().chain(&STANDARD);
    listed.copied().fold(described, Builder::with_service_name)
}
