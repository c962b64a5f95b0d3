//! One dossier's life, as its desk reports it.

use super::Error;
use super::service::{Desk, Limit, Service};
use super::working_days::{WorkingDays, moment};
use crate::message::Message;
use crate::scenario::TimedEvent;
use crate::system::System;
use jiff::ToSpan;
use lienthong_contract::pb::event::v1::{
    self as pb, Channel, Header, OnlineLevel, Party, SourceStatus, event::Payload,
};
use lienthong_contract::time::from_millis;
use lienthong_domain::level::Level;

/// Minutes after reception, of whatever day: digitised, handed over and accepted so much later, the
/// clock stops and goes on, decided, handed out.
const DIGITISED: i64 = 8;
const HANDED_OVER: i64 = 15;
const ACCEPTED_AFTER: i64 = 2;
const CLOCK: i64 = 40;
const DECIDED: i64 = 60;
const HANDED_OUT: i64 = 70;
/// Closing time, minutes after midnight.
const CLOSING: i64 = 1_020;

/// Whether it came to an end, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Settled after so many working days in which the clock ran.
    Settled(u32),
    /// Withdrawn after so many working days.
    Withdrawn(u32),
    /// Refused on the day it came.
    Refused,
    /// Still worked on.
    InWork,
    /// The clock stands still.
    Paused,
}

/// What its figures count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Traits {
    pub(super) papers_digitised: bool,
    pub(super) electronic: bool,
    pub(super) signed: bool,
    pub(super) result_digitised: bool,
    /// 1 to 5; 0: none.
    pub(super) rating: u32,
}

/// The clock stands still from working day `after` on for so many working days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) after: u32,
    pub(super) days: u32,
    /// Waits for a payment, else for a supplement.
    pub(super) for_payment: bool,
    pub(super) paid_online: bool,
}

/// A dossier.
pub(super) struct Dossier<'a> {
    pub(super) desk: &'a Desk,
    pub(super) service: &'a Service,
    pub(super) limit: Limit,
    /// Its code.
    pub(super) code: String,
    /// Place of the day of reception among working days.
    pub(super) day: usize,
    /// Minute of that day, such that everything of a day ends before the noon or closing hour.
    pub(super) minute: i64,
    pub(super) channel: Channel,
    pub(super) online: OnlineLevel,
    pub(super) fate: Fate,
    pub(super) traits: Traits,
    pub(super) stop: Option<Stop>,
}

/// Appends everything that is reported of it.
pub(super) fn tell(
    dossier: &Dossier<'_>,
    days: &WorkingDays,
    events: &mut Vec<TimedEvent>,
) -> Result<(), Error> {
    let mut says = Says {
        dossier,
        days,
        events,
        said: 0,
    };
    receive(&mut says)?;
    if dossier.fate == Fate::Refused {
        let refused = pb::RefusedAtIntake {
            reason_code: "papers-missing".to_owned(),
        };
        return says.desk((0, CLOCK), "3", Payload::RefusedAtIntake(refused));
    }
    hand_on(&mut says)?;
    stand_still(&mut says)?;
    end(&mut says)
}

/// The dossier that something is said of.
pub(super) struct About<'a> {
    pub(super) code: &'a str,
    /// URN of the system that says it.
    pub(super) source: &'a str,
    pub(super) procedure: &'a str,
}

/// The n-th thing said of a dossier: by an agency, at a moment, with the portal's status or none.
pub(super) fn said(
    about: &About<'_>,
    n: u32,
    (agency, at_ms): (&str, i64),
    status: &str,
    payload: Payload,
) -> Result<TimedEvent, Error> {
    let status = (!status.is_empty()).then(|| SourceStatus {
        system: "DVCQG".to_owned(),
        code: status.to_owned(),
    });
    let header = Header {
        id: format!("{}-{n}", about.code),
        source: about.source.to_owned(),
        dossier_code: about.code.to_owned(),
        procedure_code: about.procedure.to_owned(),
        agency_code: agency.to_owned(),
        occurred_time: Some(from_millis(at_ms)),
        sequence: n,
        source_status: status,
        ..Header::default()
    };
    Ok(TimedEvent {
        arrival_ms: at_ms,
        case_code: about.code.to_owned(),
        message: Message::new(System::Onestop, header, payload)?,
        fault: None,
    })
}

