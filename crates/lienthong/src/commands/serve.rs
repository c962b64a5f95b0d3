//! `lienthong serve`: one service of the hub as a process of its own, on a log that processes
//! share.

use crate::cli::Shared;
use crate::config::Given;
use crate::exit::Failure;
use crate::hub::Service;
use crate::process::{self, Process, Told};
use crate::system::System;
use clap::{Args, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    service: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take in what these systems report; with onestop also QCVN 120 packets over HTTP
    Adapter {
        /// Whose adapters
        #[arg(required = true, value_name = "SYSTEM")]
        systems: Vec<System>,
        /// Address of the gRPC adapters [setting: adapters.grpc_listen]
        #[arg(long, value_name = "IP:PORT")]
        grpc: Option<SocketAddr>,
        /// Address of the QCVN 120 endpoint [setting: adapters.http_listen]
        #[arg(long, value_name = "IP:PORT")]
        http: Option<SocketAddr>,
        #[command(flatten)]
        process: Common,
    },
}

/// What every service takes.
#[derive(Debug, Args)]
struct Common {
    /// Address of metrics and probes [setting: metrics.listen]
    #[arg(long, value_name = "IP:PORT")]
    metrics: Option<SocketAddr>,
    /// Write the real addresses to this file as JSON once calls are taken; /readyz says when
    /// they are answered
    #[arg(long, value_name = "FILE")]
    addresses_file: Option<PathBuf>,
}

/// # Errors
/// What could not be started, or did not end well.
pub fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let (service, given, common) = match arguments.service {
        Command::Adapter {
            systems,
            grpc,
            http,
            process,
        } => (
            Service::Adapters(systems.into_iter().map(System::adapter).collect()),
            vec![
                ("--grpc", "adapters.grpc_listen", grpc),
                ("--http", "adapters.http_listen", http),
            ],
            process,
        ),
    };
    let mut given = Given::addresses(&given);
    given.extend(Given::addresses(&[(
        "--metrics",
        "metrics.listen",
        common.metrics,
    )]));
    let loaded = shared.load(given)?;
    let process = Process {
        service,
        agencies: Vec::new(),
        addresses_file: common.addresses_file,
        told: Told::Listening,
        show: Box::new(process::addresses),
    };
    process::run(process, &loaded, false)
}
