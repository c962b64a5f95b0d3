//! Starts the real binary and stops it again.

use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where a running hub listens, as `--addresses-file` tells.
#[derive(Debug, Clone, Deserialize)]
pub struct Addresses {
    /// gRPC of the adapters, `host:port`.
    pub adapters_grpc: String,
    /// HTTP of the QCVN 120 endpoint.
    pub adapters_http: String,
    /// gRPC of the gateway.
    pub gateway: String,
    /// Events over HTTP.
    pub gateway_http: String,
    /// HTTP of metrics, liveness and readiness.
    pub metrics: String,
}

/// A running hub; killed when dropped.
pub struct Hub {
    child: Child,
    /// Where it listens.
    pub addresses: Addresses,
    /// From starting the process until it listened.
    pub listening_after: Duration,
}

/// How to start a hub.
#[derive(Debug, Clone)]
pub struct Options {
    /// The binary.
    pub binary: PathBuf,
    /// Data directory.
    pub data: PathBuf,
    /// Further command-line arguments of `up`.
    pub arguments: Vec<String>,
    /// Further environment.
    pub environment: Vec<(String, String)>,
}

impl Options {
    /// A hub on free ports with the binary beside this program.
    pub fn new(data: &Path) -> std::io::Result<Self> {
        Ok(Self {
            binary: binary()?,
            data: data.to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
        })
    }
}

/// The `lienthong` binary of the profile that this program was built with.
///
/// # Errors
/// If it was not built.
pub fn binary() -> std::io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    own.ancestors()
        .skip(1)
        .map(|folder| folder.join("lienthong"))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            std::io::Error::other("the binary is missing. Fix: cargo build --package lienthong")
        })
}

/// Starts a hub and waits until it listens.
///
/// # Errors
/// If it cannot be started, ends early, or does not listen within a minute.
pub fn start(options: &Options) -> std::io::Result<Hub> {
    let began = Instant::now();
    let mut child = spawn(options)?;
    let file = addresses_file(options);
    let limit = Duration::from_secs(60);
    loop {
        if let Some(addresses) = std::fs::read(&file)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        {
            return Ok(Hub {
                child,
                addresses,
                listening_after: began.elapsed(),
            });
        }
        if let Some(status) = child.try_wait()? {
            return Err(std::io::Error::other(format!(
                "the hub ended early: {status}; see {}",
                options.data.join("hub.out").display()
            )));
        }
        if began.elapsed() > limit {
            let _ = child.kill();
            return Err(std::io::Error::other(
                "the hub did not listen within a minute",
            ));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Starts a hub and kills it after a while (SIGKILL), whether it listens by then or not.
///
/// # Errors
/// If it cannot be started or waited for.
pub fn start_and_kill(options: &Options, after: Duration) -> std::io::Result<()> {
    let mut child = spawn(options)?;
    std::thread::sleep(after);
    child.kill()?;
    child.wait().map(|_| ())
}

/// The binary without the settings of whoever runs the tests: what a test wants, it says.
pub fn command(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LIENTHONG_") {
            command.env_remove(name);
        }
    }
    // A test counts the records that it knows of; one that is about probes asks for them.
    command.env("LIENTHONG_PROBE__EVERY_MS", "0");
    command
}

fn addresses_file(options: &Options) -> PathBuf {
    options.data.join("addresses.json")
}

fn spawn(options: &Options) -> std::io::Result<Child> {
    let file = addresses_file(options);
    std::fs::create_dir_all(&options.data)?;
    let _ = std::fs::remove_file(&file);
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(options.data.join("hub.out"))?;
    let mut command = command(&options.binary);
    command
        .arg("up")
        .arg("--addresses-file")
        .arg(&file)
        .args(&options.arguments)
        .env("LIENTHONG_DATA_DIR", &options.data)
        .env("LIENTHONG_ADAPTERS__GRPC_LISTEN", "127.0.0.1:0")
        .env("LIENTHONG_ADAPTERS__HTTP_LISTEN", "127.0.0.1:0")
        .env("LIENTHONG_GATEWAY__LISTEN", "127.0.0.1:0")
        .env("LIENTHONG_GATEWAY__HTTP_LISTEN", "127.0.0.1:0")
        .env("LIENTHONG_METRICS__LISTEN", "127.0.0.1:0")
        .envs(options.environment.iter().cloned())
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    command.spawn()
}

impl Hub {
    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, as a power switch would (SIGKILL).
    ///
    /// # Errors
    /// If the process cannot be waited for.
    pub fn kill(mut self) -> std::io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(|_| ())
    }

    /// Asks it to drain (SIGTERM) and gives its exit code.
    ///
    /// # Errors
    /// If the process cannot be signalled or waited for.
    pub fn drain(mut self) -> std::io::Result<Option<i32>> {
        if let Some(pid) = rustix::process::Pid::from_raw(self.child.id() as i32) {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        self.child.wait().map(|status| status.code())
    }

    /// Resident memory in bytes: anonymous pages, what the process itself holds.
    ///
    /// # Errors
    /// If the process table cannot be read.
    pub fn resident_bytes(&self) -> std::io::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kilobytes = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
        kilobytes
            .map(|kb| kb * 1_024)
            .ok_or_else(|| std::io::Error::other("no VmRSS"))
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
