//! Settings that are refused, by name, and what librdkafka makes of those that are not.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

fn good() -> Config {
    Config::new("127.0.0.1:9092", "lienthong.events.v1")
}

/// The field an error names, and what it says of it.
fn refused(config: &Config) -> (&'static str, String) {
    match check(config) {
        Err(OpenError::Setting { field, what }) => (field, what),
        other => unreachable!("{other:?}"),
    }
}

fn with(name: &str, value: &str) -> Config {
    let mut config = good();
    config.properties.insert(name.to_owned(), value.to_owned());
    config
}

#[test]
fn the_defaults_are_taken() {
    check(&good()).unwrap();
}

#[test]
fn a_setting_out_of_its_range_is_named() {
    let large = 65 * 1024 * 1024;
    let cases = [
        (
            "bootstrap",
            Config {
                bootstrap: " ".to_owned(),
                ..good()
            },
        ),
        (
            "topic",
            Config {
                topic: "a topic".to_owned(),
                ..good()
            },
        ),
        (
            "partitions",
            Config {
                partitions: 0,
                ..good()
            },
        ),
        (
            "replication",
            Config {
                replication: 0,
                ..good()
            },
        ),
        (
            "min_insync_replicas",
            Config {
                min_insync_replicas: 4,
                ..good()
            },
        ),
        (
            "delivery_timeout",
            Config {
                delivery_timeout: Duration::ZERO,
                ..good()
            },
        ),
        (
            "max_record_bytes",
            Config {
                max_record_bytes: large,
                ..good()
            },
        ),
        (
            "queue_bytes",
            Config {
                queue_bytes: 1024,
                ..good()
            },
        ),
    ];
    for (field, config) in cases {
        assert_eq!(refused(&config).0, field);
    }
}

#[test]
fn a_property_that_contradicts_a_guarantee_is_refused_by_name() {
    for (name, _) in OURS {
        let (field, what) = refused(&with(name, "1"));
        assert_eq!(field, "properties");
        assert!(what.starts_with(&format!("may not set {name}: ")), "{what}");
    }
}

#[test]
fn a_property_that_is_unknown_or_wrong_is_refused_without_its_value() {
    let (_, what) = refused(&with("no.such.property", "secret-1"));
    assert!(what.contains("no.such.property"), "{what}");
    assert!(!what.contains("secret-1"), "{what}");
    let (_, what) = refused(&with("linger.ms", "secret-2"));
    assert!(what.contains("linger.ms"), "{what}");
    assert!(!what.contains("secret-2"), "{what}");
}

#[test]
fn a_property_of_the_operator_replaces_a_default_and_no_guarantee() {
    let config = with("linger.ms", "20");
    check(&config).unwrap();
    let producer = producer(&config);
    assert_eq!(producer.get("linger.ms"), Some("20"));
    let other_name = super::producer(&with("compression.type", "zstd"));
    assert_eq!(other_name.get("compression.codec"), None);
    assert_eq!(producer.get("enable.idempotence"), Some("true"));
    assert_eq!(producer.get("acks"), Some("all"));
}

/// Every property this crate sets is known to the librdkafka it is built with.
#[test]
fn librdkafka_takes_each_client_as_it_is_set() {
    let config = good();
    let member = Member {
        group: "g".to_owned(),
        instance: "a".to_owned(),
        address: "127.0.0.1:7001".to_owned(),
        session: Duration::from_secs(10),
    };
    let clients = [
        client(&config, "test"),
        producer(&config),
        reader(&config),
        questions(&config),
        asker(&config, "g"),
        super::member(&config, &member, "mark"),
    ];
    for client in clients {
        client.create_native_config().unwrap();
    }
}
