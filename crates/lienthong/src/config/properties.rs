//! Properties handed to librdkafka as they are, such as `security.protocol`. Some are secrets, so
//! no value is ever shown: only the names.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;

/// Shown in the place of every value.
const HIDDEN: &str = "(set)";

/// Properties by their dotted names.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Properties(pub BTreeMap<String, String>);

/// A value, or the next part of a dotted name: TOML reads `sasl.password` as a table.
#[derive(Deserialize)]
#[serde(untagged)]
enum Node {
    Flag(bool),
    Number(i64),
    Fraction(f64),
    Text(String),
    Table(BTreeMap<String, Node>),
}

impl<'de> Deserialize<'de> for Properties {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table = BTreeMap::<String, Node>::deserialize(deserializer)?;
        let mut properties = BTreeMap::new();
        collect("", table, &mut properties);
        Ok(Self(properties))
    }
}

fn collect(above: &str, table: BTreeMap<String, Node>, into: &mut BTreeMap<String, String>) {
    for (part, node) in table {
        let name = match above {
            "" => part,
            above => format!("{above}.{part}"),
        };
        let value = match node {
            Node::Table(table) => {
                collect(&name, table, into);
                continue;
            }
            Node::Flag(flag) => flag.to_string(),
            Node::Number(number) => number.to_string(),
            Node::Fraction(number) => number.to_string(),
            Node::Text(text) => text,
        };
        into.insert(name, value);
    }
}

impl Serialize for Properties {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.keys().map(|name| (name, HIDDEN)))
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
