//! The dossiers of a group of desks: how many of each kind, and chance for all the rest.
//!
//! Each trait is dealt from a pack of its own, so that traits meet by chance while their number is
//! exact.

mod draw;

use super::catalogue::Sheet;
use super::life::{self, Dossier, Traits};
use super::service::{Desk, Online, Service};
use super::working_days::WorkingDays;
use super::{Error, Play};
use crate::scenario::TimedEvent;
use draw::draw;
use jiff::civil::Date;
use lienthong_contract::pb::event::v1::Channel;
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use std::collections::HashMap;

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

/// A catalogue, and everything that the groups report.
pub(super) fn play(sheet: Sheet, groups: &[Group<'_>], dice: &mut StdRng) -> Result<Play, Error> {
    let days = WorkingDays::shipped()?;
    let (mut numbers, mut events) = (Numbers::default(), Vec::new());
    for group in groups {
        report(group, &days, &mut numbers, dice, &mut events)?;
    }
    events.sort_by_key(|event| event.arrival_ms);
    Ok(Play {
        catalogue: sheet.finish(),
        events,
    })
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
