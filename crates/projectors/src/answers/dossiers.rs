//! `ListDossiers`: dossiers in a state at a moment, the most urgent first.

mod flight;
mod packed;
mod question;

use super::dossier::Dossier;
use super::entry::{Due, Entry, Look, Mark, Rule, look};
use super::sieve::{Fits, Sieve};
use crate::ledger::each_dossier;
use crate::ledger::rows::{Glance, Stand};
use crate::ledger::table::{Numbers, Table, Walked};
use flight::Flight;
use lienthong_contract::pb::performance::v1 as pb;
use lienthong_contract::status::Failure;
use lienthong_contract::time::from_millis;
use lienthong_domain::clock::{DAY_MS, is_overdue};
use lienthong_domain::path::JoinedCase;
use lienthong_domain::path::day::{day, day_number};
use lienthong_domain::reference::Reference;
use pb::DossierState;
pub use question::Question;
use question::State;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Midnight at +07:00 comes so much before that of UTC.
const OFFSET_MS: i64 = 7 * 3_600_000;

/// Where a dossier stands in the list: deadline (the largest number: none is known), code of the
/// dossier, code of its case.
type Key = (i64, String, String);

/// Collects one page.
#[derive(Debug)]
pub struct Dossiers {
    question: Question,
    sieve: Sieve,
    flight: Flight,
    /// The last moment of [`State::DueSoon`].
    until_ms: i64,
    /// The first dossiers, one more than a page holds: it shows that there is a next page.
    page: BTreeMap<Key, pb::DossierLine>,
    total: u64,
    orphans: u64,
    may_belong: u64,
}

impl Dossiers {
    /// A page with no dossier yet.
    ///
    /// # Errors
    /// `REQUEST_MALFORMED` if the calendar lacks a year that is looked ahead into.
    pub fn new(question: Question, reference: Arc<Reference>) -> Result<Self, Failure> {
        let on = day_number(question.as_of_ms);
        let until_ms = match question.state {
            State::DueSoon(days) => (ahead(on, days, &reference)? + 1) * DAY_MS - OFFSET_MS - 1,
            _ => i64::MAX,
        };
        let flight = match question.state {
            State::InFlight => Flight::new(day(on), &reference.registry),
            _ => Flight::default(),
        };
        Ok(Self {
            sieve: Sieve::new(question.filter.clone(), question.basis, reference),
            question,
            flight,
            until_ms,
            page: BTreeMap::new(),
            total: 0,
            orphans: 0,
            may_belong: 0,
        })
    }

    /// Takes a case.
    pub fn add(&mut self, case: &JoinedCase<'_>) {
        each_dossier(case, |dossier, steps| {
            let walked = Walked {
                case: case.code,
                dossier,
                steps,
            };
            self.add_walked(&walked);
        });
    }

    /// Takes the dossiers of a table.
    pub fn add_table(&mut self, table: &Table<'_>) {
        let mut agencies = Numbers::new(table.names);
        let mut procedures = Numbers::new(table.names);
        let as_of_ms = self.question.as_of_ms;
        let all_told_by_then = table.rows.ends_by(as_of_ms);
        for (at, glance) in table.glances() {
            if all_told_by_then {
                if !self.glance_fits(glance) {
                    continue;
                }
                // Most fall by their agency, without a look at the row.
                let agency = agencies.of(glance.agency, table.names, &mut self.sieve.agencies);
                if self.sieve.agency_fits(agency, i64::from(glance.day)) == Fits::No {
                    continue;
                }
            }
            let row = table.row(at);
            let entry = &row.entry;
            if entry.first_ms > as_of_ms {
                continue;
            }
            if entry.last_ms > as_of_ms {
                table.walk(at, glance, &mut |walked| self.add_walked(&walked));
                continue;
            }
            let holder = table.names.text(row.holder);
            if !self.stands(entry, holder) {
                continue;
            }
            let agency = agencies.of(glance.agency, table.names, &mut self.sieve.agencies);
            let procedure = procedures.of(row.procedure, table.names, &mut self.sieve.procedures);
            let due_ms = self.due_of(entry);
            if self.counts(entry, [agency, procedure], holder) && self.wants(due_ms) {
                table.walk(at, glance, &mut |walked| self.show(&walked, due_ms));
            }
        }
    }

    /// Whether a row whose last fact counts can be in the list.
    fn glance_fits(&self, glance: &Glance) -> bool {
        let question = &self.question;
        match (question.state, glance.stand) {
            (_, Stand::Vacant | Stand::Unreceived | Stand::Ended) => false,
            (State::InFlight, _) | (State::Paused, Stand::Paused) => true,
            (State::Paused, Stand::Running) | (_, Stand::Paused) => false,
            (State::Overdue, Stand::Running) if question.rule == Rule::LegalElseTold => {
                is_overdue(glance.due_ms, question.as_of_ms, question.precision)
            }
            (State::DueSoon(_), Stand::Running) if question.rule == Rule::LegalElseTold => {
                glance.due_ms <= self.until_ms
            }
            (_, Stand::Running) => true,
        }
    }

    fn add_walked(&mut self, walked: &Walked<'_, '_>) {
        let as_of_ms = self.question.as_of_ms;
        let until = |ms: i64| {
            let steps = walked.steps;
            steps.partition_point(|step| step.order.occurred_ms <= ms)
        };
        let steps = &walked.steps[..until(as_of_ms)];
        let reference = self.sieve.reference.clone();
        let Some(Look {
            agency,
            holder,
            life,
            entry,
        }) = look(steps, &reference)
        else {
            return;
        };
        let holder = holder.map_or("", |holder| holder.party.agency);
        if !self.stands(&entry, holder) {
            return;
        }
        let agency = self.sieve.agencies.number(agency);
        let procedure = self.sieve.procedures.number(life.procedure);
        let due_ms = self.due_of(&entry);
        if self.counts(&entry, [agency, procedure], holder) && self.wants(due_ms) {
            self.show(walked, due_ms);
        }
    }

