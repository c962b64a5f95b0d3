//! What the logs and those who read them are called in metrics and traces.

use super::observed::{Readers, Watched, observed};
use super::{CATALOG, EVENTS, REJECTED, SUBSCRIPTIONS, Which};
use crate::config::{Cluster, Home};
use lienthong_eventlog::EventLog;
use lienthong_telemetry::messaging::Destination;
use std::sync::Arc;

/// What the names of consumer groups would begin with on an embedded log.
const ALONE: &str = "lienthong";

/// The names of a process's logs.
#[derive(Debug, Clone)]
pub struct Names {
    /// The event log.
    pub events: Destination,
    /// What the names of consumer groups begin with.
    pub prefix: String,
    home: Home,
}

impl Names {
    /// The names of logs of this home: topics, or folders of the data directory.
    pub fn new(home: &Home) -> Self {
        Self {
            events: destination(home, Which::Events),
            prefix: match home {
                Home::Embedded => ALONE.to_owned(),
                Home::Kafka(cluster) => cluster.prefix.clone(),
            },
            home: home.clone(),
        }
    }

    /// Measures a log that one kind of service reads, such as `gateway`.
    pub fn read_by(
        &self,
        service: &str,
        log: Arc<dyn EventLog>,
        which: Which,
    ) -> Arc<dyn EventLog> {
        let group = format!("{}.{service}", self.prefix);
        self.watch(log, which, Readers::Group(group))
    }

    /// Measures the event log as adapters write it and projectors read it, who measure that
    /// themselves: by view.
    pub fn of_events(&self, log: Arc<dyn EventLog>) -> Arc<dyn EventLog> {
        self.watch(log, Which::Events, Readers::Own)
    }

    fn watch(&self, log: Arc<dyn EventLog>, which: Which, readers: Readers) -> Arc<dyn EventLog> {
        let destination = destination(&self.home, which);
        observed(
            log,
            Watched {
                destination,
                readers,
            },
        )
    }
}

fn destination(home: &Home, which: Which) -> Destination {
    match home {
        Home::Embedded => Destination {
            system: "lienthong",
            name: folder(which).to_owned(),
        },
        Home::Kafka(cluster) => Destination {
            system: "kafka",
            name: topic(cluster, which),
        },
    }
}

/// The topic of a log.
pub fn topic(cluster: &Cluster, which: Which) -> String {
    match which {
        Which::Events => cluster.events(),
        Which::Rejected => cluster.rejected(),
        Which::Catalog => cluster.catalog(),
        Which::Subscriptions => cluster.subscriptions(),
    }
}

fn folder(which: Which) -> &'static str {
    match which {
        Which::Events => EVENTS,
        Which::Rejected => REJECTED,
        Which::Catalog => CATALOG,
        Which::Subscriptions => SUBSCRIPTIONS,
    }
}
