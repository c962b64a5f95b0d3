//! `lienthong serve`: one service of the hub as a process of its own, on a log that processes
//! share.

use crate::cli::Shared;
use crate::config::Given;
use crate::exit::Failure;
use crate::hub::Service;
use crate::process::{self, Process, Told};
use crate::system::System;
use clap::{Args, Subcommand};
use lienthong_contract::reference::Files;
use lienthong_projectors::View;
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
    /// Keep a share of these views' partitions, as the groups on Kafka give them
    Projector {
        /// Which views
        #[arg(required = true, value_name = "VIEW", value_parser = view)]
        views: Vec<View>,
        /// Address at which gateways ask [setting: projector.listen]
        #[arg(long, value_name = "IP:PORT")]
        listen: Option<SocketAddr>,
        /// Where gateways reach it [setting: projector.advertise]
        #[arg(long, value_name = "HOST:PORT")]
        advertise: Option<String>,
        /// Its name in the groups, the same after a restart [setting: projector.instance]
        #[arg(long, value_name = "NAME")]
        instance: Option<String>,
        #[command(flatten)]
        process: Common,
    },
    /// Answer callers' questions from what the projectors keep, and hand events to subscribers
    Gateway {
        /// Address of the gateway [setting: gateway.listen]
        #[arg(long, value_name = "IP:PORT")]
        listen: Option<SocketAddr>,
        /// Address of events over HTTP [setting: gateway.http_listen]
        #[arg(long, value_name = "IP:PORT")]
        http: Option<SocketAddr>,
        /// Where other gateways reach it [setting: gateway.advertise]
        #[arg(long, value_name = "HOST:PORT")]
        advertise: Option<String>,
        /// Its name in the group, the same after a restart [setting: gateway.instance]
        #[arg(long, value_name = "NAME")]
        instance: Option<String>,
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
    /// Know the agencies and procedures of the demonstration, too; for `lienthong demo`
    #[arg(long)]
    demo_agencies: bool,
}

/// # Errors
/// What could not be started, or did not end well.
pub fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let (service, mut given, common) = choose(arguments.service);
    given.extend(Given::addresses(&[(
        "--metrics",
        "metrics.listen",
        common.metrics,
    )]));
    let loaded = shared.load(given)?;
    let process = Process {
        service,
        tables: match common.demo_agencies {
            true => Files::demo(),
            false => Files::default(),
        },
        addresses_file: common.addresses_file,
        told: Told::Listening,
        show: Box::new(process::addresses),
    };
    process::run(process, &loaded, false)
}

fn choose(command: Command) -> (Service, Vec<Given>, Common) {
    match command {
        Command::Adapter {
            systems,
            grpc,
            http,
            process,
        } => {
            let systems = systems.into_iter().map(System::adapter).collect();
            let given = Given::addresses(&[
                ("--grpc", "adapters.grpc_listen", grpc),
                ("--http", "adapters.http_listen", http),
            ]);
            (Service::Adapters(systems), given, process)
        }
        Command::Projector {
            views,
            listen,
            advertise,
            instance,
            process,
        } => {
            let mut given = Given::addresses(&[("--listen", "projector.listen", listen)]);
            given.extend(named([
                ("--advertise", "projector.advertise", advertise),
                ("--instance", "projector.instance", instance),
            ]));
            (
                Service::Projector(views.into_iter().collect()),
                given,
                process,
            )
        }
        Command::Gateway {
            listen,
            http,
            advertise,
            instance,
            process,
        } => {
            let mut given = Given::addresses(&[
                ("--listen", "gateway.listen", listen),
                ("--http", "gateway.http_listen", http),
            ]);
            given.extend(named([
                ("--advertise", "gateway.advertise", advertise),
                ("--instance", "gateway.instance", instance),
            ]));
            (Service::Gateway, given, process)
        }
    }
}

/// The texts among flags: name, key, and the value if it was given.
fn named(flags: [(&'static str, &'static str, Option<String>); 2]) -> impl Iterator<Item = Given> {
    let flags = flags.into_iter();
    flags.filter_map(|(flag, key, value)| Some(Given::by_flag(flag, key, value?)))
}

fn view(name: &str) -> Result<View, String> {
    View::from_name(name).ok_or_else(|| {
        let known = View::ALL.map(View::name).join(", ");
        format!("there is no such view. Fix: name one or more of {known}")
    })
}
