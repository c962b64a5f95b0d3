//! What the logs and those who read them are called in metrics and traces.

use super::observed::{Readers, Watched, observed};
use super::{CATALOG, EVENTS, REJECTED, SUBSCRIPTIONS, Which};
use crate::config::{Cluster, Home};
use lienthong_eventlog::EventLog;
use lienthong_telemetry::log;
use lienthong_telemetry::messaging::Destination;
use std::sync::Arc;

/// The names of a process's logs.
#[derive(Debug, Clone)]
pub struct Names {
    told: log::Names,
    home: Home,
}

impl Names {
    /// The names of logs of this home, topics or folders of the data directory, which everybody in
    /// the process is told.
    pub fn new(home: &Home) -> Self {
        let mut told = log::Names {
            events: destination(home, Which::Events),
            ..log::Names::default()
        };
        if let Home::Kafka(cluster) = home {
            told.group_prefix = cluster.prefix.clone();
        }
        log::set(told.clone());
        Self {
            told,
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
        self.watch(log, which, Readers::Group(self.told.group(service)))
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
