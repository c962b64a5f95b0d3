//! The steps of procedures as a table of text gives them, and the check of their graph.

use super::cells::amount_of;
use super::rows::check_levels;
use super::{Leg, Procedure, ProcedureStep, Procedures};
use crate::event::Kind;
use crate::row::{At, RowError};
use std::collections::BTreeMap;

/// A step as a table of text gives it. Empty cells mean none.
#[derive(Debug, Clone, Copy, Default)]
pub struct StepRow<'a> {
    /// Code of the procedure.
    pub procedure_code: &'a str,
    /// First day of its version, as the version's row has it.
    pub procedure_from: &'a str,
    /// Name of the step within the version: lower-case letters, digits, `-` and `_`.
    pub id: &'a str,
    /// What is done.
    pub name: &'a str,
    /// Level of the agency that does it.
    pub level: &'a str,
    /// Kind of the agency: lower-case letters, digits, `-` and `_`.
    pub agency_kind: &'a str,
    /// `serial`, `parallel` or `optional`.
    pub leg: &'a str,
    /// Ids of the steps before it, with `|` between them.
    pub after: &'a str,
    /// Name of the event that is expected on the way here, such as `accepted`.
    pub expects: &'a str,
    /// Within how many units of time.
    pub within_amount: &'a str,
    /// `working_days`, `working_hours` or `days`.
    pub within_unit: &'a str,
    /// Legal basis.
    pub legal_basis: &'a str,
}

impl Procedures {
    /// Adds the steps of the versions. Refuses a malformed cell, a step of a version that is in no
    /// row, an id given twice, an `after` that names no step, and steps that wait for each other.
    pub fn with_steps(mut self, rows: &[StepRow<'_>]) -> Result<Procedures, RowError> {
        // The rows of each version, so that a refusal names the row.
        let mut placed: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for (index, row) in rows.iter().enumerate() {
            let at = At(index);
            let version = self.version_mut(at, row)?;
            let step = read(at, row, version)?;
            version.steps.push(step);
            let key = (row.procedure_code, row.procedure_from);
            placed.entry(key).or_default().push(index);
        }
        for ((code, from), indices) in placed {
            let first = indices.first().copied().unwrap_or_default();
            let row = StepRow {
                procedure_code: code,
                procedure_from: from,
                ..StepRow::default()
            };
            let version = self.version_mut(At(first), &row)?;
            check_graph(&version.steps, &indices)?;
        }
        Ok(self)
    }

    fn version_mut(&mut self, at: At, row: &StepRow<'_>) -> Result<&mut Procedure, RowError> {
        let from = at.day("procedure_from", row.procedure_from)?;
        let versions = self.by_code.get_mut(row.procedure_code);
        let Some(versions) = versions else {
            return Err(at.error(
                "procedure_code",
                format!("no procedure {:?} is in the tables", row.procedure_code),
                "write the code of a procedure in the table of procedures, or add it there",
            ));
        };
        let mut versions = versions.iter_mut();
        let found = versions.find(|version| version.period.from == from);
        found.ok_or_else(|| {
            at.error(
                "procedure_from",
                format!(
                    "no version of {} begins on {:?}",
                    row.procedure_code, row.procedure_from
                ),
                "write from of the version's own row, empty if it is empty there",
            )
        })
    }
}

fn read(at: At, row: &StepRow<'_>, version: &Procedure) -> Result<ProcedureStep, RowError> {
    let id = word(at, "id", row.id)?;
    if version.steps.iter().any(|step| step.id == id) {
        let what = format!("step {id} of {} is given twice", row.procedure_code);
        return Err(at.error("id", what, "give each step of a version an id of its own"));
    }
    let level = at.level(row.level)?;
    check_levels(at, "level", std::iter::once(level), version.period)?;
    let expects = at.optional("expects", row.expects)?;
    if let Some(name) = &expects
        && !Kind::all().any(|kind| kind.name() == name)
    {
        let what = format!("{name:?} is not the name of an event");
        let fix = "write a payload's name of event.proto, such as accepted";
        return Err(at.error("expects", what, fix));
    }
    let within = amount_of(
        at,
        ["within_amount", "within_unit"],
        [row.within_amount, row.within_unit],
    )?;
    if within.is_some() && expects.is_none() {
        let what = "it is empty, and within says how long it may take";
        return Err(at.error("expects", what, "write the event that is expected"));
    }
    Ok(ProcedureStep {
        id,
        name: at.text("name", row.name)?,
        level,
        agency_kind: word(at, "agency_kind", row.agency_kind)?,
        leg: leg(at, row.leg)?,
        after: match row.after {
            "" => Vec::new(),
            ids => ids.split('|').map(str::to_owned).collect(),
        },
        expects,
        within,
        legal_basis: at
            .optional("legal_basis", row.legal_basis)?
            .unwrap_or_default(),
    })
}

fn word(at: At, column: &'static str, text: &str) -> Result<String, RowError> {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    if text.is_empty() || !text.bytes().all(allowed) {
        let what = format!("{text:?} is not one lower-case word");
        let fix = "write lower-case letters, digits, - and _, such as one-stop";
        return Err(at.error(column, what, fix));
    }
    Ok(text.to_owned())
}

fn leg(at: At, text: &str) -> Result<Leg, RowError> {
    match text {
        "serial" => Ok(Leg::Serial),
        "parallel" => Ok(Leg::Parallel),
        "optional" => Ok(Leg::Optional),
        other => Err(at.error(
            "leg",
            format!("{other:?} is not a leg"),
            "write serial, parallel or optional",
        )),
    }
}

/// Takes away, again and again, the steps that wait for none of the others; what then is left waits
/// for itself. `indices` are the rows of the steps.
fn check_graph(steps: &[ProcedureStep], indices: &[usize]) -> Result<(), RowError> {
    for (step, index) in steps.iter().zip(indices) {
        let unknown = step
            .after
            .iter()
            .find(|id| !steps.iter().any(|other| other.id == **id));
        if let Some(id) = unknown {
            let what = format!("{id:?} is not the id of another step of this version");
            let fix = "write ids of steps of the same version, with | between them";
            return Err(At(*index).error("after", what, fix));
        }
    }
    let mut left: Vec<usize> = (0..steps.len()).collect();
    loop {
        let waiting: Vec<usize> = left
            .iter()
            .copied()
            .filter(|at| {
                let mut before = steps[*at].after.iter();
                before.any(|id| left.iter().any(|other| steps[*other].id == *id))
            })
            .collect();
        match waiting.first() {
            None => return Ok(()),
            Some(first) if waiting.len() == left.len() => {
                let what = format!("step {} waits for itself through others", steps[*first].id);
                let fix = "take one step out of after, so that the steps have an order";
                return Err(At(indices[*first]).error("after", what, fix));
            }
            Some(_) => left = waiting,
        }
    }
}
