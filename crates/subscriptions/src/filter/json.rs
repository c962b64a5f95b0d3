//! Filters in the JSON of CloudEvents Subscriptions: `[{"exact": {"type": "..."}}, {"not": {...}}]`.
//!
//! Only the form is checked here; [`super::Filter::compile`] checks what is asked. Both name a
//! fault by the same path, that of the proto file.

use super::DEEPEST;
use lienthong_contract::pb::event::v1::FieldViolation;
use lienthong_contract::pb::subscription::v1::{self as pb, filter::Dialect};
use serde_json::{Map, Value, json};

/// The names of the dialects.
const DIALECTS: &str = "exact, prefix, suffix, all, any, not";

/// Reads a list of filters; `path` is that of the list.
///
/// # Errors
/// The first field of each filter that does not have the form, with its path and what to write.
pub fn from_json(value: &Value, path: &str) -> Result<Vec<pb::Filter>, Vec<FieldViolation>> {
    list(value, path, 1)
}

/// The JSON that [`from_json`] reads.
pub fn to_json(filters: &[pb::Filter]) -> Value {
    filters.iter().map(filter_json).collect()
}

fn list(value: &Value, path: &str, depth: usize) -> Result<Vec<pb::Filter>, Vec<FieldViolation>> {
    let Value::Array(values) = value else {
        let fix = r#"write a list of filters, such as [{"exact": {"type": "..."}}]"#;
        return Err(vec![violation(path, "it is no list", fix)]);
    };
    let mut filters = Vec::with_capacity(values.len());
    let mut violations = Vec::new();
    for (at, value) in values.iter().enumerate() {
        match filter(value, &format!("{path}[{at}]"), depth) {
            Ok(filter) => filters.push(filter),
            Err(more) => violations.extend(more),
        }
    }
    match violations.is_empty() {
        true => Ok(filters),
        false => Err(violations),
    }
}

fn filter(value: &Value, path: &str, depth: usize) -> Result<pb::Filter, Vec<FieldViolation>> {
    let refuse = |what: String| {
        let fix = format!("write an object with one of {DIALECTS}");
        Err(vec![violation(path, what, fix)])
    };
    if depth > DEEPEST {
        let what = format!("filters lie more than {DEEPEST} deep");
        return Err(vec![violation(path, what, "write it flatter")]);
    }
    let Value::Object(object) = value else {
        return refuse("it is no object".to_owned());
    };
    let mut told = object.iter();
    let (Some((name, asked)), None) = (told.next(), told.next()) else {
        return refuse(format!("it has {} dialects", object.len()));
    };
    let deeper = |field: &str| list(asked, &format!("{path}.{field}.filters"), depth + 1);
    let dialect = match name.as_str() {
        "exact" => Dialect::Exact(attributes(asked, &format!("{path}.exact.values"))?),
        "prefix" => Dialect::Prefix(attributes(asked, &format!("{path}.prefix.values"))?),
        "suffix" => Dialect::Suffix(attributes(asked, &format!("{path}.suffix.values"))?),
        "all" => Dialect::All(pb::Filters {
            filters: deeper("all")?,
        }),
        "any" => Dialect::Any(pb::Filters {
            filters: deeper("any")?,
        }),
        "not" => {
            let not = filter(asked, &format!("{path}.not"), depth + 1)?;
            Dialect::Not(Box::new(not))
        }
        other => return refuse(format!("there is no dialect {other:?}")),
    };
    Ok(pb::Filter {
        dialect: Some(dialect),
    })
}

fn attributes(value: &Value, path: &str) -> Result<pb::Attributes, Vec<FieldViolation>> {
    let Value::Object(object) = value else {
        let fix = r#"write attributes and their values, such as {"type": "..."}"#;
        return Err(vec![violation(path, "it is no object", fix)]);
    };
    let mut values = std::collections::HashMap::with_capacity(object.len());
    for (name, value) in object {
        let Value::String(value) = value else {
            let fix = "write the value as text, in quotation marks";
            let path = format!("{path}[{name}]");
            return Err(vec![violation(&path, "the value is no text", fix)]);
        };
        values.insert(name.clone(), value.clone());
    }
    Ok(pb::Attributes { values })
}

fn filter_json(filter: &pb::Filter) -> Value {
    match &filter.dialect {
        None => json!({}),
        Some(Dialect::Exact(asked)) => json!({ "exact": attributes_json(asked) }),
        Some(Dialect::Prefix(asked)) => json!({ "prefix": attributes_json(asked) }),
        Some(Dialect::Suffix(asked)) => json!({ "suffix": attributes_json(asked) }),
        Some(Dialect::All(filters)) => json!({ "all": to_json(&filters.filters) }),
        Some(Dialect::Any(filters)) => json!({ "any": to_json(&filters.filters) }),
        Some(Dialect::Not(filter)) => json!({ "not": filter_json(filter) }),
    }
}

fn attributes_json(asked: &pb::Attributes) -> Value {
    let pairs = asked.values.iter();
    Value::Object(
        pairs
            .map(|(name, value)| (name.clone(), Value::String(value.clone())))
            .collect::<Map<_, _>>(),
    )
}

fn violation(path: &str, what: impl Into<String>, fix: impl Into<String>) -> FieldViolation {
    FieldViolation {
        field: path.to_owned(),
        description: what.into(),
        fix: fix.into(),
    }
}