    /// Whether the dossier is in the state asked for; the entry tells what had happened until then.
    fn stands(&mut self, entry: &Entry, holder: &str) -> bool {
        if entry.received_ms().is_none() || entry.end().is_some() {
            return false;
        }
        let (question, paused) = (&self.question, entry.is(Mark::Paused));
        let due_ms = self.due_of(entry);
        let is_overdue = || is_overdue(due_ms, question.as_of_ms, question.precision);
        match question.state {
            State::InFlight => self.flight.is_in_flight(holder),
            State::Paused => paused,
            State::InWork => !paused,
            State::Overdue => !paused && is_overdue(),
            State::DueSoon(_) => !paused && !is_overdue() && due_ms <= self.until_ms,
        }
    }

    /// The deadline that decides; the largest number: none is known.
    fn due_of(&self, entry: &Entry) -> i64 {
        match entry.due(self.question.rule) {
            Due::At(due_ms) => due_ms,
            Due::None | Due::NoCalendar(_) => i64::MAX,
        }
    }

    /// Counts a dossier in the state asked for, if it fits.
    fn counts(&mut self, entry: &Entry, of: [u32; 2], holder: &str) -> bool {
        let [agency, procedure] = of;
        let channel = entry.channel();
        match self.sieve.fits(agency, procedure, entry.day(), channel) {
            Fits::No => false,
            Fits::May => {
                self.may_belong += 1;
                false
            }
            Fits::Yes => {
                self.total += 1;
                if self.question.state == State::InFlight {
                    let registry = &self.sieve.reference.registry;
                    let orphaned = self.flight.successors(holder, registry).is_empty();
                    self.orphans += u64::from(orphaned);
                }
                true
            }
        }
    }

    /// Whether a dossier of this deadline could still be on the page.
    fn wants(&self, due_ms: i64) -> bool {
        let full = self.page.len() > self.question.page_size;
        let last = self.page.last_key_value().map(|((due_ms, ..), _)| *due_ms);
        let after = self.question.after.as_ref();
        after.is_none_or(|(after_ms, _)| due_ms >= *after_ms)
            && !(full && last.is_some_and(|last_ms| due_ms > last_ms))
    }

    fn show(&mut self, walked: &Walked<'_, '_>, due_ms: i64) {
        let as_of_ms = self.question.as_of_ms;
        let steps = walked.steps.iter();
        let steps: Vec<_> = steps
            .take_while(|step| step.order.occurred_ms <= as_of_ms)
            .copied()
            .collect();
        let dossier = Dossier {
            case: walked.case,
            code: walked.dossier,
            life: lienthong_domain::life::life(&steps),
            steps,
            now_ms: as_of_ms,
        };
        let reference = self.sieve.reference.clone();
        let known = (due_ms != i64::MAX).then_some(due_ms);
        let mut line = dossier.line(known, &reference);
        match self.question.state {
            State::Overdue => line.state = DossierState::Overdue.into(),
            State::DueSoon(_) => line.state = DossierState::DueSoon.into(),
            State::InFlight => {
                let holder = line
                    .holder
                    .as_ref()
                    .and_then(|holder| holder.party.as_ref());
                let holder = holder.map_or("", |party| party.agency_code.as_str());
                line.successors = self.flight.successors(holder, &reference.registry);
            }
            State::InWork | State::Paused => {}
        }
        self.keep(due_ms, line);
    }

    fn keep(&mut self, due_ms: i64, line: pb::DossierLine) {
        let after = self.question.after.as_ref();
        let is_after = after.is_none_or(|(after_ms, code)| {
            (due_ms, line.dossier_code.as_str()) > (*after_ms, code.as_str())
        });
        if !is_after {
            return;
        }
        let key = (due_ms, line.dossier_code.clone(), line.case_code.clone());
        self.page.insert(key, line);
        if self.page.len() > self.question.page_size + 1 {
            self.page.pop_last();
        }
    }

    /// Takes everything that another sum has taken.
    pub fn merge(&mut self, other: Dossiers) {
        self.total += other.total;
        self.orphans += other.orphans;
        self.may_belong += other.may_belong;
        for ((due_ms, ..), line) in other.page {
            self.keep(due_ms, line);
        }
    }

    /// The page; its freshness is the caller's.
    pub fn finish(mut self) -> pb::ListDossiersResponse {
        let more = self.page.len() > self.question.page_size;
        if more {
            self.page.pop_last();
        }
        let as_of_ms = self.question.as_of_ms;
        let last = self.page.last_key_value().filter(|_| more);
        let next_page_token = last.map_or_else(String::new, |((due_ms, code, _), _)| {
            self.question.token(as_of_ms, *due_ms, code)
        });
        pb::ListDossiersResponse {
            dossiers: self.page.into_values().collect(),
            next_page_token,
            total: self.total,
            freshness: None,
            orphans: self.orphans,
            may_belong: self.may_belong,
            as_of_time: Some(from_millis(as_of_ms)),
        }
    }
}

/// The day that comes so many working days after a day.
fn ahead(on: i64, days: u32, reference: &Reference) -> Result<i64, Failure> {
    let (mut on, mut left) = (on, days);
    while left > 0 {
        on += 1;
        let works = reference.calendar.is_working(day(on));
        let works = works.map_err(|lacking| {
            let fix = "ask for fewer days, or add the year to the calendar table";
            Failure::of_field("within_working_days", format!("{lacking}."), fix)
        })?;
        left -= u32::from(works);
    }
    Ok(on)
}
