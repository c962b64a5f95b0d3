//! `StreamEvents`: one answer a message, in order.

use crate::double::{Mood, Moody};
use crate::hub::{Hub, approved, bad, position, reason, rejection};
use lienthong_adapters::{Config, Limits};
use lienthong_contract::pb::civil_status::v1::{
    self as civil_status, civil_status_adapter_service_client::CivilStatusAdapterServiceClient,
};
use lienthong_contract::pb::event::v1 as pb;
use lienthong_contract::pb::onestop::v1::{
    DossierEvent, StreamEventsRequest, StreamEventsResponse,
};
use lienthong_contract::pb::population::v1::{
    self as population, population_adapter_service_client::PopulationAdapterServiceClient,
};
use lienthong_contract::pb::specialised::v1::{
    self as specialised, specialised_adapter_service_client::SpecialisedAdapterServiceClient,
};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};
use tonic_types::StatusExt;

type Sender = mpsc::Sender<StreamEventsRequest>;

async fn open(hub: &Hub) -> (Sender, Streaming<StreamEventsResponse>) {
    let (sender, receiver) = mpsc::channel(4_096);
    let answers = hub
        .onestop()
        .stream_events(ReceiverStream::new(receiver))
        .await
        .unwrap();
    (sender, answers.into_inner())
}

async fn send(sender: &Sender, event: DossierEvent) {
    sender
        .send(StreamEventsRequest { event: Some(event) })
        .await
        .unwrap();
}

async fn next(answers: &mut Streaming<StreamEventsResponse>) -> pb::Outcome {
    answers.message().await.unwrap().unwrap().outcome.unwrap()
}

#[tokio::test]
async fn every_message_is_answered_in_order_with_its_position() {
    let hub = Hub::start().await;
    let (sender, mut answers) = open(&hub).await;
    let sending = tokio::spawn(async move {
        for index in 0..5_000 {
            let id = format!("e-{index}");
            let event = if index % 97 == 5 {
                bad(&id)
            } else {
                approved(&id)
            };
            send(&sender, event).await;
        }
    });
    let mut last = None;
    for index in 0..5_000 {
        let outcome = next(&mut answers).await;
        assert_eq!(outcome.id, format!("e-{index}"));
        if index % 97 == 5 {
            assert!(rejection(&outcome).rejected_number > 0);
        } else {
            let offset = position(&outcome).offset;
            assert!(Some(offset) > last, "one dossier's events keep their order");
            last = Some(offset);
        }
    }
    assert!(
        answers.message().await.unwrap().is_none(),
        "the stream ends when the sender does"
    );
    sending.await.unwrap();
    let (_, event) = hub
        .stored(&pb::Position {
            partition: hub.log.partition_of(crate::hub::DOSSIER.as_bytes()),
            offset: 0,
        })
        .await;
    assert_eq!(event.header.unwrap().id, "e-0");
    hub.stop().await;
}

#[tokio::test]
async fn a_message_is_answered_before_the_next_is_sent() {
    let hub = Hub::start().await;
    let (sender, mut answers) = open(&hub).await;
    for index in 0..20 {
        let id = format!("e-{index}");
        send(&sender, approved(&id)).await;
        assert_eq!(next(&mut answers).await.id, id);
    }
    drop(sender);
    assert!(answers.message().await.unwrap().is_none());
    hub.stop().await;
}

#[tokio::test]
async fn an_event_sent_again_is_acknowledged_again() {
    let hub = Hub::start().await;
    let (sender, mut answers) = open(&hub).await;
    send(&sender, approved("same")).await;
    send(&sender, approved("same")).await;
    position(&next(&mut answers).await);
    position(&next(&mut answers).await);
    drop(sender);
    hub.stop().await;
}

#[tokio::test]
async fn a_message_without_an_event_is_rejected_not_skipped() {
    let hub = Hub::start().await;
    let (sender, mut answers) = open(&hub).await;
    sender
        .send(StreamEventsRequest { event: None })
        .await
        .unwrap();
    send(&sender, approved("after")).await;
    let outcome = next(&mut answers).await;
    assert_eq!(rejection(&outcome).violations[0].field, "header");
    assert_eq!(next(&mut answers).await.id, "after");
    drop(sender);
    hub.stop().await;
}

