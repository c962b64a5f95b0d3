//! Each kind of service killed once under load; `make faults` does much more.

use lienthong_tests::broker::{Home, given};
use lienthong_tests::faults::{Scenario, Settings, run};
use lienthong_tests::fleet::{Grouping, Shape};
use std::path::PathBuf;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_killed_under_load_lose_nothing_and_apply_nothing_twice() {
    let Some(bootstrap) = given("services are killed under load, and nothing is lost").unwrap()
    else {
        return;
    };
    let settings = Settings {
        shape: Shape {
            adapters: 2,
            projectors: 2,
            gateways: 2,
            grouping: Grouping::Together,
        },
        seed: 3,
        rate: 200,
        connections: 8,
        length: Duration::from_secs(6),
        session: Duration::from_secs(6),
        keep: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("faults"),
    };
    let home = Home::fresh(&bootstrap);
    let row = run(&home, None, Scenario::EachOnce, &settings)
        .await
        .unwrap();
    assert!(row.is_clean(), "{row:#?}");
    assert!(row.acknowledged > 100, "there was load: {row:#?}");
}
