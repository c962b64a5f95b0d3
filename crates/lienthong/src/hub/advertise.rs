//! The address by which other processes reach this one, and its name in a group.

use crate::exit::{Exit, Failure};
use std::net::SocketAddr;

/// What the settings and the listener say of an address.
pub struct Advertised<'a> {
    /// The table of the settings: `projector` or `gateway`.
    pub of: &'static str,
    /// The setting `advertise`.
    pub advertise: &'a str,
    /// The setting `instance`.
    pub instance: &'a str,
    /// The address listened on.
    pub bound: Option<SocketAddr>,
}

impl Advertised<'_> {
    /// Where the others reach it.
    ///
    /// # Errors
    /// [`Exit::Usage`] for what is no `HOST:PORT`, or where the listener tells none.
    pub fn address(&self) -> Result<String, Failure> {
        let told = self.advertise;
        if !told.is_empty() {
            let port = told
                .rsplit_once(':')
                .map(|(host, port)| (host, port.parse::<u16>()));
            return match port {
                Some((host, Ok(1..))) if !host.is_empty() => Ok(told.to_owned()),
                _ => Err(self.refused(&format!("`{told}` is no HOST:PORT"))),
            };
        }
        match self.bound {
            Some(bound) if !bound.ip().is_unspecified() => Ok(bound.to_string()),
            _ => {
                let listen = format!("{}.listen", self.of);
                Err(self.refused(&format!(
                    "{listen} takes calls on every address, which tells others none"
                )))
            }
        }
    }

    /// Its name in a group, the same after a restart.
    pub fn name(&self, address: &str) -> String {
        match self.instance {
            // A name of Kafka's knows no colons and brackets.
            "" => address.replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "-"),
            name => name.to_owned(),
        }
    }

    fn refused(&self, what: &str) -> Failure {
        let fix = "Fix: set it to a HOST:PORT that gateways can reach";
        Failure::new(Exit::Usage, format!("{}.advertise: {what}. {fix}", self.of))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn address_of(advertise: &str, bound: &str) -> Result<String, String> {
        let advertised = Advertised {
            of: "projector",
            advertise,
            instance: "",
            bound: Some(bound.parse().unwrap()),
        };
        advertised.address().map_err(|failure| failure.to_string())
    }

    #[test]
    fn others_are_told_the_advertised_address_or_the_one_listened_on() {
        let told = |advertise, bound| address_of(advertise, bound).unwrap();
        assert_eq!(told("", "10.0.0.1:7440"), "10.0.0.1:7440");
        assert_eq!(
            told("projector-0.hub:7440", "0.0.0.0:7440"),
            "projector-0.hub:7440"
        );
        for (advertise, bound) in [
            ("", "0.0.0.0:7440"),
            ("", "[::]:7440"),
            ("projector-0", "10.0.0.1:7440"),
            (":7440", "10.0.0.1:7440"),
            ("projector-0:0", "10.0.0.1:7440"),
        ] {
            let refused = address_of(advertise, bound).unwrap_err();
            assert!(refused.starts_with("projector.advertise"), "{refused}");
        }
    }

    #[test]
    fn a_name_is_the_one_given_or_made_of_the_address() {
        let name = |instance| {
            let advertised = Advertised {
                of: "gateway",
                advertise: "",
                instance,
                bound: None,
            };
            advertised.name("[::1]:7420")
        };
        assert_eq!(name(""), "---1--7420");
        assert_eq!(name("gateway-0"), "gateway-0");
    }
}
