//! Which partition a key belongs to, exactly as the Java client of Kafka decides it by default
//! (`murmur2_random` in librdkafka), so that both homes of the log put a case on the same one.
//!
//! Source of the rule: `org.apache.kafka.common.utils.Utils.murmur2` and `toPositive`.

const SEED: u32 = 0x9747_b28c;
const M: u32 = 0x5bd1_e995;
const R: u32 = 24;

/// The partition, from 0, of a key in a log of `partitions` (0 is taken as 1). An empty key hashes
/// as Java hashes an empty array.
#[must_use]
pub fn partition_for(key: &[u8], partitions: u32) -> u32 {
    (murmur2(key) & 0x7fff_ffff) % partitions.max(1)
}

/// 32-bit MurmurHash2 with Kafka's seed. Java returns the same bits as a signed integer.
fn murmur2(data: &[u8]) -> u32 {
    // Java's array length is a 32-bit integer; longer keys do not exist there.
    let mut h = SEED ^ (data.len() as u32);
    let (words, rest) = data.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> R;
        h = h.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !rest.is_empty() {
        for (i, byte) in rest.iter().enumerate() {
            h ^= u32::from(*byte) << (8 * i);
        }
        h = h.wrapping_mul(M);
    }
    h ^= h >> 13;
    h = h.wrapping_mul(M);
    h ^ (h >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From `UtilsTest.testMurmur2` of Apache Kafka.
    #[test]
    fn hashes_as_the_java_client_does() {
        for (key, hash) in [
            (&b"21"[..], -973_932_308_i32),
            (b"foobar", -790_332_482),
            (b"a-little-bit-long-string", -985_981_536),
            (b"a-little-bit-longer-string", -1_486_304_829),
            (
                b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
                -58_897_971,
            ),
            (b"abc", 479_470_107),
        ] {
            assert_eq!(
                murmur2(key) as i32,
                hash,
                "{}",
                String::from_utf8_lossy(key)
            );
        }
    }

    /// From the unit test of librdkafka's `rdmurmur2.c`.
    #[test]
    fn hashes_short_and_empty_keys_as_librdkafka_does() {
        for (key, hash) in [
            (&b"kafka"[..], 0xd067_cf64_u32),
            (b"giberish123456789", 0x8f55_2b0c),
            (b"1234", 0x9fc9_7b14),
            (b"234", 0xe7c0_09ca),
            (b"34", 0x8739_30da),
            (b"4", 0x5a4b_5ca1),
            (b"", 0x106e_08d9),
        ] {
            assert_eq!(murmur2(key), hash, "{}", String::from_utf8_lossy(key));
        }
    }

    #[test]
    fn takes_the_positive_part_of_the_hash_before_the_remainder() {
        assert_eq!(
            partition_for(b"21", 4),
            ((-973_932_308_i32) & 0x7fff_ffff) as u32 % 4
        );
        assert_eq!(partition_for(b"", 1), 0);
    }
}
