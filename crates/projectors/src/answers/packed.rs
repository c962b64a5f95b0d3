//! Sums on their way between processes of one version: what their small numbers stand for is
//! written out, and reference data stays behind.

use super::oldest::{Key, Oldest};
use super::wire;
use lienthong_contract::pb::procedure::v1::Level as WireLevel;
use lienthong_domain::distribution::Durations;
use lienthong_domain::level::Level;
use prost::Message;
use serde::{Deserialize, Serialize};

/// Durations as they are sent: ascending, each as its distance from the one before, which takes
/// one to three bytes where there are many.
#[derive(Serialize, Deserialize)]
pub(super) struct PackedDurations(Vec<i64>);

impl PackedDurations {
    pub(super) fn new(durations: &Durations) -> Self {
        let mut values = durations.values().to_vec();
        values.sort_unstable();
        let mut before = 0i64;
        for value in &mut values {
            let distance = value.wrapping_sub(before);
            before = *value;
            *value = distance;
        }
        Self(values)
    }

    pub(super) fn unpack(self) -> Durations {
        let mut before = 0i64;
        let values = self.0.into_iter().map(|distance| {
            before = before.wrapping_add(distance);
            before
        });
        values.collect()
    }
}

/// The oldest entries as they are sent: each a message of the contract.
#[derive(Serialize, Deserialize)]
pub(super) struct PackedOldest {
    kept: Vec<(Key, Vec<u8>)>,
    offered: u64,
}

impl PackedOldest {
    pub(super) fn new<T: Message>(oldest: Oldest<T>) -> Self {
        let (kept, offered) = oldest.into_keyed();
        let kept = kept.into_iter();
        Self {
            kept: kept.map(|(key, one)| (key, one.encode_to_vec())).collect(),
            offered,
        }
    }

    pub(super) fn add_to<T: Message + Default>(
        self,
        oldest: &mut Oldest<T>,
    ) -> Result<(), postcard::Error> {
        let kept = self.kept.into_iter();
        let kept = kept.map(|(key, bytes)| Ok((key, message(&bytes)?)));
        oldest.add(kept.collect::<Result<_, postcard::Error>>()?, self.offered);
        Ok(())
    }
}

/// Writes a sum. Writing plain values into memory does not fail.
pub(crate) fn write<T: Serialize>(sum: &T) -> Vec<u8> {
    postcard::to_stdvec(sum).unwrap_or_default()
}

/// Reads a message of the contract.
pub(super) fn message<T: Message + Default>(bytes: &[u8]) -> Result<T, postcard::Error> {
    T::decode(bytes).map_err(|_| postcard::Error::DeserializeBadEncoding)
}

/// A level as it is sent.
pub(super) fn level(level: Option<Level>) -> i32 {
    wire::level(level)
}

/// A level as it was sent.
pub(super) fn read_level(number: i32) -> Result<Option<Level>, postcard::Error> {
    let level = WireLevel::try_from(number);
    let level = level.map_err(|_| postcard::Error::DeserializeBadEnum)?;
    Ok(wire::read_level(level))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn durations_arrive_as_they_were_sent(values in prop::collection::vec(any::<i64>(), 0..40)) {
            let durations: Durations = values.into_iter().collect();
            let bytes = write(&PackedDurations::new(&durations));
            let read: PackedDurations = postcard::from_bytes(&bytes).unwrap();
            let sorted = |durations: &Durations| {
                let mut values = durations.values().to_vec();
                values.sort_unstable();
                values
            };
            prop_assert_eq!(sorted(&read.unpack()), sorted(&durations));
        }
    }
}
