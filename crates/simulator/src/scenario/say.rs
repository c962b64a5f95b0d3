//! From a script's words to the payloads of the contract.

use super::codes::Codes;
use super::people;
use super::places::Place;
use super::script::{Role, Says};
use super::workday;
use jiff::Timestamp;
use lienthong_contract::pb::event::v1::{
    self as pb, Channel, OnlineLevel, Party, Protected, RegistrationKind, event::Payload,
};
use lienthong_contract::time::from_millis;
use rand::RngExt;
use rand::rngs::StdRng;

/// Working minutes of a day.
const DAY: i64 = 480;

/// The exchanges of a case: the numbers by which a question finds its answer.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    /// When the result is promised.
    pub(super) appointment_ms: i64,
    last: u32,
    handed_over: String,
    consulted: String,
    supplement: String,
    payment: String,
    amount_vnd: i64,
}

impl Exchanges {
    fn open(&mut self, codes: &Codes<'_>) -> String {
        self.last += 1;
        codes.exchange(self.last)
    }
}

/// What is said, at a moment in milliseconds since the Unix epoch.
pub(super) fn payload(
    says: Says,
    place: &Place,
    codes: &Codes<'_>,
    open: &mut Exchanges,
    at: i64,
    dice: &mut StdRng,
) -> Payload {
    let in_days = |days: i64| Some(from_millis(workday::after(at, days * DAY)));
    match says {
        Says::Submitted => Payload::Submitted(pb::Submitted {
            channel: Channel::Online as i32,
            online_level: OnlineLevel::Full as i32,
        }),
        Says::Received => {
            let (channel, online_level) = channel(dice);
            Payload::Received(pb::Received {
                channel: channel as i32,
                online_level: online_level as i32,
                appointment_time: Some(from_millis(open.appointment_ms)),
            })
        }
        Says::RefusedAtIntake => Payload::RefusedAtIntake(pb::RefusedAtIntake {
            reason_code: "papers-missing".to_owned(),
        }),
        Says::HandedOver(to) => {
            open.handed_over = open.open(codes);
            Payload::HandedOver(pb::HandedOver {
                to: party(place, to),
                handover_id: open.handed_over.clone(),
                due_time: in_days(2),
            })
        }
        Says::Accepted(from) => Payload::Accepted(pb::Accepted {
            from: party(place, from),
            handover_id: open.handed_over.clone(),
        }),
        Says::Returned(to) => Payload::Returned(pb::Returned {
            to: party(place, to),
            handover_id: open.handed_over.clone(),
            reason_code: "map-extract-missing".to_owned(),
        }),
        Says::Consulted(whom) => {
            open.consulted = open.open(codes);
            Payload::Consulted(pb::Consulted {
                to: party(place, whom),
                consultation_id: open.consulted.clone(),
                due_time: in_days(1),
            })
        }
        Says::Answered => Payload::Answered(pb::Answered {
            consultation_id: open.consulted.clone(),
            agreed: dice.random_range(0..10) > 0,
        }),
        Says::SupplementRequested => {
            open.supplement = open.open(codes);
            Payload::SupplementRequested(pb::SupplementRequested {
                supplement_id: open.supplement.clone(),
                due_time: in_days(7),
            })
        }
        Says::SupplementReceived => Payload::SupplementReceived(pb::SupplementReceived {
            supplement_id: open.supplement.clone(),
            appointment_time: Some(from_millis(open.appointment_ms)),
        }),
        Says::PaymentRequested => {
            open.payment = open.open(codes);
            open.amount_vnd = dice.random_range(50..5_000) * 1_000;
            Payload::PaymentRequested(pb::PaymentRequested {
                payment_id: open.payment.clone(),
                amount_vnd: open.amount_vnd,
                due_time: in_days(20),
            })
        }
        Says::PaymentMade => Payload::PaymentMade(pb::PaymentMade {
            payment_id: open.payment.clone(),
            amount_vnd: open.amount_vnd,
            online: dice.random_range(0..10) > 2,
        }),
        Says::Extended => {
            let previous = open.appointment_ms;
            open.appointment_ms = workday::after(previous.max(at), 3 * DAY);
            Payload::Extended(pb::Extended {
                previous_due_time: Some(from_millis(previous)),
                due_time: Some(from_millis(open.appointment_ms)),
                apology_sent: true,
            })
        }
        Says::Appraised => Payload::Appraised(pb::Appraised { passed: true }),
        Says::Approved => Payload::Approved(pb::Approved {}),
        Says::Signed => Payload::Signed(pb::Signed { digital: true }),
        Says::Withdrawn => Payload::Withdrawn(pb::Withdrawn {
            reason_code: "by-applicant".to_owned(),
        }),
        Says::ResultIssued => Payload::ResultIssued(pb::ResultIssued {
            electronic: true,
            signed: true,
            file_sha256: format!("{:064x}", dice.random::<u128>()),
        }),
        Says::ResultReturned => Payload::ResultReturned(pb::ResultReturned {
            channel: channel(dice).0 as i32,
        }),
        Says::Digitised => Payload::Digitised(pb::Digitised {
            documents: dice.random_range(1..9),
            result: false,
            file_sha256: String::new(),
        }),
        Says::Rated => Payload::Rated(pb::Rated {
            score: dice.random_range(3..6),
        }),
        Says::Progress(step) => Payload::ProgressReported(pb::ProgressReported {
            step: step.to_owned(),
            started_time: Some(from_millis(at)),
            due_time: in_days(1),
        }),
        Says::Registered(kind) => Payload::CivilStatusRegistered(pb::CivilStatusRegistered {
            kind: kind as i32,
            book: book(at),
            number: dice.random_range(1..900).to_string(),
        }),
        Says::ExtractIssued(kind) => {
            Payload::CivilStatusExtractIssued(pb::CivilStatusExtractIssued {
                kind: kind as i32,
                book: book(at),
                number: dice.random_range(1..900).to_string(),
                copies: dice.random_range(1..4),
            })
        }
        Says::NumberAssigned => Payload::PersonalNumberAssigned(pb::PersonalNumberAssigned {}),
        Says::Verified => Payload::IdentityVerified(pb::IdentityVerified {}),
        Says::Mismatched => Payload::IdentityMismatched(pb::IdentityMismatched {
            differing_fields: vec!["birth_date".to_owned()],
        }),
        Says::ResidenceRegistered => Payload::ResidenceRegistered(pb::ResidenceRegistered {
            commune_code: place.commune.clone(),
        }),
        Says::ResidenceRemoved => Payload::ResidenceRemoved(pb::ResidenceRemoved {
            commune_code: place.commune.clone(),
        }),
        Says::Result(kind) => Payload::SpecialisedResultIssued(pb::SpecialisedResultIssued {
            kind: kind.to_owned(),
            number: dice.random_range(100_000..999_999).to_string(),
            electronic: true,
            valid_until_time: None,
        }),
    }
}

