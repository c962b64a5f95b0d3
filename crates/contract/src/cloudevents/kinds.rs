//! The names of kinds of events, taken from the proto file.
//!
//! The type of an event is `vn.lienthong.dossier.<payload>.<version>`: the name of the payload's
//! field in the `oneof` of `lienthong.event.v1.Event`, and the version its package ends in. A
//! field of a proto file keeps its name for ever, and so does the type. The hub's own probes are of
//! another family, `vn.lienthong.hub.probe.<version>`, so that whoever reads the topic with tools of
//! his own leaves them out by it.

use crate::json;
use std::sync::OnceLock;

/// The message that every value of the log is.
const MESSAGE: &str = "lienthong.event.v1.Event";
/// What every type of a dossier's event begins with.
const FAMILY: &str = "vn.lienthong.dossier";
/// What the types of the hub's own events begin with, and the payloads that are its own.
const OWN_FAMILY: &str = "vn.lienthong.hub";
const OWN: [&str; 1] = ["probe"];

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

/// Whether the payload in this field of an event is the hub's own.
pub fn is_own(field: u32) -> bool {
    of(field).is_some_and(|kind| kind.starts_with(OWN_FAMILY))
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
            let family = match OWN.contains(&field.name()) {
                true => OWN_FAMILY,
                false => FAMILY,
            };
            types[number] = format!("{family}.{}.{version}", field.name());
        }
    }
    Names {
        schema: format!("urn:lienthong:proto:{MESSAGE}"),
        types,
    }
}
