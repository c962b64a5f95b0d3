//! `GetPerformance`: the figures of a period.
//!
//! ```text
//! facts before `from`         -> was it open when the period began?
//! facts until `as_of`         -> received, ended, in work, paused
//! ```
//! A row of the ledger knows a dossier after its last fact. Where facts lie on both sides of one of
//! the two moments its steps are walked up to that moment; all others are counted from the row.

mod counts;
mod groups;
mod packed;

use super::entry::{Entry, Look, Rule, look};
use super::read;
use super::sieve::{Filter, Fits, Sieve};
use crate::ledger::each_dossier;
use crate::ledger::rows::Stand;
use crate::ledger::table::{Numbers, Table};
use counts::{Counts, Terms, Was};
use groups::{Grouping, Groups};
use lienthong_contract::pb::performance::v1 as pb;
use lienthong_contract::status::Failure;
use lienthong_contract::time::from_millis;
use lienthong_domain::basis::Basis;
use lienthong_domain::clock::{DAY_MS, Precision};
use lienthong_domain::life::life;
use lienthong_domain::path::day::{day_number, number_of};
use lienthong_domain::path::{JoinedCase, Step};
use lienthong_domain::reference::Reference;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Midnight at +07:00 comes so much before that of UTC.
const OFFSET_MS: i64 = 7 * 3_600_000;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// First moment of the period.
    from_ms: i64,
    /// The last moment that counts.
    as_of_ms: i64,
    filter: Filter,
    basis: Basis,
    grouping: Grouping,
    rule: Rule,
    precision: Precision,
}

impl Question {
    /// Reads a request.
    ///
    /// # Errors
    /// `REQUEST_MALFORMED`, naming the field.
    pub fn read(request: &pb::GetPerformanceRequest) -> Result<Self, Failure> {
        let from = read::day("from_day", &request.from_day)?;
        let to = read::day("to_day", &request.to_day)?;
        if to < from {
            return Err(Failure::of_field(
                "to_day",
                format!("{to} comes before from_day, {from}."),
                "send the last day of the period, the same day or a later one",
            ));
        }
        let from_ms = number_of(from) * DAY_MS - OFFSET_MS;
        let end_ms = (number_of(to) + 1) * DAY_MS - OFFSET_MS - 1;
        let as_of_ms = read::moment("as_of_time", request.as_of_time.as_ref())?;
        if as_of_ms < from_ms {
            return Err(Failure::of_field(
                "as_of_time",
                "it comes before the period.",
                "send a moment in the period, or an earlier period",
            ));
        }
        let grouping = pb::Grouping::try_from(request.group_by);
        let grouping =
            grouping.map_err(|_| read::unknown("group_by", "Grouping", request.group_by));
        Ok(Self {
            from_ms,
            as_of_ms: as_of_ms.min(end_ms),
            filter: Filter::read(request.filter.as_ref())?,
            basis: read::basis(request.basis.as_ref())?,
            grouping: Grouping::read(grouping?),
            rule: read::rule(request.deadline)?,
            precision: read::precision(request.precision)?,
        })
    }

    /// The last moment that counts, milliseconds since the Unix epoch.
    pub fn as_of_ms(&self) -> i64 {
        self.as_of_ms
    }
}

/// Adds up figures.
#[derive(Debug)]
pub struct Performance {
    question: Question,
    sieve: Sieve,
    groups: Groups,
    missing_years: BTreeSet<i16>,
    may_belong: u64,
}

impl Performance {
    /// Figures of nothing yet.
    pub fn new(question: Question, reference: Arc<Reference>) -> Self {
        let sieve = Sieve::new(question.filter.clone(), question.basis, reference);
        Self {
            sieve,
            groups: Groups::new(question.grouping),
            question,
            missing_years: BTreeSet::new(),
            may_belong: 0,
        }
    }

    /// Takes a case.
    pub fn add(&mut self, case: &JoinedCase<'_>) {
        each_dossier(case, |_, steps| self.add_steps(steps));
    }

