//! The order of a case's events, independent of the order they arrived in.

use siphasher::sip::SipHasher13;
use std::hash::Hasher;

/// `source` + `id` in 64 bits. Compared only among the events of one case, where the
/// odds of two alike among a thousand are below 1 in 10^13.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    /// SipHash-1-3 with the zero key over source, a zero byte, and id. Part of the views'
    /// digests: it must never change.
    pub fn of(source: &str, id: &str) -> Self {
        let mut hasher = SipHasher13::new();
        hasher.write(source.as_bytes());
        hasher.write_u8(0);
        hasher.write(id.as_bytes());
        Self(hasher.finish())
    }
}

/// Sorts the events of a case: by occurred time, then the source's own numbering, then
/// the usual order of a dossier's life, then the fingerprint so that there are no ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderKey {
    /// Milliseconds since the Unix epoch, by the source's clock.
    pub occurred_ms: i64,
    /// The source's numbering; 0 where it does not number.
    pub sequence: u32,
    /// [`super::Kind::rank`].
    pub rank: u8,
    /// `source` + `id`.
    pub fingerprint: Fingerprint,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_is_stable_across_builds() {
        assert_eq!(
            Fingerprint::of("urn:lienthong:vn:H56:onestop", "1"),
            Fingerprint::of("urn:lienthong:vn:H56:onestop", "1")
        );
        assert_ne!(Fingerprint::of("ab", "c"), Fingerprint::of("a", "bc"));
    }
}
