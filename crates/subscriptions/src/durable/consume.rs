//! A consumer's stream over its seat.
//!
//! What the seat is told is pulled by the connection, so that nothing is made for a consumer that
//! does not read; what the consumer says is taken in all the time, so that one that only writes is
//! not stuck.

use super::calls::{Said, Told};
use super::check;
use super::encode;
use super::seat::{self, Answer, Ended, Handed, Outcome, Seat};
use futures_util::{StreamExt, stream};
use lienthong_contract::codec::Encoded;
use lienthong_contract::pb::subscription::v1::consume_response::Message;
use lienthong_contract::pb::subscription::v1::going_away::Why;
use lienthong_contract::pb::subscription::v1::{
    Acknowledgements, ConsumeResponse, GoingAway, Heartbeat, Late, Withdrawn,
};
use lienthong_contract::time::{from_millis, now_millis};
use std::time::Duration;
use std::vec;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::Status;

/// Seconds of silence before a heartbeat, if the consumer does not say.
const HEARTBEAT_S: u32 = 15;

/// A stream under way.
struct Stream {
    told: mpsc::Receiver<seat::Told>,
    /// Events that did not fit into the last message.
    rest: vec::IntoIter<Handed>,
    heartbeat: Duration,
    /// Why listening to the consumer ended.
    deaf: mpsc::Receiver<Status>,
    ended: bool,
    _listening: DropGuard,
}

/// Tells a consumer what its seat is told, and the seat what the consumer says.
pub fn stream(seat: Seat, said: Said, heartbeat_s: u32) -> Told {
    let heartbeat = match heartbeat_s {
        0 => HEARTBEAT_S,
        given => given,
    };
    let gone = CancellationToken::new();
    let (tell, deaf) = mpsc::channel(1);
    tokio::spawn(gone.clone().run_until_cancelled_owned(async move {
        if let Some(status) = listen(said, seat.answers).await {
            // The stream may be gone already.
            let _ = tell.send(status).await;
        }
    }));
    let stream = Stream {
        told: seat.told,
        rest: Vec::new().into_iter(),
        heartbeat: Duration::from_secs(u64::from(heartbeat)),
        deaf,
        ended: false,
        _listening: gone.drop_guard(),
    };
    stream::unfold(stream, next).boxed()
}

/// Passes on what the consumer says until it has said everything; an error if it says what cannot
/// be.
async fn listen(mut said: Said, answers: mpsc::Sender<Vec<Answer>>) -> Option<Status> {
    while let Some(told) = said.next().await {
        let told = match told {
            Ok(told) => told,
            Err(status) => return Some(status),
        };
        if let Err(failure) = check::acknowledgements(&told, "acknowledgements.") {
            return Some(failure.into());
        }
        if answers.send(read(told)).await.is_err() {
            return None;
        }
    }
    None
}

/// Acknowledgements as a subscription reads them.
pub fn read(told: Acknowledgements) -> Vec<Answer> {
    let done = told.done.into_iter().map(|receipt| Answer {
        sequence: receipt.sequence,
        attempt: receipt.attempt,
        outcome: Outcome::Done,
    });
    let failed = told.failed.into_iter().map(|failed| {
        let receipt = failed.receipt.unwrap_or_default();
        let asked = u64::from(failed.retry_after_ms);
        Answer {
            sequence: receipt.sequence,
            attempt: receipt.attempt,
            outcome: Outcome::Failed {
                retry_after: (asked > 0).then(|| Duration::from_millis(asked)),
                reason: failed.reason,
            },
        }
    });
    done.chain(failed).collect()
}

async fn next(mut stream: Stream) -> Option<(Result<Encoded, Status>, Stream)> {
    if stream.ended {
        return None;
    }
    if let Some(message) = encode::handed(&mut stream.rest) {
        return Some((Ok(message), stream));
    }
    let told = tokio::select! {
        biased;
        Some(status) = stream.deaf.recv() => {
            stream.ended = true;
            return Some((Err(status), stream));
        }
        told = timeout(stream.heartbeat, stream.told.recv()) => told,
    };
    let message = match told {
        Ok(Some(seat::Told::Handed(events))) => {
            stream.rest = events.into_iter();
            match encode::handed(&mut stream.rest) {
                Some(message) => return Some((Ok(message), stream)),
                None => heartbeat(),
            }
        }
        Ok(Some(seat::Told::Late(acknowledgements))) => Message::Late(Late { acknowledgements }),
        Ok(Some(seat::Told::Withdrawn(first_sequence, last_sequence))) => {
            Message::Withdrawn(Withdrawn {
                first_sequence,
                last_sequence,
            })
        }
        Ok(Some(seat::Told::Ended(why))) => {
            stream.ended = true;
            going_away(why)
        }
        // The subscription's task has gone without a word.
        Ok(None) => {
            stream.ended = true;
            going_away(Ended::Moved)
        }
        Err(_) => heartbeat(),
    };
    let message = ConsumeResponse {
        message: Some(message),
    };
    Some((Ok(Encoded::of(&message)), stream))
}

fn heartbeat() -> Message {
    Message::Heartbeat(Heartbeat {
        time: Some(from_millis(now_millis())),
    })
}

fn going_away(why: Ended) -> Message {
    let why = match why {
        Ended::Draining => Why::Draining,
        Ended::Moved => Why::Moved,
        Ended::Gone => Why::Ended,
    };
    Message::GoingAway(GoingAway {
        why: why.into(),
        token: String::new(),
    })
}

/// What the client of a stream is told when the gateway that passes it on goes down.
pub fn draining() -> Encoded {
    Encoded::of(&ConsumeResponse {
        message: Some(going_away(Ended::Draining)),
    })
}
