//! What operators install fits together and fits the hub: metrics that are named exist, alerts are
//! proved both ways and lead to a page, pages name what there is, and their commands work. What each
//! file's own linter sees is checked by `run.sh` beside this.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod commands;
mod metrics;
mod pages;
mod rules;

use std::path::{Path, PathBuf};

/// The folder that operators install from.
fn deploy() -> PathBuf {
    root().join("deploy")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Name without extension and text of every file of a folder with this extension, by name.
fn texts(folder: &str, extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join(folder)).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|found| found == extension) {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            found.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(!found.is_empty(), "{folder} has no .{extension}");
    found.sort();
    found
}
