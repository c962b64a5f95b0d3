//! Which parts mention a code, over all partitions of the case view.
//!
//! Parts that mention a common code may belong to one case; every other part is plainly a case of
//! its own. The index finds those few among a million without looking at the rest. It is derived:
//! made again when a view is loaded or rebuilt, and no part of any digest. Codes are compared by
//! 64 bits; two codes alike only bring a part into the comparison that then drops out of it.

use hashbrown::{DefaultHashBuilder, HashSet, HashTable};
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Tables are kept small, so that growing one holds nobody up for long.
const SHARDS: usize = 64;

/// A part of the case view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartId {
    /// Its partition.
    pub partition: u32,
    /// Its number there.
    pub part: u32,
}

/// Codes and the parts that mention them, their own record keys included.
pub struct Index {
    shards: Vec<Mutex<Shard>>,
    hasher: DefaultHashBuilder,
}

#[derive(Default)]
struct Shard {
    mentions: HashTable<(u64, PartId)>,
    /// Codes that several parts mention.
    shared: HashSet<u64>,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: DefaultHashBuilder::default(),
        }
    }
}

impl Index {
    /// A part mentions a code.
    pub fn add(&self, code: &str, part: PartId) {
        self.add_hash(self.hasher.hash_one(code), part);
    }

    /// A part mentions the code of this hash. An index takes either codes or hashes, which were
    /// then all made in one and the same way.
    pub fn add_hash(&self, hash: u64, part: PartId) {
        self.shard(hash).add(hash, part);
    }

    /// Forgets the parts of a partition and takes these in their place.
    pub fn replace<'a>(&self, partition: u32, codes: impl Iterator<Item = (&'a str, u32)>) {
        self.forget(partition);
        for (code, part) in codes {
            self.add(code, PartId { partition, part });
        }
    }

    /// Forgets the parts of a partition.
    pub fn forget(&self, partition: u32) {
        for shard in &self.shards {
            locked(shard).forget(partition);
        }
    }

    /// The parts that mention a code.
    pub fn parts(&self, code: &str) -> Vec<PartId> {
        self.parts_of(self.hasher.hash_one(code))
    }

    /// The parts that mention the code of this hash; see [`Index::add_hash`].
    pub fn parts_of(&self, hash: u64) -> Vec<PartId> {
        self.shard(hash).parts(hash)
    }

    /// The parts that mention a code, if they are several.
    pub fn sharing(&self, code: &str) -> Option<Vec<PartId>> {
        let hash = self.hasher.hash_one(code);
        let shard = self.shard(hash);
        shard.shared.contains(&hash).then(|| shard.parts(hash))
    }

    /// For each code that several parts mention: those parts.
    pub fn shared(&self) -> Vec<Vec<PartId>> {
        let mut shared = Vec::new();
        for shard in &self.shards {
            let shard = locked(shard);
            shared.extend(shard.shared.iter().map(|hash| shard.parts(*hash)));
        }
        shared
    }

    fn shard(&self, hash: u64) -> MutexGuard<'_, Shard> {
        // The table uses the low bits for the bucket and the top seven for its tags.
        locked(&self.shards[(hash >> 48) as usize % SHARDS])
    }
}

impl Shard {
    fn add(&mut self, hash: u64, part: PartId) {
        let mut shared = false;
        for (other, id) in self.mentions.iter_hash(hash) {
            if *other == hash && *id == part {
                return;
            }
            shared |= *other == hash;
        }
        if shared {
            self.shared.insert(hash);
        }
        self.mentions
            .insert_unique(hash, (hash, part), |(hash, _)| *hash);
    }

    fn parts(&self, hash: u64) -> Vec<PartId> {
        let same = self.mentions.iter_hash(hash);
        let same = same.filter(|(other, _)| *other == hash);
        same.map(|(_, part)| *part).collect()
    }

    fn forget(&mut self, partition: u32) {
        self.mentions
            .retain(|(_, part)| part.partition != partition);
        let still: HashSet<u64> = self
            .shared
            .iter()
            .copied()
            .filter(|hash| self.parts(*hash).len() > 1)
            .collect();
        self.shared = still;
    }
}

fn locked(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(partition: u32, part: u32) -> PartId {
        PartId { partition, part }
    }

    #[test]
    fn a_code_is_shared_from_the_second_part_on_until_only_one_is_left() {
        let index = Index::default();
        index.add("LT-1", id(0, 0));
        index.add("H56-1", id(0, 0));
        assert!(index.shared().is_empty());
        index.add("H56-1", id(1, 7));
        let mut shared = index.shared();
        shared[0].sort_unstable();
        assert_eq!(shared, [vec![id(0, 0), id(1, 7)]]);
        index.replace(1, [("H56-2", 3)].into_iter());
        assert!(index.shared().is_empty());
        assert_eq!(index.parts("H56-1"), [id(0, 0)]);
        assert_eq!(index.parts("H56-2"), [id(1, 3)]);
    }
}
