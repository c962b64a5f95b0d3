//! The shipped administrative units: those of 2025-06-30, those of 2025-07-01, later changes, and
//! what became of what.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::civil::Date;
use lienthong_domain::row::RowError;
use lienthong_domain::unit::{SuccessionRow, UnitRow, Units};

use super::LoadError;
use super::rows;
use super::table::{Row, Table};

/// The day of the two-tier reform (Decision 19/2025/QĐ-TTg).
const REFORM: &str = "2025-07-01";

/// First and last day of the units that the reform ended.
const ENDED: (&str, &str) = ("", "2025-06-30");

/// First and last day of the units that it began.
const BEGUN: (&str, &str) = (REFORM, "");

/// Where a unit or an edge comes from.
#[derive(Clone, Copy)]
enum Origin<'t> {
    Shipped(Row<'t>),
    Change(&'t rows::Row),
}

/// A unit while changes may still split its period.
struct Draft<'t> {
    origin: Origin<'t>,
    code: &'t str,
    level: &'t str,
    name: &'t str,
    parent: &'t str,
    from: &'t str,
    to: Cow<'t, str>,
}

/// An edge from an old code to a new one.
struct Edge<'t> {
    origin: Origin<'t>,
    old: &'t str,
    new: &'t str,
    on: &'t str,
}

/// The shipped tables, those of the eve of the reform first.
struct Shipped {
    old_provinces: Table<'static>,
    old_districts: Table<'static>,
    old_communes: Table<'static>,
    provinces: Table<'static>,
    communes: Table<'static>,
    changes: Table<'static>,
    province_edges: Table<'static>,
    commune_edges: Table<'static>,
}

/// The shipped units, with what the catalogue changed since: `changed` rows of units replace those
/// of the same code and first day or stand beside them, `successions` are added.
pub(super) fn units(
    changed: &[Arc<rows::Row>],
    successions: &[Arc<rows::Row>],
) -> Result<Units, LoadError> {
    let shipped = open()?;
    let ended_units = [
        (&shipped.old_provinces, "province", None),
        (&shipped.old_districts, "district", Some("province_code")),
        (&shipped.old_communes, "commune", Some("district_code")),
    ];
    let begun_units = [
        (&shipped.provinces, "province", None),
        (&shipped.communes, "commune", Some("province_code")),
    ];
    let mut drafts = Vec::new();
    for (table, level, parent) in ended_units {
        drafts.extend(table.rows().map(|row| draft(row, level, parent, ENDED)));
    }
    for (table, level, parent) in begun_units {
        drafts.extend(table.rows().map(|row| draft(row, level, parent, BEGUN)));
    }
    let mut edges: Vec<Edge<'_>> = shipped
        .province_edges
        .rows()
        .map(|row| Edge {
            origin: Origin::Shipped(row),
            old: row.get("old_code"),
            new: row.get("new_code"),
            on: REFORM,
        })
        .collect();
    edges.extend(reform_of_communes(
        &shipped.old_communes,
        &shipped.commune_edges,
    ));
    edges.extend(apply_changes(&mut drafts, &shipped.changes)?);
    overlay(&mut drafts, changed);
    edges.extend(successions.iter().map(|row| Edge {
        origin: Origin::Change(row),
        old: row.get("old"),
        new: row.get("new"),
        on: row.get("on"),
    }));
    build(&drafts, &edges)
}

/// Puts the rows of changes in the place of drafts with the same code and first day.
fn overlay<'t>(drafts: &mut Vec<Draft<'t>>, changed: &'t [Arc<rows::Row>]) {
    if changed.is_empty() {
        return;
    }
    let keys = drafts.iter().enumerate();
    let places: HashMap<(String, String), usize> = keys
        .map(|(at, draft)| ((draft.code.to_owned(), draft.from.to_owned()), at))
        .collect();
    for row in changed {
        let draft = Draft {
            origin: Origin::Change(row),
            code: row.get("code"),
            level: row.get("level"),
            name: row.get("name"),
            parent: row.get("parent"),
            from: row.get("from"),
            to: Cow::Borrowed(row.get("to")),
        };
        match places.get(&(draft.code.to_owned(), draft.from.to_owned())) {
            Some(at) => drafts[*at] = draft,
            None => drafts.push(draft),
        }
    }
}

fn open() -> Result<Shipped, LoadError> {
    Ok(Shipped {
        old_provinces: table(
            "provinces_before_2025-07-01.csv",
            include_str!("../../reference/provinces_before_2025-07-01.csv"),
            &["code", "full_name"],
        )?,
        old_districts: table(
            "districts_before_2025-07-01.csv",
            include_str!("../../reference/districts_before_2025-07-01.csv"),
            &["code", "full_name", "province_code"],
        )?,
        old_communes: table(
            "communes_before_2025-07-01.csv",
            include_str!("../../reference/communes_before_2025-07-01.csv"),
            &["code", "full_name", "district_code"],
        )?,
        provinces: table(
            "provinces_2025-07-01.csv",
            include_str!("../../reference/provinces_2025-07-01.csv"),
            &["code", "full_name"],
        )?,
        communes: table(
            "communes_2025-07-01.csv",
            include_str!("../../reference/communes_2025-07-01.csv"),
            &["code", "full_name", "province_code"],
        )?,
        changes: table(
            "unit_changes_after_2025-07-01.csv",
            include_str!("../../reference/unit_changes_after_2025-07-01.csv"),
            &["code", "old_full_name", "new_full_name", "effective_from"],
        )?,
        province_edges: table(
            "province_mapping_old_to_new.csv",
            include_str!("../../reference/province_mapping_old_to_new.csv"),
            &["old_code", "new_code"],
        )?,
        commune_edges: table(
            "commune_mapping_old_to_new.csv",
            include_str!("../../reference/commune_mapping_old_to_new.csv"),
            &["old_district_code", "old_commune_code", "new_commune_code"],
        )?,
    })
}

