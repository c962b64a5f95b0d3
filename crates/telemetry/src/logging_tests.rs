//! Lines as they are written.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::trace;
use std::io::Write;
use std::sync::{Arc, Mutex};

#[test]
fn a_filter_that_is_none_is_refused_with_a_fix() {
    let said = parse("info,hub=loud").err().map(|error| error.to_string());
    assert!(said.is_some_and(|said| said.contains("hub=loud") && said.contains("Fix:")));
    assert!(parse("info,lienthong_eventlog=debug").is_ok());
}

/// What was written, shared with the writer.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn written(log: impl FnOnce()) -> Vec<serde_json::Value> {
    let lines = Lines::default();
    let writer = lines.clone();
    let layer = json(move || writer.clone());
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, log);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let line = |line| serde_json::from_str(line).unwrap();
    text.lines().map(line).collect()
}

#[test]
fn a_line_of_json_has_its_fields_side_by_side() {
    let lines =
        written(|| tracing::warn!(target: "lienthong_test", partition = 3, "a \"slow\" disk"));
    let line = lines[0].as_object().unwrap();
    let timestamp = line["timestamp"].as_str().unwrap();
    assert!(
        timestamp.ends_with('Z') && timestamp.contains('T'),
        "{timestamp}"
    );
    assert_eq!(line["level"], "WARN");
    assert_eq!(line["target"], "lienthong_test");
    assert_eq!(line["message"], "a \"slow\" disk");
    assert_eq!(line["partition"], 3);
    assert_eq!(line.len(), 5, "and nothing else: {line:?}");
}

#[test]
fn a_line_within_a_call_names_its_trace_though_it_is_not_recorded() {
    let caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    let lines = written(|| {
        let within = trace::read(caller).attach();
        tracing::info!("within");
        drop(within);
        tracing::info!("after");
    });
    assert_eq!(lines[0]["trace_id"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(lines[0]["span_id"], "b7ad6b7169203331");
    assert_eq!(lines[0]["message"], "within");
    assert!(lines[1].get("trace_id").is_none());
}

#[test]
fn what_the_filter_leaves_out_is_not_even_looked_at() {
    for (filter, level) in [
        ("info", LevelFilter::INFO),
        ("warn,lienthong_eventlog=debug", LevelFilter::DEBUG),
    ] {
        let subscriber = subscriber(json(std::io::sink), parse(filter).unwrap());
        assert_eq!(subscriber.max_level_hint(), Some(level), "{filter}");
    }
}
