//! `lienthong up`: the hub as one process, until it is told to end.

use crate::cli::Shared;
use crate::config::Given;
use crate::demo;
use crate::exit::{Exit, Failure};
use crate::hub::Service;
use crate::process::{self, Process, Show, Told};
use clap::Args;
use lienthong_contract::reference::Files;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;

/// Arguments of `up`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Address of the gRPC adapters [setting: adapters.grpc_listen]
    #[arg(long, value_name = "IP:PORT")]
    adapters_grpc: Option<SocketAddr>,
    /// Address of the QCVN 120 endpoint [setting: adapters.http_listen]
    #[arg(long, value_name = "IP:PORT")]
    adapters_http: Option<SocketAddr>,
    /// Address of the gateway [setting: gateway.listen]
    #[arg(long, value_name = "IP:PORT")]
    gateway: Option<SocketAddr>,
    /// Address of events over HTTP [setting: gateway.http_listen]
    #[arg(long, value_name = "IP:PORT")]
    gateway_http: Option<SocketAddr>,
    /// Address of metrics and probes [setting: metrics.listen]
    #[arg(long, value_name = "IP:PORT")]
    metrics: Option<SocketAddr>,
    /// Write the real addresses to this file as JSON once the hub serves
    #[arg(long, value_name = "FILE")]
    addresses_file: Option<PathBuf>,
    /// Report simulated cases of a birth group and a land procedure, and show the views live
    #[arg(long)]
    demo: bool,
    #[command(flatten)]
    play: demo::Play,
}

impl Arguments {
    fn given(&self) -> Vec<Given> {
        let addresses = [
            (
                "--adapters-grpc",
                "adapters.grpc_listen",
                self.adapters_grpc,
            ),
            (
                "--adapters-http",
                "adapters.http_listen",
                self.adapters_http,
            ),
            ("--gateway", "gateway.listen", self.gateway),
            ("--gateway-http", "gateway.http_listen", self.gateway_http),
            ("--metrics", "metrics.listen", self.metrics),
        ];
        Given::addresses(&addresses)
    }
}

/// # Errors
/// What could not be started, or did not end well.
pub fn run(arguments: Arguments, shared: &Shared, began: Instant) -> Result<(), Failure> {
    let loaded = shared.load(arguments.given())?;
    let (demo, play) = (arguments.demo, arguments.play);
    if !demo && play.is_given() {
        let message = "--seed, --rate and --cases belong to the demonstration. Fix: add --demo";
        return Err(Failure::new(Exit::Usage, message));
    }
    let show: Show = match demo {
        false => Box::new(process::addresses),
        true => Box::new(move |addresses, stop| {
            Box::pin(async move {
                let hub = demo::Target::of_one(&addresses)?;
                let show = demo::Show {
                    play,
                    published: None,
                };
                demo::run(show, hub, began, stop).await
            })
        }),
    };
    let process = Process {
        service: Service::Whole,
        tables: if demo {
            Files::demo()
        } else {
            Files::default()
        },
        addresses_file: arguments.addresses_file,
        told: Told::Ready,
        show,
    };
    process::run(process, &loaded, demo && demo::draws_a_screen())
}
