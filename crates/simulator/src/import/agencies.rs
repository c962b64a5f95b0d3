//! From the names of agencies in a log to agency codes and levels.

use super::mapping::Mapping;
use super::problem::Problem;
use super::rows::Row;
use super::soundness::LEVELS;
use lienthong_domain::level::Level;
use std::collections::BTreeMap;
use std::path::Path;

/// An agency of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agency {
    /// Agency code.
    pub code: String,
    /// The cell that names it in the log.
    pub cell: String,
    /// Name; the cell unless the mapping has another.
    pub name: String,
    /// Level; none where only `to` of a hand-over names it and nothing tells its level.
    pub level: Option<Level>,
    /// GSO code of the unit it serves; empty: none.
    pub unit_code: String,
    /// Code of the agency above; empty: none.
    pub parent: String,
}

/// The agency that acted in the row; none if the cell names none.
pub(super) fn of_row(mapping: &Mapping, row: &Row) -> Result<Option<Agency>, Problem> {
    match &mapping.columns.agency {
        Some(column) => acting(mapping, row, column),
        None => Ok(None),
    }
}

/// The agency that acted and that a column names, with its level.
pub(super) fn acting(
    mapping: &Mapping,
    row: &Row,
    column: &str,
) -> Result<Option<Agency>, Problem> {
    let Some(mut agency) = of_cell(mapping, row, column)? else {
        return Ok(None);
    };
    if agency.level.is_none() {
        agency.level = Some(level(mapping, row)?);
    }
    Ok(Some(agency))
}

/// The agency that a cell names.
pub(super) fn of_cell(
    mapping: &Mapping,
    row: &Row,
    column: &str,
) -> Result<Option<Agency>, Problem> {
    let cell = row.get(column);
    if cell.is_empty() || mapping.no_agency.iter().any(|none| none == cell) {
        return Ok(None);
    }
    let agency = if let Some(named) = mapping.agencies.get(cell) {
        Agency {
            code: named.code.clone(),
            cell: cell.to_owned(),
            name: named.name.clone().unwrap_or_else(|| cell.to_owned()),
            level: named.level.as_deref().and_then(Level::parse),
            unit_code: named.unit_code.clone(),
            parent: named.parent.clone(),
        }
    } else if let Some(other) = &mapping.other_agencies {
        let word: String = cell.chars().filter(char::is_ascii_alphanumeric).collect();
        Agency {
            code: other.code.replace("{name}", &word.to_ascii_uppercase()),
            cell: cell.to_owned(),
            name: cell.to_owned(),
            level: other.level.as_deref().and_then(Level::parse),
            unit_code: String::new(),
            parent: String::new(),
        }
    } else {
        let what = format!("the mapping does not know the agency {cell:?}");
        let fix = "add [agencies.\"...\"] for it, [other_agencies], or the cell to no_agency";
        return Err(Problem::cell(row.line, column, what, fix));
    };
    lienthong_domain::code::check_agency(&agency.code).map_err(|error| {
        let what = format!(
            "{cell:?} becomes the agency code {:?}, but {}",
            agency.code, error.what
        );
        Problem::cell(
            row.line,
            column,
            what,
            "name the agency in the mapping with a code of its own",
        )
    })?;
    Ok(Some(agency))
}

fn level(mapping: &Mapping, row: &Row) -> Result<Level, Problem> {
    let column = mapping.columns.level.as_deref().unwrap_or_default();
    let cell = row.get(column);
    let word = mapping.levels.get(cell).map_or(cell, String::as_str);
    Level::parse(word).ok_or_else(|| {
        let fix = format!("{LEVELS}, or add the word to [levels] of the mapping");
        Problem::cell(row.line, column, format!("{cell:?} is no level"), fix)
    })
}

/// The agencies of a log, each code once.
#[derive(Debug, Default)]
pub(super) struct Found(BTreeMap<String, Agency>);

impl Found {
    /// Takes note of a row's agency. One code may not stand for two names, nor one agency at
    /// two levels.
    pub(super) fn note(&mut self, agency: Agency, row: &Row, column: &str) -> Result<(), Problem> {
        let known = match self.0.get(&agency.code) {
            None => {
                self.0.insert(agency.code.clone(), agency);
                return Ok(());
            }
            Some(known) => known,
        };
        if known.cell != agency.cell {
            let what = format!(
                "{:?} and {:?} both become {}",
                known.cell, agency.cell, agency.code
            );
            return Err(Problem::cell(
                row.line,
                column,
                what,
                "name one of them in the mapping with a code of its own",
            ));
        }
        if known.level != agency.level {
            let what = format!(
                "{:?} is at one level here and at another in an earlier row",
                agency.cell
            );
            return Err(Problem::cell(
                row.line,
                column,
                what,
                "give it one level in [agencies] of the mapping",
            ));
        }
        Ok(())
    }

    pub(super) fn into_list(self) -> Vec<Agency> {
        self.0.into_values().collect()
    }
}

/// Writes agencies as a table that the hub's `reference.agencies` takes.
pub(super) fn write(agencies: &[Agency], path: &Path) -> std::io::Result<()> {
    let mut table = csv::Writer::from_path(path)?;
    table.write_record(["code", "name", "level", "unit_code", "parent", "from", "to"])?;
    for agency in agencies {
        let level = agency.level.map_or("", Level::as_str);
        table.write_record([
            &*agency.code,
            &agency.name,
            level,
            &agency.unit_code,
            &agency.parent,
            "",
            "",
        ])?;
    }
    table.flush()
}
