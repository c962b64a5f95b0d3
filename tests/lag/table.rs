//! The comparison: per partition in events, per sample in seconds.

use crate::ours::{Lag, Sample};
use crate::sender::Truth;
use crate::tool::Line;
use comfy_table::Table;
use lienthong_tests::kill::Fault;
use serde::Serialize;
use std::path::Path;

/// How far our seconds may be from the truth.
const MOST_OFF_MS: f64 = 100.0;

/// What was seen in one phase.
#[derive(Debug, Serialize)]
pub struct Phase {
    /// Its name.
    pub name: &'static str,
    /// What Kafka's tool told, once.
    pub told: Vec<Line>,
    /// What ours told meanwhile.
    pub samples: Vec<Sample>,
}

/// What the comparison of a phase gave.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// The phase.
    pub phase: &'static str,
    /// Partitions compared.
    pub partitions: usize,
    /// Those on which the tool and ours agree in events.
    pub equal: usize,
    /// Samples of a partition that was behind.
    pub behind: usize,
    /// Largest lag told by ours, in seconds.
    pub largest_s: f64,
    /// Largest difference between ours and the truth, in milliseconds.
    pub most_off_ms: f64,
    /// Samples behind whose first event the sender did not know.
    pub unknown: usize,
}

impl Verdict {
    /// Whether everything agrees and something was compared.
    pub fn agrees(&self) -> bool {
        self.partitions > 0
            && self.equal == self.partitions
            && self.unknown == 0
            && self.most_off_ms <= MOST_OFF_MS
    }
}

/// The least and the most of something over the samples.
#[derive(Debug, Clone, Copy)]
struct Span {
    least: u64,
    most: u64,
}

impl Span {
    fn of(values: impl Iterator<Item = u64>) -> Option<Self> {
        values.fold(None, |span, value| {
            let span = span.unwrap_or(Span {
                least: value,
                most: value,
            });
            Some(Span {
                least: span.least.min(value),
                most: span.most.max(value),
            })
        })
    }

    fn holds(self, value: u64) -> bool {
        (self.least..=self.most).contains(&value)
    }
}

impl Phase {
    /// Compares the phase.
    pub fn judge(&self, truth: &Truth) -> Verdict {
        let mut verdict = Verdict {
            phase: self.name,
            partitions: self.told.len(),
            equal: self.told.iter().filter(|line| self.is_equal(line)).count(),
            behind: 0,
            largest_s: 0.0,
            most_off_ms: 0.0,
            unknown: 0,
        };
        for sample in &self.samples {
            for lag in sample.lags.iter().filter(|lag| lag.lag_events > 0) {
                verdict.behind += 1;
                verdict.largest_s = verdict.largest_s.max(lag.lag_seconds);
                match off_ms(sample, lag, truth) {
                    Some(off) => verdict.most_off_ms = verdict.most_off_ms.max(off),
                    None => verdict.unknown += 1,
                }
            }
        }
        verdict
    }

    /// What ours told of one partition over the samples.
    fn ours(&self, line: &Line) -> impl Iterator<Item = &Lag> {
        let lags = self.samples.iter().flat_map(|sample| &sample.lags);
        lags.filter(|lag| lag.view == line.view && lag.partition == line.partition)
    }

    /// The offsets that ours had stored, which are those committed; where nobody keeps the view,
    /// what the lag is counted from.
    fn stored(&self, line: &Line) -> Option<Span> {
        let samples = self.samples.iter().flat_map(|sample| &sample.checkpointed);
        let of_line = samples
            .filter(|(view, partition, _)| *view == line.view && *partition == line.partition);
        let stored = Span::of(of_line.map(|(_, _, offset)| *offset));
        stored.or_else(|| Span::of(self.ours(line).map(|lag| lag.next_offset)))
    }

