//! The dossiers of a group of desks: how many of each kind, and chance for all the rest.
//!
//! Each trait is dealt from a pack of its own, so that traits meet by chance while their number is
//! exact.

use super::Error;
use super::life::{self, Dossier, Fate, Stop, Traits};
use super::service::{Desk, Limit, Online, Service};
use super::working_days::WorkingDays;
use crate::scenario::TimedEvent;
use jiff::civil::Date;
use lienthong_contract::pb::event::v1::{Channel, OnlineLevel};
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use std::collections::HashMap;

/// Draws of service and day before a wish counts as impossible.
const DRAWS: usize = 20_000;
/// Working days that an open dossier was at most received before the end.
const RECENT: usize = 12;

/// Dossiers received in the period of services of one kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Intake {
    pub(super) of: Online,
    pub(super) online: u32,
    pub(super) desk: u32,
    pub(super) post: u32,
}

/// How many dossiers of each kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    /// Received in the period.
    pub(super) received: &'static [Intake],
    /// Of those, with papers digitised.
    pub(super) digitised: u32,
    /// Settled in the period.
    pub(super) settled: u32,
    /// Of those: received before it.
    pub(super) carried_over: u32,
    /// Of those settled: on the day they were due.
    pub(super) on_day: u32,
    /// Of those settled: after it.
    pub(super) late: u32,
    /// Of those settled: with an electronic result.
    pub(super) electronic: u32,
    /// Of those: signed.
    pub(super) signed: u32,
    /// Of those settled without an electronic result: digitised.
    pub(super) result_digitised: u32,
    pub(super) withdrawn: u32,
    pub(super) refused: u32,
    /// Open at the end, in time.
    pub(super) in_work: u32,
    /// Open at the end and overdue.
    pub(super) overdue: u32,
    pub(super) paused: u32,
    /// Received and settled before the period: part of no figure.
    pub(super) before: u32,
    /// Received after the period: part of no figure.
    pub(super) after: u32,
}

/// Desks that report together.
pub(super) struct Group<'a> {
    pub(super) place: &'static str,
    pub(super) desks: &'a [Desk],
    pub(super) services: &'a [Service],
    pub(super) counts: Counts,
    /// First and last day.
    pub(super) period: (Date, Date),
}

/// What becomes of a dossier, before its days are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Early,
    OnDay,
    Late,
    Withdrawn,
    Refused,
    InWork,
    Overdue,
    Paused,
}

/// When it is received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Before,
    CarriedOver,
    Within,
    After,
}

/// One dossier before its days are drawn.
#[derive(Debug, Clone, Copy)]
struct Sketch {
    wish: Wish,
    when: When,
    of: Online,
    channel: Channel,
    traits: Traits,
}

/// Codes given so far: by desk and day.
#[derive(Default)]
pub(super) struct Numbers(HashMap<(String, String), u32>);

impl Numbers {
    /// The next code of a desk and day: `H49.40.01-240102-0001`.
    pub(super) fn next(&mut self, desk: &str, day: Date) -> String {
        let day = day.strftime("%y%m%d").to_string();
        let last = self.0.entry((desk.to_owned(), day.clone())).or_default();
        *last += 1;
        format!("{desk}-{day}-{last:04}")
    }
}

/// Appends what is reported of the group's dossiers.
pub(super) fn report(
    group: &Group<'_>,
    days: &WorkingDays,
    numbers: &mut Numbers,
    dice: &mut StdRng,
    events: &mut Vec<TimedEvent>,
) -> Result<(), Error> {
    for dossier in dossiers(group, days, numbers, dice)? {
        life::tell(&dossier, days, events)?;
    }
    Ok(())
}

/// The group's dossiers.
pub(super) fn dossiers<'a>(
    group: &Group<'a>,
    days: &WorkingDays,
    numbers: &mut Numbers,
    dice: &mut StdRng,
) -> Result<Vec<Dossier<'a>>, Error> {
    let sketches = sketches(group, dice)?;
    let drawn = sketches.iter();
    drawn
        .map(|sketch| draw(group, sketch, days, numbers, dice))
        .collect()
}

/// `yes` times true among `all`, in any order.
fn pack(all: u32, yes: u32, dice: &mut StdRng) -> Vec<bool> {
    let mut pack: Vec<bool> = (0..all).map(|at| at < yes).collect();
    pack.shuffle(dice);
    pack
}

