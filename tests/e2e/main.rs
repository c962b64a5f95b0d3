//! The hub as its users meet it: every test here starts the real binary on an empty folder and
//! speaks to it over its public addresses and its command line.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod adapters;
mod answers;
mod bad_inputs;
mod catalog;
mod checked_load;
mod cli;
mod cli_subscriptions;
mod demo;
mod discovery;
mod doctor;
mod examples;
mod figures;
mod kafka;
mod kill;
mod lag;
mod lag_cli;
mod lag_truth;
mod late_link;
mod mapping;
mod oracle;
mod overload;
mod packets;
mod parked;
mod performance;
mod personal_data;
mod probes;
mod published;
mod qcvn;
mod quality;
mod rejected;
mod reorganisation;
mod restart;
mod scenario;
mod separate;
mod services_killed;
mod sources_and_subscriptions;
mod subscriptions;
mod subscriptions_edges;
mod telemetry;
mod traces;
mod views;
