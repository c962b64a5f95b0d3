//! What others tell of the same run: Kafka's own group tool, and an exporter that interpolates.

use super::judge::{self, Measured};
use super::now_ms;
use super::run::Seen;
use crate::broker::{Cluster, Home};
use crate::fleet::VIEWS;
use crate::kill::Fault;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tokio::task::JoinSet;

/// Polls of the exporter, in seconds: a fair short one and its usual one.
const INTERVALS: [f64; 2] = [1.0, 30.0];

/// A line of the exporter.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Exported {
    at_ms: f64,
    interval: f64,
    group: String,
    partition: u32,
    lag_seconds: Option<f64>,
}

/// A line of `kafka-consumer-groups.sh --describe`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The view whose group it is.
    pub view: String,
    /// Partition.
    pub partition: u32,
    /// The next offset committed; none: nothing was.
    pub committed: Option<u64>,
    /// The log's end.
    pub end: u64,
    /// Events from the one to the other, as the tool prints it.
    pub lag: Option<u64>,
}

/// What the tool told, once.
#[derive(Debug)]
struct Described {
    from_ms: f64,
    until_ms: f64,
    lines: Vec<Line>,
}

/// The peers beside a run.
pub struct Peers {
    home: Home,
    run: PathBuf,
    exporter: Option<Child>,
    lines: PathBuf,
    asked: JoinSet<Result<Described, Fault>>,
    described: Vec<Described>,
    exported: Vec<Exported>,
    /// Dropped, it removes the exporter's lines.
    _folder: tempfile::TempDir,
}

/// How far a peer was from the truth.
#[derive(Debug, Clone, Serialize)]
pub struct Compared {
    /// Which.
    pub peer: String,
    /// Samples of a view's partition in which it told something.
    pub samples: usize,
    /// Those in which it told nothing.
    pub silent: usize,
    /// Its median error.
    pub median: f64,
    /// The error below which 95% of them lie.
    pub p95: f64,
    /// Its largest.
    pub largest: f64,
    /// Those more than the tolerance off.
    pub off: usize,
    /// `s` or `events`.
    pub unit: &'static str,
}

impl Drop for Peers {
    fn drop(&mut self) {
        if let Some(exporter) = &mut self.exporter {
            let _ = exporter.kill();
            let _ = exporter.wait();
        }
    }
}

impl Peers {
    /// Starts the exporter beside a hub.
    ///
    /// # Errors
    /// If its Python environment cannot be made.
    pub fn start(home: &Home, cluster: &Cluster) -> Result<Self, Fault> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let scripts = root.join("tests/peers/lag");
        let set_up = Command::new(scripts.join("setup.sh")).status()?;
        if !set_up.success() {
            return Err("tests/peers/lag/setup.sh did not make the exporter's environment".into());
        }
        let folder = tempfile::TempDir::with_prefix("lienthong-peers-")?;
        let lines = folder.path().join("exported");
        let intervals = INTERVALS.map(|interval| interval.to_string());
        let groups = VIEWS.map(|view| home.group(view));
        let exporter = Command::new(root.join("target/peers/lag/bin/python"))
            .arg(scripts.join("exporter.py"))
            .args([&home.bootstrap, &home.topic()])
            .args([intervals.join(","), groups.join(",")])
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(&lines)?)
            .spawn()?;
        Ok(Self {
            home: home.clone(),
            run: cluster.folder().to_owned(),
            exporter: Some(exporter),
            lines,
            asked: JoinSet::new(),
            described: Vec::new(),
            exported: Vec::new(),
            _folder: folder,
        })
    }

    /// Runs Kafka's tool beside what goes on.
    pub fn ask_the_tool(&mut self) {
        let (home, run) = (self.home.clone(), self.run.clone());
        self.asked.spawn_blocking(move || describe(&run, &home));
    }

    /// Ends the exporter and reads what it told.
    ///
    /// # Errors
    /// If it ended by itself, or one of them told what cannot be read.
    pub async fn end(&mut self) -> Result<(), Fault> {
        if let Some(mut exporter) = self.exporter.take() {
            if let Some(status) = exporter.try_wait()? {
                return Err(format!("the exporter ended by itself: {status}").into());
            }
            exporter.kill()?;
            exporter.wait()?;
        }
        let text = std::fs::read_to_string(&self.lines)?;
        // The last line may have been cut.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        for line in whole.lines() {
            self.exported.push(serde_json::from_str(line)?);
        }
        while let Some(asked) = self.asked.join_next().await {
            self.described.push(asked??);
        }
        Ok(())
    }

    /// How far each was from the truth, in the looks of a run.
    pub fn compare(&self, seen: &Seen) -> Vec<Compared> {
        let mut compared = vec![ours(seen)];
        compared.extend(INTERVALS.map(|interval| self.exporter(seen, interval)));
        compared.push(self.tool(seen));
        compared
    }

    fn exporter(&self, seen: &Seen, interval: f64) -> Compared {
        let mut errors = Vec::new();
        let mut silent = 0;
        for look in &seen.looks {
            for (view, partition) in look.before.next.keys() {
                let group = self.home.group(view);
                // What a scrape at that moment would have got.
                let mut told = self.exported.iter().rev();
                let told = told.find(|told| {
                    told.at_ms <= look.until_ms
                        && told.interval == interval
                        && told.group == group
                        && told.partition == *partition
                });
                let told = told.and_then(|told| told.lag_seconds);
                match (told, judge::truth(seen, look, view, *partition)) {
                    (Some(told_s), Some((low_s, high_s))) => errors.push(
                        Measured {
                            told_s,
                            low_s,
                            high_s,
                        }
                        .off_s(),
                    ),
                    _ => silent += 1,
                }
            }
        }
        sum_up(
            format!("interpolating exporter, {interval} s"),
            errors,
            silent,
            "s",
        )
    }

    /// The tool knows events only: those that it tells beside those that no view had processed while
    /// it ran.
    fn tool(&self, seen: &Seen) -> Compared {
        let mut errors = Vec::new();
        let mut silent = 0;
        for described in &self.described {
            let around = seen.sightings.iter().filter(|sighting| {
                (described.from_ms - 1e3..=described.until_ms + 1e3).contains(&sighting.at_ms())
            });
            let around: Vec<_> = around.map(|sighting| &sighting.places).collect();
            for line in &described.lines {
                let place = (line.view.clone(), line.partition);
                let waiting = around.iter().filter_map(|places| {
                    let (next, _) = places.next.get(&place)?;
                    let (_, end) = places.bounds.get(&line.partition)?;
                    Some(end.saturating_sub(*next))
                });
                let waiting: Vec<u64> = waiting.collect();
                let (least, most) = (waiting.iter().min(), waiting.iter().max());
                match (line.lag, least, most) {
                    (Some(told), Some(least), Some(most)) => {
                        let off = least.saturating_sub(told).max(told.saturating_sub(*most));
                        errors.push(off as f64);
                    }
                    _ => silent += 1,
                }
            }
        }
        sum_up("kafka-consumer-groups.sh".into(), errors, silent, "events")
    }
}

