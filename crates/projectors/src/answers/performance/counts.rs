//! What is counted of a dossier in a period.

use crate::answers::entry::{Due, Entry, Mark, Rule};
use lienthong_contract::pb::performance::v1::{Figures, Share};
use lienthong_domain::clock::{Outcome, Precision, outcome};
use lienthong_domain::event::detail::{Channel, OnlineLevel};
use lienthong_domain::life::{End, Ending};
use serde::{Deserialize, Serialize};

/// How a dossier stood when the period began, by what had happened before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Was {
    /// Not received yet; it may have ended all the same.
    New(Option<End>),
    /// Received, and open.
    Open,
    /// It had ended.
    Ended(End),
}

impl Was {
    /// By whether it was received, and its end.
    pub(super) fn of(received: bool, end: Option<End>) -> Self {
        match (received, end) {
            (false, end) => Was::New(end),
            (true, None) => Was::Open,
            (true, Some(end)) => Was::Ended(end),
        }
    }
}

/// What a period counts by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) as_of_ms: i64,
    pub(super) rule: Rule,
    pub(super) precision: Precision,
}

/// The numbers of [`Figures`] that are counted; the others follow from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
enum Number {
    CarriedOver,
    Reopened,
    Received,
    Desk,
    OnlinePartial,
    OnlineFull,
    OnlineUnknown,
    Post,
    Other,
    Early,
    OnTime,
    Late,
    WithoutDue,
    Withdrawn,
    Refused,
    InTime,
    Overdue,
    Paused,
    PartialService,
    PartialServiceOnline,
    FullService,
    FullServiceOnline,
    PapersDigitised,
    ResultDigitised,
    Electronic,
    Signed,
    Payments,
    PaymentsOnline,
    Ratings,
    Satisfied,
    SubmittedOnly,
    EndedBeforeReception,
}

const NUMBERS: usize = Number::EndedBeforeReception as usize + 1;

/// Figures while they are added up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts([u64; NUMBERS]);

impl Terms {
    /// Whether the dossier is in any figure of the period. It had a step until `as_of_ms`.
    pub(super) fn concern(&self, entry: &Entry, was: Was) -> bool {
        match (entry.received_ms(), was) {
            (None, Was::New(before)) => entry.end().is_none() || entry.end() != before,
            (_, Was::Ended(before)) => entry.end() != Some(before),
            (_, Was::New(_) | Was::Open) => true,
        }
    }

    /// Counts a dossier that concerns the period. Answers the year that the calendar lacks for it.
    pub(super) fn count(&self, entry: &Entry, was: Was, to: &mut Counts) -> Option<i16> {
        if entry.received_ms().is_none() {
            to.add(match entry.end() {
                Some(_) => Number::EndedBeforeReception,
                None => Number::SubmittedOnly,
            });
            return None;
        }
        match was {
            Was::New(_) => {
                to.add(Number::Received);
                count_reception(entry, to);
            }
            Was::Open => to.add(Number::CarriedOver),
            Was::Ended(_) => {
                to.add(Number::CarriedOver);
                to.add(Number::Reopened);
            }
        }
        let due = entry.due(self.rule);
        match entry.end() {
            None if entry.is(Mark::Paused) => to.add(Number::Paused),
            None => to.add(match self.place(self.as_of_ms, due) {
                Some(Outcome::Late) => Number::Overdue,
                _ => Number::InTime,
            }),
            Some(End {
                how: Ending::Withdrawn,
                ..
            }) => to.add(Number::Withdrawn),
            Some(End {
                how: Ending::Refused,
                ..
            }) => to.add(Number::Refused),
            Some(End {
                how: Ending::Settled,
                at_ms,
            }) => {
                to.add(match self.place(at_ms, due) {
                    Some(Outcome::Early) => Number::Early,
                    Some(Outcome::OnTime) => Number::OnTime,
                    Some(Outcome::Late) => Number::Late,
                    None => Number::WithoutDue,
                });
                count_result(entry, to);
            }
        }
        match due {
            Due::NoCalendar(year) => Some(year),
            Due::None | Due::At(_) => None,
        }
    }

    fn place(&self, at_ms: i64, due: Due) -> Option<Outcome> {
        match due {
            Due::At(due_ms) => Some(outcome(at_ms, due_ms, self.precision)),
            Due::None | Due::NoCalendar(_) => None,
        }
    }
}

