//! Checks of an installation, each a small function that tells what it found and, where something
//! is to be done, the command or setting that does it. Nothing is changed: the one file that is
//! written, to time the disk, has no name and is gone with the check.
//!
//! Works with the hub up (it is asked) and down (its directory and its brokers are looked at).

mod clocks;
mod disk;
mod endpoints;
mod finding;
mod http;
mod kafka;
mod limits;
mod log;
mod running;
mod settings;
mod way;

pub use finding::{Finding, Outcome};

use crate::config::{Error, Home, Loaded};

/// Every check, in the order in which a person would look.
pub async fn examine(loaded: Result<Loaded, Error>) -> Vec<Finding> {
    let settings = match loaded {
        Ok(loaded) => loaded.settings,
        // Nothing else can be looked for.
        Err(error) => return vec![settings::unusable(&error), limits::files()],
    };
    let mut found = settings::check(&settings);
    found.push(limits::files());
    found.extend(disk::check(&settings));
    let running = running::ask(&settings).await;
    match &settings.log.home {
        Home::Embedded => found.push(log::check(&settings, &running)),
        Home::Kafka(cluster) => found.extend(kafka::check(&settings, cluster, &running).await),
    }
    found.extend(endpoints::check(&settings, &running).await);
    found.extend(endpoints::otlp(&settings).await);
    if let Ok(running) = &running {
        found.extend(clocks::check(running));
        found.extend(way::check(&settings, running));
    }
    found
}
