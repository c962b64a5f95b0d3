//! The examples of `deploy/examples`, built by `deploy/examples/setup.sh` and run as their READMEs
//! say: what each stored is compared with what the hub acknowledged.

mod browser;
mod consume;
mod curl;
mod expected;
mod program;
mod stored;
mod subscribe;
mod webhooks;

use expected::Expected;
use lienthong_tests::fleet::{Doors, load};
use lienthong_tests::instance::Instance;
use lienthong_tests::left_out::leave_out;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Ends a hang; no time is promised here.
const PATIENCE: Duration = Duration::from_secs(120);

/// The languages of the consumers over gRPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Python,
    Java,
    TypeScript,
}

impl Language {
    const ALL: [Language; 3] = [Language::Python, Language::Java, Language::TypeScript];

    fn folder(self) -> PathBuf {
        built(match self {
            Language::Python => "python",
            Language::Java => "java",
            Language::TypeScript => "typescript",
        })
    }

    /// Where its program keeps what arrived.
    fn store(self, scratch: &Path, program: &str) -> PathBuf {
        let ending = match self {
            Language::TypeScript => "jsonl",
            Language::Python | Language::Java => "sqlite",
        };
        scratch.join(format!("{self:?}-{program}.{ending}"))
    }

    /// `subscribe` or `consume`.
    fn program(self, program: &str) -> Command {
        let folder = self.folder();
        let mut command = match self {
            Language::Python => {
                let mut command = Command::new(folder.join(".venv/bin/python"));
                command.arg(format!("{program}.py"));
                command
            }
            Language::Java => {
                let class = match program {
                    "subscribe" => "Subscribe",
                    _ => "Consume",
                };
                let mut command = Command::new("java");
                command.args([
                    "-XX:TieredStopAtLevel=1",
                    "-cp",
                    "target/classes:target/lib/*",
                ]);
                command.arg(format!("vn.lienthong.example.{class}"));
                command
            }
            Language::TypeScript => {
                let mut command = Command::new("node");
                command.arg(format!("dist/{program}.js"));
                command
            }
        };
        command.current_dir(folder);
        command
    }
}

/// The copy of an example in which it was built.
fn built(example: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target/examples")
        .join(example)
}

/// Whether the examples are built; told as left out otherwise.
fn are_built(what: &str) -> bool {
    let all = [
        "python",
        "java",
        "typescript",
        "webhook/python",
        "webhook/javascript",
    ];
    if all
        .iter()
        .all(|example| built(example).join(".built").is_file())
    {
        return true;
    }
    leave_out(what, "run deploy/examples/setup.sh, or make test").unwrap();
    false
}

/// A hub whose doors for subscribers stay the same over its restarts.
fn hub(settings: &[(&str, &str)]) -> Instance {
    let [grpc, http] = free_addresses();
    let mut all = vec![
        ("LIENTHONG_GATEWAY__LISTEN", grpc.as_str()),
        ("LIENTHONG_GATEWAY__HTTP_LISTEN", http.as_str()),
    ];
    all.extend(settings);
    Instance::start_with(&all).unwrap()
}

/// Two free addresses of loopback, for what must listen where it did before.
fn free_addresses() -> [String; 2] {
    let held = [0, 1].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|listener| listener.local_addr().unwrap().to_string())
}

/// Lets the simulated systems report so many cases and notes what was acknowledged.
async fn report(hub: &Instance, seed: u64, cases: u32, expected: &mut Expected) {
    let doors = Doors::of_one(&hub.hub.addresses);
    let chains = load::chains(seed, 0, cases, true).unwrap();
    let ledger = load::all(&doors, chains, 4).await.unwrap();
    assert!(
        ledger.acknowledged() > cases as usize,
        "{}",
        ledger.acknowledged()
    );
    expected.add(&ledger);
}

/// Waits until it is so.
async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < PATIENCE, "never so: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
