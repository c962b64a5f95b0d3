//! The names of kinds of events, taken from the proto file.
//!
//! The type of an event is `vn.lienthong.dossier.<payload>.<version>`: the name of the payload's
//! field in the `oneof` of `lienthong.event.v1.Event`, and the version its package ends in. A
//! field of a proto file keeps its name for ever, and so does the type.

use crate::json;
use std::sync::OnceLock;

/// The message that every value of the log is.
const MESSAGE: &str = "lienthong.event.v1.Event";
/// What every type begins with.
const FAMILY: &str = "vn.lienthong.dossier";

struct Names {
    schema: String,
    /// By field number; empty for a number that is no payload's.
    types: Vec<String>,
}

/// The type of the payload in this field of an event; none for one that this version does not
/// know.
pub fn of(field: u32) -> Option<&'static str> {
    let kind = names().types.get(field as usize)?;
    (!kind.is_empty()).then_some(kind)
}

/// The schema of every value, as a URN.
pub fn schema() -> &'static str {
    &names().schema
}

fn names() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(read)
}

/// Empty only if the descriptors built into this binary did not load, which a test rules out.
fn read() -> Names {
    let mut types = Vec::new();
    if let Ok(event) = json::descriptor(MESSAGE) {
        let version = event.package_name().rsplit('.').next().unwrap_or_default();
        let payloads = event.oneofs().filter(|oneof| oneof.name() == "payload");
        for field in payloads.flat_map(|oneof| oneof.fields().collect::<Vec<_>>()) {
            let number = field.number() as usize;
            types.resize(types.len().max(number + 1), String::new());
            types[number] = format!("{FAMILY}.{}.{version}", field.name());
        }
    }
    Names {
        schema: format!("urn:lienthong:proto:{MESSAGE}"),
        types,
    }
}
