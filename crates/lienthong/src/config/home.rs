//! Where the log is kept: in this machine's data directory or on a Kafka cluster.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Prefix of topics and groups where a URL names none.
const DEFAULT_PREFIX: &str = "lienthong";
/// Most characters of a prefix; Kafka takes 249 for a whole topic name.
const LONGEST_PREFIX: usize = 200;
const SCHEME: &str = "kafka://";
const EMBEDDED: &str = "embedded";

/// Where the log is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Home {
    /// Under `data_dir`, for one process.
    Embedded,
    /// On a cluster that processes share.
    Kafka(Cluster),
}

/// A place on a Kafka cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// `host:port` of some brokers, separated by commas.
    pub bootstrap: String,
    /// What the names of our topics and groups begin with.
    pub prefix: String,
}

/// Text that is no home; says what would be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no home of the log: {what}; write embedded or kafka://HOST:PORT[,HOST:PORT]/PREFIX"
)]
pub struct NotAHome {
    text: String,
    what: &'static str,
}

impl Cluster {
    /// The topic of events.
    pub fn events(&self) -> String {
        format!("{}.events.v1", self.prefix)
    }

    /// The topic of rejected messages.
    pub fn rejected(&self) -> String {
        format!("{}.rejected.v1", self.prefix)
    }

    /// The topic of the catalogue.
    pub fn catalog(&self) -> String {
        format!("{}.catalog.v1", self.prefix)
    }

    /// The topic of durable subscriptions.
    pub fn subscriptions(&self) -> String {
        format!("{}.subscriptions.v1", self.prefix)
    }
}

impl FromStr for Home {
    type Err = NotAHome;

    fn from_str(text: &str) -> Result<Self, NotAHome> {
        if text == EMBEDDED {
            return Ok(Self::Embedded);
        }
        cluster(text).map(Self::Kafka).map_err(|what| NotAHome {
            text: text.to_owned(),
            what,
        })
    }
}

fn cluster(text: &str) -> Result<Cluster, &'static str> {
    let place = text
        .strip_prefix(SCHEME)
        .ok_or("it does not begin with kafka://")?;
    let (bootstrap, prefix) = place.split_once('/').unwrap_or((place, ""));
    if bootstrap.contains('@') {
        return Err("credentials belong into log.kafka.properties");
    }
    for broker in bootstrap.split(',') {
        let (host, port) = broker.rsplit_once(':').ok_or("a broker has no port")?;
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err("a broker has no host name");
        }
        if port.parse::<u16>().ok().is_none_or(|port| port == 0) {
            return Err("a broker's port is not a number from 1 to 65535");
        }
    }
    let taken = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    if prefix.len() > LONGEST_PREFIX || !prefix.chars().all(taken) {
        return Err(
            "the prefix has more than 200 characters, or others than letters, digits, `.`, `_` and `-`",
        );
    }
    let prefix = match prefix {
        "" => DEFAULT_PREFIX,
        told => told,
    };
    Ok(Cluster {
        bootstrap: bootstrap.to_owned(),
        prefix: prefix.to_owned(),
    })
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded => f.write_str(EMBEDDED),
            Self::Kafka(cluster) => {
                let Cluster { bootstrap, prefix } = cluster;
                write!(f, "{SCHEME}{bootstrap}/{prefix}")
            }
        }
    }
}

impl TryFrom<String> for Home {
    type Error = NotAHome;

    fn try_from(text: String) -> Result<Self, NotAHome> {
        text.parse()
    }
}

impl From<Home> for String {
    fn from(home: Home) -> Self {
        home.to_string()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_brokers_and_the_prefix_of_topics() {
        let home: Home = "kafka://a:9092,[::1]:9093/tinh.h56".parse().unwrap();
        let Home::Kafka(cluster) = &home else {
            panic!("{home}");
        };
        assert_eq!(cluster.bootstrap, "a:9092,[::1]:9093");
        assert_eq!(cluster.events(), "tinh.h56.events.v1");
        assert_eq!(cluster.rejected(), "tinh.h56.rejected.v1");
        assert_eq!(home.to_string().parse(), Ok(home));
        for text in ["kafka://a:9092", "kafka://a:9092/"] {
            let home: Home = text.parse().unwrap();
            assert_eq!(home.to_string(), "kafka://a:9092/lienthong");
        }
        assert_eq!("embedded".parse(), Ok(Home::Embedded));
    }

    #[test]
    fn what_is_no_home_is_refused_with_its_form() {
        for (text, part) in [
            ("", "kafka://"),
            ("Embedded", "kafka://"),
            ("kafka:a:9092", "kafka://"),
            ("kafka://", "no port"),
            ("kafka://a", "no port"),
            ("kafka://:9092", "no host"),
            ("kafka://a:9092, b:9092", "no host"),
            ("kafka://a:nine", "not a number"),
            ("kafka://a:0/x", "not a number"),
            ("kafka://a:9092,", "no port"),
            ("kafka://me:secret@a:9092/x", "log.kafka.properties"),
            ("kafka://a:9092/x/y", "letters"),
            ("kafka://a:9092/hồ", "letters"),
        ] {
            let said = text.parse::<Home>().unwrap_err().to_string();
            assert!(said.contains(part), "{text}: {said}");
            assert!(said.contains("kafka://HOST:PORT"), "{said}");
        }
    }
}
