//! From a row and its rule to the event's payload.

use super::agencies;
use super::mapping::Mapping;
use super::problem::Problem;
use super::rows::Row;
use super::rule::EventRule;
use super::translate::millis;
use crate::message::Message;
use crate::system::System;
use lienthong_contract::pb::event::v1::{self as pb, Channel, Header, Party, event::Payload};
use lienthong_contract::time::from_millis;
use lienthong_domain::event::Kind;
use prost_types::Timestamp;

/// Whether the system's adapter takes events of this kind.
pub(super) fn is_taken(system: System, kind: Kind) -> bool {
    empty(kind).is_some_and(|payload| Message::new(system, Header::default(), payload).is_ok())
}

/// The payload that the rule makes of the row.
///
/// # Errors
/// A cell that is not what the rule needs, or a kind that no rule may have.
pub(super) fn payload(mapping: &Mapping, rule: &EventRule, row: &Row) -> Result<Payload, Problem> {
    let kind = rule.event_kind();
    let Some(mut payload) = kind.and_then(empty) else {
        let what = format!("{:?} is no event of a log", rule.kind);
        return Err(Problem::cell(row.line, "kind", what, "correct the mapping"));
    };
    let due = due(mapping, rule, row)?;
    let exchange = text(&rule.exchange, row);
    let reason = rule.reason.clone().unwrap_or_default();
    match &mut payload {
        Payload::Submitted(told) => told.channel = channel(rule, row)?,
        Payload::Received(told) => {
            told.channel = channel(rule, row)?;
            told.appointment_time = due;
        }
        Payload::RefusedAtIntake(told) => told.reason_code = reason,
        Payload::HandedOver(told) => {
            told.to = party(mapping, rule, row)?;
            told.handover_id = exchange;
            told.due_time = due;
        }
        Payload::Accepted(told) => {
            told.from = party(mapping, rule, row)?;
            told.handover_id = exchange;
        }
        Payload::Returned(told) => {
            told.to = party(mapping, rule, row)?;
            told.handover_id = exchange;
            told.reason_code = reason;
        }
        Payload::Consulted(told) => {
            told.to = party(mapping, rule, row)?;
            told.consultation_id = exchange;
            told.due_time = due;
        }
        Payload::Answered(told) => told.consultation_id = exchange,
        Payload::SupplementRequested(told) => {
            told.supplement_id = exchange;
            told.due_time = due;
        }
        Payload::SupplementReceived(told) => {
            told.supplement_id = exchange;
            told.appointment_time = due;
        }
        Payload::PaymentRequested(told) => {
            told.payment_id = exchange;
            told.amount_vnd = amount(rule, row)?;
            told.due_time = due;
        }
        Payload::PaymentMade(told) => {
            told.payment_id = exchange;
            told.amount_vnd = amount(rule, row)?;
        }
        Payload::Extended(told) => told.due_time = due,
        Payload::Withdrawn(told) => told.reason_code = reason,
        Payload::Stopped(told) => told.reason_code = reason,
        Payload::ResultReturned(told) => told.channel = channel(rule, row)?,
        Payload::ProgressReported(told) => {
            told.step = row.get(&mapping.columns.activity).to_owned();
            told.due_time = due;
        }
        _ => {}
    }
    Ok(payload)
}

/// The payload of a kind before the row is read. A log that says that something was
/// appraised says that it passed.
fn empty(kind: Kind) -> Option<Payload> {
    Some(match kind {
        Kind::Submitted => Payload::Submitted(pb::Submitted::default()),
        Kind::Received => Payload::Received(pb::Received::default()),
        Kind::RefusedAtIntake => Payload::RefusedAtIntake(pb::RefusedAtIntake::default()),
        Kind::HandedOver => Payload::HandedOver(pb::HandedOver::default()),
        Kind::Accepted => Payload::Accepted(pb::Accepted::default()),
        Kind::Returned => Payload::Returned(pb::Returned::default()),
        Kind::Consulted => Payload::Consulted(pb::Consulted::default()),
        Kind::Answered => Payload::Answered(pb::Answered {
            agreed: true,
            ..Default::default()
        }),
        Kind::SupplementRequested => {
            Payload::SupplementRequested(pb::SupplementRequested::default())
        }
        Kind::SupplementReceived => Payload::SupplementReceived(pb::SupplementReceived::default()),
        Kind::PaymentRequested => Payload::PaymentRequested(pb::PaymentRequested::default()),
        Kind::PaymentMade => Payload::PaymentMade(pb::PaymentMade::default()),
        Kind::Appraised => Payload::Appraised(pb::Appraised { passed: true }),
        Kind::Approved => Payload::Approved(pb::Approved {}),
        Kind::Signed => Payload::Signed(pb::Signed::default()),
        Kind::Extended => Payload::Extended(pb::Extended::default()),
        Kind::Withdrawn => Payload::Withdrawn(pb::Withdrawn::default()),
        Kind::Stopped => Payload::Stopped(pb::Stopped::default()),
        Kind::ResultIssued => Payload::ResultIssued(pb::ResultIssued::default()),
        Kind::ResultReturned => Payload::ResultReturned(pb::ResultReturned::default()),
        Kind::ProgressReported => Payload::ProgressReported(pb::ProgressReported::default()),
        _ => return None,
    })
}

fn text(column: &Option<String>, row: &Row) -> String {
    column
        .as_deref()
        .map(|column| row.get(column).to_owned())
        .unwrap_or_default()
}

fn channel(rule: &EventRule, row: &Row) -> Result<i32, Problem> {
    let name = match (&rule.channel, &rule.channel_by) {
        (Some(name), _) => *name,
        (None, Some(by)) => {
            let cell = row.get(&by.column);
            *by.values.get(cell).ok_or_else(|| {
                let what = format!("{cell:?} stands for no channel");
                Problem::cell(
                    row.line,
                    &by.column,
                    what,
                    "add it to channel_by.values of the mapping",
                )
            })?
        }
        (None, None) => return Ok(Channel::Unspecified as i32),
    };
    Ok(Channel::from(name) as i32)
}

fn party(mapping: &Mapping, rule: &EventRule, row: &Row) -> Result<Option<Party>, Problem> {
    let Some(column) = &rule.to else {
        return Ok(None);
    };
    let agency = agencies::of_cell(mapping, row, column)?;
    Ok(agency.map(|agency| Party {
        agency_code: agency.code,
        unit_code: String::new(),
    }))
}

fn due(mapping: &Mapping, rule: &EventRule, row: &Row) -> Result<Option<Timestamp>, Problem> {
    match rule.due.as_deref().map(|column| (column, row.get(column))) {
        None | Some((_, "")) => Ok(None),
        Some((column, _)) => Ok(Some(from_millis(millis(&mapping.times, row, column)?))),
    }
}

fn amount(rule: &EventRule, row: &Row) -> Result<i64, Problem> {
    match rule
        .amount
        .as_deref()
        .map(|column| (column, row.get(column)))
    {
        None | Some((_, "")) => Ok(0),
        Some((column, cell)) => cell.parse().map_err(|_| {
            Problem::cell(
                row.line,
                column,
                "it is not a whole number of dong",
                "write digits only",
            )
        }),
    }
}