fn sketches(group: &Group<'_>, dice: &mut StdRng) -> Result<Vec<Sketch>, Error> {
    let counts = &group.counts;
    check(group)?;
    let settled = settled(counts, dice);
    let (carried, within): (Vec<_>, Vec<_>) = settled
        .into_iter()
        .partition(|(_, _, when)| *when == When::CarriedOver);
    let mut fates: Vec<(Wish, Traits)> = within
        .into_iter()
        .map(|(wish, traits, _)| (wish, traits))
        .collect();
    let others = [
        (Wish::Withdrawn, counts.withdrawn),
        (Wish::Refused, counts.refused),
        (Wish::InWork, counts.in_work),
        (Wish::Overdue, counts.overdue),
        (Wish::Paused, counts.paused),
    ];
    for (wish, count) in others {
        fates.extend((0..count).map(|_| (wish, Traits::default())));
    }
    fates.shuffle(dice);
    let intakes = intakes(counts.received);
    let digitised = pack(intakes.len() as u32, counts.digitised, dice);
    let mut sketches = Vec::new();
    for (((wish, mut traits), (of, channel)), papers) in
        fates.into_iter().zip(&intakes).zip(digitised)
    {
        traits.papers_digitised = papers;
        sketches.push(Sketch {
            wish,
            when: When::Within,
            of: *of,
            channel: *channel,
            traits,
        });
    }
    let mut any = |wish, when, traits, dice: &mut StdRng| {
        let (of, channel) = intakes[dice.random_range(0..intakes.len())];
        sketches.push(Sketch {
            wish,
            when,
            of,
            channel,
            traits,
        });
    };
    for (wish, mut traits, when) in carried {
        traits.papers_digitised = dice.random_bool(0.5);
        any(wish, when, traits, dice);
    }
    for (when, count) in [(When::Before, counts.before), (When::After, counts.after)] {
        for _ in 0..count {
            let traits = Traits {
                papers_digitised: dice.random_bool(0.5),
                electronic: dice.random_bool(0.5),
                ..Traits::default()
            };
            any(Wish::Early, when, traits, dice);
        }
    }
    Ok(sketches)
}

/// Those settled in the period, each trait from its own pack.
fn settled(counts: &Counts, dice: &mut StdRng) -> Vec<(Wish, Traits, When)> {
    let all = counts.settled;
    let mut wishes: Vec<Wish> = (0..all)
        .map(|at| match at {
            at if at < counts.late => Wish::Late,
            at if at < counts.late + counts.on_day => Wish::OnDay,
            _ => Wish::Early,
        })
        .collect();
    wishes.shuffle(dice);
    let mut results: Vec<Traits> = (0..all)
        .map(|at| Traits {
            electronic: at < counts.electronic,
            signed: at < counts.signed,
            result_digitised: (counts.electronic..counts.electronic + counts.result_digitised)
                .contains(&at),
            rating: if at % 5 == 0 { 3 + at % 3 } else { 0 },
            ..Traits::default()
        })
        .collect();
    results.shuffle(dice);
    let carried = pack(all, counts.carried_over, dice);
    let dealt = wishes.into_iter().zip(results).zip(carried);
    dealt
        .map(|((wish, traits), carried)| {
            let when = if carried {
                When::CarriedOver
            } else {
                When::Within
            };
            (wish, traits, when)
        })
        .collect()
}

fn intakes(received: &[Intake]) -> Vec<(Online, Channel)> {
    let of = |intake: &Intake| {
        [
            (Channel::Online, intake.online),
            (Channel::Desk, intake.desk),
            (Channel::Post, intake.post),
        ]
        .map(|(channel, count)| (intake.of, channel, count))
    };
    received
        .iter()
        .flat_map(of)
        .flat_map(|(of, channel, count)| (0..count).map(move |_| (of, channel)))
        .collect()
}

fn check(group: &Group<'_>) -> Result<(), Error> {
    let counts = &group.counts;
    let wrong = |what: String| {
        Err(Error::Counts {
            place: group.place,
            what,
        })
    };
    let received: u32 = counts
        .received
        .iter()
        .map(|intake| intake.online + intake.desk + intake.post)
        .sum();
    let open = counts.in_work + counts.overdue + counts.paused;
    let ended = counts.settled + counts.withdrawn + counts.refused;
    if counts.carried_over + received != ended + open {
        return wrong(format!(
            "{} carried over + {received} received is not {ended} ended + {open} open",
            counts.carried_over
        ));
    }
    let parts = [
        ("digitised", counts.digitised, received),
        ("carried over", counts.carried_over, counts.settled),
        (
            "on the day and late",
            counts.on_day + counts.late,
            counts.settled,
        ),
        (
            "electronic and digitised results",
            counts.electronic + counts.result_digitised,
            counts.settled,
        ),
        ("signed", counts.signed, counts.electronic),
    ];
    for (name, part, whole) in parts {
        if part > whole {
            return wrong(format!("{part} {name} are more than {whole}"));
        }
    }
    Ok(())
}

/// Draws service, day and stop until they allow what is wished.
fn draw<'a>(
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
