//! Sends a catalogue to the catalogue service.

use lienthong_contract::pb::catalog::v1::catalog_service_client::CatalogServiceClient;
use lienthong_contract::pb::catalog::v1::{ApplyChangesRequest, Change};
use tonic::Status;
use tonic::transport::Channel;

/// Changes of one call: about a megabyte.
const AT_ONCE: usize = 4_000;

/// Applies changes in their order and gives the version of the reference data with them. What was
/// applied before takes effect once, so the same catalogue may be sent again.
///
/// # Errors
/// What the service refuses, naming change, field and fix; the calls before it stay applied.
pub async fn apply(channel: Channel, changes: &[Change]) -> Result<String, Status> {
    let mut client = CatalogServiceClient::new(channel);
    let mut version = String::new();
    for part in changes.chunks(AT_ONCE) {
        let request = ApplyChangesRequest {
            changes: part.to_vec(),
            check_only: false,
        };
        version = client
            .apply_changes(request)
            .await?
            .into_inner()
            .reference_version;
    }
    Ok(version)
}