/// What is said of one dossier.
struct Says<'a> {
    dossier: &'a Dossier<'a>,
    days: &'a WorkingDays,
    events: &'a mut Vec<TimedEvent>,
    said: u32,
}

impl Says<'_> {
    /// The moment on the n-th working day of the dossier, the days on which its clock stood still
    /// put in where they belong.
    fn moment(&self, (day, minute): (u32, i64)) -> i64 {
        let dossier = self.dossier;
        let stood = dossier
            .stop
            .filter(|stop| (day, minute) > (stop.after, CLOCK));
        let stood = stood.map_or(0, |stop| stop.days);
        let date = self.days.at(dossier.day + (day + stood) as usize);
        moment(date, dossier.minute + minute)
    }

    /// When the result is due, with so many working days added.
    fn due_ms(&self, stood: u32) -> Result<i64, Error> {
        let dossier = self.dossier;
        let received = self.days.at(dossier.day);
        Ok(match dossier.limit {
            Limit::WorkingDays(days) => {
                let place = dossier.day + (days + stood) as usize;
                moment(self.days.at(place), dossier.minute)
            }
            Limit::SameDay => moment(self.days.at(dossier.day + stood as usize), CLOSING),
            Limit::Days(days) => {
                let due = received.checked_add(i64::from(days).days())?;
                moment(due, dossier.minute)
            }
        })
    }

    fn desk(&mut self, when: (u32, i64), status: &str, payload: Payload) -> Result<(), Error> {
        let agency = self.dossier.desk.code.clone();
        self.say(&agency, when, status, payload)
    }

    fn say(
        &mut self,
        agency: &str,
        when: (u32, i64),
        status: &str,
        payload: Payload,
    ) -> Result<(), Error> {
        let dossier = self.dossier;
        let at = self.moment(when);
        self.said += 1;
        let about = About {
            code: &dossier.code,
            source: &dossier.desk.source,
            procedure: &dossier.service.code,
        };
        let event = said(&about, self.said, (agency, at), status, payload)?;
        self.events.push(event);
        Ok(())
    }
}

fn receive(says: &mut Says<'_>) -> Result<(), Error> {
    let dossier = says.dossier;
    let (channel, online_level) = (dossier.channel as i32, dossier.online as i32);
    if dossier.channel == Channel::Online {
        let submitted = pb::Submitted {
            channel,
            online_level,
        };
        says.desk((0, -20), "1", Payload::Submitted(submitted))?;
    }
    let received = pb::Received {
        channel,
        online_level,
        appointment_time: Some(from_millis(says.due_ms(0)?)),
    };
    says.desk((0, 0), "2", Payload::Received(received))?;
    if dossier.traits.papers_digitised {
        let digitised = pb::Digitised {
            documents: 3,
            result: false,
            file_sha256: String::new(),
        };
        says.desk((0, DIGITISED), "", Payload::Digitised(digitised))?;
    }
    Ok(())
}

/// The hand-overs along the procedure's route: the first on the day of reception, the last, back to
/// the desk, on the day of the decision. What is not settled is still with the first agency of it.
fn hand_on(says: &mut Says<'_>) -> Result<(), Error> {
    let dossier = says.dossier;
    let legs = dossier.service.route.iter();
    let others = legs.filter_map(|(level, kind): &(Level, &str)| dossier.desk.other(*level, kind));
    let mut walk: Vec<&str> = vec![&dossier.desk.code];
    walk.extend(others);
    if walk.len() == 1 {
        return Ok(());
    }
    walk.push(&dossier.desk.code);
    let last = walk.len() as u32 - 2;
    for (leg, pair) in (0..).zip(walk.windows(2)) {
        let day = match dossier.fate {
            Fate::Settled(day) => day * leg / last,
            _ if leg == 0 => 0,
            _ => break,
        };
        let number = format!("{}-{}", dossier.code, leg + 1);
        let handed = pb::HandedOver {
            to: party(pair[1]),
            handover_id: number.clone(),
            due_time: None,
        };
        let accepted = pb::Accepted {
            from: party(pair[0]),
            handover_id: number,
        };
        let minute = HANDED_OVER + 4 * i64::from(leg);
        let when = (day, minute);
        says.say(pair[0], when, "", Payload::HandedOver(handed))?;
        let when = (day, minute + ACCEPTED_AFTER);
        says.say(pair[1], when, "4", Payload::Accepted(accepted))?;
    }
    Ok(())
}

