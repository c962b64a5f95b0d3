//! Debian's Prometheus as a process, and what it says over its API.

use crate::scale;
use lienthong_tests::http;
use lienthong_tests::kill::Fault;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running Prometheus; killed when dropped.
pub struct Prometheus {
    child: Child,
    address: String,
}

/// An alert that fires.
#[derive(Debug, Clone)]
pub struct Firing {
    /// Name and severity, such as `ViewStalled/page`.
    pub name: String,
    /// All of its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
}

/// A process to scrape: which service, and where.
pub struct Target {
    /// Such as `adapter`.
    pub service: &'static str,
    /// `host:port` of its metrics.
    pub address: String,
}

/// The repository's folder.
pub fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}

impl Prometheus {
    /// Starts it on the shipped rules, `factor` times as fast, scraping every second.
    ///
    /// # Errors
    /// If it is not there, or does not become ready within a minute.
    pub async fn start(folder: &Path, targets: &[Target], factor: u64) -> Result<Self, Fault> {
        let program = root().join("target/deploy-tools/prometheus/usr/bin/prometheus");
        if !program.exists() {
            return Err("Prometheus is missing. Fix: tests/deploy/tools.sh prometheus".into());
        }
        scale::rules(
            &root().join("deploy/prometheus/rules"),
            &folder.join("rules"),
            factor,
        )?;
        let mut config = "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: ['rules/*.yml']\nscrape_configs:\n  - job_name: lienthong\n    static_configs:\n".to_owned();
        for Target { service, address } in targets {
            config +=
                &format!("      - {{targets: ['{address}'], labels: {{service: {service}}}}}\n");
        }
        std::fs::write(folder.join("prometheus.yml"), config)?;
        // A port that is free now; nobody else is asked to take it within this moment.
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let said = std::fs::File::create(folder.join("prometheus.out"))?;
        let child = Command::new(program)
            .current_dir(folder)
            .arg("--config.file=prometheus.yml")
            .arg("--storage.tsdb.path=data")
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(said.try_clone()?)
            .stderr(said)
            .spawn()?;
        let prometheus = Self {
            child,
            address: address.to_string(),
        };
        let began = Instant::now();
        loop {
            let ready = http::get(&prometheus.address, "/-/ready").await;
            if ready.is_ok_and(|answer| answer.status == 200) {
                return Ok(prometheus);
            }
            if began.elapsed() > Duration::from_secs(60) {
                let words = lienthong_tests::process::tail(&folder.join("prometheus.out"), 8);
                return Err(format!("Prometheus did not become ready:\n{words}").into());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Every alert that fires now.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn firing(&self) -> Result<Vec<Firing>, Fault> {
        let answer = self.ask("/api/v1/alerts").await?;
        let alerts = answer["data"]["alerts"].as_array().cloned();
        let alerts = alerts.unwrap_or_default().into_iter();
        let firing = alerts.filter(|alert| alert["state"] == "firing");
        Ok(firing
            .map(|alert| {
                let labels = strings(&alert["labels"]);
                let of = |name: &str| labels.get(name).cloned().unwrap_or_default();
                Firing {
                    name: format!("{}/{}", of("alertname"), of("severity")),
                    annotations: strings(&alert["annotations"]),
                    labels,
                }
            })
            .collect())
    }

    /// Rules whose last evaluation failed, with why.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn broken_rules(&self) -> Result<Vec<String>, Fault> {
        let answer = self.ask("/api/v1/rules").await?;
        let groups = answer["data"]["groups"].as_array().cloned();
        let mut broken = Vec::new();
        for group in groups.unwrap_or_default() {
            for rule in group["rules"].as_array().into_iter().flatten() {
                if rule["health"] != "ok" {
                    broken.push(format!(
                        "{}: {} {}",
                        rule["name"], rule["health"], rule["lastError"]
                    ));
                }
            }
        }
        Ok(broken)
    }

    async fn ask(&self, path: &str) -> Result<Value, Fault> {
        let answer = http::get(&self.address, path).await?;
        Ok(serde_json::from_str(&answer.body)?)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn strings(object: &Value) -> BTreeMap<String, String> {
    let entries = object.as_object().into_iter().flatten();
    entries
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}
