//! What calls about durable subscriptions bring and get, beside their messages.

use futures_util::stream::BoxStream;
use lienthong_contract::codec::Encoded;
use lienthong_contract::pb::subscription::v1::Acknowledgements;
use tonic::Status;

/// A stream of messages to a client.
pub type Told = BoxStream<'static, Result<Encoded, Status>>;
/// What a consumer says after it opened its stream.
pub type Said = BoxStream<'static, Result<Acknowledgements, Status>>;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// Anybody: the call may have to go to another gateway.
    Client,
    /// A gateway that took this one for the keeper; never passed on again.
    Gateway,
}
