//! How serving ends.

use crate::double::{Mood, Moody};
use crate::hub::{Hub, approved, position, reason};
use lienthong_adapters::{Config, Drain};
use lienthong_contract::pb::onestop::v1::{ReportEventsRequest, StreamEventsRequest};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

#[tokio::test]
async fn a_stream_is_answered_for_what_it_sent_and_then_ended_as_draining() {
    let hub = Hub::start().await;
    let (sender, receiver) = mpsc::channel(4);
    let answers = hub
        .onestop()
        .stream_events(ReceiverStream::new(receiver))
        .await
        .unwrap();
    let mut answers = answers.into_inner();
    let message = StreamEventsRequest {
        event: Some(approved("e")),
    };
    sender.send(message).await.unwrap();
    position(&answers.message().await.unwrap().unwrap().outcome.unwrap());
    hub.shutdown.cancel();
    let status = answers.message().await.unwrap_err();
    assert_eq!(reason(&status), "DRAINING");
    hub.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn during_the_notice_health_says_not_serving_while_calls_still_succeed() {
    let drain = Drain {
        notice: Duration::from_secs(5),
        ..Drain::default()
    };
    let hub = Hub::start_with(Config {
        drain,
        threads: 1,
        ..Config::default()
    })
    .await;
    let channel = hub.channel();
    let mut health = HealthClient::new(channel.clone());
    let mut client = hub.onestop();
    let ask = || HealthCheckRequest {
        service: String::new(),
    };
    let before = health.check(ask()).await.unwrap().into_inner().status();
    assert_eq!(before, ServingStatus::Serving);
    hub.shutdown.cancel();
    while health.check(ask()).await.unwrap().into_inner().status() == ServingStatus::Serving {
        tokio::task::yield_now().await;
    }
    let request = ReportEventsRequest {
        events: vec![approved("late")],
    };
    client.report_events(request).await.unwrap();
    drop((health, client, channel));
    hub.served.abort();
}

#[tokio::test]
async fn calls_that_never_end_are_cut_off_at_the_deadline() {
    let drain = Drain {
        notice: Duration::ZERO,
        deadline: Duration::from_millis(50),
    };
    let config = Config {
        drain,
        threads: 1,
        ..Config::default()
    };
    let hub = Hub::start_on(config, Moody::new(Mood::Silent), Moody::new(Mood::Well)).await;
    let mut client = hub.onestop();
    let call = tokio::spawn(async move {
        client
            .report_events(ReportEventsRequest {
                events: vec![approved("e")],
            })
            .await
    });
    let mut probe = HealthClient::new(hub.channel());
    probe
        .check(HealthCheckRequest {
            service: String::new(),
        })
        .await
        .unwrap();
    hub.shutdown.cancel();
    hub.served.await.unwrap().unwrap();
    assert!(call.await.unwrap().is_err());
}
