//! `lienthong subscribe`: events as they happen. The caller keeps the place: a token.
//!
//! Standard output has the events and nothing else. With `--json` standard error has every other
//! message, and after each batch of events the token that resumes after it, as JSON likewise.

mod place;

use crate::cli::Shared;
use crate::events::{Again, Filters, Gateways, Lines, compact, is_passing};
use crate::exit::Failure;
use crate::print::Reader;
use crate::process::Signals;
use crate::words::count;
use clap::Args;
use lienthong_contract::pb::subscription::v1::going_away::Why;
use lienthong_contract::pb::subscription::v1::subscribe_response::Message;
use lienthong_contract::pb::subscription::v1::{
    self as pb, GoingAway, SubscribeRequest, SubscribeResponse,
};
use place::Place;
use std::path::PathBuf;
use tonic::Streaming;

/// The message of every answer.
const ANSWER: &str = "lienthong.subscription.v1.SubscribeResponse";

/// Arguments of `subscribe`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Where to begin: beginning, end, a time such as 2026-11-22T17:00:00+07:00, a day, or a token;
    /// without it the end
    #[arg(long, value_name = "PLACE")]
    from: Option<String>,
    /// Keep the place in this file, and go on from there if it exists
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// End once everything recorded so far was told
    #[arg(long)]
    until_caught_up: bool,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    gateways: Gateways,
    #[command(flatten)]
    lines: Lines,
}

/// Why a stream ended.
enum Ended {
    /// Everything asked for was told.
    Done,
    /// It goes on at a gateway.
    Elsewhere,
    /// It broke.
    Broken(String),
}

/// # Errors
/// What the hub answers, unless it passes; a file that cannot be read or written.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let filters = arguments.filters.read()?;
    let mut gateways = arguments.gateways.read(shared)?;
    let mut place = Place::open(arguments.token_file.clone(), arguments.from.as_deref())?;
    let mut signals = Signals::new()?;
    let told = async {
        let mut first = true;
        loop {
            let request = SubscribeRequest {
                start: Some(place.start()),
                filters: filters.clone(),
                heartbeat_s: 0,
                until_caught_up: arguments.until_caught_up,
            };
            match once(request, &mut gateways, &mut place, &arguments, first).await? {
                Ended::Done => return Ok(()),
                Ended::Elsewhere => gateways.turn(),
                Ended::Broken(why) => gateways.pause(&why).await,
            }
            first = false;
        }
    };
    let ended = tokio::select! {
        ended = told => ended,
        () = signals.next() => Ok(()),
    };
    place.keep()?;
    ended
}

/// One stream, to its end. Only what goes wrong before the `first` began is an error even if it
/// might pass: whoever starts the command is told at once.
async fn once(
    request: SubscribeRequest,
    gateways: &mut Again,
    place: &mut Place,
    arguments: &Arguments,
    first: bool,
) -> Result<Ended, Failure> {
    let mut client = match gateways.connect().await {
        Ok(client) => client,
        Err(failure) if first => return Err(failure),
        Err(failure) => return Ok(Ended::Broken(failure.to_string())),
    };
    let mut stream = match client.subscribe(request).await {
        Ok(answer) => answer.into_inner(),
        Err(status) if !first && is_passing(&status) => {
            return Ok(Ended::Broken(status.message().to_owned()));
        }
        Err(status) => return Err(status.into()),
    };
    loop {
        let message = match next(&mut stream).await {
            Ok(message) => message,
            Err(ended) => return ended,
        };
        gateways.well();
        if let Some(ended) = tell(&message, place, arguments.lines)? {
            return Ok(ended);
        }
    }
}

async fn next(
    stream: &mut Streaming<SubscribeResponse>,
) -> Result<SubscribeResponse, Result<Ended, Failure>> {
    match stream.message().await {
        Ok(Some(message)) => Ok(message),
        Ok(None) => Err(Ok(Ended::Broken("the stream ended".to_owned()))),
        Err(status) if is_passing(&status) => Err(Ok(Ended::Broken(status.message().to_owned()))),
        Err(status) => Err(Err(status.into())),
    }
}

/// Prints a message, and keeps the place after it once it is printed.
fn tell(
    message: &SubscribeResponse,
    place: &mut Place,
    lines: Lines,
) -> Result<Option<Ended>, Failure> {
    let Some(told) = &message.message else {
        return Ok(None);
    };
    if let Message::Events(events) = told
        && lines.print(&events.deliveries)? == Reader::Gone
    {
        return Ok(Some(Ended::Done));
    }
    place.is_after(token(told))?;
    match lines.json {
        true => eprintln!("{}", compact(ANSWER, &marker(told))?),
        false => spoken(told)
            .into_iter()
            .for_each(|line| eprintln!("{line}")),
    }
    Ok(match told {
        Message::GoingAway(away) if away.why() == Why::CaughtUp => Some(Ended::Done),
        Message::GoingAway(_) => Some(Ended::Elsewhere),
        _ => None,
    })
}

/// Where to go on after a message; empty: it does not say.
fn token(told: &Message) -> &str {
    match told {
        Message::Events(pb::Events { token, .. })
        | Message::CaughtUp(pb::CaughtUp { token })
        | Message::FellBehind(pb::FellBehind { token, .. })
        | Message::Checkpoint(pb::Checkpoint { token })
        | Message::GoingAway(GoingAway { token, .. }) => token,
        Message::Heartbeat(_) => "",
    }
}

/// A message without its events.
fn marker(told: &Message) -> SubscribeResponse {
    let message = match told {
        Message::Events(events) => Message::Events(pb::Events {
            deliveries: Vec::new(),
            token: events.token.clone(),
        }),
        other => other.clone(),
    };
    SubscribeResponse {
        message: Some(message),
    }
}

/// What a person is told of a marker.
fn spoken(told: &Message) -> Option<String> {
    match told {
        Message::CaughtUp(_) => Some("caught up: what follows is told as it happens".to_owned()),
        Message::FellBehind(behind) => {
            let records = count(behind.records);
            Some(format!(
                "fell behind: {records} records to read; nothing is missing"
            ))
        }
        Message::GoingAway(away) if away.why() == Why::CaughtUp => {
            Some(format!("caught up; go on with --from {}", away.token))
        }
        Message::GoingAway(_) => Some("the gateway sends us on".to_owned()),
        Message::Events(_) | Message::Checkpoint(_) | Message::Heartbeat(_) => None,
    }
}
