//! A hub of a test's own: a fresh data directory, free ports, gone when dropped.

use crate::facts::Fact;
use crate::hub::{self, Hub, Options};
use crate::tables;
use crate::wire;
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::pb::operations::v1::operations_service_client::OperationsServiceClient;
use lienthong_contract::pb::operations::v1::rejected_service_client::RejectedServiceClient;
use lienthong_contract::pb::procedure::v1::procedure_query_service_client::ProcedureQueryServiceClient;
use lienthong_contract::reference::demo_agencies;
use lienthong_eventlog::embedded::{self, Embedded};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tonic::Status;
use tonic::transport::Channel;

/// A running hub and its folder.
pub struct Instance {
    /// The process.
    pub hub: Hub,
    options: Options,
    folder: TempDir,
}

impl Instance {
    /// Starts a hub on an empty folder, with small segments so that it starts at once, that
    /// knows the agencies of the demonstration.
    ///
    /// # Errors
    /// As [`hub::start`].
    pub fn start() -> io::Result<Self> {
        Self::start_with(&[])
    }

    /// The same with further settings, as pairs of environment variable and value.
    ///
    /// # Errors
    /// As [`hub::start`].
    pub fn start_with(settings: &[(&str, &str)]) -> io::Result<Self> {
        Self::start_up(&[], settings)
    }

    /// The same with further arguments of `up`.
    ///
    /// # Errors
    /// As [`hub::start`].
    pub fn start_up(arguments: &[&str], settings: &[(&str, &str)]) -> io::Result<Self> {
        let folder = TempDir::with_prefix("lienthong-")?;
        let mut options = Options::new(&folder.path().join("data"))?;
        if !arguments.contains(&"--demo") {
            // The demonstration brings them itself.
            let agencies = tables::write(folder.path(), "AGENCIES", &demo_agencies())?;
            options.environment.push(agencies);
        }
        options.arguments = arguments.iter().map(|text| (*text).to_owned()).collect();
        options
            .environment
            .push(("LIENTHONG_LOG__SEGMENT_BYTES".into(), "4194304".into()));
        for (name, value) in settings {
            let pair = ((*name).to_owned(), (*value).to_owned());
            options.environment.push(pair);
        }
        let hub = hub::start(&options)?;
        Ok(Self {
            hub,
            options,
            folder,
        })
    }

    /// How the hub was started.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The data directory.
    pub fn data(&self) -> &Path {
        &self.options.data
    }

    /// A folder for the test's own files, gone with the instance.
    pub fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// Drains the hub and starts another on the same folder.
    ///
    /// # Errors
    /// As [`hub::start`], or if the hub does not exit with 0.
    pub fn restart(self) -> io::Result<Self> {
        self.stop()?.start_again()
    }

    /// Drains the hub; its folder stays.
    ///
    /// # Errors
    /// If the hub does not exit with 0.
    pub fn stop(self) -> io::Result<Stopped> {
        match self.hub.drain()? {
            Some(0) => Ok(Stopped {
                options: self.options,
                folder: self.folder,
            }),
            code => Err(io::Error::other(format!("the hub exited with {code:?}"))),
        }
    }

    /// Ends the hub at once (SIGKILL); its folder stays.
    ///
    /// # Errors
    /// If the process cannot be waited for.
    pub fn kill(self) -> io::Result<Stopped> {
        self.hub.kill()?;
        Ok(Stopped {
            options: self.options,
            folder: self.folder,
        })
    }

    /// A connection to the adapters.
    ///
    /// # Errors
    /// If nobody listens.
    pub async fn adapters(&self) -> Result<Channel, Status> {
        wire::connect(&self.hub.addresses.adapters_grpc).await
    }

    /// A connection to the gateway.
    ///
    /// # Errors
    /// If nobody listens.
    pub async fn gateway(&self) -> Result<Channel, Status> {
        wire::connect(&self.hub.addresses.gateway).await
    }

    /// The questions of the gateway.
    ///
    /// # Errors
    /// If nobody listens.
    pub async fn questions(&self) -> Result<ProcedureQueryServiceClient<Channel>, Status> {
        let client = ProcedureQueryServiceClient::new(self.gateway().await?);
        Ok(client.max_decoding_message_size(64 << 20))
    }

    /// The operator's side of the gateway.
    ///
    /// # Errors
    /// If nobody listens.
    pub async fn operations(&self) -> Result<OperationsServiceClient<Channel>, Status> {
        Ok(OperationsServiceClient::new(self.gateway().await?))
    }

    /// The rejected log, served beside the adapters.
    ///
    /// # Errors
    /// If nobody listens.
    pub async fn rejected(&self) -> Result<RejectedServiceClient<Channel>, Status> {
        Ok(RejectedServiceClient::new(self.adapters().await?))
    }

    /// Sends the facts one by one in the order given, each to its system's adapter, and gives
    /// their positions.
    ///
    /// # Errors
    /// If one of them was not recorded.
    pub async fn tell(&self, facts: &[Fact]) -> Result<Vec<Position>, Status> {
        let channel = self.adapters().await?;
        let mut positions = Vec::new();
        for run in facts.chunk_by(|one, next| one.system == next.system) {
            for outcome in wire::report(&channel, run).await? {
                positions.push(wire::position(&outcome).map_err(Status::invalid_argument)?);
            }
        }
        Ok(positions)
    }

    /// Everything the hub has written to standard output and standard error.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn output(&self) -> io::Result<String> {
        std::fs::read_to_string(self.data().join("hub.out"))
    }
}

/// The folder of a hub that is not running.
pub struct Stopped {
    options: Options,
    folder: TempDir,
}

impl Stopped {
    /// The data directory.
    pub fn data(&self) -> &Path {
        &self.options.data
    }

    /// Starts a hub on the folder again.
    ///
    /// # Errors
    /// As [`hub::start`].
    pub fn start_again(self) -> io::Result<Instance> {
        Ok(Instance {
            hub: hub::start(&self.options)?,
            options: self.options,
            folder: self.folder,
        })
    }

    /// Opens the event log of the stopped hub.
    ///
    /// # Errors
    /// If it does not open.
    pub fn log(&self) -> io::Result<Arc<Embedded>> {
        let mut config = embedded::Config::new(self.log_folder());
        config.segment_bytes = 4 << 20;
        embedded::open(config).map_err(io::Error::other)
    }

    fn log_folder(&self) -> PathBuf {
        self.data().join("log")
    }
}
