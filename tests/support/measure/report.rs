//! The report: a table for people, JSON for programs.

use super::Outcome;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;
use std::path::Path;

/// Every row of a run.
#[derive(Default, Serialize)]
pub struct Report {
    rows: Vec<Row>,
}

/// One figure, beside its floor.
#[derive(Serialize)]
struct Row {
    what: String,
    hub: Option<f64>,
    floor: Option<f64>,
    floor_name: String,
    unit: String,
    /// Hub over floor.
    ratio: Option<f64>,
    /// What is aimed at, in words.
    aim: String,
    /// Whether the aim was reached; none where there is no aim.
    reached: Option<bool>,
}

/// What a figure is held against.
pub enum Aim {
    /// The ratio to the floor is at least this.
    RatioAtLeast(f64),
    /// The ratio to the floor is at most this.
    RatioAtMost(f64),
    /// The figure itself is at most this.
    AtMost(f64),
    /// Nothing is aimed at.
    None,
}

impl Report {
    /// A figure of the machine itself.
    pub fn floor(&mut self, what: &str, value: f64, unit: &str) {
        self.rows.push(Row {
            what: what.into(),
            hub: None,
            floor: Some(value),
            floor_name: what.into(),
            unit: unit.into(),
            ratio: None,
            aim: String::new(),
            reached: None,
        });
        self.show_last();
    }

    /// A figure of the hub beside a floor of the same run.
    pub fn compare(
        &mut self,
        what: &str,
        hub: f64,
        floor_name: &str,
        floor: f64,
        unit: &str,
        aim: Aim,
    ) {
        let ratio = hub / floor;
        let (words, reached) = match aim {
            Aim::RatioAtLeast(least) => (format!("ratio >= {least}"), Some(ratio >= least)),
            Aim::RatioAtMost(most) => (format!("ratio <= {most}"), Some(ratio <= most)),
            Aim::AtMost(most) => (format!("<= {most} {unit}"), Some(hub <= most)),
            Aim::None => (String::new(), None),
        };
        self.rows.push(Row {
            what: what.into(),
            hub: Some(hub),
            floor: Some(floor),
            floor_name: floor_name.into(),
            unit: unit.into(),
            ratio: Some(ratio),
            aim: words,
            reached,
        });
        self.show_last();
    }

    /// A figure of the hub that has no floor.
    pub fn alone(&mut self, what: &str, hub: f64, unit: &str, aim: Aim) {
        let (words, reached) = match aim {
            Aim::AtMost(most) => (format!("<= {most} {unit}"), Some(hub <= most)),
            _ => (String::new(), None),
        };
        self.rows.push(Row {
            what: what.into(),
            hub: Some(hub),
            floor: None,
            floor_name: String::new(),
            unit: unit.into(),
            ratio: None,
            aim: words,
            reached,
        });
        self.show_last();
    }

    fn show_last(&self) {
        if let Some(row) = self.rows.last() {
            eprintln!(
                "  {}: {} {}",
                row.what,
                number(row.hub.or(row.floor)),
                row.unit
            );
        }
    }

    /// Prints the table.
    pub fn print(&self) {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY);
        table.set_header(["figure", "hub", "floor", "unit", "ratio", "aim", ""]);
        for row in &self.rows {
            let verdict = match row.reached {
                Some(true) => "reached",
                Some(false) => "SHORT",
                None => "",
            };
            let floor = match row.floor {
                Some(value) if row.hub.is_some() => {
                    format!("{} ({})", number(Some(value)), row.floor_name)
                }
                value => number(value),
            };
            table.add_row([
                &row.what,
                &number(row.hub),
                &floor,
                &row.unit,
                &row.ratio
                    .map_or(String::new(), |ratio| format!("{ratio:.2}")),
                &row.aim,
                &verdict.to_owned(),
            ]);
        }
        for column in [1, 2, 4] {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        println!("{table}");
    }

    /// Writes the JSON.
    pub fn write(&self, path: &Path) -> Outcome<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, serde_json::to_vec_pretty(self)?)?;
        Ok(())
    }
}

fn number(value: Option<f64>) -> String {
    match value {
        None => String::new(),
        Some(value) if value.abs() >= 1_000.0 => {
            let digits = format!("{value:.0}");
            let groups: Vec<&str> = digits
                .as_bytes()
                .rchunks(3)
                .rev()
                .filter_map(|group| std::str::from_utf8(group).ok())
                .collect();
            groups.join(",")
        }
        Some(value) if value.abs() >= 10.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.3}"),
    }
}

/// The median of several runs.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
