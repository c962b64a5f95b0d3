//! What moving withdraws, what skipping leaves out, and what is durable when a stream ends.

use super::*;
use lienthong_contract::pb::subscription::v1::consume_response::Message as Told;
use lienthong_contract::pb::subscription::v1::release_parked_case_request::Decision;
use lienthong_contract::pb::subscription::v1::{
    Failed, ListParkedCasesRequest, MoveSubscriptionRequest, ReleaseParkedCaseRequest, Withdrawn,
};
use std::collections::{BTreeMap, BTreeSet};

/// Events of a run: 20 cases of 5.
const EVENTS: u64 = 100;

async fn filled() -> Instance {
    let hub = Instance::start().unwrap();
    let facts: Vec<_> = (0..EVENTS).map(|n| sample::fact("run", n)).collect();
    hub.tell(&facts).await.unwrap();
    hub
}

/// Case and step of an event.
fn step(delivery: &Delivery) -> (u64, u64) {
    let id = id(delivery);
    let mut parts = id.rsplit('-').map(|part| part.parse().unwrap());
    let step = parts.next().unwrap();
    (parts.next().unwrap(), step)
}

/// The steps of each case in the order in which they were told.
fn steps(deliveries: &[Delivery]) -> BTreeMap<u64, Vec<u64>> {
    let mut steps: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for (case, step) in deliveries.iter().map(step) {
        steps.entry(case).or_default().push(step);
    }
    steps
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moving_back_withdraws_what_is_outstanding_and_the_numbers_go_on() {
    let hub = filled().await;
    let mut client = client(&hub).await;
    create(&mut client, "moved", Handling::default()).await;
    let mut consumer = Consumer::open(&mut client, "moved", 10).await;
    let mut before = Vec::new();
    while before.len() < 10 {
        match consumer.told.message().await.unwrap().unwrap().message {
            Some(Told::Handed(handed)) => before.extend(handed.deliveries),
            other => assert!(matches!(other, Some(Told::Heartbeat(_))), "{other:?}"),
        }
    }
    let settled: BTreeSet<u64> = before[..4].iter().map(|one| one.sequence).collect();
    acknowledge(&mut client, "moved", done(&before[..4])).await;
    let request = MoveSubscriptionRequest {
        name: "moved".to_owned(),
        start: Some(beginning()),
    };
    client.move_subscription(request).await.unwrap();

    let (mut withdrawn, mut after) = (None, Vec::new());
    while after.len() < EVENTS as usize {
        match consumer.told.message().await.unwrap().unwrap().message {
            Some(Told::Handed(handed)) if withdrawn.is_none() => before.extend(handed.deliveries),
            Some(Told::Handed(handed)) => {
                consumer.acknowledge(&handed.deliveries).await;
                after.extend(handed.deliveries);
            }
            Some(Told::Withdrawn(range)) => {
                assert_eq!(withdrawn, None, "it is told once");
                withdrawn = Some(range);
            }
            other => assert!(matches!(other, Some(Told::Heartbeat(_))), "{other:?}"),
        }
    }
    let Withdrawn {
        first_sequence,
        last_sequence: last,
    } = withdrawn.unwrap();
    let outstanding = (1..).find(|number| !settled.contains(number));
    assert_eq!(Some(first_sequence), outstanding);
    assert!(before.iter().all(|one| one.sequence <= last));
    let anew: BTreeSet<u64> = after.iter().map(|one| one.sequence).collect();
    assert!(
        anew.iter().copied().eq(last + 1..=last + EVENTS),
        "{anew:?}"
    );
    let whole: BTreeMap<u64, Vec<u64>> = (0..20).map(|case| (case, (0..5).collect())).collect();
    assert_eq!(steps(&after), whole);

    let all_settled = |status: &SubscriptionStatus| status.settled_sequence == last + EVENTS;
    let status = until(&mut client, "moved", all_settled).await;
    assert_eq!(status.outstanding, 0);
    let range = numbered(&mut client, "moved", last + EVENTS).await;
    assert!(range.iter().map(|one| one.sequence).eq(1..=last + EVENTS));
    for one in before.iter().chain(&after) {
        let read = &range[one.sequence as usize - 1];
        assert_eq!((id(read), &read.event), (id(one), &one.event));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn skipping_leaves_out_the_failed_event_alone_and_its_case_goes_on_in_order() {
    let hub = filled().await;
    let mut client = client(&hub).await;
    let once = Handling {
        max_attempts: 1,
        ..Handling::default()
    };
    create(&mut client, "choked", once).await;
    let (skipped, retried) = ((3, 1), (11, 0));
    let mut failing = vec![skipped, retried];
    let mut handed = Vec::new();
    // Three wait behind one, four behind the other.
    take(&mut client, &mut handed, &mut failing, 93).await;
    let parked = parked(&mut client).await;
    let case = |(case, _): (u64, u64)| sample::dossier_code(case);
    let expected = [(case(skipped), 4), (case(retried), 5)];
    assert_eq!(parked, BTreeMap::from(expected));

    release(&mut client, case(skipped), Decision::Skip).await;
    take(&mut client, &mut handed, &mut failing, 96).await;
    let told = steps(&handed);
    assert_eq!(told[&3], [0, 1, 2, 3, 4], "step 1 is not told again");
    assert_eq!(told[&11], [0], "the other case waits on");
    release(&mut client, case(retried), Decision::Retry).await;
    take(&mut client, &mut handed, &mut failing, 101).await;
    assert_eq!(steps(&handed)[&11], [0, 0, 1, 2, 3, 4]);
    assert_eq!(fetch(&mut client, "choked").await, []);
    for (case, steps) in steps(&handed) {
        assert!(case == 11 || steps == [0, 1, 2, 3, 4], "{case}: {steps:?}");
    }
    let status = until(&mut client, "choked", |status| status.outstanding == 0).await;
    assert_eq!(
        (status.last_sequence, status.settled_sequence),
        (EVENTS, EVENTS)
    );
    let range = numbered(&mut client, "choked", EVENTS).await;
    assert!(
        range.iter().any(|one| step(one) == skipped),
        "its number stays"
    );
}

/// Takes until so many were handed out in all; those in `failing` fail, once each.
async fn take(
    client: &mut Client,
    handed: &mut Vec<Delivery>,
    failing: &mut Vec<(u64, u64)>,
    until: usize,
) {
    let began = Instant::now();
    while handed.len() < until {
        assert!(
            began.elapsed() < PATIENCE,
            "{} were handed out",
            handed.len()
        );
        let some = fetch(client, "choked").await;
        let mut said = Acknowledgements::default();
        for delivery in &some {
            match failing.iter().position(|one| *one == step(delivery)) {
                None => said.done.push(receipt(delivery)),
                Some(at) => {
                    failing.remove(at);
                    said.failed.push(Failed {
                        receipt: Some(receipt(delivery)),
                        reason: "on purpose".to_owned(),
                        ..Failed::default()
                    });
                }
            }
        }
        acknowledge(client, "choked", said).await;
        handed.extend(some);
    }
    assert_eq!(handed.len(), until);
}

/// The parked cases with how many events wait in each.
async fn parked(client: &mut Client) -> BTreeMap<String, u64> {
    let request = ListParkedCasesRequest {
        name: "choked".to_owned(),
        max_cases: 0,
    };
    let answer = client.list_parked_cases(request).await.unwrap();
    let cases = answer.into_inner().cases.into_iter();
    cases
        .map(|case| (case.partition_key, case.waiting))
        .collect()
}

async fn release(client: &mut Client, partition_key: String, decision: Decision) {
    let request = ReleaseParkedCaseRequest {
        name: "choked".to_owned(),
        partition_key,
        decision: decision.into(),
        all: false,
    };
    let answer = client.release_parked_case(request).await.unwrap();
    assert_eq!(answer.into_inner().released, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_the_half_close_is_durable_when_the_stream_ends() {
    let mut hub = filled().await;
    for turn in 0..3 {
        let name = format!("closed-{turn}");
        let mut one = client(&hub).await;
        create(&mut one, &name, Handling::default()).await;
        let Consumer { says, mut told } = Consumer::open(&mut one, &name, 0).await;
        let mut count = 0;
        while count < EVENTS {
            match told.message().await.unwrap().unwrap().message {
                Some(Told::Handed(handed)) => {
                    count += handed.deliveries.len() as u64;
                    let message = Some(Said::Acknowledgements(done(&handed.deliveries)));
                    says.send(ConsumeRequest { message }).await.unwrap();
                }
                other => assert!(matches!(other, Some(Told::Heartbeat(_))), "{other:?}"),
            }
        }
        assert_eq!(count, EVENTS);
        drop(says);
        while let Some(message) = told.message().await.unwrap() {
            let events = matches!(message.message, Some(Told::Handed(_)));
            assert!(!events, "{message:?}");
        }
        hub = hub.kill().unwrap().start_again().unwrap();
        let mut one = client(&hub).await;
        let status = until(&mut one, &name, |_| true).await;
        assert_eq!((status.settled_sequence, status.outstanding), (EVENTS, 0));
        assert_eq!(fetch(&mut one, &name).await, [], "nothing is told again");
    }
}
