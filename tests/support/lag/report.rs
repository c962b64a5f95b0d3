//! The judgement of a whole run, as a table and as JSON.

use super::judge::{self, Judged, Miss, Notes};
use super::others::{self, Accounts};
use super::peers::Compared;
use super::run::Seen;
use super::script::Kind;
use crate::kill::Fault;
use comfy_table::Table;
use serde::Serialize;
use std::path::Path;

/// Most misses that are printed; the JSON has all.
const PRINTED: usize = 60;

/// What came of a run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The script.
    pub kind: Kind,
    /// What decided the moments.
    pub seed: u64,
    /// By phase, in order.
    pub phases: Vec<(&'static str, Judged)>,
    /// Everything told that is not so.
    pub misses: Vec<Miss>,
    /// Records of the log, and probes among them.
    pub records: (usize, usize),
    /// Events whose recorded time in the log lies outside of from when they were sent until they
    /// were acknowledged.
    pub recorded_outside: usize,
    /// Told and true seconds until a view had caught up.
    pub etas: Vec<(f64, f64)>,
    /// Others beside; empty without Kafka.
    pub peers: Vec<Compared>,
    /// How the consumers' sessions ended that nobody ended.
    pub endings: Vec<String>,
}

impl Report {
    /// Judges a run.
    pub fn of(seen: &Seen) -> Self {
        let accounts = Accounts::draw(seen);
        let names = seen.phases.iter().map(|done| done.phase.name);
        let mut phases: Vec<_> = names.map(|name| (name, Judged::default())).collect();
        let mut misses = Vec::new();
        for look in &seen.looks {
            let done = &seen.phases[look.phase];
            let judged = &mut phases[look.phase].1;
            judged.moments += 1;
            judged.in_grace += usize::from(judge::is_in_grace(done, look));
            judged.answered_ms.push(look.until_ms - look.from_ms);
            let mut notes = Notes {
                done,
                look,
                judged,
                misses: &mut misses,
            };
            match &look.answer {
                Ok(answer) => {
                    judge::views(seen, answer, look.phase, &mut notes);
                    others::subscriptions(&accounts, answer, &mut notes);
                    others::sources(seen, answer, look.phase, &mut notes);
                    others::causes(seen, answer, look.phase, &mut notes);
                }
                Err(why) => notes.miss("answer", "GetLag", why.clone(), "an answer".into()),
            }
        }
        let outside = seen.sent.iter().filter(|((partition, offset), sent)| {
            let recorded_ms = seen.records.recorded_ms(*partition, *offset);
            // The log keeps whole milliseconds.
            recorded_ms.is_none_or(|recorded_ms| {
                let recorded_ms = recorded_ms as f64;
                recorded_ms < sent.sent_ms - 1.0 || recorded_ms > sent.acknowledged_ms
            })
        });
        Self {
            kind: seen.settings.kind,
            seed: seen.settings.seed,
            phases,
            misses,
            records: seen.records.counts(),
            recorded_outside: outside.count(),
            etas: judge::etas(seen),
            peers: seen
                .peers
                .as_ref()
                .map_or_else(Vec::new, |peers| peers.compare(seen)),
            endings: seen
                .subscribers
                .iter()
                .flat_map(|subscriber| subscriber.endings())
                .collect(),
        }
    }

    /// Whether everything was right and what was to be proven came up.
    pub fn is_right(&self) -> bool {
        self.unproven().is_empty() && self.misses.is_empty() && self.recorded_outside == 0
    }

