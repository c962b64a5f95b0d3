//! Writes a log as CSV, JSON lines or XES, with the same content in each.

use super::model::Row;
use crate::import::Format;
use jiff::Timestamp;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, Event};
use serde_json::json;
use std::io::{Error, Result, Write};

const COLUMNS: [&str; 10] = [
    "case_id",
    "event_index",
    "activity",
    "timestamp",
    "org_group",
    "resource",
    "lifecycle",
    "recorded_at",
    "case_channel",
    "case_deadline",
];

/// Writes the rows: CSV and JSON lines with the columns of the table, XES with the standard
/// attributes (`concept:name`, `time:timestamp`, `org:group`, `org:resource`,
/// `lifecycle:transition`) and no index. Rows of a case must stand together, as
/// [`super::rows`] gives them.
///
/// # Errors
/// If a time is out of range or `out` cannot be written.
pub fn write(rows: &[Row], format: Format, out: &mut dyn Write) -> Result<()> {
    match format {
        Format::Csv => write_csv(rows, out),
        Format::JsonLines => write_json_lines(rows, out),
        Format::Xes => write_xes(rows, out),
    }
}

fn write_csv(rows: &[Row], out: &mut dyn Write) -> Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(COLUMNS)?;
    for row in rows {
        table.write_record([
            &row.case_id,
            &row.event_index.to_string(),
            &row.activity,
            &time(row.timestamp_ms)?,
            &row.org_group,
            &row.resource,
            "complete",
            &time(row.recorded_ms)?,
            &row.case_channel,
            &time(row.case_deadline_ms)?,
        ])?;
    }
    table.flush()
}

fn write_json_lines(rows: &[Row], out: &mut dyn Write) -> Result<()> {
    for row in rows {
        let line = json!({
            "case_id": row.case_id,
            "event_index": row.event_index,
            "activity": row.activity,
            "timestamp": time(row.timestamp_ms)?,
            "org_group": (!row.org_group.is_empty()).then_some(&row.org_group),
            "resource": row.resource,
            "lifecycle": "complete",
            "recorded_at": time(row.recorded_ms)?,
            "case_channel": row.case_channel,
            "case_deadline": time(row.case_deadline_ms)?,
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn write_xes(rows: &[Row], out: &mut dyn Write) -> Result<()> {
    let mut xml = Writer::new_with_indent(out, b' ', 1);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let log = BytesStart::new("log").with_attributes([
        ("xes.version", "1849.2016"),
        ("xmlns", "http://www.xes-standard.org/"),
    ]);
    xml.write_event(Event::Start(log))?;
    for trace in rows.chunk_by(|a, b| a.case_id == b.case_id) {
        xml.write_event(Event::Start(BytesStart::new("trace")))?;
        if let Some(first) = trace.first() {
            attribute(&mut xml, "string", "concept:name", &first.case_id)?;
            attribute(&mut xml, "string", "channel", &first.case_channel)?;
            attribute(&mut xml, "date", "deadline", &time(first.case_deadline_ms)?)?;
        }
        for row in trace {
            write_event(&mut xml, row)?;
        }
        xml.write_event(Event::End(BytesEnd::new("trace")))?;
    }
    xml.write_event(Event::End(BytesEnd::new("log")))
}

fn write_event(xml: &mut Writer<&mut dyn Write>, row: &Row) -> Result<()> {
    xml.write_event(Event::Start(BytesStart::new("event")))?;
    attribute(xml, "string", "concept:name", &row.activity)?;
    attribute(xml, "date", "time:timestamp", &time(row.timestamp_ms)?)?;
    if !row.org_group.is_empty() {
        attribute(xml, "string", "org:group", &row.org_group)?;
    }
    attribute(xml, "string", "org:resource", &row.resource)?;
    attribute(xml, "string", "lifecycle:transition", "complete")?;
    attribute(xml, "date", "recorded", &time(row.recorded_ms)?)?;
    xml.write_event(Event::End(BytesEnd::new("event")))
}

fn attribute(xml: &mut Writer<&mut dyn Write>, kind: &str, key: &str, value: &str) -> Result<()> {
    let tag = BytesStart::new(kind).with_attributes([("key", key), ("value", value)]);
    xml.write_event(Event::Empty(tag))
}

/// RFC 3339, UTC, three digits of a second.
pub(super) fn time(millis: i64) -> Result<String> {
    let time = Timestamp::from_millisecond(millis).map_err(Error::other)?;
    Ok(time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}
