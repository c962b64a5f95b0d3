//! Sums on their way between processes.

use super::{Stuck, Vertical};
use crate::answers::packed::{PackedDurations, PackedOldest, level, read_level, write};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Packed {
    /// Procedure, level, cases, stays.
    latencies: Vec<(String, i32, u64, PackedDurations)>,
    /// From, to, hand-overs, waiting.
    transitions: Vec<(i32, i32, u64, PackedDurations)>,
    /// Level, cases, since when the oldest.
    stuck: Vec<(i32, u64, i64)>,
    chains: PackedOldest,
    vertical_cases: u64,
    unassigned_cases: u64,
}

impl Vertical {
    /// The sums as bytes, for [`Vertical::add_packed`] of another process.
    pub fn pack(self) -> Vec<u8> {
        let latencies = self.latencies.iter().map(|((procedure, at), latency)| {
            let procedure = self.procedures.text(*procedure).to_owned();
            let stays = PackedDurations::new(&latency.stays);
            (procedure, level(*at), latency.cases, stays)
        });
        let transitions = self.transitions.iter().map(|((from, to), transition)| {
            let waiting = PackedDurations::new(&transition.waiting);
            (level(*from), level(*to), transition.count, waiting)
        });
        let stuck = self.stuck.iter();
        let stuck = stuck.map(|(at, stuck)| (level(*at), stuck.cases, stuck.oldest_since_ms));
        write(&Packed {
            latencies: latencies.collect(),
            transitions: transitions.collect(),
            stuck: stuck.collect(),
            chains: PackedOldest::new(self.chains),
            vertical_cases: self.vertical_cases,
            unassigned_cases: self.unassigned_cases,
        })
    }

    /// Takes sums for the same question.
    ///
    /// # Errors
    /// If the bytes do not read.
    pub fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        let packed: Packed = postcard::from_bytes(bytes)?;
        for (procedure, at, cases, stays) in packed.latencies {
            let key = (self.procedures.number(&procedure), read_level(at)?);
            let into = self.latencies.entry(key).or_default();
            into.cases += cases;
            into.stays.append(stays.unpack());
        }
        for (from, to, count, waiting) in packed.transitions {
            let key = (read_level(from)?, read_level(to)?);
            let into = self.transitions.entry(key).or_default();
            into.count += count;
            into.waiting.append(waiting.unpack());
        }
        for (at, cases, oldest_since_ms) in packed.stuck {
            let into = self.stuck.entry(read_level(at)?).or_insert(Stuck {
                cases: 0,
                oldest_since_ms,
            });
            into.cases += cases;
            into.oldest_since_ms = into.oldest_since_ms.min(oldest_since_ms);
        }
        packed.chains.add_to(&mut self.chains)?;
        self.vertical_cases += packed.vertical_cases;
        self.unassigned_cases += packed.unassigned_cases;
        Ok(())
    }
}
