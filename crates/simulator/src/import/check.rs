//! The first pass over a file: everything that would be rejected is found before anything
//! is sent.

use super::agencies::{Agency, Found};
use super::case_facts::{Told, TranslatedFact, case_facts};
use super::mapping::Mapping;
use super::problem::Problem;
use super::rows::{Format, Row, open};
use super::translate::{Indexes, Translated, translate};
use lienthong_contract::check::{self as rules, Rules};
use lienthong_contract::pb::event::v1::FieldViolation;
use lienthong_contract::reference::{self, Current, Files};
use lienthong_domain::code::Strictness;
use std::collections::HashMap;
use std::path::Path;

/// Most problems found before the check stops.
const MOST_PROBLEMS: usize = 20;
/// Rows between two reports of progress.
const REPORT_EVERY: u64 = 256;

/// What is in a file that was found good.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// Rows, header lines not counted.
    pub rows: u64,
    /// Events that columns of cases tell besides.
    pub case_facts: u64,
    /// Cases.
    pub cases: u64,
    /// Agencies that acted, by code.
    pub agencies: Vec<Agency>,
}

/// Reads the whole file as an import would and checks every event by the adapters' own rules.
/// `tell` learns the number of rows checked, now and then.
///
/// # Errors
/// Up to 20 problems, in the order of the file.
pub fn check(
    mapping: &Mapping,
    file: &Path,
    format: Option<Format>,
    tell: &mut dyn FnMut(u64),
) -> Result<Checked, Vec<Problem>> {
    let columns = mapping.columns_used();
    let shipped = reference::load(&Files::default()).map_err(|error| {
        vec![Problem::cell(
            0,
            "status",
            error.to_string(),
            "repair the reference tables",
        )]
    })?;
    let mut pass = Pass {
        mapping,
        rules: Rules {
            dossier_codes: Strictness::Foreign,
            reference: Current::new(shipped),
        },
        agencies: Found::default(),
        cases: HashMap::new(),
        told: Told::default(),
        case_facts: 0,
    };
    let (mut indexes, mut rows, mut problems) = (Indexes::default(), 0, Vec::new());
    let mut seen = vec![false; columns.len()];
    for row in open(file, format, &columns).map_err(|problem| vec![problem])? {
        let checked = row.and_then(|row| {
            seen.iter_mut()
                .zip(row.has())
                .for_each(|(seen, has)| *seen |= has);
            let event = translate(mapping, &row, &mut indexes)?;
            pass.case_facts(&row)?;
            pass.event(&row, event)
        });
        problems.extend(checked.err().map(|problem| problem.of(file)));
        if problems.len() >= MOST_PROBLEMS {
            return Err(problems);
        }
        rows += 1;
        if rows % REPORT_EVERY == 0 {
            tell(rows);
        }
    }
    tell(rows);
    let never = columns
        .iter()
        .zip(&seen)
        .filter(|(_, seen)| !**seen && rows > 0);
    problems.extend(never.map(|(column, _)| {
        Problem::cell(0, column, "no event has it", "correct the mapping").of(file)
    }));
    if rows == 0 && problems.is_empty() {
        problems.push(Problem::cell(0, "", "it has no events", "give an event log").of(file));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Checked {
        rows,
        case_facts: pass.case_facts,
        cases: pass.cases.len() as u64,
        agencies: pass.agencies.into_list(),
    })
}

/// What the check remembers of the rows before.
struct Pass<'a> {
    mapping: &'a Mapping,
    rules: Rules,
    agencies: Found,
    /// Line of each index of each dossier.
    cases: HashMap<String, HashMap<u32, u64>>,
    told: Told,
    case_facts: u64,
}

impl Pass<'_> {
    fn case_facts(&mut self, row: &Row) -> Result<(), Problem> {
        for TranslatedFact { fact, mut event } in case_facts(self.mapping, row, &mut self.told)? {
            self.check_rules(row, &mut event, &fact.at)?;
            if let Some(agency) = event.agency {
                let column = fact.agency.as_deref().unwrap_or_default();
                self.agencies.note(agency, row, column)?;
            }
            self.case_facts += 1;
        }
        Ok(())
    }

    /// `time` is the column that tells when.
    fn check_rules(&self, row: &Row, event: &mut Translated, time: &str) -> Result<(), Problem> {
        // Whether a status is known is the hub's to say: its operator may have added tables.
        event.header.source_status = None;
        rules::check(&self.rules, Some(&event.header), Some(&event.payload))
            .map(drop)
            .map_err(|failure| self.violation(row, failure.violations.first(), time))
    }

    fn event(&mut self, row: &Row, mut event: Translated) -> Result<(), Problem> {
        self.check_rules(row, &mut event, &self.mapping.columns.time)?;
        let columns = &self.mapping.columns;
        if let Some(agency) = event.agency {
            let column = columns.agency.as_deref().unwrap_or_default();
            self.agencies.note(agency, row, column)?;
        }
        let indexes = self.cases.entry(event.header.dossier_code).or_default();
        match indexes.insert(event.header.sequence, row.line) {
            None => Ok(()),
            Some(line) => {
                let column = columns.sequence.as_deref().unwrap_or(&columns.case);
                let what = format!("line {line} has the same case and index");
                Err(Problem::cell(
                    row.line,
                    column,
                    what,
                    "number the events of each case, each once",
                ))
            }
        }
    }

    /// A violation of the contract in terms of the file's columns.
    fn violation(&self, row: &Row, violation: Option<&FieldViolation>, time: &str) -> Problem {
        let Some(violation) = violation else {
            return Problem::cell(
                row.line,
                "",
                "the adapter would reject it",
                "correct the mapping",
            );
        };
        let columns = &self.mapping.columns;
        let column = match violation.field.as_str() {
            "header.id" | "header.dossier_code" => Some(columns.case.as_str()),
            "header.occurred_time" => Some(time),
            "header.agency_code" => columns.agency.as_deref(),
            "header.unit_code" => columns.unit.as_deref(),
            "header.procedure_code" => columns.procedure.as_deref(),
            "progress_reported.step" => Some(columns.activity.as_str()),
            _ => None,
        };
        let column = column.unwrap_or(violation.field.as_str());
        Problem::cell(
            row.line,
            column,
            violation.description.as_str(),
            violation.fix.as_str(),
        )
    }
}