    /// Statuses that the script is there for and that no view had.
    pub fn unproven(&self) -> Vec<&'static str> {
        let told = |status: &str| {
            let mut phases = self.phases.iter();
            phases.any(|(_, judged)| judged.told.contains_key(status))
        };
        let wanted = self.kind.proves().iter().copied();
        wanted.filter(|status| !told(status)).collect()
    }

    /// Moments, and those of them within a window of a change.
    pub fn moments(&self) -> (usize, usize) {
        let judged = self.phases.iter().map(|(_, judged)| judged);
        judged.fold((0, 0), |(all, grace), judged| {
            (all + judged.moments, grace + judged.in_grace)
        })
    }

    /// Prints everything.
    pub fn show(&self) {
        println!("\n{:?}, seed {}", self.kind, self.seed);
        println!("{}", self.by_phase());
        let (moments, in_grace) = self.moments();
        let (records, probes) = self.records;
        println!(
            "{moments} moments, {in_grace} of them within a window of a change; {records} records, {probes} of them probes; {} recorded at another time than the sender knows",
            self.recorded_outside
        );
        let mut off: Vec<f64> = self
            .etas
            .iter()
            .map(|(told, right)| (told - right).abs())
            .collect();
        off.sort_by(f64::total_cmp);
        if let Some(median) = off.get(off.len() / 2) {
            println!(
                "time until caught up: {} told, half of them within {median:.1} s of what it took",
                off.len()
            );
        }
        if !self.peers.is_empty() {
            println!("{}", self.beside());
        }
        if !self.misses.is_empty() {
            println!("{}", self.missed());
        }
        for status in self.unproven() {
            println!("no view was {status}: nothing is proven of it");
        }
        for ending in self.endings.iter().take(9) {
            println!("a consumer's session ended: {ending}");
        }
    }

    fn by_phase(&self) -> Table {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY);
        table.set_header([
            "phase",
            "moments",
            "in grace",
            "lags",
            "largest lag s",
            "off, most ms",
            "off, median ms",
            "truth within ms",
            "answer ms",
            "views told, outside of grace",
            "wrong status",
            "wrong owner",
            "other",
        ]);
        for (name, judged) in &self.phases {
            let told = judged.told.iter();
            let told: Vec<_> = told
                .map(|(status, times)| format!("{status} {times}"))
                .collect();
            table.add_row([
                (*name).to_owned(),
                judged.moments.to_string(),
                judged.in_grace.to_string(),
                judged.off_s.len().to_string(),
                format!("{:.3}", judged.largest_s),
                format!("{:.0}", most(&judged.off_s) * 1e3),
                format!("{:.0}", median(&judged.off_s) * 1e3),
                format!("{:.0}", median(&judged.width_s) * 1e3),
                format!("{:.0}", median(&judged.answered_ms)),
                told.join(", "),
                judged.wrong_status.to_string(),
                judged.wrong_owner.to_string(),
                judged.wrong_other.to_string(),
            ]);
        }
        table
    }

    fn beside(&self) -> Table {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY);
        table.set_header([
            "told by", "samples", "silent", "median", "p95", "largest", "unit", "off",
        ]);
        for peer in &self.peers {
            table.add_row([
                peer.peer.clone(),
                peer.samples.to_string(),
                peer.silent.to_string(),
                format!("{:.3}", peer.median),
                format!("{:.3}", peer.p95),
                format!("{:.3}", peer.largest),
                peer.unit.to_owned(),
                peer.off.to_string(),
            ]);
        }
        table
    }

    fn missed(&self) -> Table {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY);
        table.set_header(["phase", "after s", "subject", "what", "told", "right"]);
        for miss in self.misses.iter().take(PRINTED) {
            table.add_row([
                miss.phase.to_owned(),
                format!("{:.1}", miss.after_s),
                miss.subject.clone(),
                miss.kind.to_owned(),
                miss.told.clone(),
                miss.right.clone(),
            ]);
        }
        if self.misses.len() > PRINTED {
            table.add_row([format!("{} more", self.misses.len() - PRINTED)]);
        }
        table
    }
}

fn most(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// Writes the reports as JSON.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, reports: &[Report]) -> Result<(), Fault> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, serde_json::to_vec_pretty(reports)?)?;
    Ok(())
}
