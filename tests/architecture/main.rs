//! The house keeps its shape: floors, the rooms of certain libraries, and readable files.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The floor of each crate. A crate may use only floors below its own.
const FLOORS: &[(&str, u8)] = &[
    ("lienthong-domain", 0),
    ("lienthong-contract", 1),
    ("lienthong-eventlog", 1),
    ("lienthong-telemetry", 1),
    ("lienthong-adapters", 2),
    ("lienthong-catalog", 2),
    ("lienthong-projectors", 2),
    ("lienthong-gateway", 2),
    ("lienthong-subscriptions", 2),
    ("lienthong-console", 3),
    ("lienthong-simulator", 3),
    ("lienthong", 4),
    ("lienthong-tests", 5),
];

/// Libraries that only certain crates may name.
const ROOMS: &[(&str, &[&str])] = &[
    // The tests measure the hub beside the bare client library.
    ("rdkafka", &["lienthong-eventlog", "lienthong-tests"]),
    ("sled", &["lienthong-projectors"]),
    ("redb", &["lienthong-projectors"]),
    ("opentelemetry", &["lienthong-telemetry"]),
    ("opentelemetry_sdk", &["lienthong-telemetry"]),
    ("opentelemetry-otlp", &["lienthong-telemetry"]),
    ("tracing-opentelemetry", &["lienthong-telemetry"]),
    ("prometheus", &["lienthong-telemetry"]),
];

/// What the ground floor must not know.
const NOT_IN_DOMAIN: &[&str] = &["tokio", "serde", "prost", "tonic"];

/// Longest file, tests not counted.
const LONGEST_FILE: usize = 400;

#[test]
fn a_crate_uses_only_floors_below_its_own() {
    let floors: BTreeMap<_, _> = FLOORS.iter().copied().collect();
    for (name, dependencies) in packages() {
        let own = *floors
            .get(name.as_str())
            .unwrap_or_else(|| panic!("{name} has no floor"));
        for dependency in dependencies {
            if let Some(floor) = floors.get(dependency.as_str()) {
                assert!(
                    *floor < own,
                    "{name} (floor {own}) uses {dependency} (floor {floor})"
                );
            }
        }
    }
}

#[test]
fn every_library_stays_in_its_room() {
    let packages = packages();
    assert!(
        packages.len() >= 9,
        "cargo metadata named only {} packages",
        packages.len()
    );
    for (name, dependencies) in &packages {
        for (library, rooms) in ROOMS {
            let used = dependencies.iter().any(|dependency| dependency == library);
            assert!(
                !used || rooms.contains(&name.as_str()),
                "{name} names {library}"
            );
        }
        if name == "lienthong-domain" {
            let forbidden = dependencies
                .iter()
                .find(|dependency| NOT_IN_DOMAIN.contains(&dependency.as_str()));
            assert_eq!(
                forbidden, None,
                "the ground floor does no I/O and knows no wire"
            );
        }
    }
}

#[test]
fn no_file_is_longer_than_a_person_reads() {
    let mut files = Vec::new();
    rust_files(&root().join("crates"), &mut files);
    assert!(files.len() > 50);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let lines = text
            .lines()
            .take_while(|line| !line.starts_with("#[cfg(test)]"))
            .count();
        let is_test = file.to_string_lossy().contains("tests");
        assert!(
            is_test || lines <= LONGEST_FILE,
            "{} has {lines} lines",
            file.display()
        );
    }
}

#[test]
fn every_file_begins_with_what_it_is_for() {
    let mut files = Vec::new();
    rust_files(&root().join("crates"), &mut files);
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            name.ends_with("tests") || text.starts_with("//!"),
            "{} has no //! header",
            file.display()
        );
    }
}

/// Each workspace package with the names of its normal dependencies.
fn packages() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let normal = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        dependencies
            .filter(|dependency| dependency["kind"].is_null())
            .map(name)
            .collect()
    };
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (name(package), normal(package)))
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}
