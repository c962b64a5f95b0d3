//! Settings that are none.
#![allow(clippy::unwrap_used)]

use super::*;

fn config() -> Config {
    Config {
        endpoint: String::new(),
        metrics_every: Duration::from_secs(10),
        trace_ratio: 0.01,
        version: "1.2.3",
    }
}

fn refused(config: &Config) -> String {
    start(config).unwrap_err().to_string()
}

#[test]
fn a_setting_that_is_none_is_named_with_its_fix() {
    for ratio in [-0.1, 1.5, f64::NAN] {
        let said = refused(&Config {
            trace_ratio: ratio,
            ..config()
        });
        assert!(said.contains("telemetry.trace_ratio") && said.contains("Fix:"));
    }
    let said = refused(&Config {
        metrics_every: Duration::from_millis(99),
        ..config()
    });
    assert!(said.contains("telemetry.metrics_every_ms") && said.contains("Fix:"));
    for endpoint in [
        "collector",
        "127.0.0.1:4317",
        "https://collector",
        "ftp://x",
        "http://",
    ] {
        let said = refused(&Config {
            endpoint: endpoint.to_owned(),
            ..config()
        });
        assert!(said.contains("telemetry.otlp_endpoint"), "{said}");
        assert!(said.contains(endpoint) && said.contains("Fix:"), "{said}");
    }
}

#[test]
fn an_instance_is_a_uuid_of_its_own() {
    let id = instance();
    assert_eq!((id.len(), &id[14..15]), (36, "4"), "{id}");
    assert_ne!(id, instance());
}

#[test]
fn the_hub_says_its_name_and_version_where_the_environment_does_not() {
    let resource = resource("1.2.3");
    let said = |key| resource.get(&Key::new(key)).map(|value| value.to_string());
    assert_eq!(said("service.version").as_deref(), Some("1.2.3"));
    assert!(said("service.instance.id").is_some());
    assert!(said("service.name").is_some());
}
