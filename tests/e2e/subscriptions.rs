//! Everybody subscribes in every way while the hub is killed; `make subscriptions` does much more.

use lienthong_tests::broker::{Home, given};
use lienthong_tests::fleet::{Grouping, Shape};
use lienthong_tests::subscribers::{Row, Scenario, Settings, embedded, services};
use std::path::PathBuf;
use std::time::Duration;

fn settings(seed: u64) -> Settings {
    Settings {
        seed,
        rate: 150,
        connections: 4,
        shape: Shape {
            adapters: 1,
            projectors: 1,
            gateways: 2,
            grouping: Grouping::Together,
        },
        times: 1,
        settled: Duration::from_secs(4),
        margin: Duration::from_secs(3),
        patience: Duration::from_secs(90),
        keep: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("subscriptions"),
    }
}

fn check(row: &Row) {
    assert!(row.is_clean(), "{row:#?}");
    assert!(row.acknowledged > 100, "there was load: {row:#?}");
    let cleared = |name: &str| row.ways.iter().any(|way| way.way == name && way.told > 0);
    for name in ["stream", "events over HTTP", "durable-troubled", "webhook"] {
        assert!(cleared(name), "{name} was told something: {row:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscribers_of_every_kind_miss_nothing_when_the_hub_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let row = embedded(folder.path(), Scenario::HubKill, &settings(11))
        .await
        .unwrap();
    check(&row);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscribers_of_every_kind_miss_nothing_when_gateways_are_killed_in_turn() {
    let Some(bootstrap) = given("gateways are killed, and no subscriber misses anything").unwrap()
    else {
        return;
    };
    let home = Home::fresh(&bootstrap);
    let row = services(&home, None, Scenario::GatewayKill, &settings(12))
        .await
        .unwrap();
    check(&row);
}
