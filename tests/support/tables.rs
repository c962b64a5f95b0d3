//! The demonstration's reference tables as files, and the settings that name them.

use lienthong_contract::reference::{
    TableFile, demo_agencies, demo_procedure_steps, demo_procedures,
};
use std::io;
use std::path::Path;

/// Writes agencies, procedures and their steps into a folder; the settings, as environment.
///
/// # Errors
/// If a file cannot be written.
pub fn demo(folder: &Path) -> io::Result<Vec<(String, String)>> {
    let tables = [
        ("AGENCIES", demo_agencies()),
        ("PROCEDURES", demo_procedures()),
        ("PROCEDURE_STEPS", demo_procedure_steps()),
    ];
    let written = tables.map(|(key, table)| write(folder, key, &table));
    written.into_iter().collect()
}

/// Writes one table into a folder; the setting `reference.<key>` that names it.
///
/// # Errors
/// If the file cannot be written.
pub fn write(folder: &Path, key: &str, table: &TableFile) -> io::Result<(String, String)> {
    let path = folder.join(&table.name);
    std::fs::write(&path, &table.text)?;
    let list = format!("[{:?}]", path.display().to_string());
    Ok((format!("LIENTHONG_REFERENCE__{key}"), list))
}
