#![allow(clippy::unwrap_used)]
use super::*;
use crate::double::{Double, Turn, event, options};
use crate::message::Message;
use crate::system::System;
use lienthong_contract::pb::event::v1::{Outcome, outcome};
use tokio::sync::mpsc;
use tonic::Status;

fn messages(count: usize) -> Vec<Message> {
    let one = |n| {
        let event = event(&format!("e-{n}"));
        Message::new(
            System::Onestop,
            event.header.unwrap(),
            event.payload.unwrap(),
        )
        .unwrap()
    };
    (0..count).map(one).collect()
}

async fn send(connection: &Connection, messages: Vec<Message>) -> Result<Vec<Outcome>, Error> {
    let (queue, receiver) = mpsc::channel(messages.len());
    for message in messages {
        queue.send(message).await.unwrap();
    }
    drop(queue);
    let mut outcomes = Vec::new();
    let mut note = |_: &Message, outcome| outcomes.push(outcome);
    stream(connection, System::Onestop, receiver, &mut note).await?;
    Ok(outcomes)
}

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("e-{n}")).collect()
}

#[tokio::test]
async fn every_message_of_a_stream_is_answered_in_its_order_with_a_position() {
    let double = Double::default();
    let connection = Connection::new(double.serve().await);
    let outcomes = send(&connection, messages(500)).await.unwrap();
    assert_eq!(
        outcomes.iter().map(|o| o.id.clone()).collect::<Vec<_>>(),
        ids(500)
    );
    assert!(
        outcomes
            .iter()
            .all(|o| matches!(o.result, Some(outcome::Result::Position(_))))
    );
    assert_eq!(double.received(), ids(500));
    let counts = Counts {
        sent: 500,
        acknowledged: 500,
        ..Counts::default()
    };
    assert_eq!(connection.counts(), counts);
}

#[tokio::test]
async fn after_a_broken_stream_the_unanswered_and_only_they_are_sent_again() {
    let double = Double::with([
        Turn::BreakAfter(30),
        Turn::BreakAfter(0),
        Turn::BreakAfter(7),
    ]);
    let connection = Connection::new(double.serve().await);
    let outcomes = send(&connection, messages(100)).await.unwrap();
    assert_eq!(
        outcomes.iter().map(|o| o.id.clone()).collect::<Vec<_>>(),
        ids(100)
    );
    // The double counts a message as received when it answers it.
    assert_eq!(double.received(), ids(100));
    let counts = connection.counts();
    assert_eq!((counts.sent, counts.acknowledged), (100, 100));
    assert!(counts.resent >= 3, "{counts:?}");
}

#[tokio::test]
async fn no_more_than_the_window_is_unanswered() {
    let double = Double::with([Turn::HoldUntil(16)]);
    let connection = Connection::new(double.serve().await);
    send(&connection, messages(40)).await.unwrap();
    assert_eq!(double.held(), Some(16));
}

#[tokio::test]
async fn rejections_are_told_apart_from_acknowledgements() {
    let double = Double::default();
    let connection = Connection::new(double.serve().await);
    let lie = event("e-lie-1");
    let lie = Message::new(System::Onestop, lie.header.unwrap(), lie.payload.unwrap()).unwrap();
    let outcomes = send(&connection, vec![lie]).await.unwrap();
    assert!(matches!(
        outcomes[0].result,
        Some(outcome::Result::Rejection(_))
    ));
    assert_eq!(
        (
            connection.counts().acknowledged,
            connection.counts().rejected
        ),
        (0, 1)
    );
}

#[tokio::test]
async fn a_call_that_the_hub_refuses_as_such_is_not_repeated() {
    let refuse = || Turn::Fail(Status::invalid_argument("no"));
    let double = Double::with([refuse(), refuse()]);
    let connection = Connection::new(double.serve().await);
    let streamed = send(&connection, messages(1)).await.unwrap_err();
    let reported = report(&connection, System::Onestop, &messages(2))
        .await
        .unwrap_err();
    assert!(
        matches!(streamed, Error::Refused(_)) && !streamed.is_retryable(),
        "{streamed}"
    );
    assert!(matches!(reported, Error::Refused(_)), "{reported}");
    assert!(double.received().is_empty());
}

#[tokio::test]
async fn an_overloaded_hub_is_asked_again_until_it_takes_the_batch() {
    let full = || Turn::Fail(Status::resource_exhausted("full"));
    let double = Double::with([full(), full()]);
    let connection = Connection::new(double.serve().await);
    let outcomes = report(&connection, System::Onestop, &messages(3))
        .await
        .unwrap();
    assert_eq!(outcomes.len(), 3);
    assert_eq!(double.received(), ids(3));
    assert_eq!(connection.counts().resent, 6);
}

#[tokio::test]
async fn patience_ends_when_nobody_listens() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let connection = Connection::new(options(address));
    let error = send(&connection, messages(1)).await.unwrap_err();
    assert!(
        matches!(error, Error::GaveUp { .. }) && error.is_retryable(),
        "{error}"
    );
}

#[tokio::test]
async fn a_message_of_another_system_is_refused_before_it_is_sent() {
    let double = Double::default();
    let connection = Connection::new(double.serve().await);
    let error = report(&connection, System::Population, &messages(1))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::WrongSystem { .. }), "{error}");
    assert!(double.received().is_empty());
}
