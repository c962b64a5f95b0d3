//! The hub that a demonstration reports to and asks: one process or many.

use crate::client;
use crate::exit::{Exit, Failure};
use crate::hub::Addresses;
use crate::system::System;
use lienthong_simulator::system::System as Simulated;
use std::collections::BTreeMap;
use tonic::codegen::http::Uri;

/// Where a hub takes reports and questions.
#[derive(Debug, Clone)]
pub struct Target {
    /// The same for a person.
    pub head: String,
    /// URLs of gateways.
    pub gateways: Vec<String>,
    /// Adapters of every system.
    pub adapters: BTreeMap<Simulated, Vec<Uri>>,
}

impl Target {
    /// A hub that is one process.
    ///
    /// # Errors
    /// If the process is not a hub whole.
    pub fn of_one(addresses: &Addresses) -> Result<Self, Failure> {
        let (Some(adapters), Some(gateway)) = (addresses.adapters_grpc, addresses.gateway) else {
            let what = "a demonstration needs adapters and a gateway";
            return Err(Failure::failed(what));
        };
        let adapters = uri(&client::url(adapters))?;
        Ok(Self {
            head: addresses.to_string(),
            gateways: vec![client::url(gateway)],
            adapters: Simulated::ALL
                .map(|system| (system, vec![adapters.clone()]))
                .into(),
        })
    }

    /// A hub of several processes; an adapter without a system takes every one.
    ///
    /// # Errors
    /// If a system has no adapter, or an address is no URL.
    pub fn of_many(
        adapters: &[(Option<System>, String)],
        gateways: Vec<String>,
    ) -> Result<Self, Failure> {
        let mut of_systems: BTreeMap<Simulated, Vec<Uri>> = BTreeMap::new();
        for (system, url) in adapters {
            let address = uri(url)?;
            let systems = system.map_or(Simulated::ALL.to_vec(), |one| vec![one.simulated()]);
            for system in systems {
                of_systems.entry(system).or_default().push(address.clone());
            }
        }
        for system in Simulated::ALL {
            if !of_systems.contains_key(&system) {
                let name = system.name().replace('_', "-");
                let fix = format!("Fix: add --adapter {name}=URL");
                let message = format!("no adapter takes the reports of {name}. {fix}");
                return Err(Failure::new(Exit::Usage, message));
            }
        }
        Ok(Self {
            head: head(&of_systems, &gateways),
            gateways,
            adapters: of_systems,
        })
    }

    /// URLs of adapters that know the rejected log, which is every one.
    pub fn any_adapter(&self) -> Vec<String> {
        let mut urls: Vec<_> = self
            .adapters
            .values()
            .flatten()
            .map(Uri::to_string)
            .collect();
        urls.sort_unstable();
        urls.dedup();
        urls
    }
}

fn uri(url: &str) -> Result<Uri, Failure> {
    let no_url = |why: String| {
        let fix = "Fix: give a URL such as http://127.0.0.1:7410";
        Failure::new(Exit::Usage, format!("{url}: {why}. {fix}"))
    };
    let uri: Uri = url.parse().map_err(|error| no_url(format!("{error}")))?;
    match uri.scheme_str() {
        Some("http") => Ok(uri),
        _ => Err(no_url("it does not begin with http://".to_owned())),
    }
}

fn head(adapters: &BTreeMap<Simulated, Vec<Uri>>, gateways: &[String]) -> String {
    let mut lines: Vec<String> = adapters
        .iter()
        .map(|(system, addresses)| {
            let addresses: Vec<_> = addresses.iter().map(Uri::to_string).collect();
            format!("  {:<18} {}", system.name(), addresses.join(" "))
        })
        .collect();
    lines.push(format!("  {:<18} {}", "ask", gateways.join(" ")));
    lines.join("\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_system_needs_an_adapter_and_one_may_take_all() {
        let all = (None, "http://127.0.0.1:1".to_owned());
        let onestop = (Some(System::Onestop), "http://127.0.0.1:2".to_owned());
        let gateways = vec!["http://127.0.0.1:3".to_owned()];
        let target = Target::of_many(&[all, onestop.clone()], gateways.clone()).unwrap();
        assert_eq!(target.adapters[&Simulated::Onestop].len(), 2);
        assert_eq!(target.adapters[&Simulated::Population].len(), 1);
        assert_eq!(target.any_adapter().len(), 2);

        let refused = Target::of_many(&[onestop], gateways).unwrap_err();
        assert!(refused.to_string().contains("--adapter civil-status=URL"));
        assert_eq!(refused.exit(), Exit::Usage);
    }

    #[test]
    fn an_address_that_is_no_url_is_refused_with_its_form() {
        for text in ["127.0.0.1:7410", "ftp://a", "http://"] {
            let given = [(None, text.to_owned())];
            let refused = Target::of_many(&given, Vec::new()).unwrap_err();
            assert!(refused.to_string().contains("http://127.0.0.1"), "{text}");
        }
    }
}