fn table(
    file: &'static str,
    text: &'static str,
    columns: &[&'static str],
) -> Result<Table<'static>, LoadError> {
    Table::parse(file, text, columns)
}

fn draft<'t>(
    row: Row<'t>,
    level: &'static str,
    parent: Option<&'static str>,
    (from, to): (&'static str, &'static str),
) -> Draft<'t> {
    Draft {
        origin: Origin::Shipped(row),
        code: row.get("code"),
        level,
        name: row.get("full_name"),
        parent: parent.map_or("", |column| row.get(column)),
        from,
        to: Cow::Borrowed(to),
    }
}

/// The edges of communes, and of districts that had no commune and became one. A row without an
/// old commune in a district that had communes repeats what their own rows say.
fn reform_of_communes<'t>(old_communes: &'t Table<'_>, mapping: &'t Table<'_>) -> Vec<Edge<'t>> {
    let divided: HashSet<&str> = old_communes
        .rows()
        .map(|row| row.get("district_code"))
        .collect();
    let mut edges = Vec::new();
    for row in mapping.rows() {
        let (district, commune) = (row.get("old_district_code"), row.get("old_commune_code"));
        let old = if commune.is_empty() {
            district
        } else {
            commune
        };
        if !commune.is_empty() || !divided.contains(district) {
            edges.push(Edge {
                origin: Origin::Shipped(row),
                old,
                new: row.get("new_commune_code"),
                on: REFORM,
            });
        }
    }
    edges
}

/// Splits the period of each unit that changed name or kind since the reform.
fn apply_changes<'t>(
    drafts: &mut Vec<Draft<'t>>,
    changes: &'t Table<'_>,
) -> Result<Vec<Edge<'t>>, LoadError> {
    let current = drafts
        .iter()
        .enumerate()
        .filter(|(_, draft)| draft.to.is_empty());
    let mut current: HashMap<&str, usize> =
        current.map(|(index, draft)| (draft.code, index)).collect();
    let mut edges = Vec::new();
    for row in changes.rows() {
        let (code, on) = (row.get("code"), row.get("effective_from"));
        let Some(index) = current.get(code).copied() else {
            return Err(row.error(
                "code",
                format!("no unit {code:?} is in force"),
                "write the code of a unit in force",
            ));
        };
        let old = &mut drafts[index];
        if row.get("old_full_name") != old.name {
            return Err(row.error(
                "old_full_name",
                format!("unit {code} is called {}", old.name),
                "write that name",
            ));
        }
        old.to = Cow::Owned(eve(row, on)?);
        let renewed = Draft {
            origin: Origin::Shipped(row),
            code,
            level: old.level,
            name: row.get("new_full_name"),
            parent: old.parent,
            from: on,
            to: Cow::Borrowed(""),
        };
        current.insert(code, drafts.len());
        drafts.push(renewed);
        edges.push(Edge {
            origin: Origin::Shipped(row),
            old: code,
            new: code,
            on,
        });
    }
    Ok(edges)
}

fn eve(row: Row<'_>, day: &str) -> Result<String, LoadError> {
    let eve = day.parse::<Date>().and_then(|day| day.yesterday());
    match eve {
        Ok(eve) => Ok(eve.to_string()),
        Err(_) => Err(row.error(
            "effective_from",
            format!("{day:?} is not a day"),
            "write yyyy-MM-dd",
        )),
    }
}

fn build(drafts: &[Draft<'_>], edges: &[Edge<'_>]) -> Result<Units, LoadError> {
    let unit_rows: Vec<UnitRow<'_>> = drafts
        .iter()
        .map(|draft| UnitRow {
            code: draft.code,
            level: draft.level,
            name: draft.name,
            parent: draft.parent,
            from: draft.from,
            to: &draft.to,
        })
        .collect();
    let origins: Vec<Origin<'_>> = drafts.iter().map(|draft| draft.origin).collect();
    let units = Units::new(&unit_rows).map_err(|error| locate(&origins, error))?;
    let succession_rows: Vec<SuccessionRow<'_>> = edges
        .iter()
        .map(|edge| SuccessionRow {
            old: edge.old,
            new: edge.new,
            on: edge.on,
        })
        .collect();
    let origins: Vec<Origin<'_>> = edges.iter().map(|edge| edge.origin).collect();
    units
        .with_successions(&succession_rows)
        .map_err(|error| locate(&origins, error))
}

/// The domain's refusal of a row, with its origin in place of the row's number.
fn locate(origins: &[Origin<'_>], error: RowError) -> LoadError {
    match origins.get(error.row) {
        Some(Origin::Shipped(row)) => row.error(error.column, error.what, error.fix),
        Some(Origin::Change(row)) => row.error(error.column, error.what, error.fix),
        None => LoadError::Malformed {
            file: "units".to_owned(),
            line: 0,
            what: error.to_string(),
        },
    }
}
