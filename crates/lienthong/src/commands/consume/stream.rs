//! One stream of `Consume`: what is handed out goes to the work, what the work says goes back.

use super::Arguments;
use super::work::{Work, is_empty};
use crate::events::{Again, is_passing};
use crate::exit::{Exit, Failure};
use crate::words::count;
use lienthong_contract::pb::subscription::v1::consume_request::Message as Said;
use lienthong_contract::pb::subscription::v1::consume_response::Message;
use lienthong_contract::pb::subscription::v1::going_away::Why;
use lienthong_contract::pb::subscription::v1::subscriptions_client::SubscriptionsClient;
use lienthong_contract::pb::subscription::v1::{
    AcknowledgeRequest, Acknowledgements, ConsumeRequest, ConsumeResponse, Open,
};
use std::time::Duration;
use tokio::sync::mpsc::{self, Sender};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use tonic::{Status, Streaming};

/// Messages that may wait for the connection; the work waits then.
const WAITING: usize = 16;
/// How long the hub may take to end the stream.
const LAST_WORD: Duration = Duration::from_secs(10);

/// Why a stream ended.
pub enum Ended {
    /// Nothing more is wanted.
    Done,
    /// It goes on at a gateway.
    Elsewhere,
    /// It broke.
    Broken(String),
}

/// One stream, to its end. Only what goes wrong before the `first` began is an error even if it
/// might pass.
///
/// # Errors
/// What the hub answers.
pub async fn once(
    arguments: &Arguments,
    gateways: &mut Again,
    work: &mut Work,
    stop: &CancellationToken,
    first: bool,
) -> Result<Ended, Failure> {
    let mut client = match gateways.connect().await {
        Ok(client) => client,
        Err(failure) if first => return Err(failure),
        Err(failure) => return Ok(Ended::Broken(failure.to_string())),
    };
    if let Some(unsaid) = work.unsaid()
        && let Err(status) = acknowledge(&mut client, arguments, &unsaid).await
    {
        work.keep(unsaid);
        return broken(status);
    }
    let (say, said) = mpsc::channel(WAITING);
    let open = Open {
        name: arguments.name.clone(),
        consumer: arguments.consumer.clone().unwrap_or_default(),
        max_in_flight: work.at_once(),
        heartbeat_s: 0,
    };
    let open = ConsumeRequest {
        message: Some(Said::Open(open)),
    };
    // There is room: nothing was said yet.
    let _ = say.send(open).await;
    let mut told = match client.consume(ReceiverStream::new(said)).await {
        Ok(answer) => answer.into_inner(),
        Err(status) if !first && is_passing(&status) => {
            return Ok(Ended::Broken(status.message().to_owned()));
        }
        Err(status) => return Err(status.into()),
    };
    let ended = exchange(&mut told, &say, gateways, work, stop).await?;
    if matches!(ended, Ended::Done) {
        if let Some(last) = work.unsaid() {
            acknowledge(&mut client, arguments, &last).await?;
        }
        drop(say);
        end(told).await;
    }
    work.rest().await?;
    Ok(ended)
}

/// Answers what no stream took.
async fn acknowledge(
    client: &mut SubscriptionsClient<Channel>,
    arguments: &Arguments,
    unsaid: &Acknowledgements,
) -> Result<(), Status> {
    let request = AcknowledgeRequest {
        name: arguments.name.clone(),
        acknowledgements: Some(unsaid.clone()),
    };
    let answer = client.acknowledge(request).await?.into_inner();
    tell_late(answer.late);
    Ok(())
}

fn tell_late(late: u64) {
    if late > 0 {
        let count = count(late);
        eprintln!("{count} acknowledgements came too late; their events come again");
    }
}

async fn exchange(
    told: &mut Streaming<ConsumeResponse>,
    say: &Sender<ConsumeRequest>,
    gateways: &mut Again,
    work: &mut Work,
    stop: &CancellationToken,
) -> Result<Ended, Failure> {
    loop {
        let is_stopping = stop.is_cancelled();
        if is_stopping && work.is_idle() || work.is_done() {
            return Ok(Ended::Done);
        }
        tokio::select! {
            message = told.message() => match message {
                Ok(Some(message)) => {
                    gateways.well();
                    if let Some(ended) = take(message, work, say).await? {
                        return Ok(ended);
                    }
                }
                Ok(None) => return Ok(Ended::Broken("the stream ended".to_owned())),
                Err(status) => return broken(status),
            },
            answers = work.finished(), if !work.is_idle() => {
                let answers = answers?;
                if let Some(ended) = tell(say, answers, work).await {
                    return Ok(ended);
                }
            }
            () = stop.cancelled(), if !is_stopping => work.stop(),
        }
    }
}

/// What the hub told; what it hands out goes to the work.
async fn take(
    message: ConsumeResponse,
    work: &mut Work,
    say: &Sender<ConsumeRequest>,
) -> Result<Option<Ended>, Failure> {
    match message.message {
        Some(Message::Handed(handed)) => {
            let answers = work.take(handed.deliveries)?;
            return Ok(tell(say, answers, work).await);
        }
        Some(Message::Late(late)) => tell_late(late.acknowledgements),
        Some(Message::Withdrawn(gone)) => {
            let (first, last) = (gone.first_sequence, gone.last_sequence);
            eprintln!("the subscription was moved: {first} to {last} were withdrawn");
        }
        Some(Message::GoingAway(away)) if away.why() == Why::Ended => {
            let what = "the subscription was deleted, or another consumer has this one's name";
            return Err(Failure::new(Exit::NotFound, what));
        }
        Some(Message::GoingAway(_)) => return Ok(Some(Ended::Elsewhere)),
        Some(Message::Heartbeat(_)) | None => {}
    }
    Ok(None)
}

/// Answers over the stream; that it ended, if it did not take them. The last answers are kept, to be
/// said by a call that is answered when they are durable.
async fn tell(
    say: &Sender<ConsumeRequest>,
    answers: Acknowledgements,
    work: &mut Work,
) -> Option<Ended> {
    if is_empty(&answers) {
        return None;
    }
    if work.is_ending() {
        work.keep(answers);
        return None;
    }
    let message = Some(Said::Acknowledgements(answers.clone()));
    match say.send(ConsumeRequest { message }).await {
        Ok(()) => None,
        Err(_) => {
            work.keep(answers);
            Some(Ended::Broken("the stream ended".to_owned()))
        }
    }
}

fn broken(status: Status) -> Result<Ended, Failure> {
    match is_passing(&status) {
        true => Ok(Ended::Broken(status.message().to_owned())),
        false => Err(status.into()),
    }
}

/// Reads on until the hub has ended the stream.
async fn end(mut told: Streaming<ConsumeResponse>) {
    let rest = async { while let Ok(Some(_)) = told.message().await {} };
    let _ = tokio::time::timeout(LAST_WORD, rest).await;
}