fn ours(seen: &Seen) -> Compared {
    let mut errors = Vec::new();
    let mut silent = 0;
    for look in &seen.looks {
        let lags = look.answer.iter().flat_map(|answer| &answer.lags);
        for lag in lags {
            match judge::truth(seen, look, &lag.view, lag.partition) {
                Some((low_s, high_s)) => errors.push(
                    Measured {
                        told_s: lag.lag_seconds,
                        low_s,
                        high_s,
                    }
                    .off_s(),
                ),
                None => silent += 1,
            }
        }
    }
    sum_up("lienthong".into(), errors, silent, "s")
}

fn sum_up(peer: String, mut errors: Vec<f64>, silent: usize, unit: &'static str) -> Compared {
    errors.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (errors.len().saturating_sub(1) as f64 * share).round();
        errors.get(place as usize).copied().unwrap_or(0.0)
    };
    let tolerance = if unit == "s" { super::TOLERANCE_S } else { 0.0 };
    Compared {
        peer,
        samples: errors.len(),
        silent,
        median: at(0.5),
        p95: at(0.95),
        largest: at(1.0),
        off: errors.iter().filter(|error| **error > tolerance).count(),
        unit,
    }
}

fn describe(run: &Path, home: &Home) -> Result<Described, Fault> {
    let mut arguments = vec!["tool", "kafka-consumer-groups.sh", "--describe"];
    let groups = VIEWS.map(|view| home.group(view));
    for group in &groups {
        arguments.extend(["--group", group]);
    }
    let from_ms = now_ms();
    let text = crate::broker::control(run, &arguments)?;
    let until_ms = now_ms();
    let lines = text.lines().filter_map(|line| read(line, &groups));
    Ok(Described {
        from_ms,
        until_ms,
        lines: lines.collect(),
    })
}

/// `GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG ...`; none for other lines.
fn read(line: &str, groups: &[String; VIEWS.len()]) -> Option<Line> {
    let mut words = line.split_whitespace();
    let group = words.next()?;
    let at = groups.iter().position(|known| known == group)?;
    let partition = words.nth(1)?.parse().ok()?;
    let committed = words.next()?.parse().ok();
    let end = words.next()?.parse().ok()?;
    Some(Line {
        view: VIEWS[at].to_owned(),
        partition,
        committed,
        end,
        lag: words.next()?.parse().ok(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_tool_is_read_and_its_header_is_not() {
        let groups = ["p.case", "p.horizontal", "p.vertical"].map(str::to_owned);
        let header = "GROUP  TOPIC  PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG  CONSUMER-ID";
        assert_eq!(read(header, &groups), None);
        let line = "p.vertical  p.events.v1  2  1200  1250  50  id-1  /127.0.0.1  client";
        let read_line = read(line, &groups).unwrap();
        assert_eq!(
            (read_line.view.as_str(), read_line.partition),
            ("vertical", 2)
        );
        assert_eq!(
            (read_line.committed, read_line.end, read_line.lag),
            (Some(1_200), 1_250, Some(50))
        );
        let none = read("p.case p.events.v1 0 - 7 - - - -", &groups).unwrap();
        assert_eq!((none.committed, none.end, none.lag), (None, 7, None));
    }
}
