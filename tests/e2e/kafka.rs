//! The hub on Kafka, looked at with tools that are not ours, and moved there and back.

mod copy;
mod doctor;
mod headers;
mod java;
mod refused;

use lienthong_tests::broker::Home;
use lienthong_tests::instance::Instance;

/// A hub of one process whose log is there.
fn hub_on(home: &Home) -> Instance {
    let environment = home.environment();
    let settings: Vec<(&str, &str)> = environment
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    Instance::start_with(&settings).unwrap()
}