#[tokio::test]
async fn every_other_system_streams_too() {
    let hub = Hub::start().await;
    let header = || Some(crate::hub::header("s"));

    let event = civil_status::DossierEvent {
        header: header(),
        payload: Some(civil_status::dossier_event::Payload::Approved(
            pb::Approved {},
        )),
    };
    let message = civil_status::StreamEventsRequest { event: Some(event) };
    let mut client = CivilStatusAdapterServiceClient::new(hub.channel());
    let mut answers = client
        .stream_events(tokio_stream::once(message))
        .await
        .unwrap()
        .into_inner();
    position(&answers.message().await.unwrap().unwrap().outcome.unwrap());

    let event = population::DossierEvent {
        header: header(),
        payload: Some(population::dossier_event::Payload::IdentityVerified(
            pb::IdentityVerified {},
        )),
    };
    let message = population::StreamEventsRequest { event: Some(event) };
    let mut client = PopulationAdapterServiceClient::new(hub.channel());
    let mut answers = client
        .stream_events(tokio_stream::once(message))
        .await
        .unwrap()
        .into_inner();
    position(&answers.message().await.unwrap().unwrap().outcome.unwrap());

    let event = specialised::DossierEvent {
        header: header(),
        payload: Some(specialised::dossier_event::Payload::Approved(
            pb::Approved {},
        )),
    };
    let message = specialised::StreamEventsRequest { event: Some(event) };
    let mut client = SpecialisedAdapterServiceClient::new(hub.channel());
    let mut answers = client
        .stream_events(tokio_stream::once(message))
        .await
        .unwrap()
        .into_inner();
    position(&answers.message().await.unwrap().unwrap().outcome.unwrap());
    assert_eq!(hub.records().await, 3);
    hub.stop().await;
}

#[tokio::test]
async fn an_overloaded_log_holds_the_stream_back_and_then_takes_it_in_order() {
    let log = Moody::new(Mood::Overloaded);
    let hub = Hub::start_on(Config::default(), log.clone(), Moody::new(Mood::Well)).await;
    let (sender, mut answers) = open(&hub).await;
    for index in 0..10 {
        send(&sender, approved(&format!("e-{index}"))).await;
    }
    while log.refused() < 3 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    log.set(Mood::Well);
    for index in 0..10 {
        let outcome = next(&mut answers).await;
        assert_eq!(
            (outcome.id.clone(), position(&outcome).offset),
            (format!("e-{index}"), index)
        );
    }
    drop(sender);
    hub.stop().await;
}

#[tokio::test]
async fn a_log_that_stays_overloaded_ends_the_stream_with_a_retry_hint() {
    let limits = Limits {
        overload_patience: Duration::from_millis(20),
        ..Limits::default()
    };
    let config = Config {
        limits,
        ..Config::default()
    };
    let hub = Hub::start_on(config, Moody::new(Mood::Overloaded), Moody::new(Mood::Well)).await;
    let (sender, mut answers) = open(&hub).await;
    send(&sender, approved("e")).await;
    let status = answers.message().await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::ResourceExhausted, "LOG_OVERLOADED")
    );
    assert!(status.get_error_details().retry_info().is_some());
    hub.stop().await;
}

#[tokio::test]
async fn a_full_disk_ends_the_stream_at_once() {
    let log = Moody::new(Mood::Well);
    let hub = Hub::start_on(Config::default(), log.clone(), Moody::new(Mood::Well)).await;
    let (sender, mut answers) = open(&hub).await;
    send(&sender, approved("before")).await;
    position(&next(&mut answers).await);
    log.set(Mood::DiskFull);
    send(&sender, approved("after")).await;
    let status = answers.message().await.unwrap_err();
    assert_eq!(reason(&status), "LOG_DISK_FULL");
    hub.stop().await;
}

#[tokio::test]
async fn a_stream_reads_no_further_than_its_bounds_while_nothing_becomes_durable() {
    let limits = Limits {
        chunk_events: 8,
        chunks_in_flight: 2,
        ..Limits::default()
    };
    let config = Config {
        limits,
        threads: 1,
        ..Config::default()
    };
    let log = Moody::new(Mood::Silent);
    let hub = Hub::start_on(config, log, Moody::new(Mood::Well)).await;
    // Far more than the windows of HTTP/2 and the channels in between can hold.
    let (sender, receiver) = mpsc::channel(1);
    let _answers = hub
        .onestop()
        .stream_events(ReceiverStream::new(receiver))
        .await
        .unwrap();
    let mut event = approved("big");
    let notes = vec!["x".repeat(3_900); 60];
    event.header.as_mut().unwrap().protected = Some(pb::Protected {
        persons: vec![],
        notes,
    });
    let mut sent = 0;
    let blocked = loop {
        let message = StreamEventsRequest {
            event: Some(event.clone()),
        };
        let patience = Duration::from_secs(2);
        match tokio::time::timeout(patience, sender.send(message)).await {
            Ok(Ok(())) => sent += 1,
            Ok(Err(_)) => break false,
            Err(_) => break true,
        }
        assert!(sent < 1_000, "the sender was never held back");
    };
    assert!(blocked);
    hub.shutdown.cancel();
    drop(sender);
}

#[tokio::test]
async fn an_event_after_a_pause_is_recorded_when_it_came() {
    let hub = Hub::start().await;
    let (sender, mut answers) = open(&hub).await;
    send(&sender, approved("first")).await;
    next(&mut answers).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let before = lienthong_contract::time::now_millis();
    send(&sender, approved("second")).await;
    let (_, event) = hub.stored(&position(&next(&mut answers).await)).await;
    let recorded = lienthong_contract::time::to_millis(&event.recorded_time.unwrap()).unwrap();
    assert!(recorded >= before);
    drop(sender);
    hub.stop().await;
}
