//! Makes the connections: names are resolved here, so that an address is judged at the moment it
//! is connected to and a name that changes its address afterwards gains nothing.

use super::Reach;
use super::address::refused;
use reqwest::Client;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Longest wait for a connection; a request's own time-out may be shorter.
const CONNECT: Duration = Duration::from_secs(10);
/// Names that are looked up at once.
const LOOKUPS: usize = 32;
/// Connections that are kept for an endpoint while nothing is sent, as many as it may have requests
/// at once, and for how long.
const IDLE: usize = 256;
const IDLE_FOR: Duration = Duration::from_secs(90);

/// Sends requests to endpoints.
#[derive(Debug)]
pub(super) struct Courier {
    /// Shared by all endpoints.
    pub(super) client: Client,
    /// Why https is not possible here, if it is not.
    pub(super) without_tls: Option<String>,
}

/// Why a host is not connected to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unresolved {
    /// The name has no address.
    #[error("the host's name has no address")]
    NoAddress,
    /// All addresses are refused; the class of the first.
    #[error("the host's address is {0}, which is not allowed")]
    Refused(&'static str),
}

impl Courier {
    /// `authorities`: trusted beside those of the system.
    pub(super) fn new(
        reach: Reach,
        authorities: Vec<CertificateDer<'static>>,
    ) -> Result<Self, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        // A machine without roots can still post where http is allowed.
        let verifier = Verifier::new_with_extra_roots(authorities, provider);
        let (builder, without_tls) = match verifier {
            Ok(verifier) => (
                builder
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(verifier)),
                None,
            ),
            Err(error) => (
                builder.with_root_certificates(RootCertStore::empty()),
                Some(format!(
                    "the gateway's machine has no root certificates ({error}); install them, for \
                     instance Debian's ca-certificates"
                )),
            ),
        };
        let lookups = Arc::new(Semaphore::new(LOOKUPS));
        let guard = Guard { reach, lookups };
        let client = Client::builder()
            .tls_backend_preconfigured(builder.with_no_client_auth())
            .dns_resolver(guard)
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .user_agent(concat!("lienthong/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .pool_max_idle_per_host(IDLE)
            .pool_idle_timeout(IDLE_FOR)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            client,
            without_tls,
        })
    }
}

/// Resolves names and passes on only addresses that may be connected to.
#[derive(Debug)]
struct Guard {
    reach: Reach,
    /// One for each lookup under way: it has a thread until the system's resolver gives up, however
    /// soon its request does.
    lookups: Arc<Semaphore>,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, lookups) = (self.reach, Arc::clone(&self.lookups));
        Box::pin(async move {
            let permit = lookups.acquire_owned().await?;
            let lookup = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                let found = (name.as_str(), 0).to_socket_addrs();
                found.map(Iterator::collect::<Vec<_>>)
            });
            let found = lookup.await?.map_err(|_| Unresolved::NoAddress)?;
            let allowed = allowed(found, reach)?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// The addresses that may be connected to.
fn allowed(found: Vec<SocketAddr>, reach: Reach) -> Result<Vec<SocketAddr>, Unresolved> {
    let mut why = None;
    let mut allowed = found;
    allowed.retain(|address| match refused(address.ip(), reach) {
        Some(class) => {
            why.get_or_insert(class);
            false
        }
        None => true,
    });
    match (allowed.is_empty(), why) {
        (false, _) => Ok(allowed),
        (true, Some(class)) => Err(Unresolved::Refused(class)),
        (true, None) => Err(Unresolved::NoAddress),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(ips: &[[u8; 4]]) -> Vec<SocketAddr> {
        ips.iter().map(|ip| SocketAddr::from((*ip, 0))).collect()
    }

    #[test]
    fn of_a_names_addresses_only_those_that_are_allowed_are_connected_to() {
        let mixed = addresses(&[[10, 0, 0, 1], [1, 1, 1, 1], [169, 254, 169, 254]]);
        let public = allowed(mixed.clone(), Reach::Public);
        assert_eq!(public, Ok(addresses(&[[1, 1, 1, 1]])));
        let private = allowed(mixed, Reach::Private);
        assert_eq!(private, Ok(addresses(&[[10, 0, 0, 1], [1, 1, 1, 1]])));
    }

    #[test]
    fn a_name_with_nothing_but_refused_addresses_says_what_they_are() {
        let refused = allowed(addresses(&[[127, 0, 0, 1]]), Reach::Public);
        assert_eq!(refused, Err(Unresolved::Refused("loopback (RFC 1122)")));
        assert_eq!(
            allowed(Vec::new(), Reach::Public),
            Err(Unresolved::NoAddress)
        );
    }
}
