//! Lag of real subscriptions over logs on disk.

use super::*;
use lienthong_contract::pb::operations::v1::SubscriptionLag;
use lienthong_contract::ports::SubscriptionLags;
use lienthong_contract::time::now_millis;
use lienthong_eventlog::Record;

fn recorded(case: &str, id: &str, ago_ms: i64) -> Record {
    Record {
        recorded_ms: now_millis() - ago_ms,
        ..testing::record(case, id)
    }
}

async fn lag(durable: &Durable, name: &str) -> SubscriptionLag {
    let lags = durable.subscription_lags().await;
    lags.into_iter().find(|lag| lag.name == name).unwrap()
}

/// Asks until it is so.
async fn until(
    gateway: &Gateway,
    name: &str,
    so: impl Fn(&SubscriptionLag) -> bool,
) -> SubscriptionLag {
    loop {
        let lag = lag(&gateway.durable, name).await;
        if so(&lag) {
            return lag;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_consumer_that_stops_makes_its_subscription_late_by_its_first_unacknowledged_event() {
    let home = Home::new(2).await;
    let gateway = home.gateway("one").await;
    gateway.create(named("tax")).await;
    let (first, second) = (recorded("A", "1", 9_000), recorded("B", "2", 4_000));
    let recorded_ms = [first.recorded_ms, second.recorded_ms];
    let mut consumer = consume(&gateway.durable, opens("tax", "worker"))
        .await
        .unwrap();
    testing::append(home.events.as_ref(), vec![first, second]).await;
    let mut events = consumer.events().await;
    while events.len() < 2 {
        events.extend(consumer.events().await);
    }
    let late = |lag: &SubscriptionLag, recorded_ms: i64, asked_ms: i64| {
        let told_ms = (lag.lag_seconds * 1_000.0).round() as i64;
        (asked_ms - recorded_ms..=now_millis() - recorded_ms).contains(&told_ms)
    };
    let asked_ms = now_millis();
    let told = lag(&gateway.durable, "tax").await;
    assert!(late(&told, recorded_ms[0], asked_ms), "{told:?}");
    assert_eq!((told.lag_events, told.in_flight, told.consumers), (2, 2, 1));
    // It was at the log's end when it began, and that is still in the window.
    assert_eq!(told.status, "current");
    let status = gateway.status("tax").await;
    assert!(status.lag_ms >= 9_000 && status.lag.is_some_and(|lag| lag.in_flight == 2));
    let older: Vec<Delivery> = events
        .iter()
        .filter(|event| id(event) == "1")
        .cloned()
        .collect();
    consumer.done(&older).await;
    until(&gateway, "tax", |lag| lag.lag_events == 1).await;
    let asked_ms = now_millis();
    let told = lag(&gateway.durable, "tax").await;
    assert!(late(&told, recorded_ms[1], asked_ms), "{told:?}");
    // Its gateway goes away: another process tells it from the journal.
    gateway.shutdown.cancel();
    gateway.durable.finished().await;
    let asked_ms = now_millis();
    let told = lag(&gateway.durable, "tax").await;
    assert!(late(&told, recorded_ms[1], asked_ms), "{told:?}");
    assert_eq!(
        (told.status.as_str(), told.owner.as_str()),
        ("unkept", "hub")
    );
}

#[tokio::test]
async fn what_a_subscription_does_not_want_and_the_hubs_own_probes_make_it_no_later() {
    let home = Home::new(1).await;
    let gateway = home.gateway("one").await;
    let wants = serde_json::json!([{"exact": {"partitionkey": "A"}}]);
    let filters = crate::filter::from_json(&wants, "filters").unwrap();
    gateway
        .create(Subscription {
            filters,
            ..named("a")
        })
        .await;
    let mut records: Vec<Record> = (0..50)
        .map(|id| recorded("B", &id.to_string(), 60_000))
        .collect();
    records.extend((0..50).map(|number| testing::probe("onestop", number)));
    testing::append(home.events.as_ref(), records).await;
    let told = until(&gateway, "a", |lag| lag.status == "current").await;
    assert_eq!(
        (told.lag_seconds, told.lag_events, told.consumers),
        (0.0, 0, 0)
    );
    testing::append(home.events.as_ref(), vec![recorded("A", "a", 3_000)]).await;
    let told = until(&gateway, "a", |lag| lag.lag_events > 0).await;
    assert!(
        told.lag_seconds >= 3.0 && told.lag_seconds < 20.0,
        "{told:?}"
    );
}

#[tokio::test]
async fn a_paused_and_a_full_subscription_and_parked_events_are_told_as_such() {
    let home = Home::new(1).await;
    let gateway = home.gateway("one").await;
    let handling = Handling {
        max_attempts: 1,
        max_parked_events: 1,
        ..Handling::default()
    };
    gateway
        .create(Subscription {
            handling: Some(handling),
            ..named("full")
        })
        .await;
    gateway.create(named("paused")).await;
    let pause = PauseSubscriptionRequest {
        name: "paused".to_owned(),
    };
    gateway.durable.pause(pause, From::Client).await.unwrap();
    testing::append(home.events.as_ref(), vec![recorded("A", "1", 2_000)]).await;
    let mut consumer = consume(&gateway.durable, opens("full", "worker"))
        .await
        .unwrap();
    let events = consumer.events().await;
    let failed = events.iter().map(|event| Failed {
        receipt: Some(receipt(event)),
        reason: "no".to_owned(),
        ..Failed::default()
    });
    let said = Acknowledgements {
        failed: failed.collect(),
        ..Acknowledgements::default()
    };
    consumer.said.send(said).await.unwrap();
    let told = until(&gateway, "full", |lag| lag.status == "full").await;
    assert_eq!(
        (told.parked, told.lag_events, told.lag_seconds),
        (1, 0, 0.0)
    );
    assert!(told.parked_oldest_seconds < 30.0 && told.owner == "full");
    let told = lag(&gateway.durable, "paused").await;
    assert_eq!(
        (told.status.as_str(), told.reason.as_str()),
        ("paused", "an operator paused it")
    );
    assert!(
        told.lag_seconds >= 2.0,
        "what waits is told all the same: {told:?}"
    );
}
