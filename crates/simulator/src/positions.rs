//! The highest position of each partition that the hub acknowledged.

use lienthong_contract::pb::event::v1::Position;
use std::collections::BTreeMap;

/// The highest offset acknowledged, by partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reached(BTreeMap<u32, u64>);

impl Reached {
    /// Takes note of an acknowledgement.
    pub fn note(&mut self, position: Position) {
        let highest = self.0.entry(position.partition).or_default();
        *highest = position.offset.max(*highest);
    }

    /// One position a partition: the `min_positions` of a question that must see all of it.
    pub fn positions(&self) -> Vec<Position> {
        self.0
            .iter()
            .map(|(&partition, &offset)| Position { partition, offset })
            .collect()
    }
}