    /// The tool looked once, at a moment that it does not tell, while ours looked again and again
    /// from before until after: each of its figures must be one that ours told, or lie between two.
    /// Where nothing moves, that is equality.
    fn is_equal(&self, line: &Line) -> bool {
        let ends = Span::of(self.ours(line).map(|lag| lag.log_end_offset));
        let (Some(ends), Some(stored), Some(committed)) = (ends, self.stored(line), line.committed)
        else {
            return false;
        };
        ends.holds(line.end)
            && stored.holds(committed)
            && line.lag == Some(line.end - committed)
            && (self.moves() || self.ours(line).all(|lag| Some(lag.lag_events) == line.lag))
    }

    /// Whether events came in meanwhile.
    fn moves(&self) -> bool {
        self.told.iter().any(|line| {
            let ends = Span::of(self.ours(line).map(|lag| lag.log_end_offset));
            ends.is_some_and(|ends| ends.least != ends.most)
        })
    }
}

/// How far ours is from the truth: the age of the first event not processed, at some moment while
/// the command ran.
fn off_ms(sample: &Sample, lag: &Lag, truth: &Truth) -> Option<f64> {
    let sent_ms = truth.sent_ms(lag.partition, lag.next_offset)?;
    let told_ms = lag.lag_seconds * 1e3;
    let (least, most) = (sample.from_ms - sent_ms, sample.until_ms - sent_ms);
    Some((least - told_ms).max(told_ms - most).max(0.0))
}

/// Prints everything.
pub fn show(phases: &[Phase], verdicts: &[Verdict], truth: &Truth) {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY);
    table.set_header([
        "phase",
        "view",
        "partition",
        "tool: committed",
        "end",
        "lag",
        "ours: stored",
        "processed",
        "end",
        "behind",
        "seconds",
        "off, ms",
        "status",
        "equal",
    ]);
    for phase in phases {
        for line in &phase.told {
            table.add_row(row(phase, line, truth));
        }
    }
    println!("{table}");
    for verdict in verdicts {
        println!(
            "{}: {} of {} partitions equal in events; {} samples behind, largest lag {:.3} s, at most {:.0} ms off the truth, {} unknown to the sender",
            verdict.phase,
            verdict.equal,
            verdict.partitions,
            verdict.behind,
            verdict.largest_s,
            verdict.most_off_ms,
            verdict.unknown,
        );
    }
}

fn row(phase: &Phase, line: &Line, truth: &Truth) -> Vec<String> {
    // The sample whose end is nearest to the one that the tool saw.
    let samples = phase.samples.iter().flat_map(|sample| {
        let lags = sample.lags.iter().map(move |lag| (sample, lag));
        lags.filter(|(_, lag)| lag.view == line.view && lag.partition == line.partition)
    });
    let nearest = samples.min_by_key(|(_, lag)| lag.log_end_offset.abs_diff(line.end));
    let word = |value: Option<u64>| value.map_or("-".to_owned(), |value| value.to_string());
    let mut cells = vec![
        phase.name.to_owned(),
        line.view.clone(),
        line.partition.to_string(),
        word(line.committed),
        line.end.to_string(),
        word(line.lag),
    ];
    let Some((sample, lag)) = nearest else {
        cells.push("nothing told".to_owned());
        return cells;
    };
    let stored = sample
        .checkpointed
        .iter()
        .find(|(view, partition, _)| *view == line.view && *partition == line.partition);
    let off = (lag.lag_events > 0)
        .then(|| off_ms(sample, lag, truth))
        .flatten();
    cells.extend([
        word(stored.map(|(_, _, offset)| *offset)),
        lag.next_offset.to_string(),
        lag.log_end_offset.to_string(),
        lag.lag_events.to_string(),
        format!("{:.3}", lag.lag_seconds),
        off.map_or(String::new(), |off| format!("{off:.0}")),
        lag.status.clone(),
        if phase.is_equal(line) { "yes" } else { "NO" }.to_owned(),
    ]);
    cells
}

/// Writes the JSON.
pub fn write(path: &Path, phases: &[Phase], verdicts: &[Verdict]) -> Result<(), Fault> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let all = serde_json::json!({ "verdicts": verdicts, "phases": phases });
    std::fs::write(path, serde_json::to_vec_pretty(&all)?)?;
    Ok(())
}
