//! The days of a dossier: drawn until service, limit and period allow what is wished.

use super::{Group, Numbers, Sketch, When, Wish};
use crate::published::Error;
use crate::published::life::{Dossier, Fate, Stop};
use crate::published::service::{Limit, Online};
use crate::published::working_days::WorkingDays;
use lienthong_contract::pb::event::v1::{Channel, OnlineLevel};
use rand::RngExt;
use rand::rngs::StdRng;

/// Draws of service and day before a wish counts as impossible.
const DRAWS: usize = 20_000;
/// Working days that an open dossier was at most received before the end.
const RECENT: usize = 12;

/// Draws service, day and stop until they allow what is wished.
pub(super) fn draw<'a>(
    group: &Group<'a>,
    sketch: &Sketch,
    days: &WorkingDays,
    numbers: &mut Numbers,
    dice: &mut StdRng,
) -> Result<Dossier<'a>, Error> {
    let (first, last) = (days.from(group.period.0), days.until(group.period.1));
    for _ in 0..DRAWS {
        let desk = &group.desks[dice.random_range(0..group.desks.len())];
        let service = &group.services[dice.random_range(0..group.services.len())];
        if service.online != sketch.of || !desk.reaches(service.route) {
            continue;
        }
        let day = match (sketch.when, sketch.wish) {
            (When::Before, _) => first.saturating_sub(dice.random_range(40..70)),
            (When::CarriedOver, _) => first - dice.random_range(1..25),
            (When::After, _) => last + dice.random_range(0..8),
            (When::Within, Wish::InWork | Wish::Paused) => last - dice.random_range(1..RECENT),
            (When::Within, _) => dice.random_range(first..last),
        };
        let Some(limit) = service.limit_on(days.at(day)) else {
            continue;
        };
        let stop = stop(sketch, limit, dice);
        let Some(fate) = fate(sketch, limit, dice) else {
            continue;
        };
        let stop = stop.filter(|stop| stop.after <= last_day(fate, limit));
        let stood = stop.map_or(0, |stop| stop.days);
        if !allows(sketch, fate, limit, stood, day, (first, last)) {
            continue;
        }
        return Ok(Dossier {
            desk,
            service,
            limit,
            code: numbers.next(&desk.code, days.at(day)),
            day,
            // 7:30 to 10:00, or 13:50 to 14:50: what is done on the day is done before noon or 17:00.
            minute: if dice.random_bool(0.6) {
                dice.random_range(450..600)
            } else {
                dice.random_range(830..890)
            },
            channel: sketch.channel,
            online: match (sketch.channel, sketch.of) {
                (Channel::Online, Online::Full) => OnlineLevel::Full,
                (Channel::Online, Online::Partial) => OnlineLevel::Partial,
                _ => OnlineLevel::Unspecified,
            },
            fate,
            traits: sketch.traits,
            stop,
        });
    }
    Err(Error::NoService {
        place: group.place,
        what: format!("{sketch:?}"),
    })
}

/// How long it is worked on; none if the limit does not allow what is wished.
fn fate(sketch: &Sketch, limit: Limit, dice: &mut StdRng) -> Option<Fate> {
    let days = match limit {
        Limit::WorkingDays(days) => days,
        Limit::SameDay => 0,
        // Four working days end within 30 plain ones even across the new year's week.
        Limit::Days(days) => match sketch.wish {
            Wish::Early => days.saturating_sub(14).min(4),
            _ => return None,
        },
    };
    match sketch.wish {
        Wish::Early if days > 0 => Some(Fate::Settled(dice.random_range(0..days))),
        Wish::OnDay => Some(Fate::Settled(days)),
        Wish::Late => Some(Fate::Settled(days + dice.random_range(1..6))),
        Wish::Withdrawn if days > 0 => Some(Fate::Withdrawn(dice.random_range(0..days))),
        Wish::Refused => Some(Fate::Refused),
        Wish::InWork | Wish::Overdue if days > 0 => Some(Fate::InWork),
        Wish::Paused if days > 0 => Some(Fate::Paused),
        _ => None,
    }
}

/// One dossier in eight has a stop, one that is paused always.
fn stop(sketch: &Sketch, limit: Limit, dice: &mut StdRng) -> Option<Stop> {
    let Limit::WorkingDays(days) = limit else {
        return None;
    };
    let some = sketch.wish == Wish::Paused
        || sketch.when == When::Within
            && matches!(sketch.wish, Wish::Early | Wish::OnDay | Wish::Late)
            && dice.random_range(0..8) == 0;
    some.then(|| Stop {
        after: if sketch.wish == Wish::Paused {
            0
        } else {
            dice.random_range(0..days.max(1))
        },
        days: dice.random_range(1..5),
        for_payment: dice.random_bool(0.5),
        paid_online: dice.random_bool(0.8),
    })
}

/// The last working day of the dossier on which its clock can come to stand still: before the end,
/// and before the limit is over.
fn last_day(fate: Fate, limit: Limit) -> u32 {
    match (fate, limit) {
        (Fate::Settled(day), Limit::WorkingDays(days)) => day.min(days.saturating_sub(1)),
        _ => 0,
    }
}

/// Whether the days fit into the period.
fn allows(
    sketch: &Sketch,
    fate: Fate,
    limit: Limit,
    stood: u32,
    day: usize,
    (first, last): (usize, usize),
) -> bool {
    let end = match fate {
        Fate::Settled(after) | Fate::Withdrawn(after) => day + (after + stood) as usize,
        Fate::Refused | Fate::InWork | Fate::Paused => day,
    };
    let due = match limit {
        Limit::WorkingDays(days) => day + days as usize,
        Limit::SameDay => day,
        Limit::Days(_) => usize::MAX,
    };
    match (sketch.when, sketch.wish) {
        (When::Before, _) => end < first,
        (When::CarriedOver, _) => day < first && (first..last).contains(&end),
        (When::After, _) => true,
        // Due after the last day of the period, so that nobody can take it for overdue.
        (When::Within, Wish::InWork) => due > last,
        (When::Within, Wish::Overdue) => due + 1 < last,
        (When::Within, _) => end < last,
    }
}
