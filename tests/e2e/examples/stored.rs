//! Reads what the examples stored, SQLite or JSON lines, without their help.

use serde::Deserialize;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// An event as an example stored it.
#[derive(Debug, Clone, Deserialize)]
pub struct Stored {
    /// Of a durable subscription; else 0.
    #[serde(default)]
    pub sequence: u64,
    /// In whose manifest it counts.
    #[serde(default)]
    pub day: String,
    /// Of the event.
    pub source: String,
    /// Of the event.
    pub id: String,
    /// Of the event.
    #[serde(rename = "type")]
    pub kind: String,
    /// The case.
    #[serde(alias = "partitionKey", alias = "partitionkey")]
    pub partition_key: String,
}

/// Prints each row of the table of events as JSON, in the order in which they were added.
const ROWS: &str = "
import json, sqlite3, sys
store = sqlite3.connect(sys.argv[1], timeout=30)
store.row_factory = sqlite3.Row
tables = {row[0] for row in store.execute('SELECT name FROM sqlite_master')}
for row in store.execute('SELECT * FROM events ORDER BY rowid') if 'events' in tables else []:
    print(json.dumps({name: row[name] for name in row.keys() if name != 'event'}))
";

/// Removes what has these sequence numbers.
const REMOVE: &str = "
import sqlite3, sys
store = sqlite3.connect(sys.argv[1])
with store:
    store.execute('DELETE FROM events WHERE sequence BETWEEN ? AND ?', sys.argv[2:])
";

/// Everything stored, in the order in which it arrived; nothing if there is no file yet.
pub fn read(store: &Path) -> Vec<Stored> {
    if !store.exists() {
        return Vec::new();
    }
    if is_sqlite(store) {
        let rows = python(ROWS, &[store.to_str().unwrap()]);
        let rows = rows.lines().map(|row| serde_json::from_str(row).unwrap());
        return rows.collect();
    }
    let text = std::fs::read_to_string(store).unwrap();
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let lines = whole
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    lines.flat_map(events_of).collect()
}

/// A line is one event, a list of them, or an object that has them beside its token.
fn events_of(line: Value) -> Vec<Stored> {
    let events = match line.get("events") {
        Some(events) => events.clone(),
        None if line.is_array() => line,
        None => Value::Array(vec![line]),
    };
    serde_json::from_value(events).unwrap()
}

/// Makes a hole: what has these sequence numbers, both inclusive, is stored no more.
pub fn remove(store: &Path, first: u64, last: u64) {
    if is_sqlite(store) {
        let numbers = [first, last].map(|number| number.to_string());
        python(REMOVE, &[store.to_str().unwrap(), &numbers[0], &numbers[1]]);
        return;
    }
    let mut kept = String::new();
    for line in std::fs::read_to_string(store).unwrap().lines() {
        let mut events: Vec<Value> = serde_json::from_str(line).unwrap();
        events.retain(|event| !(first..=last).contains(&event["sequence"].as_u64().unwrap()));
        kept.push_str(&serde_json::to_string(&events).unwrap());
        kept.push('\n');
    }
    std::fs::write(store, kept).unwrap();
}

fn is_sqlite(store: &Path) -> bool {
    store.extension().is_some_and(|ending| ending == "sqlite")
}

fn python(script: &str, arguments: &[&str]) -> String {
    let done = Command::new("python3")
        .args(["-c", script])
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    String::from_utf8(done.stdout).unwrap()
}
