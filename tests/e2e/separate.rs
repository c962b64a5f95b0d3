//! The hub as separate services on Kafka answers as the hub of one process does.

use lienthong_tests::broker::{Home, given};
use lienthong_tests::fleet::{Doors, Grouping, Shape};
use lienthong_tests::instance::Instance;
use lienthong_tests::separate::{Settings, compare, play};

const SETTINGS: Settings = Settings {
    seed: 11,
    cases: 60,
    shape: Shape {
        adapters: 2,
        projectors: 2,
        gateways: 2,
        grouping: Grouping::EachItsOwn,
    },
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_number_of_partitions_changes_no_answer() {
    let mut sides = Vec::new();
    for partitions in ["1", "7"] {
        let hub = Instance::start_with(&[("LIENTHONG_LOG__PARTITIONS", partitions)]).unwrap();
        let doors = Doors::of_one(&hub.hub.addresses);
        sides.push(play(&doors, &SETTINGS).await.unwrap());
        hub.stop().unwrap();
    }
    let differences = sides[0].answers.differences(&sides[1].answers, 9);
    assert!(differences.is_empty(), "{differences:#?}");
    assert!(sides[0].acknowledged > 300 && sides[0].answers.cases > 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn separate_services_on_kafka_answer_what_one_process_on_the_embedded_log_answers() {
    let Some(bootstrap) = given("separate services on Kafka answer as one process does").unwrap()
    else {
        return;
    };
    let comparison = compare(&Home::fresh(&bootstrap), &SETTINGS).await.unwrap();
    assert!(comparison.is_equal(), "{:#?}", comparison.differences);
    let (one, separate) = (&comparison.one, &comparison.separate);
    assert_eq!(one.acknowledged, separate.acknowledged);
    assert!(one.acknowledged > 300 && one.refused > 0, "{one:?}");
    assert!(one.answers.pages > 1, "the list has several pages");
}
