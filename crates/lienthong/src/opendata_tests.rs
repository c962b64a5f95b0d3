//! The files hold what was answered, fit together, and say what the standards ask for.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::figures::{COUNTS, RATES};
use lienthong_contract::pb::performance::v1::{
    DossierFilter, Figures, PerformanceLine, Share, Unassigned,
};
use lienthong_contract::time::from_millis;
use serde_json::Value;

fn figures(received: u64) -> Figures {
    Figures {
        received,
        settled: 9,
        on_time: Some(Share {
            numerator: 7,
            denominator: 9,
        }),
        ..Figures::default()
    }
}

fn answer() -> GetPerformanceResponse {
    let line = |key: &str, name: &str, received| PerformanceLine {
        key: key.to_owned(),
        name: name.to_owned(),
        figures: Some(figures(received)),
        ..PerformanceLine::default()
    };
    GetPerformanceResponse {
        lines: vec![
            line("38", "Thanh Hóa, \"tỉnh\"", 10),
            PerformanceLine {
                unassigned: Unassigned::Several.into(),
                candidates: vec!["38".to_owned(), "40".to_owned()],
                ..line("H56.15.03", "", 3)
            },
        ],
        total: Some(figures(13)),
        as_of_time: Some(from_millis(1_767_200_399_999)),
        ..GetPerformanceResponse::default()
    }
}

fn publication(base_url: Option<&str>) -> Publication {
    Publication {
        title: "Figures".to_owned(),
        publisher: "Văn phòng".to_owned(),
        publisher_url: None,
        license: "https://example.vn/licence".to_owned(),
        base_url: base_url.map(str::to_owned),
        issued_ms: 1_767_200_400_000,
    }
}

fn request() -> GetPerformanceRequest {
    GetPerformanceRequest {
        from_day: "2025-01-01".to_owned(),
        to_day: "2025-12-31".to_owned(),
        filter: Some(DossierFilter {
            unit_code: "38".to_owned(),
            ..DossierFilter::default()
        }),
        ..GetPerformanceRequest::default()
    }
}

fn written(base_url: Option<&str>) -> (tempfile::TempDir, Vec<Written>) {
    let dir = tempfile::tempdir().unwrap();
    let files = write(dir.path(), &request(), &answer(), &publication(base_url)).unwrap();
    (dir, files)
}

fn read(dir: &tempfile::TempDir, name: &str) -> String {
    std::fs::read_to_string(dir.path().join(name)).unwrap()
}

fn json(dir: &tempfile::TempDir, name: &str) -> Value {
    serde_json::from_str(&read(dir, name)).unwrap()
}

#[test]
fn the_table_reads_back_to_the_figures_that_were_answered() {
    let (dir, _) = written(None);
    let text = read(&dir, TABLE);
    assert!(text.ends_with("\r\n") && text.matches('\n').count() == text.matches("\r\n").count());
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    let answer = answer();
    assert_eq!(rows.len(), answer.lines.len());
    for (row, line) in rows.iter().zip(&answer.lines) {
        let cell = |name: &str| {
            let at = header.iter().position(|column| column == name).unwrap();
            &row[at]
        };
        assert_eq!(cell("key"), line.key);
        assert_eq!(cell("name"), line.name);
        assert_eq!(cell("candidates"), line.candidates.join(" "));
        let told = line.figures.as_ref().unwrap();
        for count in &COUNTS {
            assert_eq!(
                cell(count.name),
                (count.of)(told).to_string(),
                "{}",
                count.name
            );
        }
        for rate in &RATES {
            let share = (rate.of)(told).unwrap_or_default();
            let parts = [
                ("numerator", share.numerator),
                ("denominator", share.denominator),
            ];
            for (part, value) in parts {
                assert_eq!(cell(&format!("{}_{part}", rate.name)), value.to_string());
            }
        }
    }
    assert_eq!(&rows[1][2], "several");
    assert_eq!(&rows[0][2], "");
}

#[test]
fn an_answer_without_lines_is_one_row_of_the_total() {
    let answer = GetPerformanceResponse {
        lines: Vec::new(),
        ..answer()
    };
    let text = csv::write(&answer).unwrap();
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let at = reader
        .headers()
        .unwrap()
        .iter()
        .position(|name| name == "received");
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1);
    assert_eq!(&rows[0][at.unwrap()], "13");
}

