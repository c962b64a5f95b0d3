//! One system's stream, kept going across losses of the connection.

use super::codec::Frames;
use super::patience::Patience;
use super::{Connection, Error, add};
use crate::message::Message;
use crate::system::System;
use bytes::Bytes;
use lienthong_contract::pb::event::v1::{Outcome, outcome::Result as Answer};
use lienthong_contract::time::now_millis;
use std::collections::VecDeque;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Status};

/// Most messages moved from the caller to the wire at once.
const TAKEN_AT_ONCE: usize = 256;

/// What one loss of the connection leaves behind.
struct Unanswered {
    /// Oldest first; at most the connection's `in_flight`.
    messages: VecDeque<Message>,
    /// False once the caller has no more.
    more: bool,
}

/// Sends what comes out of `messages` by `StreamEvents` until its senders are gone and every
/// message is answered. `on_outcome` learns each answer, in the order sent. After a loss
/// everything unanswered is sent again, in its order, before anything new.
///
/// # Errors
/// `Refused` if the hub refuses the stream as such, `GaveUp` when patience ends, `WrongSystem`
/// if a message is of another system, `OutOfOrder` if the hub breaks its contract. What was
/// answered until then was told to `on_outcome`.
pub async fn stream(
    connection: &Connection,
    system: System,
    mut messages: mpsc::Receiver<Message>,
    on_outcome: &mut (dyn FnMut(&Message, Outcome) + Send),
) -> Result<(), Error> {
    let mut left = Unanswered {
        messages: VecDeque::with_capacity(connection.in_flight),
        more: true,
    };
    let mut patience = Patience::new(connection.retry);
    loop {
        if left.messages.is_empty() {
            match messages.recv().await {
                Some(first) => left.messages.push_back(of(system, first)?),
                None => return Ok(()),
            }
            patience.renew();
            add(&connection.counters.sent, 1);
        } else {
            add(&connection.counters.resent, left.messages.len());
        }
        let losses = connection.losses();
        let lost = converse(
            connection,
            system,
            &mut messages,
            &mut left,
            &mut patience,
            on_outcome,
        )
        .await?;
        match lost {
            None => return Ok(()),
            Some(status) => {
                connection.lost(losses);
                patience.after(status).await?;
            }
        }
    }
}

/// One connection's life: none when all is done, else the status that ended it.
async fn converse(
    connection: &Connection,
    system: System,
    messages: &mut mpsc::Receiver<Message>,
    left: &mut Unanswered,
    patience: &mut Patience,
    on_outcome: &mut (dyn FnMut(&Message, Outcome) + Send),
) -> Result<Option<Status>, Error> {
    // As wide as the window, so that a send into it never waits. It fails only when the call
    // is over, and then the message is still among the unanswered.
    let (requests, queue) = mpsc::channel::<Bytes>(connection.in_flight);
    for message in &left.messages {
        let _ = requests.try_send(message.frame_at(now_millis()));
    }
    let mut requests = left.more.then_some(requests);
    let mut answers = match open(connection, system, queue).await {
        Ok(answers) => answers,
        Err(status) => return Ok(Some(status)),
    };
    let mut fresh = Vec::with_capacity(TAKEN_AT_ONCE);
    while left.more || !left.messages.is_empty() {
        let room = (connection.in_flight - left.messages.len()).min(TAKEN_AT_ONCE);
        tokio::select! {
            taken = messages.recv_many(&mut fresh, room), if left.more && room > 0 => {
                if taken == 0 {
                    left.more = false;
                    requests = None;
                }
                add(&connection.counters.sent, taken);
                let now_ms = now_millis();
                for message in fresh.drain(..) {
                    let message = of(system, message)?;
                    if let Some(requests) = &requests {
                        let _ = requests.try_send(message.frame_at(now_ms));
                    }
                    left.messages.push_back(message);
                }
            }
            answer = answers.message() => match answer {
                Err(status) => return Ok(Some(status)),
                Ok(None) => return Ok(Some(Status::unavailable("the hub ended the stream"))),
                Ok(Some(answer)) => {
                    patience.renew();
                    for outcome in answer.outcomes {
                        settle(connection, left, outcome, on_outcome)?;
                    }
                }
            },
        }
    }
    Ok(None)
}

async fn open(
    connection: &Connection,
    system: System,
    queue: mpsc::Receiver<Bytes>,
) -> Result<tonic::Streaming<<Frames as tonic::codec::Codec>::Decode>, Status> {
    let mut grpc = connection.ready().await?;
    let request = Request::new(ReceiverStream::new(queue));
    let answer = grpc
        .streaming(request, system.stream_path(), Frames)
        .await?;
    Ok(answer.into_inner())
}

/// Takes the oldest unanswered message for answered.
fn settle(
    connection: &Connection,
    left: &mut Unanswered,
    outcome: Outcome,
    on_outcome: &mut (dyn FnMut(&Message, Outcome) + Send),
) -> Result<(), Error> {
    let counter = match outcome.result {
        Some(Answer::Position(_)) => &connection.counters.acknowledged,
        Some(Answer::Rejection(_)) => &connection.counters.rejected,
        None => return Err(out_of_order(left.messages.front(), String::new())),
    };
    match left.messages.pop_front() {
        Some(message) if message.id() == outcome.id => {
            add(counter, 1);
            on_outcome(&message, outcome);
            Ok(())
        }
        oldest => Err(out_of_order(oldest.as_ref(), outcome.id)),
    }
}

fn out_of_order(oldest: Option<&Message>, answered: String) -> Error {
    Error::OutOfOrder {
        sent: oldest.map_or("", Message::id).to_owned(),
        answered,
    }
}

fn of(system: System, message: Message) -> Result<Message, Error> {
    if message.system() == system {
        return Ok(message);
    }
    Err(Error::WrongSystem {
        message: message.system().name(),
        stream: system.name(),
    })
}
