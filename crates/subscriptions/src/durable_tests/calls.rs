//! The calls, one by one.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn making_the_same_again_is_no_error_and_another_content_is_one() {
    let home = Home::new(2).await;
    let gateway = home.gateway("a").await;
    let first = gateway.create(named("portal")).await;
    let again = gateway
        .create(Subscription {
            handling: Some(Handling::default()),
            ..named("portal")
        })
        .await;
    assert_eq!(first.created_time, again.created_time);
    // What is told has the hub's defaults in it, and is the same content.
    let told = again.subscription.unwrap();
    assert_eq!(told.handling.unwrap().max_in_flight, 1_000);
    let as_told = gateway.create(told).await;
    assert_eq!(first.created_time, as_told.created_time);
    let other = CreateSubscriptionRequest {
        subscription: Some(Subscription {
            description: "another".to_owned(),
            ..named("portal")
        }),
        start: None,
    };
    let refused = gateway.durable.create(other, From::Client).await;
    assert_eq!(reason(&refused.unwrap_err()), "SUBSCRIPTION_EXISTS");
    let listed = gateway
        .durable
        .list(ListSubscriptionsRequest {}, From::Client);
    assert_eq!(listed.await.unwrap().statuses.len(), 1);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_at_fault_is_named_with_its_path() {
    let home = Home::new(1).await;
    let gateway = home.gateway("a").await;
    let attributes = Attributes {
        values: [("agncy".to_owned(), "x".to_owned())].into(),
    };
    let request = CreateSubscriptionRequest {
        subscription: Some(Subscription {
            name: "Portal".to_owned(),
            description: "d".repeat(501),
            handling: Some(Handling {
                max_in_flight: 100_001,
                max_attempts: 101,
                ..Handling::default()
            }),
            filters: vec![Filter {
                dialect: Some(filter::Dialect::Exact(attributes)),
            }],
            webhook: None,
        }),
        start: None,
    };
    let refused = gateway.durable.create(request, From::Client).await;
    let details = refused.unwrap_err().get_error_details();
    let fields: Vec<String> = details
        .bad_request()
        .unwrap()
        .field_violations
        .iter()
        .map(|violation| violation.field.clone())
        .collect();
    assert_eq!(
        fields,
        [
            "subscription.name",
            "subscription.description",
            "subscription.handling.max_in_flight",
            "subscription.handling.max_attempts",
            "subscription.filters[0].exact.values[agncy]",
        ]
    );
    let missing = GetSubscriptionRequest {
        name: "nobody".to_owned(),
    };
    let refused = gateway.durable.get(missing, From::Client).await;
    assert_eq!(reason(&refused.unwrap_err()), "SUBSCRIPTION_NOT_FOUND");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_fetched_is_the_fetchers_until_it_is_acknowledged() {
    let home = Home::new(2).await;
    let gateway = home.gateway("a").await;
    home.append(50, 0, 50).await;
    gateway.create(named("portal")).await;
    let fetch = async |most| {
        let request = FetchRequest {
            name: "portal".to_owned(),
            consumer: "f".to_owned(),
            max_events: most,
            max_wait_ms: 0,
        };
        let told = gateway.durable.fetch(request, From::Client).await.unwrap();
        FetchResponse::decode(told.encode_to_vec().as_slice())
            .unwrap()
            .deliveries
    };
    let mut seen = Vec::new();
    while seen.len() < 50 {
        let events = fetch(20).await;
        assert!(!events.is_empty() && events.len() <= 20, "{}", events.len());
        seen.extend(events);
    }
    assert_eq!(fetch(20).await, []);
    let request = AcknowledgeRequest {
        name: "portal".to_owned(),
        acknowledgements: Some(Acknowledgements {
            done: seen
                .iter()
                .map(receipt)
                .chain([Receipt {
                    sequence: 1,
                    attempt: 9,
                }])
                .collect(),
            ..Acknowledgements::default()
        }),
    };
    let answer = gateway.durable.acknowledge(request, From::Client).await;
    assert_eq!(answer.unwrap().late, 1);
    // It is durable: another gateway knows.
    let next = home.gateway("b").await;
    let status = next.status("portal").await;
    assert_eq!((status.settled_sequence, status.outstanding), (50, 0));
    gateway.stop().await;
    next.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_subscription_hands_nothing_out_and_a_moved_one_begins_there() {
    let home = Home::new(1).await;
    let gateway = home.gateway("a").await;
    gateway.create(named("portal")).await;
    let mut consumer = consume(gateway.durable.as_ref(), opens("portal", "c"))
        .await
        .unwrap();
    home.append(10, 0, 10).await;
    let events = consumer.events().await;
    let request = PauseSubscriptionRequest {
        name: "portal".to_owned(),
    };
    let paused = gateway.durable.pause(request, From::Client).await.unwrap();
    assert_eq!(paused.status.unwrap().state(), SubscriptionState::Paused);
    // What is in flight may still be acknowledged.
    consumer.done(&events).await;
    gateway
        .until("portal", |status| {
            status.settled_sequence >= events.len() as u64
        })
        .await;
    home.append(10, 10, 20).await;
    let before = gateway.status("portal").await.last_sequence;
    let request = MoveSubscriptionRequest {
        name: "portal".to_owned(),
        start: Some(beginning()),
    };
    gateway
        .durable
        .move_to(request, From::Client)
        .await
        .unwrap();
    let request = ResumeSubscriptionRequest {
        name: "portal".to_owned(),
    };
    gateway.durable.resume(request, From::Client).await.unwrap();
    let mut again = Vec::new();
    while again.len() < 20 {
        match consumer.next().await.unwrap() {
            Message::Handed(handed) => {
                consumer.done(&handed.deliveries).await;
                again.extend(handed.deliveries);
            }
            Message::Withdrawn(withdrawn) => assert!(withdrawn.last_sequence <= before),
            other => panic!("{other:?}"),
        }
    }
    assert!(again.iter().all(|event| event.sequence > before));
    let mut offsets: Vec<u64> = again
        .iter()
        .map(|event| event.position.unwrap().offset)
        .collect();
    offsets.sort_unstable();
    assert_eq!(offsets, (0..20).collect::<Vec<_>>());
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_fails_too_often_parks_alone_and_goes_on_in_order_when_released() {
    let home = Home::new(1).await;
    let gateway = home.gateway("a").await;
    let handling = Handling {
        max_attempts: 2,
        backoff_ms: 1,
        ..Handling::default()
    };
    gateway
        .create(Subscription {
            handling: Some(handling),
            ..named("portal")
        })
        .await;
    home.append(3, 0, 30).await;
    let mut consumer = consume(gateway.durable.as_ref(), opens("portal", "c"))
        .await
        .unwrap();
    let mut others = 0;
    let mut failures = 0;
    while others < 20 || failures < 2 {
        let events = consumer.events().await;
        let (bad, good): (Vec<_>, Vec<_>) = events
            .into_iter()
            .partition(|event| event.partition_key == "C1");
        others += good.len();
        consumer.done(&good).await;
        for event in bad {
            assert_eq!(id(&event), "1");
            failures += 1;
            let said = Acknowledgements {
                failed: vec![Failed {
                    receipt: Some(receipt(&event)),
                    retry_after_ms: 0,
                    reason: "the portal does not know it".to_owned(),
                }],
                ..Acknowledgements::default()
            };
            consumer.said.send(said).await.unwrap();
        }
    }
    let status = gateway
        .until("portal", |status| {
            // Late is what is not recorded as settled, which waits a few milliseconds for company.
            status.parked == 10 && status.in_flight == 0 && status.lag_ms == 0
        })
        .await;
    assert_eq!(status.outstanding, 10);
    let request = ListParkedCasesRequest {
        name: "portal".to_owned(),
        max_cases: 0,
    };
    let parked = gateway.durable.parked(request, From::Client).await.unwrap();
    let case = &parked.cases[0];
    assert_eq!(
        (parked.total, case.partition_key.as_str(), case.waiting),
        (1, "C1", 10)
    );
    assert_eq!((case.event_id.as_str(), case.attempts), ("1", 2));
    assert_eq!(case.reason, "the portal does not know it");
    let release = |case: &str| ReleaseParkedCaseRequest {
        name: "portal".to_owned(),
        partition_key: case.to_owned(),
        decision: release_parked_case_request::Decision::Skip.into(),
        all: false,
    };
    let refused = gateway.durable.release(release("C2"), From::Client).await;
    assert_eq!(reason(&refused.unwrap_err()), "CASE_NOT_PARKED");
    let released = gateway.durable.release(release("C1"), From::Client).await;
    assert_eq!(released.unwrap().released, 1);
    let mut order = Vec::new();
    while order.len() < 9 {
        let events = consumer.events().await;
        order.extend(events.iter().map(id));
        consumer.done(&events).await;
    }
    assert_eq!(order, ["4", "7", "10", "13", "16", "19", "22", "25", "28"]);
    gateway
        .until("portal", |status| status.outstanding == 0)
        .await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_were_not_given_are_refused_with_the_last_one() {
    let home = Home::new(1).await;
    let gateway = home.gateway("a").await;
    gateway.create(named("portal")).await;
    let range = |first_sequence, last_sequence| ReadRangeRequest {
        name: "portal".to_owned(),
        first_sequence,
        last_sequence,
    };
    let refused = gateway.durable.read_range(range(1, 5), From::Client).await;
    let refused = refused.err().unwrap();
    assert_eq!(reason(&refused), "SEQUENCE_NOT_YET");
    let info = refused.get_details_error_info().unwrap();
    assert_eq!(info.metadata["last_sequence"], "0");
    let refused = gateway.durable.read_range(range(5, 4), From::Client).await;
    assert_eq!(reason(&refused.err().unwrap()), "REQUEST_MALFORMED");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn consumers_are_told_why_their_stream_ends() {
    let home = Home::new(1).await;
    let gateway = home.gateway("a").await;
    gateway.create(named("portal")).await;
    let open = || consume(gateway.durable.as_ref(), opens("portal", "c"));
    let mut first = open().await.unwrap();
    let mut second = open().await.unwrap();
    let why = |message: Option<Message>| match message {
        Some(Message::GoingAway(going)) => going.why(),
        other => panic!("{other:?}"),
    };
    // Another has its name.
    assert_eq!(why(first.next().await), going_away::Why::Ended);
    let later = home.gateway("b").await;
    assert_eq!(why(second.next().await), going_away::Why::Moved);
    let mut third = consume(later.durable.as_ref(), opens("portal", "c"))
        .await
        .unwrap();
    later.shutdown.cancel();
    assert_eq!(why(third.next().await), going_away::Why::Draining);
    later.stop().await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_was_deleted_may_be_made_again_and_counts_anew() {
    let home = Home::new(1).await;
    let gateway = home.gateway("a").await;
    home.append(5, 0, 5).await;
    for _ in 0..3 {
        gateway.create(named("portal")).await;
        let mut consumer = consume(gateway.durable.as_ref(), opens("portal", "c"))
            .await
            .unwrap();
        let events = consumer.events().await;
        assert_eq!((events[0].sequence, events[0].attempt), (1, 1));
        let request = DeleteSubscriptionRequest {
            name: "portal".to_owned(),
        };
        gateway.durable.delete(request, From::Client).await.unwrap();
    }
    gateway.stop().await;
}
