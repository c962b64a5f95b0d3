//! The same workload on NATS JetStream in the same run, turn by turn: events of the same size on
//! disk, one durable consumer with explicit acknowledgement and the same number of events in
//! flight.
//!
//! What is acknowledged to a sender is not the same: ours is synced to disk before, JetStream
//! writes to a file and syncs it every two minutes, unless it knows `sync_interval: always` (from
//! 2.10 on), which is then measured beside.

use crate::hub::durable;
use crate::{Arguments, Outcome};
use lienthong_tests::measure::report::{Aim, Report, median};
use lienthong_tests::sample;
use prost::Message as _;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Events of the filled stream.
const EVENTS: u64 = 200_000;
/// Events delivered and not acknowledged, at most.
const WINDOW: usize = 1_000;
/// Of the delays: events a second, and those who send them.
const RATE: u64 = 2_000;
const SENDERS: u64 = 16;

/// When the server syncs what it acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sync {
    /// As it comes.
    Default,
    /// Before it acknowledges.
    Always,
}

/// What the peer's client prints.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Figures {
    Filled { per_second: f64 },
    Live { delays_us: Vec<f64> },
}

/// A server of our own; killed when dropped.
struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Both, and both ways of syncing where the peer has them.
pub async fn measure(arguments: &Arguments, report: &mut Report) -> Outcome<()> {
    let client = build()?;
    let folder = tempfile::tempdir()?;
    let knows_always = knows_always(folder.path())?;
    let mut syncs = vec![Sync::Default];
    syncs.extend(knows_always.then_some(Sync::Always));
    if !knows_always {
        eprintln!(
            "  this nats-server cannot sync before it acknowledges; only its default is measured"
        );
    }
    let (mut ours, mut p50, mut p99) = (vec![], vec![], vec![]);
    let mut theirs = vec![(vec![], vec![], vec![]); syncs.len()];
    let seconds = arguments.seconds.max(10);
    for turn in 0..arguments.repeat {
        ours.push(durable::filled(EVENTS, WINDOW).await?);
        let delays = durable::live(RATE, seconds, SENDERS, WINDOW).await?;
        p50.push(at(&delays, 0.5)?);
        p99.push(at(&delays, 0.99)?);
        for (sync, figures) in syncs.iter().zip(&mut theirs) {
            let store = folder.path().join(format!("{sync:?}-{turn}"));
            let server = start(&store, *sync)?;
            let events = EVENTS.to_string();
            if let Figures::Filled { per_second } =
                run(&client, &server, &["filled", "--events", &events])?
            {
                figures.0.push(per_second);
            }
            let (rate, seconds, senders) =
                (RATE.to_string(), seconds.to_string(), SENDERS.to_string());
            let live = [
                "live",
                "--rate",
                &rate,
                "--seconds",
                &seconds,
                "--senders",
                &senders,
            ];
            if let Figures::Live { delays_us } = run(&client, &server, &live)? {
                figures.1.push(at(&delays_us, 0.5)?);
                figures.2.push(at(&delays_us, 0.99)?);
            }
        }
    }
    let (ours, p50, p99) = (median(ours), median(p50), median(p99));
    for (sync, figures) in syncs.iter().zip(theirs) {
        let name = match sync {
            Sync::Default => "JetStream, syncs every 2 min",
            Sync::Always => "JetStream, syncs always",
        };
        report.compare(
            "durable: delivered and acknowledged",
            ours,
            name,
            median(figures.0),
            "events/s",
            Aim::RatioAtLeast(1.0),
        );
        report.compare(
            "durable: acknowledged to delivered, p50",
            p50,
            name,
            median(figures.1),
            "us",
            Aim::None,
        );
        report.compare(
            "durable: acknowledged to delivered, p99",
            p99,
            name,
            median(figures.2),
            "us",
            Aim::RatioAtMost(1.0),
        );
    }
    Ok(())
}

fn at(sorted: &[f64], share: f64) -> Outcome<f64> {
    let index = (sorted.len().saturating_sub(1) as f64 * share) as usize;
    let value = sorted.get(index).copied();
    value.ok_or_else(|| "nothing was delivered".into())
}

/// Builds the peer's client, a crate of its own, beside this program.
fn build() -> Outcome<PathBuf> {
    let own = std::env::current_exe()?;
    let target = own
        .parent()
        .and_then(Path::parent)
        .ok_or("no target folder")?;
    let target = target.join("peers");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/nats/Cargo.toml");
    let built = Command::new("cargo")
        .args([
            "build",
            "--release",
            "--locked",
            "--quiet",
            "--manifest-path",
        ])
        .arg(&manifest)
        .arg("--target-dir")
        .arg(&target)
        .status()?;
    if !built.success() {
        return Err("the client of NATS was not built".into());
    }
    Ok(target.join("release/lienthong-peer-nats"))
}

fn configuration(folder: &Path, port: u16, sync: Sync) -> Outcome<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let always = match sync {
        Sync::Default => "",
        Sync::Always => "sync_interval: always",
    };
    let file = folder.join("nats.conf");
    let store = folder.join("store");
    let text = format!(
        "listen: \"127.0.0.1:{port}\"\njetstream {{ store_dir: {:?}\n{always} }}\n",
        store.display().to_string()
    );
    std::fs::write(&file, text)?;
    Ok(file)
}

/// Whether the server takes a configuration in which it syncs before it acknowledges.
fn knows_always(folder: &Path) -> Outcome<bool> {
    let file = configuration(&folder.join("ask"), 4_222, Sync::Always)?;
    let asked = Command::new("nats-server")
        .arg("-t")
        .arg("-c")
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|error| format!("nats-server: {error}. Fix: deploy/setup.sh nats-server"))?;
    Ok(asked.success())
}

fn start(folder: &Path, sync: Sync) -> Outcome<Server> {
    let port = std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port();
    let file = configuration(folder, port, sync)?;
    let log = std::fs::File::create(folder.join("nats.out"))?;
    let child = Command::new("nats-server")
        .arg("-c")
        .arg(&file)
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()?;
    let server = Server {
        child,
        address: format!("127.0.0.1:{port}"),
    };
    let began = Instant::now();
    while std::net::TcpStream::connect(&server.address).is_err() {
        if began.elapsed() > Duration::from_secs(20) {
            return Err("nats-server does not listen".into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(server)
}

fn run(client: &Path, server: &Server, workload: &[&str]) -> Outcome<Figures> {
    let sizes = (0..5).map(|step| sample::event_of("filled", 1, step).encoded_len());
    let size = sizes.sum::<usize>() / 5;
    let output = Command::new(client)
        .args(["--server", &server.address])
        .args(["--size", &size.to_string()])
        .args(["--window", &WINDOW.to_string()])
        .args(workload)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("the client of NATS failed: {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
