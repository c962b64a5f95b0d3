//! What describes the table's columns, by CSV on the Web (W3C, Metadata Vocabulary for Tabular
//! Data).

use super::csv::{Column, Holds, columns};
use super::{Publication, TABLE};
use serde_json::{Value, json};

/// The description of the table.
pub fn describe(publication: &Publication) -> Value {
    json!({
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "url": TABLE,
        "dc:title": publication.title,
        "dc:license": {"@id": publication.license},
        "dialect": {
            "encoding": "utf-8",
            "header": true,
            "delimiter": ",",
            "quoteChar": "\"",
            "doubleQuote": true,
            "lineTerminators": ["\r\n"],
        },
        "tableSchema": {
            "columns": columns().iter().map(column).collect::<Vec<Value>>(),
            "primaryKey": ["unassigned", "key", "from_day"],
        },
    })
}

/// A header is one of its column's titles, or a validator refuses the table.
fn column(column: &Column) -> Value {
    let titles = [&column.name, &column.title];
    let described = json!({"name": column.name, "titles": titles, "required": false});
    let more = match column.holds {
        Holds::Text => json!({"datatype": "string"}),
        Holds::Codes => json!({"datatype": "string", "separator": " "}),
        Holds::Number => json!({"datatype": "nonNegativeInteger", "required": true}),
    };
    merged(described, more)
}

fn merged(mut one: Value, other: Value) -> Value {
    if let (Value::Object(fields), Value::Object(more)) = (&mut one, other) {
        fields.extend(more);
    }
    one
}
