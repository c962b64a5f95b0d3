//! XES: one row an event; columns are attribute keys, those of the trace with `case:` before.
//!
//! Read as a stream, so a log of any size fits. Nested attributes, extensions, globals and
//! classifiers are passed over.

use super::super::problem::Problem;
use super::lines::Counted;
use super::{Row, Source};
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use std::sync::Arc;

const FIX: &str = "give a XES file as IEEE 1849 defines it: <log><trace><event>...";

/// Where in the document the parser stands.
struct Walk {
    reader: Reader<Counted<Source>>,
    buffer: Vec<u8>,
    columns: Arc<[String]>,
    /// Names of the open elements that matter; an attribute inside another is at `depth` 1 or more.
    inside: Inside,
    /// Open attribute elements: 0 directly in log, trace or event.
    depth: usize,
    trace: Vec<Option<String>>,
    event: Vec<Option<String>>,
    ended: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Log,
    Trace,
    Event,
}

pub(super) fn rows(
    source: Source,
    columns: Arc<[String]>,
) -> impl Iterator<Item = Result<Row, Problem>> + Send {
    let mut walk = Walk {
        reader: Reader::from_reader(Counted::new(source)),
        buffer: Vec::new(),
        trace: vec![None; columns.len()],
        event: vec![None; columns.len()],
        columns,
        inside: Inside::Log,
        depth: 0,
        ended: false,
    };
    std::iter::from_fn(move || {
        if walk.ended {
            return None;
        }
        let row = walk.next_row().transpose();
        walk.ended = !matches!(row, Some(Ok(_)));
        row
    })
}

impl Walk {
    /// Reads on to the end of the next event; none at the end of the document.
    fn next_row(&mut self) -> Result<Option<Row>, Problem> {
        loop {
            self.buffer.clear();
            let mut buffer = std::mem::take(&mut self.buffer);
            let event = self.reader.read_event_into(&mut buffer);
            let line = self.reader.get_ref().line();
            let event = event.map_err(|error| Problem::cell(line, "", error.to_string(), FIX))?;
            let done = match event {
                Event::Start(tag) => self.start(&tag, line).map(|()| None)?,
                Event::Empty(tag) => self.empty(&tag, line).map(|()| None)?,
                Event::End(tag) => self.end(tag.name().as_ref(), line),
                Event::Eof if self.inside == Inside::Log => return Ok(None),
                Event::Eof => {
                    return Err(Problem::cell(line, "", "the file ends inside a trace", FIX));
                }
                _ => None,
            };
            self.buffer = buffer;
            if done.is_some() {
                return Ok(done);
            }
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>, line: u64) -> Result<(), Problem> {
        match (tag.name().as_ref(), self.inside) {
            ("trace", Inside::Log) => {
                self.inside = Inside::Trace;
                self.trace.fill(None);
            }
            ("event", Inside::Trace) => {
                self.inside = Inside::Event;
                self.event.clone_from(&self.trace);
            }
            ("log" | "trace" | "event", _) if self.depth > 0 || self.inside != Inside::Log => {
                return Err(Problem::cell(
                    line,
                    "",
                    "traces and events are nested wrongly",
                    FIX,
                ));
            }
            ("log", Inside::Log) => {}
            _ => {
                self.attribute(tag, line)?;
                self.depth += 1;
            }
        }
        Ok(())
    }

    fn empty(&mut self, tag: &BytesStart<'_>, line: u64) -> Result<(), Problem> {
        match tag.name().as_ref() {
            "trace" => Ok(()),
            "event" => Err(Problem::cell(line, "", "an event has no attributes", FIX)),
            _ => self.attribute(tag, line),
        }
    }

    fn end(&mut self, name: &str, line: u64) -> Option<Row> {
        match (name, self.inside) {
            ("event", Inside::Event) => {
                self.inside = Inside::Trace;
                return Some(Row {
                    line,
                    columns: self.columns.clone(),
                    cells: self.event.clone(),
                });
            }
            ("trace", Inside::Trace) => self.inside = Inside::Log,
            _ => self.depth = self.depth.saturating_sub(1),
        }
        None
    }

    /// Takes `key` and `value` of an attribute directly in a trace or an event.
    fn attribute(&mut self, tag: &BytesStart<'_>, line: u64) -> Result<(), Problem> {
        let cells = match self.inside {
            _ if self.depth > 0 => return Ok(()),
            Inside::Log => return Ok(()),
            Inside::Trace => &mut self.trace,
            Inside::Event => &mut self.event,
        };
        let key = value_of(tag, "key", line)?;
        let value = value_of(tag, "value", line)?;
        let (Some(key), Some(value)) = (key, value) else {
            return Ok(());
        };
        let of_trace = self.inside == Inside::Trace;
        let wanted = self
            .columns
            .iter()
            .position(|column| match column.strip_prefix("case:") {
                Some(of_case) => of_trace && of_case == key,
                None => !of_trace && *column == key,
            });
        if let Some(at) = wanted {
            cells[at] = Some(value);
        }
        Ok(())
    }
}

fn value_of(tag: &BytesStart<'_>, name: &str, line: u64) -> Result<Option<String>, Problem> {
    let bad = |error: String| Problem::cell(line, name, error, "escape &, < and quotes, in UTF-8");
    let found = tag
        .try_get_attribute(name)
        .map_err(|error| bad(error.to_string()))?;
    match found {
        None => Ok(None),
        Some(attribute) => attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map(|value| Some(value.into_owned()))
            .map_err(|error| bad(error.to_string())),
    }
}
