//! Why a subscription does not begin, go on, or answer.

use super::{Entry, Reason, entry};
use tonic::Code;

/// What the catalogue says of them.
pub(super) const ENTRIES: &[Entry] = &[
    entry(
        Reason::TokenMalformed,
        "TOKEN_MALFORMED",
        Code::InvalidArgument,
        None,
        "A resume token that no hub gave, or that lost a part on its way.",
        "Give a token as it was received, or begin at a time or at the beginning.",
    ),
    entry(
        Reason::TokenForeign,
        "TOKEN_FOREIGN",
        Code::FailedPrecondition,
        None,
        "A resume token that was given for another event log: another number of partitions, or other records at its place.",
        "Ask the hub that gave it, or begin at a time or at the beginning.",
    ),
    entry(
        Reason::PositionGone,
        "POSITION_GONE",
        Code::OutOfRange,
        None,
        "Retention has removed events that come next for this token, sequence number or place.",
        "Begin at `metadata.earliest_token`, which is the oldest place there is, and get what is missing in another way; lengthen retention.",
    ),
    entry(
        Reason::SubscriptionNotFound,
        "SUBSCRIPTION_NOT_FOUND",
        Code::NotFound,
        None,
        "There is no durable subscription of that name.",
        "List them with `lienthong subscriptions`, or create it.",
    ),
    entry(
        Reason::SubscriptionExists,
        "SUBSCRIPTION_EXISTS",
        Code::AlreadyExists,
        None,
        "A durable subscription of that name, with another content, is there already.",
        "Choose another name, or delete the one that is there.",
    ),
    entry(
        Reason::SubscriptionMoving,
        "SUBSCRIPTION_MOVING",
        Code::Unavailable,
        Some(1),
        "The durable subscription is between two gateways, or its gateway has just gone.",
        "Ask again; it moves within ten seconds.",
    ),
    entry(
        Reason::SubscriptionHasWebhook,
        "SUBSCRIPTION_HAS_WEBHOOK",
        Code::FailedPrecondition,
        None,
        "The events of this durable subscription go to its webhook, not to consumers.",
        "Make a subscription without a webhook to consume from.",
    ),
    entry(
        Reason::SubscriptionHasNoWebhook,
        "SUBSCRIPTION_HAS_NO_WEBHOOK",
        Code::FailedPrecondition,
        None,
        "The durable subscription has no webhook, and so no secret.",
        "Create one with a webhook.",
    ),
    entry(
        Reason::WebhookRefused,
        "WEBHOOK_REFUSED",
        Code::FailedPrecondition,
        None,
        "The webhook's endpoint did not answer the validation event with 2xx and its challenge.",
        "Let the endpoint verify the signature and answer the challenge of the event in its body; then create or resume again.",
    ),
    entry(
        Reason::CaseNotParked,
        "CASE_NOT_PARKED",
        Code::NotFound,
        None,
        "No case of that key is parked in the durable subscription.",
        "List them with `lienthong subscriptions parked NAME`; it may have been released already.",
    ),
    entry(
        Reason::SequenceNotYet,
        "SEQUENCE_NOT_YET",
        Code::OutOfRange,
        None,
        "The durable subscription has not given sequence numbers that far.",
        "Ask up to `metadata.last_sequence`.",
    ),
];
