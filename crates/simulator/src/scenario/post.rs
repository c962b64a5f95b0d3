//! The way of events to the hub, and what goes wrong on it.

use super::play::Fact;
use super::{DAY_MS, Fault, MINUTE_MS, Plan, TimedEvent};
use crate::message::{Message, NotTaken};
use crate::system::System;
use lienthong_contract::pb::event::v1::event::Payload;
use lienthong_contract::pb::event::v1::{HandedOver, SourceStatus};
use rand::RngExt;
use rand::rngs::StdRng;

/// The population database is silent from so long before now, to so long before now.
const SILENT_FROM_MS: i64 = 3 * DAY_MS;
const SILENT_TO_MS: i64 = DAY_MS;
/// Most messages of one block sent again.
const BLOCK: usize = 12;
/// Facts for each of which one lie is sent besides.
const ONE_LIE_IN: u32 = 120;
/// The kinds of lies in [`lie`].
const LIES: u32 = 5;

/// Puts what happened until now into the order in which it arrives.
pub(super) fn arrange(
    plan: &Plan,
    facts: Vec<Fact>,
    dice: &mut StdRng,
) -> Result<Vec<TimedEvent>, NotTaken> {
    let past = facts
        .into_iter()
        .filter(|fact| fact.occurred_ms <= plan.now_ms);
    let mut events = Vec::new();
    for (number, fact) in (1u32..).zip(past) {
        let (arrival_ms, fault) = arrival(plan, &fact, dice);
        if number % ONE_LIE_IN == 0 {
            let lie = lie(&fact, number / ONE_LIE_IN);
            events.push(event(&lie, arrival_ms, Some(Fault::Malformed))?);
        }
        let sent = event(&fact, arrival_ms, fault)?;
        if dice.random_range(0..50) == 0 {
            let again_ms = (arrival_ms + dice.random_range(0..60) * MINUTE_MS).min(plan.now_ms);
            events.push(TimedEvent {
                arrival_ms: again_ms,
                fault: Some(Fault::Duplicate),
                ..sent.clone()
            });
        }
        events.push(sent);
    }
    events.sort_by_key(|event| event.arrival_ms);
    Ok(send_blocks_again(events, dice))
}

fn arrival(plan: &Plan, fact: &Fact, dice: &mut StdRng) -> (i64, Option<Fault>) {
    let (delay, late) = match dice.random_range(0..100) {
        _ if fact.is_link() => (dice.random_range(2 * 60..36 * 60) * MINUTE_MS, true),
        0..=3 => (dice.random_range(60..6 * 60) * MINUTE_MS, true),
        _ => (dice.random_range(500..90_000), false),
    };
    let arrival_ms = fact.occurred_ms + delay;
    let silence = plan.now_ms - SILENT_FROM_MS..plan.now_ms - SILENT_TO_MS;
    if fact.part.system() == System::Population && silence.contains(&arrival_ms) {
        return (silence.end, Some(Fault::Backlog));
    }
    (arrival_ms.min(plan.now_ms), late.then_some(Fault::Late))
}

fn event(fact: &Fact, arrival_ms: i64, fault: Option<Fault>) -> Result<TimedEvent, NotTaken> {
    Ok(TimedEvent {
        arrival_ms,
        case_code: fact.case_code.clone(),
        message: Message::new(
            fact.part.system(),
            fact.header.clone(),
            fact.payload.clone(),
        )?
        .telling(),
        fault,
    })
}

/// Now and then a system loses its connection before the answers came, and sends its last
/// messages once more.
fn send_blocks_again(events: Vec<TimedEvent>, dice: &mut StdRng) -> Vec<TimedEvent> {
    let mut sent: Vec<TimedEvent> = Vec::with_capacity(events.len() + events.len() / 20);
    for event in events {
        let (system, arrival_ms) = (event.message.system(), event.arrival_ms);
        sent.push(event);
        if dice.random_range(0..400) > 0 {
            continue;
        }
        let last = sent.iter().rev().filter(|event| {
            event.message.system() == system && event.fault != Some(Fault::Malformed)
        });
        let mut block: Vec<TimedEvent> = last.take(BLOCK).cloned().collect();
        block.reverse();
        sent.extend(block.into_iter().map(|event| TimedEvent {
            arrival_ms,
            fault: Some(Fault::Resent),
            ..event
        }));
    }
    sent
}

/// A message that breaks the contract, in the ways that real systems do.
fn lie(fact: &Fact, number: u32) -> Fact {
    let mut lie = fact.clone();
    let header = &mut lie.header;
    header.id = format!("{}-lie-{number}", header.id);
    let status = |system: &str, code: &str| {
        Some(SourceStatus {
            system: system.to_owned(),
            code: code.to_owned(),
        })
    };
    match number % LIES {
        0 => header.source_status = status("DVCQG", "11"),
        1 => header.source_status = status("DVCQG_TEXT", "interoperating"),
        2 => header.dossier_code = header.dossier_code.replacen('-', "/", 1),
        3 => header.occurred_time = None,
        _ => lie.payload = Payload::HandedOver(HandedOver::default()),
    }
    lie
}
