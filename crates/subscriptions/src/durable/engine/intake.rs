//! What was read and is not numbered yet, and how far reading is.

use super::Engine;
use crate::source::Ready;
use std::collections::VecDeque;

#[derive(Debug)]
pub(super) struct Intake {
    /// Next offset to read, by partition.
    read: Vec<u64>,
    /// The same as far as it is durable.
    recorded: Vec<u64>,
    waiting: VecDeque<Ready>,
}

impl Engine {
    /// Takes up an event that the subscription wants. Those of a partition come in their order; one
    /// that lies before what was read is left out, and so is one of a partition that there is not.
    pub fn offer(&mut self, event: Ready) {
        let position = event.position;
        let read = self.intake.read.get_mut(position.partition as usize);
        if let Some(read) = read.filter(|read| **read <= position.offset) {
            *read = position.offset + 1;
            self.intake.waiting.push_back(event);
        }
    }

    /// A partition was read up to here; whatever it held was offered or is not wanted.
    pub fn passed(&mut self, partition: u32, next_offset: u64) {
        if let Some(read) = self.intake.read.get_mut(partition as usize) {
            *read = next_offset.max(*read);
        }
    }

    /// Next offset to read, by partition.
    pub fn positions(&self) -> &[u64] {
        &self.intake.read
    }
}

impl Intake {
    pub(super) fn new(positions: &[u64]) -> Intake {
        Intake {
            read: positions.to_vec(),
            recorded: positions.to_vec(),
            waiting: VecDeque::new(),
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn offered(&self) -> impl Iterator<Item = &Ready> {
        self.waiting.iter()
    }

    /// Something was read that is not durable as read.
    pub(super) fn moved_on(&self) -> bool {
        self.read != self.recorded
    }

    /// So many events that were offered, those of one partition together.
    pub(super) fn take(&mut self, most: usize) -> Vec<Ready> {
        let count = most.min(self.waiting.len());
        let mut taken: Vec<Ready> = self.waiting.drain(..count).collect();
        taken.sort_by_key(|event| event.position.partition);
        taken
    }

    /// Partitions that moved on, with how far everything was taken.
    pub(super) fn read(&self) -> Vec<(u32, u64)> {
        let mut read = self.read.clone();
        for event in &self.waiting {
            if let Some(read) = read.get_mut(event.position.partition as usize) {
                *read = (*read).min(event.position.offset);
            }
        }
        let moved = read.into_iter().zip(&self.recorded).zip(0..);
        let moved = moved.filter(|((read, recorded), _)| read > recorded);
        moved
            .map(|((read, _), partition)| (partition, read))
            .collect()
    }

    pub(super) fn recorded(&mut self, read: &[(u32, u64)]) {
        for (partition, next_offset) in read {
            if let Some(recorded) = self.recorded.get_mut(*partition as usize) {
                *recorded = *next_offset;
            }
        }
    }
}
