//! Procedures and their steps.

use super::rows::{Row, Rows};
use super::{LoadError, TableFile};
use lienthong_domain::procedure::{ProcedureRow, Procedures, StepRow};

/// The procedures of the demonstration: real codes, some real time limits. Only for demonstrations
/// and tests; `reference/SOURCES.md` says what is real.
pub fn demo_procedures() -> TableFile {
    TableFile {
        name: "procedures_demo.csv".to_owned(),
        text: include_str!("../../reference/procedures_demo.csv").to_owned(),
    }
}

/// The steps of the demonstration's procedures.
pub fn demo_procedure_steps() -> TableFile {
    TableFile {
        name: "procedure_steps_demo.csv".to_owned(),
        text: include_str!("../../reference/procedure_steps_demo.csv").to_owned(),
    }
}

pub(super) fn build(versions: &Rows, steps: &Rows) -> Result<Procedures, LoadError> {
    let version_rows: Vec<ProcedureRow<'_>> =
        versions.list().iter().map(|row| version(row)).collect();
    let step_rows: Vec<StepRow<'_>> = steps.list().iter().map(|row| step(row)).collect();
    Procedures::new(&version_rows)
        .map_err(|error| versions.locate(error))?
        .with_steps(&step_rows)
        .map_err(|error| steps.locate(error))
}

fn version(row: &Row) -> ProcedureRow<'_> {
    ProcedureRow {
        code: row.get("code"),
        name: row.get("name"),
        field_code: row.get("field_code"),
        field_name: row.get("field_name"),
        levels: row.get("levels"),
        online: row.get("online"),
        limit_amount: row.get("limit_amount"),
        limit_unit: row.get("limit_unit"),
        same_day_before: row.get("same_day_before"),
        legal_basis: row.get("legal_basis"),
        from: row.get("from"),
        to: row.get("to"),
        change: row.get("change"),
        replaces: row.get("replaces"),
    }
}

fn step(row: &Row) -> StepRow<'_> {
    StepRow {
        procedure_code: row.get("procedure_code"),
        procedure_from: row.get("procedure_from"),
        id: row.get("id"),
        name: row.get("name"),
        level: row.get("level"),
        agency_kind: row.get("agency_kind"),
        leg: row.get("leg"),
        after: row.get("after"),
        expects: row.get("expects"),
        within_amount: row.get("within_amount"),
        within_unit: row.get("within_unit"),
        legal_basis: row.get("legal_basis"),
    }
}
