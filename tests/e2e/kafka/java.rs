//! The Java tests over a topic that the hub filled: partitioning, headers, values.

use super::hub_on;
use lienthong_tests::broker::{Home, given};
use lienthong_tests::fleet::{Doors, load};
use std::process::Command;

const POM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/java/pom.xml");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn javas_client_and_classes_agree_with_every_record_of_the_hub() {
    let Some(bootstrap) = given("the Java tests over records of the hub").unwrap() else {
        return;
    };
    let home = Home::fresh(&bootstrap);
    let hub = hub_on(&home);
    let doors = Doors::of_one(&hub.hub.addresses);
    let chains = load::chains(7, 0, 60, true).unwrap();
    let ledger = load::all(&doors, chains, 8).await.unwrap();
    assert!(ledger.acknowledged() > 300);
    hub.stop().unwrap();

    let run = tokio::task::spawn_blocking(move || {
        Command::new("mvn")
            .args(["-B", "-q", "-o", "-f", POM, "test"])
            .env("LIENTHONG_TEST_KAFKA", bootstrap)
            .env("LIENTHONG_JAVA_TOPIC", home.topic())
            .output()
    });
    let done = run
        .await
        .unwrap()
        .expect("Maven is missing. Fix: deploy/kafka/setup.sh installs it");
    let words = [done.stdout, done.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    let fix = "Fix, if jars are missing: mvn -B -q -ntp -f tests/java/pom.xml test -DskipTests";
    assert!(done.status.success(), "{}\n{fix}", words.join("\n"));
    assert!(words[0].contains("records read"), "{}", words[0]);
}
