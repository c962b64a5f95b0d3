//! Lag of a durable subscription whose consumer stops, and the silence of a source.

use lienthong_contract::pb::event::v1::{Approved, Header};
use lienthong_contract::pb::event::v1::{Event, event::Payload};
use lienthong_contract::pb::operations::v1::{GetLagRequest, GetLagResponse, SourceLag};
use lienthong_contract::pb::subscription::v1::consume_request::Message as Says;
use lienthong_contract::pb::subscription::v1::consume_response::Message as Told;
use lienthong_contract::pb::subscription::v1::subscriptions_client::SubscriptionsClient;
use lienthong_contract::pb::subscription::v1::{ConsumeRequest, Delivery, Open};
use lienthong_contract::time::{from_millis, now_millis, to_millis};
use lienthong_eventlog::{EventLog, Record};
use lienthong_tests::cli::run;
use lienthong_tests::instance::Instance;
use lienthong_tests::{http, sample};
use prost::Message;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);
const MINUTE: i64 = 60_000;
const DAY: i64 = 1_440 * MINUTE;
/// The one that `sample` reports as, and another.
const ONESTOP: &str = "urn:lienthong:vn:H56:onestop";
const TAX: &str = "urn:lienthong:vn:G12:specialised";

async fn lag(hub: &Instance) -> GetLagResponse {
    let mut operations = hub.operations().await.unwrap();
    operations
        .get_lag(GetLagRequest {})
        .await
        .unwrap()
        .into_inner()
}

