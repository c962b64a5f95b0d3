//! `lienthong consume`: takes part in a durable subscription; the hub keeps the place.

mod stream;
mod work;

use crate::cli::Shared;
use crate::events::{Again, Gateways, Lines};
use crate::exit::Failure;
use crate::process::Signals;
use clap::Args;
use std::num::NonZeroU32;
use stream::Ended;
use tokio_util::sync::CancellationToken;
use work::Work;

/// Arguments of `consume`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Name of the subscription
    name: String,
    /// Run this command by `sh -c` for each event, with the event as JSON on standard input: exit
    /// code 0 acknowledges, any other is a failure, after which the event comes again. Without it
    /// events are printed and acknowledged
    #[arg(long, value_name = "COMMAND")]
    exec: Option<String>,
    /// Commands that run at once, each for another case
    #[arg(long, value_name = "N", default_value = "1", requires = "exec")]
    parallel: NonZeroU32,
    /// The consumer's own name; a second one of the same name ends the first. Without it one that
    /// no other has
    #[arg(long, value_name = "NAME")]
    consumer: Option<String>,
    /// Events handed out to this consumer and not acknowledged, at most; without it twice as many
    /// as run at once, or as many as the subscription allows
    #[arg(long, value_name = "N")]
    max_in_flight: Option<u32>,
    /// End after so many events were acknowledged
    #[arg(long, value_name = "N")]
    max_events: Option<NonZeroU32>,
    #[command(flatten)]
    gateways: Gateways,
    #[command(flatten)]
    lines: Lines,
}

/// # Errors
/// What the hub answers, unless it passes.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let mut gateways = arguments.gateways.read(shared)?;
    let mut signals = Signals::new()?;
    let stop = CancellationToken::new();
    let consumed = consume(&arguments, &mut gateways, stop.clone());
    tokio::pin!(consumed);
    tokio::select! {
        ended = &mut consumed => return ended,
        () = signals.next() => stop.cancel(),
    }
    // What runs is finished and answered; a second signal ends at once.
    tokio::select! {
        ended = consumed => ended,
        () = signals.next() => Err(Failure::failed("ended at once; what was not acknowledged comes again")),
    }
}

async fn consume(
    arguments: &Arguments,
    gateways: &mut Again,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let mut work = Work::new(arguments);
    let mut first = true;
    while !stop.is_cancelled() && !work.is_done() {
        match stream::once(arguments, gateways, &mut work, &stop, first).await? {
            Ended::Done => break,
            Ended::Elsewhere => gateways.turn(),
            Ended::Broken(why) => {
                tokio::select! {
                    () = gateways.pause(&why) => {}
                    () = stop.cancelled() => {}
                }
            }
        }
        first = false;
    }
    Ok(())
}
