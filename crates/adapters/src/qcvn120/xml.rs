//! Packets in XML, read into the form of their JSON: an element with elements inside is an
//! object, elements of one name are a list, any other is a text. Attributes and namespaces say
//! nothing that a packet needs.

use quick_xml::Writer;
use quick_xml::events::{BytesStart, BytesText, Event};
use quick_xml::reader::Reader;
use serde_json::{Map, Value};
use std::io::{self, Write};

/// Elements inside each other that a packet may have.
const DEEPEST: usize = 32;

/// Why a text is not a packet in XML.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not well-formed.
    #[error("{what} at byte {at}")]
    Malformed {
        /// What the parser said.
        what: String,
        /// Where, from 0.
        at: u64,
    },
    /// It declares a document type, which packets never do and attacks do.
    #[error("it has a document type declaration")]
    DocumentType,
    /// It refers to an entity that XML does not have by itself.
    #[error("it refers to an entity that is not predefined")]
    Entity,
    /// Its elements are nested too deeply.
    #[error("its elements are nested more than {DEEPEST} deep")]
    TooDeep,
    /// It has no element, or more than one, at its top.
    #[error("it has no single root element")]
    Root,
}

/// An element that is open.
#[derive(Default)]
struct Open {
    name: String,
    text: String,
    members: Map<String, Value>,
}

impl Open {
    fn close(self) -> (String, Value) {
        let value = if self.members.is_empty() {
            Value::String(self.text.trim().to_owned())
        } else {
            Value::Object(self.members)
        };
        (self.name, value)
    }

    fn add(&mut self, name: String, value: Value) {
        match self.members.get_mut(&name) {
            None => {
                self.members.insert(name, value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(one) => {
                let first = std::mem::take(one);
                *one = Value::Array(vec![first, value]);
            }
        }
    }
}

/// Reads the content of the root element.
///
/// # Errors
/// If the text is not XML, or XML that no packet is.
pub fn read(text: &str) -> Result<Value, Error> {
    let mut reader = Reader::from_str(text);
    // The bottom stands for the document, which holds the root element.
    let mut open = vec![Open::default()];
    loop {
        let at = reader.buffer_position();
        let malformed = |error: &dyn std::fmt::Display| Error::Malformed {
            what: error.to_string(),
            at,
        };
        let event = reader.read_event().map_err(|error| malformed(&error))?;
        match event {
            Event::Start(start) => {
                if open.len() > DEEPEST {
                    return Err(Error::TooDeep);
                }
                open.push(Open {
                    name: name_of(&start),
                    ..Open::default()
                });
            }
            Event::Empty(start) => add(&mut open, name_of(&start), Value::String(String::new())),
            Event::End(_) => {
                if let Some((name, value)) = open.pop().map(Open::close) {
                    add(&mut open, name, value);
                }
            }
            Event::Text(text) => push(&mut open, &text.xml10_content()),
            Event::CData(text) => push(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let told = match reference.resolve_char_ref() {
                    Ok(Some(character)) => character.to_string(),
                    Ok(None) => quick_xml::escape::resolve_predefined_entity(&reference)
                        .ok_or(Error::Entity)?
                        .to_owned(),
                    Err(error) => return Err(malformed(&error)),
                };
                push(&mut open, &told);
            }
            Event::DocType(_) => return Err(Error::DocumentType),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof if open.len() > 1 => return Err(malformed(&"an element is not closed")),
            Event::Eof => return root(open),
        }
    }
}

/// Writes a value as an element; lists as elements of one name.
pub fn write(root: &str, value: &Value) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    // Writing to memory does not fail.
    let _ = element(&mut writer, root, value);
    writer.into_inner()
}

fn element(writer: &mut Writer<Vec<u8>>, name: &str, value: &Value) -> io::Result<()> {
    match value {
        Value::Array(values) => values
            .iter()
            .try_for_each(|value| element(writer, name, value)),
        Value::Object(members) => {
            let start = BytesStart::new(name);
            writer.write_event(Event::Start(start.borrow()))?;
            for (name, value) in members {
                element(writer, name, value)?;
            }
            writer.write_event(Event::End(start.to_end()))
        }
        Value::Null => writer.write_event(Event::Empty(BytesStart::new(name))),
        Value::String(text) => content(writer, name, text),
        other => content(writer, name, &other.to_string()),
    }
}

fn content(writer: &mut Writer<Vec<u8>>, name: &str, text: &str) -> io::Result<()> {
    writer
        .create_element(name)
        .write_text_content(BytesText::new(text))?
        .get_mut()
        .flush()
}

fn name_of(start: &BytesStart<'_>) -> String {
    let name: &str = start.local_name().into_inner();
    name.to_owned()
}

fn add(open: &mut [Open], name: String, value: Value) {
    if let Some(parent) = open.last_mut() {
        parent.add(name, value);
    }
}

fn push(open: &mut [Open], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn root(mut open: Vec<Open>) -> Result<Value, Error> {
    let document = open.pop().unwrap_or_default();
    let mut roots = document.members.into_iter();
    match (roots.next(), roots.next()) {
        (Some((_, Value::Array(_))), _) | (_, Some(_)) | (None, _) => Err(Error::Root),
        (Some((_, value)), None) => Ok(value),
    }
}