/// Asks until there is what is looked for.
async fn until<T>(hub: &Instance, what: &str, look: impl Fn(&GetLagResponse) -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        let lag = lag(hub).await;
        if let Some(found) = look(&lag) {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "no {what}: {lag:#?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn metric(hub: &Instance, series: &str) -> Option<f64> {
    let text = http::get(&hub.hub.addresses.metrics, "/metrics")
        .await
        .unwrap()
        .body;
    let line = text.lines().find_map(|line| line.strip_prefix(series))?;
    line.trim().parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_whose_consumer_stops_is_late_by_the_exact_seconds_and_its_own_concern() {
    let hub = Instance::start().unwrap();
    assert_eq!(
        run(&hub, &["subscriptions", "create", "tax"]).unwrap().code,
        Some(0)
    );
    let mut client = SubscriptionsClient::new(hub.gateway().await.unwrap());
    let open = ConsumeRequest {
        message: Some(Says::Open(Open {
            name: "tax".to_owned(),
            consumer: "worker".to_owned(),
            ..Open::default()
        })),
    };
    // It opens its stream and never acknowledges.
    let (_says, hears) = tokio::sync::mpsc::channel::<ConsumeRequest>(1);
    let hears = tokio_stream::wrappers::ReceiverStream::new(hears);
    let says = tokio_stream::StreamExt::chain(tokio_stream::once(open), hears);
    let mut told = client.consume(says).await.unwrap().into_inner();
    let facts: Vec<_> = (0..3)
        .map(|n| sample::fact("late", n * sample::EVENTS_A_CASE))
        .collect();
    hub.tell(&facts).await.unwrap();
    let mut events: Vec<Delivery> = Vec::new();
    while events.len() < 3 {
        if let Some(Told::Handed(handed)) = told.message().await.unwrap().unwrap().message {
            events.extend(handed.deliveries);
        }
    }
    let recorded = |event: &Delivery| to_millis(&event.event.clone()?.recorded_time?);
    let first_ms = events.iter().filter_map(recorded).min().unwrap();

    let of = |lag: &GetLagResponse| {
        lag.subscriptions
            .iter()
            .find(|one| one.name == "tax")
            .cloned()
    };
    until(&hub, "late subscription", |lag| {
        of(lag).filter(|tax| tax.status == "stalled")
    })
    .await;
    let asked_ms = now_millis();
    let answer = lag(&hub).await;
    let tax = of(&answer).unwrap();
    let told_ms = (tax.lag_seconds * 1_000.0).round() as i64;
    let exact = asked_ms - first_ms..=now_millis() - first_ms;
    assert!(
        exact.contains(&told_ms),
        "{told_ms} is not within {exact:?}: {tax:?}"
    );
    assert_eq!((tax.lag_events, tax.in_flight, tax.consumers), (3, 3, 1));
    assert_eq!(
        (tax.stage.as_str(), tax.owner.as_str()),
        ("subscriber", "tax")
    );
    let mut causes = answer.causes.iter();
    let cause = causes
        .find(|cause| cause.subject == "subscription tax")
        .unwrap();
    assert_eq!(
        (cause.stage.as_str(), cause.owner.as_str()),
        ("subscriber", "tax")
    );

    let series = r#"lienthong_subscription_lag_seconds{lienthong_subscription="tax"}"#;
    let asked_ms = now_millis();
    let seconds = metric(&hub, series).await.unwrap();
    let late = (asked_ms - first_ms) as f64 / 1_000.0;
    assert!((seconds - late).abs() < 1.0, "{seconds} against {late}");
    // A scrape tells the last look, which may be half a second old.
    let status = r#"lienthong_subscription_status{lienthong_subscription="tax"}"#;
    let began = Instant::now();
    while metric(&hub, status).await != Some(5.0) {
        assert!(began.elapsed() < PATIENCE, "the gauge never says stalled");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let listed = run(&hub, &["subscriptions", "list"]).unwrap();
    assert!(listed.out.contains("stalled"), "{listed:?}");

    // Everything is acknowledged by another: it is current, and what that took is measured.
    drop(told);
    let consumed = run(&hub, &["consume", "tax", "--max-events", "3", "--json"]).unwrap();
    assert_eq!(consumed.code, Some(0), "{consumed:?}");
    until(&hub, "current subscription", |lag| {
        of(lag).filter(|tax| tax.lag_events == 0)
    })
    .await;
    let measured = r#"lienthong_stage_duration_seconds_count{owner="tax",stage="subscriber"}"#;
    assert!(
        metric(&hub, measured)
            .await
            .is_some_and(|count| count >= 1.0)
    );
}

/// An event as it lies in the log.
fn record(source: &str, recorded_ms: i64) -> Record {
    let code = sample::dossier_code(1);
    let event = Event {
        header: Some(Header {
            id: format!("{source}-{recorded_ms}"),
            source: source.to_owned(),
            dossier_code: code.clone(),
            agency_code: "H56.03".to_owned(),
            occurred_time: Some(from_millis(recorded_ms - 1_000)),
            ..Header::default()
        }),
        recorded_time: Some(from_millis(recorded_ms)),
        payload: Some(Payload::Approved(Approved {})),
        ..Event::default()
    };
    Record {
        key: code.into(),
        value: event.encode_to_vec().into(),
        recorded_ms,
    }
}

/// Both sources reported in every minute around this time of day for 22 days; one of them stopped
/// twenty minutes ago.
async fn weeks(log: &dyn EventLog) {
    let now_ms = now_millis();
    let stopped = now_ms - 20 * MINUTE;
    for day in (0..22).rev() {
        let begin = stopped - day * DAY - 60 * MINUTE;
        let minutes = (0..100).map(|minute| begin + minute * MINUTE);
        let minutes = minutes.filter(|at| *at < now_ms - MINUTE);
        let both = minutes.flat_map(|at| {
            let tax = (day > 0 || at < stopped).then(|| record(TAX, at));
            tax.into_iter().chain([record(ONESTOP, at)])
        });
        log.append(both.collect()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_breaks_off_is_silent_by_its_own_rhythm_and_one_that_reports_on_is_not() {
    let stopped = Instance::start().unwrap().stop().unwrap();
    let log = stopped.log().unwrap();
    weeks(log.as_ref()).await;
    log.close().await.unwrap();
    // It is this process's until then.
    drop(log);
    let hub = stopped.start_again().unwrap();
    let of = |lag: &GetLagResponse, urn: &str| -> Option<SourceLag> {
        lag.sources.iter().find(|one| one.source == urn).cloned()
    };
    let silent = until(&hub, "silent source", |lag| {
        of(lag, TAX).filter(|source| source.status == "silent")
    })
    .await;
    assert!(
        silent.silence_probability < 1e-6 && silent.reason.contains("min"),
        "{silent:?}"
    );
    assert!(
        (1_200.0..1_400.0).contains(&silent.quiet_seconds),
        "{silent:?}"
    );
    let answer = lag(&hub).await;
    assert_eq!(of(&answer, ONESTOP).unwrap().status, "reporting");
    let mut causes = answer.causes.iter();
    let cause = causes.find(|cause| cause.owner == TAX).unwrap();
    assert_eq!(
        (cause.stage.as_str(), cause.runbook.as_str()),
        ("source", "source-silent")
    );
    let series = |urn: &str| format!("lienthong_source_silent{{lienthong_source=\"{urn}\"}}");
    assert_eq!(metric(&hub, &series(TAX)).await, Some(1.0));
    assert_eq!(metric(&hub, &series(ONESTOP)).await, Some(0.0));

    // The rhythm outlives the process, and nobody is silent for what the hub did not take.
    let hub = hub.restart().unwrap();
    let again = until(&hub, "silent source", |lag| {
        of(lag, TAX).filter(|source| source.status == "silent")
    })
    .await;
    assert_eq!(again.last_recorded_time, silent.last_recorded_time);
    hub.tell(&[sample::fact("now", 0)]).await.unwrap();
    let reports = until(&hub, "report", |lag| {
        of(lag, ONESTOP)
            .filter(|source| source.quiet_seconds < 60.0 && source.events_per_second > 0.0)
    })
    .await;
    assert_eq!(
        (reports.status.as_str(), reports.silence_probability),
        ("reporting", 1.0)
    );
    assert!(
        reports.delay_p50_seconds > 86_400.0,
        "it tells of October: {reports:?}"
    );
}
