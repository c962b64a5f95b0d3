//! One batch, one call.

use super::codec::Frames;
use super::patience::Patience;
use super::{Connection, Error, add};
use crate::message::Message;
use crate::system::System;
use bytes::{Bytes, BytesMut};
use lienthong_contract::pb::event::v1::{Outcome, outcome::Result as Answer};
use lienthong_contract::time::now_millis;
use tonic::Request;

/// Reports a batch of 1 to 10,000 messages by `ReportEvents` and gives the outcomes in its
/// order. The call is made again while the hub cannot be reached or is overloaded.
///
/// # Errors
/// `Refused` if the hub accepted nothing of the batch, `GaveUp` when patience ends,
/// `WrongSystem` if a message is of another system, `OutOfOrder` if the hub breaks its contract.
pub async fn report(
    connection: &Connection,
    system: System,
    batch: &[Message],
) -> Result<Vec<Outcome>, Error> {
    of_one_system(system, batch)?;
    let mut patience = Patience::new(connection.retry);
    add(&connection.counters.sent, batch.len());
    loop {
        match call(connection, system, body(batch)).await {
            Ok(outcomes) => {
                check(batch, &outcomes)?;
                count(connection, &outcomes);
                return Ok(outcomes);
            }
            Err(status) => patience.after(status).await?,
        }
        add(&connection.counters.resent, batch.len());
    }
}

fn of_one_system(system: System, batch: &[Message]) -> Result<(), Error> {
    match batch.iter().find(|message| message.system() != system) {
        None => Ok(()),
        Some(other) => Err(Error::WrongSystem {
            message: other.system().name(),
            stream: system.name(),
        }),
    }
}

/// The frames one after another are the request: `events` is a repeated field.
fn body(batch: &[Message]) -> Bytes {
    let now_ms = now_millis();
    if let [message] = batch {
        return message.frame_at(now_ms);
    }
    let length = batch.iter().map(|message| message.frame().len()).sum();
    let mut body = BytesMut::with_capacity(length);
    for message in batch {
        body.extend_from_slice(&message.frame_at(now_ms));
    }
    body.freeze()
}

async fn call(
    connection: &Connection,
    system: System,
    body: Bytes,
) -> Result<Vec<Outcome>, tonic::Status> {
    let mut grpc = connection.ready().await?;
    let answer = grpc
        .unary(Request::new(body), system.report_path(), Frames)
        .await?;
    Ok(answer.into_inner().outcomes)
}

fn check(batch: &[Message], outcomes: &[Outcome]) -> Result<(), Error> {
    for (at, message) in batch.iter().enumerate() {
        let answered = outcomes.get(at).filter(|outcome| outcome.result.is_some());
        if answered.is_none_or(|outcome| outcome.id != message.id()) {
            return Err(Error::OutOfOrder {
                sent: message.id().to_owned(),
                answered: answered
                    .map(|outcome| outcome.id.clone())
                    .unwrap_or_default(),
            });
        }
    }
    Ok(())
}

fn count(connection: &Connection, outcomes: &[Outcome]) {
    let accepted = outcomes
        .iter()
        .filter(|outcome| matches!(outcome.result, Some(Answer::Position(_))))
        .count();
    add(&connection.counters.acknowledged, accepted);
    add(&connection.counters.rejected, outcomes.len() - accepted);
}