fn stand_still(says: &mut Says<'_>) -> Result<(), Error> {
    let dossier = says.dossier;
    let Some(stop) = dossier.stop else {
        return Ok(());
    };
    let number = format!("{}-s", dossier.code);
    let from = (stop.after, CLOCK);
    // The moment after the stop, at which the days that the clock stood still are put in.
    let to = (stop.after, CLOCK + 1);
    let (begins, ends) = if stop.for_payment {
        let requested = pb::PaymentRequested {
            payment_id: number.clone(),
            amount_vnd: 120_000,
            due_time: None,
        };
        let made = pb::PaymentMade {
            payment_id: number,
            amount_vnd: 120_000,
            online: stop.paid_online,
        };
        (
            ("6", Payload::PaymentRequested(requested)),
            Payload::PaymentMade(made),
        )
    } else {
        let requested = pb::SupplementRequested {
            supplement_id: number.clone(),
            due_time: None,
        };
        let received = pb::SupplementReceived {
            supplement_id: number,
            appointment_time: Some(from_millis(says.due_ms(stop.days)?)),
        };
        (
            ("5", Payload::SupplementRequested(requested)),
            Payload::SupplementReceived(received),
        )
    };
    says.desk(from, begins.0, begins.1)?;
    if dossier.fate == Fate::Paused {
        return Ok(());
    }
    says.desk(to, "4", ends)
}

fn end(says: &mut Says<'_>) -> Result<(), Error> {
    let dossier = says.dossier;
    match dossier.fate {
        Fate::Settled(day) => settle(says, day),
        Fate::Withdrawn(day) => {
            let withdrawn = pb::Withdrawn {
                reason_code: "by-applicant".to_owned(),
            };
            says.desk((day, DECIDED), "7", Payload::Withdrawn(withdrawn))
        }
        Fate::Refused | Fate::InWork | Fate::Paused => Ok(()),
    }
}

fn settle(says: &mut Says<'_>, day: u32) -> Result<(), Error> {
    let Dossier {
        code,
        traits,
        channel,
        ..
    } = says.dossier;
    let file_sha256 = if traits.electronic {
        let digits = code.bytes().filter(u8::is_ascii_digit);
        let digits: String = digits.map(char::from).collect();
        format!("{digits:0>64}")
    } else {
        String::new()
    };
    let issued = pb::ResultIssued {
        electronic: traits.electronic,
        signed: traits.signed,
        file_sha256,
    };
    says.desk((day, DECIDED), "9", Payload::ResultIssued(issued))?;
    if traits.result_digitised {
        let digitised = pb::Digitised {
            documents: 1,
            result: true,
            file_sha256: String::new(),
        };
        says.desk((day, DECIDED + 4), "", Payload::Digitised(digitised))?;
    }
    let returned = pb::ResultReturned {
        channel: *channel as i32,
    };
    says.desk((day, HANDED_OUT), "10", Payload::ResultReturned(returned))?;
    if traits.rating > 0 {
        let rated = pb::Rated {
            score: traits.rating,
        };
        says.desk((day, HANDED_OUT + 5), "", Payload::Rated(rated))?;
    }
    Ok(())
}

/// An agency as a whole.
pub(super) fn party(agency: &str) -> Option<Party> {
    Some(Party {
        agency_code: agency.to_owned(),
        unit_code: String::new(),
    })
}