#[test]
fn the_description_of_the_table_has_its_columns_in_their_order() {
    let (dir, _) = written(None);
    let described = json(&dir, TABLE_METADATA);
    assert_eq!(described["@context"][0], "http://www.w3.org/ns/csvw");
    assert_eq!(described["url"], TABLE);
    let columns = described["tableSchema"]["columns"].as_array().unwrap();
    let mut reader = ::csv::Reader::from_path(dir.path().join(TABLE)).unwrap();
    let header = reader.headers().unwrap().clone();
    assert_eq!(columns.len(), header.len());
    for (column, name) in columns.iter().zip(&header) {
        assert_eq!(column["name"], name);
        let titles = column["titles"].as_array().unwrap();
        assert!(titles.iter().any(|title| title == name), "{column}");
    }
    // Each cell is what its column says, and the key tells rows apart.
    let mut keys = std::collections::BTreeSet::new();
    for row in reader.records().map(Result::unwrap) {
        for (column, cell) in columns.iter().zip(&row) {
            if column["datatype"] == "nonNegativeInteger" {
                assert!(cell.parse::<u64>().is_ok(), "{column}: {cell}");
            }
        }
        assert!(keys.insert([2, 0, 4].map(|at| row[at].to_owned())));
    }
    assert_eq!(
        described["tableSchema"]["primaryKey"],
        serde_json::json!(["unassigned", "key", "from_day"])
    );
}

#[test]
fn the_catalogue_has_every_term_that_a_portal_asks_for() {
    let (dir, files) = written(Some("https://data.example.vn/2025/"));
    let catalog = json(&dir, CATALOG);
    assert_eq!(catalog["@type"], "dcat:Catalog");
    let prefixes = catalog["@context"].as_object().unwrap();
    let dataset = &catalog["dcat:dataset"][0];
    assert_eq!(dataset["@type"], "dcat:Dataset");
    for term in [
        "dct:identifier",
        "dct:title",
        "dct:description",
        "dct:publisher",
        "dct:license",
        "dct:issued",
        "dct:temporal",
        "dct:spatial",
        "dcat:keyword",
        "dcat:distribution",
    ] {
        assert!(!dataset[term].is_null(), "{term} is missing");
    }
    let temporal = &dataset["dct:temporal"];
    assert_eq!(temporal["dcat:startDate"]["@value"], "2025-01-01");
    assert_eq!(temporal["dcat:endDate"]["@value"], "2025-12-31");
    assert_eq!(dataset["dct:spatial"]["dct:identifier"], "38");
    assert_eq!(dataset["dct:license"]["@id"], "https://example.vn/licence");
    assert_eq!(dataset["dct:issued"]["@value"], "2025-12-31T17:00:00Z");
    assert_eq!(dataset["dct:publisher"]["foaf:name"], "Văn phòng");

    let distributions = dataset["dcat:distribution"].as_array().unwrap();
    assert_eq!(distributions.len(), 2);
    for (distribution, name) in distributions.iter().zip([TABLE, ANSWER]) {
        assert_eq!(distribution["@type"], "dcat:Distribution");
        let url = format!("https://data.example.vn/2025/{name}");
        assert_eq!(distribution["dcat:downloadURL"]["@id"], url.as_str());
        let media = distribution["dcat:mediaType"]["@id"].as_str().unwrap();
        assert!(media.starts_with("https://www.iana.org/assignments/media-types/"));
        let file = files.iter().find(|file| file.name == name).unwrap();
        let checksum = &distribution["spdx:checksum"];
        assert_eq!(
            checksum["spdx:checksumValue"]["@value"],
            file.sha256.as_str()
        );
        let size = &distribution["dcat:byteSize"]["@value"];
        assert_eq!(size, &read(&dir, name).len().to_string());
        assert!(
            !distribution["dct:conformsTo"]
                .as_array()
                .unwrap()
                .is_empty()
        );
    }
    assert_prefixed(&catalog, prefixes);
}

/// Every term has a prefix that the context defines.
fn assert_prefixed(value: &Value, prefixes: &serde_json::Map<String, Value>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(name, _)| *name != "@context") {
                let known = |name: &str| {
                    let prefix = name.split_once(':').map(|(prefix, _)| prefix);
                    prefix.is_some_and(|prefix| prefixes.contains_key(prefix))
                };
                assert!(name.starts_with('@') || known(name), "{name}");
                let types = (name == "@type").then(|| value.as_str()).flatten();
                assert!(types.is_none_or(known), "{value}");
                assert_prefixed(value, prefixes);
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| assert_prefixed(item, prefixes)),
        _ => {}
    }
}

#[test]
fn checksums_are_those_of_the_files_and_addresses_are_relative_without_a_base() {
    let (dir, files) = written(None);
    for file in &files {
        let digest = Sha256::digest(read(&dir, file.name).as_bytes());
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(file.sha256, hex, "{}", file.name);
    }
    let catalog = json(&dir, CATALOG);
    let table = &catalog["dcat:dataset"][0]["dcat:distribution"][0];
    assert_eq!(table["dcat:accessURL"]["@id"], TABLE);
}

#[test]
fn the_same_question_has_the_same_identifier_and_another_has_another() {
    let id = |request: &GetPerformanceRequest| {
        let catalog = dcat::describe(request, &answer(), &publication(None), &[]);
        catalog["dcat:dataset"][0]["dct:identifier"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(id(&request()), id(&request()));
    let mut other = request();
    other.group_by = 4;
    assert_ne!(id(&request()), id(&other));
}
