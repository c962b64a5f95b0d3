//! The hub's own probes: synthetic events that go the whole way and are told to nobody.
//!
//! A probe is known by its record key, so that whoever reads the log leaves it out without decoding
//! it. The key begins with `!`, which no code of a dossier or a case does, and ends in a number that
//! puts it on the wanted partition.

/// What the key of a probe begins with.
const MARK: &[u8] = b"!probe/";

/// The adapters whose way probes go. Metrics name no other.
pub const ROUTES: [&str; 5] = [
    "onestop",
    "civil_status",
    "population",
    "specialised",
    "qcvn120",
];

/// Whether a record with this key is a probe.
#[must_use]
pub fn is_probe(key: &[u8]) -> bool {
    key.starts_with(MARK)
}

/// The key of a route's probes on a partition; `partition_of` is the log's.
#[must_use]
pub fn key(route: &str, partition: u32, partition_of: impl Fn(&[u8]) -> u32) -> Vec<u8> {
    let mut keys = (0_u64..).map(|salt| {
        let mut key = MARK.to_vec();
        key.extend_from_slice(format!("{route}/{salt}").as_bytes());
        key
    });
    // Every partition is hit by some salt; a partition that there is not would never be.
    keys.find(|key| partition_of(key) == partition)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_lands_on_its_partition_and_is_known_by_its_key() {
        let partition_of = |key: &[u8]| key.iter().map(|byte| u32::from(*byte)).sum::<u32>() % 7;
        for partition in 0..7 {
            let key = key("onestop", partition, partition_of);
            assert_eq!(partition_of(&key), partition);
            assert!(is_probe(&key));
        }
        assert!(!is_probe(b"H56.15.03-260501-0001") && !is_probe(b""));
    }
}
