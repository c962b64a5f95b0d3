//! The load and the checks of the fault runs, on a hub of one process: what is sent twice on
//! purpose takes effect once, and what the checks compare is really there.

use lienthong_tests::fleet::asker::Asker;
use lienthong_tests::fleet::check::{Held, against};
use lienthong_tests::fleet::{Doors, load, staleness};
use lienthong_tests::instance::Instance;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_send_whole_cases_again_lose_nothing_and_double_nothing() {
    let hub = Instance::start().unwrap();
    let doors = Doors::of_one(&hub.hub.addresses);
    let options = load::Options {
        seed: 9,
        rate: 1_000,
        connections: 4,
        resend_all: true,
    };
    let watch = staleness::watch(&doors, 4).unwrap();
    let load = load::start(&doors, &options).unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let heard = load.heard.clone();
    let mut ledger = load.end().await.unwrap();
    let worst = watch.end(&mut ledger).await.unwrap();
    assert!(worst.probes > 0 && worst.samples > 0, "{worst:?}");
    let told = heard.told();
    let sent = ledger.sent() as u64;
    assert!(sent > 200 && told.attempts > sent, "{sent} and {told:?}");

    let stopped = hub.stop().unwrap();
    let log = stopped.log().unwrap();
    let held = Held::read(log.as_ref()).await.unwrap();
    drop(log);
    let hub = stopped.start_again().unwrap();
    let doors = Doors::of_one(&hub.hub.addresses);
    let asker = Arc::new(Asker::new(&doors, Duration::from_secs(30)).unwrap());
    let found = against(held, asker, &ledger).await.unwrap();
    assert!(found.is_clean(), "{found:#?}");
    assert!(
        found.records > sent,
        "something was stored twice: {found:#?}"
    );
    hub.stop().unwrap();
}