fn count_reception(entry: &Entry, to: &mut Counts) {
    let online = entry.channel() == Some(Channel::Online);
    to.add(match (entry.channel(), entry.told_online()) {
        (Some(Channel::Desk), _) => Number::Desk,
        (Some(Channel::Online), Some(OnlineLevel::Partial)) => Number::OnlinePartial,
        (Some(Channel::Online), Some(OnlineLevel::Full)) => Number::OnlineFull,
        (Some(Channel::Online), None) => Number::OnlineUnknown,
        (Some(Channel::Post), _) => Number::Post,
        (Some(Channel::System) | None, _) => Number::Other,
    });
    let at_desk_or_online = online || entry.channel() == Some(Channel::Desk);
    match entry.service().filter(|_| at_desk_or_online) {
        Some(OnlineLevel::Partial) => {
            to.add(Number::PartialService);
            to.add_some(Number::PartialServiceOnline, u64::from(online));
        }
        Some(OnlineLevel::Full) => {
            to.add(Number::FullService);
            to.add_some(Number::FullServiceOnline, u64::from(online));
        }
        None => {}
    }
    to.add_some(
        Number::PapersDigitised,
        u64::from(entry.is(Mark::PapersDigitised)),
    );
}

fn count_result(entry: &Entry, to: &mut Counts) {
    let electronic = entry.is(Mark::Electronic);
    let digitised = electronic || entry.is(Mark::ResultDigitised);
    let signed = electronic && entry.is(Mark::Signed);
    to.add_some(Number::ResultDigitised, u64::from(digitised));
    to.add_some(Number::Electronic, u64::from(electronic));
    to.add_some(Number::Signed, u64::from(signed));
    to.add_some(Number::Payments, u64::from(entry.payments));
    to.add_some(Number::PaymentsOnline, u64::from(entry.payments_online));
    to.add_some(Number::Ratings, u64::from(entry.ratings));
    to.add_some(Number::Satisfied, u64::from(entry.satisfied));
}

impl Counts {
    fn add(&mut self, number: Number) {
        self.add_some(number, 1);
    }

    fn add_some(&mut self, number: Number, many: u64) {
        self.0[number as usize] += many;
    }

    fn of(&self, number: Number) -> u64 {
        self.0[number as usize]
    }

    /// Takes what another has counted.
    pub(super) fn merge(&mut self, other: &Counts) {
        for (ours, theirs) in self.0.iter_mut().zip(other.0) {
            *ours += theirs;
        }
    }

    /// The figures, with those that follow.
    pub(super) fn figures(&self) -> Figures {
        use Number::*;
        let settled = self.of(Early) + self.of(OnTime) + self.of(Late) + self.of(WithoutDue);
        let online = self.of(OnlinePartial) + self.of(OnlineFull) + self.of(OnlineUnknown);
        let share = |numerator, denominator| {
            Some(Share {
                numerator,
                denominator,
            })
        };
        let received = self.of(Received);
        let (papers, results) = (self.of(PapersDigitised), self.of(ResultDigitised));
        Figures {
            carried_over: self.of(CarriedOver),
            received,
            received_desk: self.of(Desk),
            received_online_partial: self.of(OnlinePartial),
            received_online_full: self.of(OnlineFull),
            received_online_unknown: self.of(OnlineUnknown),
            received_post: self.of(Post),
            received_other: self.of(Other),
            settled,
            settled_early: self.of(Early),
            settled_on_time: self.of(OnTime),
            settled_late: self.of(Late),
            settled_without_due: self.of(WithoutDue),
            withdrawn: self.of(Withdrawn),
            refused: self.of(Refused),
            in_work: self.of(InTime) + self.of(Overdue),
            in_work_in_time: self.of(InTime),
            in_work_overdue: self.of(Overdue),
            paused: self.of(Paused),
            on_time: share(self.of(Early) + self.of(OnTime), settled),
            online: share(online, online + self.of(Desk)),
            online_partial: share(self.of(PartialServiceOnline), self.of(PartialService)),
            online_full: share(self.of(FullServiceOnline), self.of(FullService)),
            digitised_dossiers: share(papers, received),
            digitised_results: share(results, settled),
            electronic_results: share(self.of(Electronic), settled),
            signed_results: share(self.of(Signed), self.of(Electronic)),
            online_payment: share(self.of(PaymentsOnline), self.of(Payments)),
            satisfied: share(self.of(Satisfied), self.of(Ratings)),
            digitised: share(papers + results, received + settled),
            reopened: self.of(Reopened),
            submitted_only: self.of(SubmittedOnly),
            ended_before_reception: self.of(EndedBeforeReception),
        }
    }
}
