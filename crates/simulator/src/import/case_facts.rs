//! Facts that a log tells once a case, in columns that are the same on each of its rows: when it
//! began and ended, until when it was due.

use super::agencies;
use super::mapping::Mapping;
use super::payload::payload;
use super::problem::Problem;
use super::rows::Row;
use super::rule::EventRule;
use super::translate::{Translated, millis, sent, source_status};
use lienthong_contract::pb::event::v1::{Header, event::Payload};
use lienthong_contract::time::from_millis;
use serde::Deserialize;
use std::collections::HashMap;

/// One event of each case that tells it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFact {
    /// Ends the event's id, so it may not be a number; each name once. Of `progress_reported` also
    /// the step.
    pub name: String,
    /// Column with the time; where its cell is empty the case tells nothing.
    pub at: String,
    /// Column with the agency that acted; left out: nobody.
    pub agency: Option<String>,
    /// Which event it is.
    pub event: EventRule,
}

impl CaseFact {
    /// The columns that the fact reads.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        let own = [Some(&self.at), self.agency.as_ref()];
        let own = own.into_iter().flatten().map(String::as_str);
        own.chain(self.event.columns())
    }

    fn cells(&self, row: &Row) -> Vec<String> {
        let cells = self.columns().map(|column| row.get(column).to_owned());
        cells.collect()
    }
}

/// What the first row of each case told.
#[derive(Debug, Default)]
pub struct Told(HashMap<String, Vec<Vec<String>>>);

/// A fact as an event, and the rule that made it.
pub(super) struct TranslatedFact<'m> {
    pub fact: &'m CaseFact,
    pub event: Translated,
}

/// The events that a case tells besides its rows: all of them with its first row, none with the
/// others, which must tell the same.
///
/// # Errors
/// A cell that is not what the mapping says, or that differs from the first row's.
pub(super) fn case_facts<'m>(
    mapping: &'m Mapping,
    row: &Row,
    told: &mut Told,
) -> Result<Vec<TranslatedFact<'m>>, Problem> {
    if mapping.case_facts.is_empty() {
        return Ok(Vec::new());
    }
    let case = row.get(&mapping.columns.case);
    let cells = mapping.case_facts.iter().map(|fact| fact.cells(row));
    let cells: Vec<Vec<String>> = cells.collect();
    if let Some(before) = told.0.get(case) {
        let facts = mapping.case_facts.iter().zip(before.iter().zip(&cells));
        for (fact, (before, now)) in facts {
            check_equal(fact, row, before, now)?;
        }
        return Ok(Vec::new());
    }
    told.0.insert(case.to_owned(), cells);
    let facts = mapping.case_facts.iter();
    let facts = facts.filter(|fact| !row.get(&fact.at).is_empty());
    facts
        .map(|fact| {
            let event = event(mapping, fact, row)?;
            Ok(TranslatedFact { fact, event })
        })
        .collect()
}

fn check_equal(
    fact: &CaseFact,
    row: &Row,
    before: &[String],
    now: &[String],
) -> Result<(), Problem> {
    let mut cells = fact.columns().zip(before.iter().zip(now));
    let Some((column, (before, now))) = cells.find(|(_, (before, now))| before != now) else {
        return Ok(());
    };
    let what = format!("{now:?}, but an earlier row of the case has {before:?}");
    let fix = "correct the log, or map the activity that tells it in [events]";
    Err(Problem::cell(row.line, column, what, fix))
}

fn event(mapping: &Mapping, fact: &CaseFact, row: &Row) -> Result<Translated, Problem> {
    let occurred_ms = millis(&mapping.times, row, &fact.at)?;
    let agency = match &fact.agency {
        Some(column) => agencies::acting(mapping, row, column)?,
        None => None,
    };
    let mut payload = payload(mapping, &fact.event, row)?;
    if let Payload::ProgressReported(told) = &mut payload {
        told.step = fact.name.clone();
    }
    let dossier_code = mapping.dossier_code(row);
    let header = Header {
        id: format!("{dossier_code}-{}", fact.name),
        source: mapping.source.clone(),
        dossier_code,
        procedure_code: mapping.procedure_of(row).to_owned(),
        agency_code: agency
            .as_ref()
            .map(|agency| agency.code.clone())
            .unwrap_or_default(),
        occurred_time: Some(from_millis(occurred_ms)),
        source_status: source_status(&fact.event),
        ..Header::default()
    };
    sent(mapping, row, &fact.at, header, payload, agency, occurred_ms)
}
