//! What a payload tells beyond who, when and to whom.

use super::Unreadable;
use crate::pb::event::v1::event::Payload;
use crate::pb::event::v1::{self as pb, Observation};
use lienthong_domain::event::Detail;
use lienthong_domain::event::detail::{Channel, Flag, OnlineLevel, Register};
use lienthong_domain::path::day::number_of;

/// What the adapter saw. Observations of a later version say nothing to this one.
pub(super) fn observed(observations: &[i32]) -> Detail {
    let known = observations
        .iter()
        .filter_map(|one| Observation::try_from(*one).ok());
    known.fold(Detail::NONE, |detail, one| match one {
        Observation::PlaceholderIdentity => detail.with(Flag::PlaceholderIdentity, true),
        Observation::MalformedIdentity => detail.with(Flag::MalformedIdentity, true),
        Observation::SubmittedFileReturned => detail.with(Flag::SubmittedFileReturned, true),
        Observation::Unspecified => detail,
    })
}

/// The detail of a payload, with what was there already.
///
/// # Errors
/// [`Unreadable::Field`] of a line of a register without register or day.
pub(super) fn of(payload: &Payload, detail: Detail) -> Result<Detail, Unreadable> {
    Ok(match payload {
        Payload::Submitted(told) => {
            detail.with_channel(channel(told.channel()), online(told.online_level()))
        }
        Payload::Received(told) => {
            detail.with_channel(channel(told.channel()), online(told.online_level()))
        }
        Payload::ResultReturned(told) => detail.with_channel(channel(told.channel()), None),
        Payload::Answered(told) => detail.with(Flag::Positive, told.agreed),
        Payload::Appraised(told) => detail.with(Flag::Positive, told.passed),
        Payload::PaymentMade(told) => detail.with(Flag::PaidOnline, told.online),
        Payload::Signed(told) => detail.with(Flag::Signed, told.digital),
        Payload::Extended(told) => detail.with(Flag::Apology, told.apology_sent),
        Payload::ResultIssued(told) => detail
            .with(Flag::Electronic, told.electronic)
            .with(Flag::Signed, told.electronic && told.signed),
        Payload::SpecialisedResultIssued(told) => detail.with(Flag::Electronic, told.electronic),
        Payload::Digitised(told) => detail.with(Flag::OfResult, told.result),
        Payload::Rated(told) => detail.with_score(told.score),
        Payload::RegisterEntryReported(told) => {
            let day = told.day.parse().map(number_of);
            let day = day.map_err(|_| Unreadable::Field("register_entry_reported.day"))?;
            let register = register(told.register());
            let register = register.ok_or(Unreadable::Field("register_entry_reported.register"))?;
            detail.with_register(register, day, told.day_entries)
        }
        _ => detail,
    })
}

fn channel(told: pb::Channel) -> Option<Channel> {
    match told {
        pb::Channel::Unspecified => None,
        pb::Channel::Desk => Some(Channel::Desk),
        pb::Channel::Online => Some(Channel::Online),
        pb::Channel::Post => Some(Channel::Post),
        pb::Channel::System => Some(Channel::System),
    }
}

fn online(told: pb::OnlineLevel) -> Option<OnlineLevel> {
    match told {
        pb::OnlineLevel::Unspecified => None,
        pb::OnlineLevel::Partial => Some(OnlineLevel::Partial),
        pb::OnlineLevel::Full => Some(OnlineLevel::Full),
    }
}

fn register(told: pb::Register) -> Option<Register> {
    match told {
        pb::Register::Unspecified => None,
        pb::Register::OneStop => Some(Register::OneStop),
        pb::Register::CivilStatus => Some(Register::CivilStatus),
        pb::Register::Portal => Some(Register::Portal),
    }
}
