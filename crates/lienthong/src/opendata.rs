//! Figures as an open data set: a table, what describes its columns, the whole answer, and the
//! catalogue entry around them.
//!
//! ```text
//! performance.csv                 RFC 4180
//! performance.csv-metadata.json   CSVW; found from the table's own address
//! performance.json                the answer by the proto JSON mapping
//! catalog.jsonld                  DCAT 3; written last, so it never names what is not there yet
//! ```

pub mod csv;
pub mod csvw;
pub mod dcat;

use crate::exit::Failure;
use lienthong_contract::pb::performance::v1::{GetPerformanceRequest, GetPerformanceResponse};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Name of the table.
pub const TABLE: &str = "performance.csv";
/// Name of the table's description, as CSVW looks for it.
pub const TABLE_METADATA: &str = "performance.csv-metadata.json";
/// Name of the answer.
pub const ANSWER: &str = "performance.json";
/// Name of the catalogue.
pub const CATALOG: &str = "catalog.jsonld";

/// What a publisher says of the data set.
#[derive(Debug, Clone)]
pub struct Publication {
    /// Title of the data set.
    pub title: String,
    /// Who publishes it.
    pub publisher: String,
    /// Where the publisher is found; may be left out.
    pub publisher_url: Option<String>,
    /// URL of the licence under which it may be used.
    pub license: String,
    /// URL of the folder in which it will be found; without it addresses are relative to the
    /// catalogue.
    pub base_url: Option<String>,
    /// When it is published, milliseconds since the Unix epoch.
    pub issued_ms: i64,
}

/// A file of the data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its name.
    pub name: &'static str,
    /// Its length.
    pub bytes: usize,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
}

/// Writes the data set into a folder, which is made if missing. Files of those names are replaced.
///
/// # Errors
/// If a file cannot be written, naming it.
pub fn write(
    dir: &Path,
    request: &GetPerformanceRequest,
    answer: &GetPerformanceResponse,
    publication: &Publication,
) -> Result<Vec<Written>, Failure> {
    let folder = |error| Failure::failed(format!("{}: {error}", dir.display()));
    std::fs::create_dir_all(dir).map_err(folder)?;
    let json = crate::commands::performance::json(answer)?;
    let mut files = vec![
        keep(dir, TABLE, csv::write(answer)?)?,
        keep(dir, TABLE_METADATA, pretty(&csvw::describe(publication))?)?,
        keep(dir, ANSWER, pretty(&json)?)?,
    ];
    let catalog = dcat::describe(request, answer, publication, &files);
    files.push(keep(dir, CATALOG, pretty(&catalog)?)?);
    Ok(files)
}

fn pretty(value: &serde_json::Value) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::failed)?;
    Ok(text + "\n")
}

fn keep(dir: &Path, name: &'static str, text: String) -> Result<Written, Failure> {
    let path = dir.join(name);
    let failed = |error| Failure::failed(format!("{}: {error}", path.display()));
    std::fs::write(&path, &text).map_err(failed)?;
    let digest = Sha256::digest(text.as_bytes());
    Ok(Written {
        name,
        bytes: text.len(),
        sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}

#[cfg(test)]
#[path = "opendata_tests.rs"]
mod tests;
