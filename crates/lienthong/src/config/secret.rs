//! A setting that is never shown: only whether it is set.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Shown in the place of the value.
const HIDDEN: &str = "(set)";

/// Secret text; empty: not set.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(pub String);

/// What a file may hold in the place of the text. Told by itself, so that no refusal repeats it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Told {
    Text(String),
    Other(serde::de::IgnoredAny),
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Told::deserialize(deserializer)? {
            Told::Text(text) => Ok(Self(text)),
            Told::Other(_) => Err(serde::de::Error::custom("it is no text; put it in quotes")),
        }
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = if self.0.is_empty() { "" } else { HIDDEN };
        serializer.serialize_str(shown)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "none" } else { HIDDEN })
    }
}