    /// Takes the dossiers of a table.
    pub fn add_table(&mut self, table: &Table<'_>) {
        let mut agencies = Numbers::new(table.names);
        let mut procedures = Numbers::new(table.names);
        let (from_ms, as_of_ms) = (self.question.from_ms, self.question.as_of_ms);
        let last_day = day_number(as_of_ms);
        for (at, glance) in table.glances() {
            let (agency, on) = (glance.agency, i64::from(glance.day));
            let agency = agencies.of(agency, table.names, &mut self.sieve.agencies);
            // Who received a dossier stays so whatever came later.
            let is_settled = glance.stand != Stand::Unreceived && on < last_day;
            if is_settled && self.sieve.agency_fits(agency, on) == Fits::No {
                continue;
            }
            let row = table.row(at);
            let entry = &row.entry;
            if entry.first_ms > as_of_ms {
                continue;
            }
            let on_both_sides = entry.first_ms < from_ms && entry.last_ms >= from_ms;
            if entry.last_ms > as_of_ms || on_both_sides {
                table.walk(at, glance, &mut |walked| self.add_steps(walked.steps));
                continue;
            }
            let was = match entry.first_ms < from_ms {
                true => Was::of(entry.received_ms().is_some(), entry.end()),
                false => Was::New(None),
            };
            let procedure = procedures.of(row.procedure, table.names, &mut self.sieve.procedures);
            self.count(entry, agency, procedure, was);
        }
    }

    fn add_steps(&mut self, steps: &[Step<'_>]) {
        let until = |ms: i64| steps.partition_point(|step| step.order.occurred_ms < ms);
        let (from_ms, as_of_ms) = (self.question.from_ms, self.question.as_of_ms);
        let now = &steps[..until(as_of_ms.saturating_add(1))];
        let reference = self.sieve.reference.clone();
        let Some(Look {
            agency,
            life: whole,
            entry,
            ..
        }) = look(now, &reference)
        else {
            return;
        };
        let before = life(&steps[..until(from_ms)]);
        let was = Was::of(before.received.is_some(), before.end);
        let agency = self.sieve.agencies.number(agency);
        let procedure = self.sieve.procedures.number(whole.procedure);
        self.count(&entry, agency, procedure, was);
    }

    fn count(&mut self, entry: &Entry, agency: u32, procedure: u32, was: Was) {
        let question = &self.question;
        let terms = Terms {
            as_of_ms: question.as_of_ms,
            rule: question.rule,
            precision: question.precision,
        };
        if !terms.concern(entry, was) {
            return;
        }
        let (on, channel) = (entry.day(), entry.channel());
        match self.sieve.fits(agency, procedure, on, channel) {
            Fits::No => return,
            Fits::May => {
                self.may_belong += 1;
                return;
            }
            Fits::Yes => {}
        }
        let group = self
            .groups
            .of(&mut self.sieve, agency, procedure, on, channel);
        let year = terms.count(entry, was, self.groups.counts(group));
        self.missing_years.extend(year);
    }

    /// Takes everything that another sum has taken.
    pub fn merge(&mut self, other: Performance) {
        self.groups.merge(other.groups);
        self.missing_years.extend(other.missing_years);
        self.may_belong += other.may_belong;
    }

    /// The figures; freshness is the caller's.
    pub fn finish(self) -> pb::GetPerformanceResponse {
        let mut total = Counts::default();
        let mut lines = Vec::new();
        for (key, counts) in self.groups.into_sorted() {
            total.merge(&counts);
            lines.push(pb::PerformanceLine {
                name: key.name(&self.sieve.reference, self.question.as_of_ms),
                unassigned: key.unassigned,
                key: key.key,
                candidates: key.candidates,
                from_day: key.from_day,
                figures: Some(counts.figures()),
            });
        }
        let years = self.missing_years.into_iter();
        pb::GetPerformanceResponse {
            lines,
            total: Some(total.figures()),
            as_of_time: Some(from_millis(self.question.as_of_ms)),
            missing_calendar_years: years.map(|year| year.unsigned_abs().into()).collect(),
            freshness: None,
            may_belong: self.may_belong,
        }
    }
}
