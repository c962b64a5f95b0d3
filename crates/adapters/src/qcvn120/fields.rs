//! Reads the fields of a record, forgiving what real feeds do: numbers for texts and texts for
//! numbers, other capitals, `null`, a list of one without its list.

use super::moment;
use lienthong_contract::check::Violations;
use serde_json::{Map, Value};

/// A record, or an entry of one of its lists.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    members: &'a Map<String, Value>,
    path: String,
}

impl<'a> Fields<'a> {
    /// The fields of `members`, which stands at `path` in the packet.
    pub fn new(members: &'a Map<String, Value>, path: String) -> Self {
        Self { members, path }
    }

    /// The path of a field, such as `data[2].NgayTiepNhan`.
    pub fn path_of(&self, name: &str) -> String {
        join(&self.path, name)
    }

    /// Where the record stands, such as `data[2]`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// All that it says.
    pub fn members(&self) -> &'a Map<String, Value> {
        self.members
    }

    /// A text, trimmed; empty if the field is absent, `null`, or not a text.
    pub fn text(&self, violations: &mut Violations, name: &str) -> String {
        match self.member(name) {
            None => String::new(),
            Some(value) => text_of(value).unwrap_or_else(|| {
                let fix = "give a text or a number";
                violations.add(&self.path_of(name), "it is a list or an object", fix);
                String::new()
            }),
        }
    }

    /// A text that must be there.
    pub fn required(&self, violations: &mut Violations, name: &str) -> String {
        let text = self.text(violations, name);
        if text.is_empty() {
            violations.add(&self.path_of(name), "it is missing", "give it");
        }
        text
    }

    /// A time in milliseconds since the Unix epoch; none if the field is empty.
    pub fn time(&self, violations: &mut Violations, name: &str) -> Option<i64> {
        let text = self.text(violations, name);
        if text.is_empty() {
            return None;
        }
        match moment::parse(&text) {
            Ok(millis) => Some(millis),
            Err(what) => {
                violations.add(&self.path_of(name), what, moment::FIX);
                None
            }
        }
    }

    /// A flag; feeds write `1`, `true` or `True`.
    pub fn flag(&self, violations: &mut Violations, name: &str) -> bool {
        let text = self.text(violations, name);
        text == "1" || text.eq_ignore_ascii_case("true")
    }

    /// The entries of a list.
    pub fn list(&self, violations: &mut Violations, name: &str) -> Vec<Fields<'a>> {
        self.member(name)
            .map(|value| entries(violations, value, &self.path_of(name)))
            .unwrap_or_default()
    }

    /// Whether any of the fields says something.
    pub fn says_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| {
            self.member(name)
                .is_some_and(|value| text_of(value).is_none_or(|text| !text.is_empty()))
        })
    }

    fn member(&self, name: &str) -> Option<&'a Value> {
        member(self.members, name)
    }
}

/// A member by name, in any capitals.
pub fn member<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.get(name).or_else(|| {
        let mut all = members.iter();
        all.find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

/// What a scalar says, trimmed; none for a list or an object.
pub fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(told) => Some(told.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => {
            let text = text.trim();
            let said = !text.eq_ignore_ascii_case("null");
            Some(if said { text.to_owned() } else { String::new() })
        }
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// The records a list holds. An object with a scalar among its members is a record by itself;
/// one without wraps records, as XML does: `<data><HoSo>...</HoSo></data>`.
pub fn entries<'a>(violations: &mut Violations, value: &'a Value, path: &str) -> Vec<Fields<'a>> {
    let mut found = Vec::new();
    gather(value, &mut found);
    let several = matches!(value, Value::Array(_)) || found.len() > 1;
    let mut fields = Vec::with_capacity(found.len());
    for (index, value) in found.into_iter().enumerate() {
        let path = if several || path == "data" {
            format!("{path}[{index}]")
        } else {
            path.to_owned()
        };
        match value {
            Value::Object(members) => fields.push(Fields::new(members, path)),
            _ => violations.add(
                &path,
                "it is not an object",
                "give an object with named fields",
            ),
        }
    }
    fields
}

fn gather<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| gather(value, found)),
        Value::Object(members) if members.values().any(|member| text_of(member).is_some()) => {
            found.push(value);
        }
        Value::Object(members) => members.values().for_each(|value| gather(value, found)),
        scalar if text_of(scalar).is_some_and(|text| text.is_empty()) => {}
        scalar => found.push(scalar),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}