/// The procedure of what has one of its own inside a group.
pub(super) fn procedure(says: Says) -> Option<&'static str> {
    match says {
        Says::Registered(RegistrationKind::Birth) => Some("1.001193"),
        Says::Registered(RegistrationKind::Death) => Some("1.000656"),
        Says::Registered(RegistrationKind::Marriage) => Some("1.000894"),
        Says::ExtractIssued(_) => Some("2.000635"),
        _ => None,
    }
}

/// The people that the source tells of, and what its officer noted.
pub(super) fn protected(
    says: Says,
    place: &Place,
    at: i64,
    dice: &mut StdRng,
) -> Option<Protected> {
    let persons = match says {
        Says::Submitted | Says::Received => {
            vec![people::grown_up("applicant", &place.province, dice)]
        }
        Says::Registered(RegistrationKind::Birth) => vec![people::child(year(at), dice)],
        Says::Registered(RegistrationKind::Death) => {
            vec![people::grown_up("deceased", &place.province, dice)]
        }
        Says::Registered(_) => vec![
            people::grown_up("spouse", &place.province, dice),
            people::grown_up("spouse", &place.province, dice),
        ],
        Says::NumberAssigned => {
            let mut child = people::child(year(at), dice);
            child.identity_number = people::number(&place.province, year(at), dice);
            vec![child]
        }
        Says::Mismatched | Says::Verified => {
            vec![people::grown_up("parent", &place.province, dice)]
        }
        _ => return None,
    };
    let notes = match says {
        Says::Mismatched => vec!["Ngày sinh trên giấy chứng sinh khác tờ khai".to_owned()],
        _ => Vec::new(),
    };
    Some(Protected { persons, notes })
}

fn party(place: &Place, role: Role) -> Option<Party> {
    let (agency, unit) = place.party(role);
    Some(Party {
        agency_code: agency.to_owned(),
        unit_code: unit.to_owned(),
    })
}

fn channel(dice: &mut StdRng) -> (Channel, OnlineLevel) {
    match dice.random_range(0..20) {
        0..=12 => (Channel::Online, OnlineLevel::Full),
        13..=15 => (Channel::Online, OnlineLevel::Partial),
        16..=18 => (Channel::Desk, OnlineLevel::Unspecified),
        _ => (Channel::Post, OnlineLevel::Unspecified),
    }
}

fn year(at: i64) -> i16 {
    let time = Timestamp::from_millisecond(at).unwrap_or_default();
    time.to_zoned(jiff::tz::TimeZone::UTC).year()
}

fn book(at: i64) -> String {
    format!("01/{}", year(at))
}
