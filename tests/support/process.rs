//! One process of the binary: started, told where to write its addresses, ended in any way.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Longest wait for a process to listen.
const PATIENCE: Duration = Duration::from_secs(60);

/// How to start a process, the same way each time.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The binary.
    pub binary: PathBuf,
    /// Its own folder: data, output and addresses.
    pub folder: PathBuf,
    /// Command and options, without `--addresses-file`.
    pub arguments: Vec<String>,
    /// Further environment.
    pub environment: BTreeMap<String, String>,
}

/// A running process; killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// Where it listens, by name of the door.
    pub addresses: BTreeMap<String, String>,
}

impl Launch {
    /// What the process writes to standard output and standard error, every start after the last.
    pub fn output(&self) -> PathBuf {
        self.folder.join("process.out")
    }

    fn addresses(&self) -> PathBuf {
        self.folder.join("addresses.json")
    }

    /// Starts it without waiting for anything; see [`Process::listening`].
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(&self) -> io::Result<Process> {
        let file = self.addresses();
        std::fs::create_dir_all(&self.folder)?;
        let _ = std::fs::remove_file(&file);
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.output())?;
        let child = crate::hub::command(&self.binary)
            .args(&self.arguments)
            .arg("--addresses-file")
            .arg(&file)
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        Ok(Process {
            child,
            addresses: BTreeMap::new(),
        })
    }
}

impl Process {
    /// Waits until the process has told its addresses.
    ///
    /// # Errors
    /// If it ends early or does not listen within a minute; its last words are part of the error.
    pub async fn listening(&mut self, launch: &Launch) -> io::Result<()> {
        let began = Instant::now();
        loop {
            if let Some(addresses) = std::fs::read(launch.addresses())
                .ok()
                .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            {
                self.addresses = addresses;
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(failed(launch, &format!("ended early: {status}")));
            }
            if began.elapsed() > PATIENCE {
                return Err(failed(launch, "did not listen within a minute"));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The address of a door.
    ///
    /// # Errors
    /// If the process has no such door.
    pub fn address(&self, door: &str) -> io::Result<String> {
        self.addresses.get(door).cloned().ok_or_else(|| {
            let known: Vec<_> = self.addresses.keys().collect();
            io::Error::other(format!("the process has no {door}, only {known:?}"))
        })
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends it at once, as a power switch would (SIGKILL).
    ///
    /// # Errors
    /// If it cannot be waited for.
    pub fn kill(mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(|_| ())
    }

    /// Asks it to drain (SIGTERM) and gives its exit code.
    ///
    /// # Errors
    /// If it cannot be signalled or waited for.
    pub fn drain(mut self) -> io::Result<Option<i32>> {
        signal(self.child.id(), rustix::process::Signal::TERM)?;
        self.child.wait().map(|status| status.code())
    }

    /// The most memory it ever had resident, in bytes (`VmHWM`).
    ///
    /// # Errors
    /// If the process table cannot be read.
    pub fn peak_bytes(&self) -> io::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kilobytes = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
        kilobytes
            .map(|kb| kb * 1_024)
            .ok_or_else(|| io::Error::other("no VmHWM"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process that this program started.
///
/// # Errors
/// If it is gone.
pub fn signal(pid: u32, signal: rustix::process::Signal) -> io::Result<()> {
    let raw = i32::try_from(pid).map_err(io::Error::other)?;
    let pid = rustix::process::Pid::from_raw(raw)
        .ok_or_else(|| io::Error::other("process 0 is nobody's"))?;
    rustix::process::kill_process(pid, signal).map_err(io::Error::from)
}

/// The last lines of a file, for an error that says why.
pub fn tail(file: &Path, lines: usize) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

fn failed(launch: &Launch, what: &str) -> io::Error {
    let words = tail(&launch.output(), 8);
    let arguments = launch.arguments.join(" ");
    io::Error::other(format!("lienthong {arguments} {what}:\n{words}"))
}
