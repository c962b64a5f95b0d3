//! Metadata as brokers show it, byte by byte, and metadata that lies.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

const ID: &str = "projector-1-0b6c1a0e-6a4f-4b5c-9f2e-1d2c3b4a5f60";

fn string(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as i16).to_be_bytes().to_vec();
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

fn topics(topics: &[(&str, &[i32])]) -> Vec<u8> {
    let mut bytes = (topics.len() as i32).to_be_bytes().to_vec();
    for (topic, partitions) in topics {
        bytes.extend(string(topic));
        bytes.extend((partitions.len() as i32).to_be_bytes());
        for partition in *partitions {
            bytes.extend(partition.to_be_bytes());
        }
    }
    bytes
}

fn assignment(version: i16, owned: &[(&str, &[i32])]) -> Vec<u8> {
    let mut bytes = version.to_be_bytes().to_vec();
    bytes.extend(topics(owned));
    bytes.extend((-1_i32).to_be_bytes());
    bytes
}

/// A subscription of version 3: topics, no user data, owned partitions, generation, rack.
fn subscription(rack: Option<&str>) -> Vec<u8> {
    let mut bytes = 3_i16.to_be_bytes().to_vec();
    bytes.extend(1_i32.to_be_bytes());
    bytes.extend(string("events"));
    bytes.extend(4_i32.to_be_bytes());
    bytes.extend([1, 2, 3, 4]);
    bytes.extend(topics(&[("events", &[0, 2])]));
    bytes.extend(7_i32.to_be_bytes());
    match rack {
        Some(rack) => bytes.extend(string(rack)),
        None => bytes.extend((-1_i16).to_be_bytes()),
    }
    bytes
}

#[test]
fn an_owner_is_read_from_a_members_metadata() {
    let owned = assignment(3, &[("other", &[9]), ("events", &[2, 0])]);
    let found = describe(
        ID,
        &subscription(Some("10.0.0.1:7440")),
        &owned,
        "events",
        4,
    )
    .unwrap();
    assert_eq!(found.instance, "projector-1");
    assert_eq!(found.address, "10.0.0.1:7440");
    assert_eq!(found.partitions, [0, 2]);
}

#[test]
fn a_member_in_a_rebalance_owns_nothing_yet() {
    let found = describe(ID, &[], &[], "events", 4).unwrap();
    assert_eq!(found.address, "");
    assert!(found.partitions.is_empty());
}

#[test]
fn a_member_that_is_no_projector_is_told_from_one() {
    for id in [
        "",
        "rdkafka",
        "-0b6c1a0e-6a4f-4b5c-9f2e-1d2c3b4a5f60",
        "ấp-0b6c",
    ] {
        let error = describe(id, &[], &[], "events", 4).unwrap_err();
        assert!(error.contains("has no instance"), "{error}");
    }
}

#[test]
fn a_partition_the_log_has_not_is_no_assignment() {
    let owned = assignment(0, &[("events", &[4])]);
    assert!(describe(ID, &[], &owned, "events", 4).is_err());
    let owned = assignment(0, &[("events", &[-1])]);
    assert!(describe(ID, &[], &owned, "events", 4).is_err());
}

#[test]
fn metadata_that_is_cut_short_or_too_long_is_refused() {
    let owned = assignment(1, &[("events", &[0, 1, 2])]);
    for length in 1..owned.len() {
        assert_eq!(assigned(&owned[..length], "events"), None, "{length}");
    }
    let longer = [owned.as_slice(), &[0]].concat();
    assert_eq!(assigned(&longer, "events"), None);
    let whole = subscription(Some("a:1"));
    for length in 0..whole.len() {
        assert_eq!(rack(&whole[..length]), None, "{length}");
    }
    assert_eq!(rack(&subscription(None)), Some(None));
}

#[test]
fn a_count_that_lies_is_refused_before_anything_is_read_for_it() {
    let mut owned = 0_i16.to_be_bytes().to_vec();
    owned.extend(i32::MAX.to_be_bytes());
    assert_eq!(assigned(&owned, "events"), None);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = describe(ID, &bytes, &bytes, "events", 4);
        let _ = describe(&String::from_utf8_lossy(&bytes), &bytes, &bytes, "events", 4);
    }
}

#[test]
fn the_mark_behind_an_address_is_no_part_of_it() {
    let rack = shown("10.0.0.1:7440", "00ff");
    let found = describe(ID, &subscription(Some(&rack)), &[], "events", 4).unwrap();
    assert_eq!(found.address, "10.0.0.1:7440");
    assert_eq!(instance_of(ID), Some("projector-1"));
    assert_eq!(instance_of("short"), None);
}
