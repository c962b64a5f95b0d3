//! `subscriptions range`: what was numbered, again; heals a hole.

use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::events::Lines;
use crate::exit::Failure;
use crate::print::Reader;
use clap::Args;
use lienthong_contract::pb::subscription::v1::ReadRangeRequest;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Name of the subscription
    name: String,
    /// The first sequence number
    first: u64,
    /// The last, inclusive; at most 1,000,000 numbers
    last: u64,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    lines: Lines,
}

/// # Errors
/// What the hub answers.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let mut subscriptions = arguments.gateway.subscriptions(shared).await?;
    let request = ReadRangeRequest {
        name: arguments.name,
        first_sequence: arguments.first,
        last_sequence: arguments.last,
    };
    let mut range = subscriptions.read_range(request).await?.into_inner();
    while let Some(some) = range.message().await? {
        if arguments.lines.print(&some.deliveries)? == Reader::Gone {
            break;
        }
    }
    Ok(())
}
