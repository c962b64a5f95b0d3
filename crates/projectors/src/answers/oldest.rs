//! The oldest entries of a list too long to show whole.

use std::collections::BTreeMap;

/// Orders entries: since when, milliseconds since the Unix epoch; the case; the place among
/// the case's own entries. No two entries share a key.
pub(super) type Key = (i64, String, usize);

/// The `limit` oldest of everything offered, and how many were offered.
#[derive(Debug)]
pub(super) struct Oldest<T> {
    limit: usize,
    offered: u64,
    kept: BTreeMap<Key, T>,
}

impl<T> Oldest<T> {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            offered: 0,
            kept: BTreeMap::new(),
        }
    }

    /// Offers an entry; `entry` is built only if it is kept.
    pub(super) fn offer(
        &mut self,
        since_ms: i64,
        case: &str,
        nth: usize,
        entry: impl FnOnce() -> T,
    ) {
        self.offered += 1;
        let full = self.kept.len() >= self.limit;
        let last = self.kept.last_key_value().map(|(key, _)| key);
        let too_young = last
            .is_none_or(|(since, code, at)| (*since, code.as_str(), *at) < (since_ms, case, nth));
        if full && too_young {
            return;
        }
        self.keep((since_ms, case.to_owned(), nth), entry());
    }

    pub(super) fn merge(&mut self, other: Oldest<T>) {
        let (kept, offered) = other.into_keyed();
        self.add(kept, offered);
    }

    /// The entries, the oldest first, and how many were offered.
    pub(super) fn into_parts(self) -> (Vec<T>, u64) {
        (self.kept.into_values().collect(), self.offered)
    }

    /// The entries with their keys, and how many were offered, for [`Oldest::add`].
    pub(super) fn into_keyed(self) -> (Vec<(Key, T)>, u64) {
        (self.kept.into_iter().collect(), self.offered)
    }

    /// Takes what [`Oldest::into_keyed`] of another list gave.
    pub(super) fn add(&mut self, kept: Vec<(Key, T)>, offered: u64) {
        self.offered += offered;
        for (key, entry) in kept {
            self.keep(key, entry);
        }
    }

    fn keep(&mut self, key: Key, entry: T) {
        self.kept.insert(key, entry);
        if self.kept.len() > self.limit {
            self.kept.pop_last();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_kept_however_they_arrive() {
        let mut all = Oldest::new(2);
        let mut other = Oldest::new(2);
        for (since, case) in [(5, "e"), (1, "a"), (3, "c")] {
            all.offer(since, case, 0, || case);
        }
        for (since, case) in [(4, "d"), (1, "b")] {
            other.offer(since, case, 0, || case);
        }
        all.merge(other);
        assert_eq!(all.into_parts(), (vec!["a", "b"], 5));
    }

    #[test]
    fn a_limit_of_nothing_counts_and_keeps_nothing() {
        let mut none = Oldest::new(0);
        none.offer(1, "a", 0, || 1);
        assert_eq!(none.into_parts(), (vec![], 1));
    }
}
