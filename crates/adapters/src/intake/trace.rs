//! The W3C trace context of a call, carried into the events it brings.

use tonic::metadata::MetadataMap;

/// Length of a `traceparent` of version 00.
const LENGTH: usize = 55;

/// The call's `traceparent`; empty if it has none, or none of the form of W3C Trace Context
/// (`00-<32 hex>-<16 hex>-<2 hex>`, ids not all zero).
pub fn parent(metadata: &MetadataMap) -> String {
    metadata
        .get("traceparent")
        .and_then(|value| value.to_str().ok())
        .filter(|text| is_traceparent(text))
        .map_or_else(String::new, str::to_owned)
}

fn is_traceparent(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut part = |length: usize| {
        parts.next().filter(|part| {
            part.len() == length
                && part
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
    };
    let known_shape = part(2) == Some("00");
    let ids = [part(32), part(16)];
    let ids_told = ids
        .iter()
        .all(|id| id.is_some_and(|id| id.bytes().any(|byte| byte != b'0')));
    let flagged = part(2).is_some();
    known_shape && ids_told && flagged && text.len() == LENGTH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_traceparent_is_carried_on() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert!(is_traceparent(good));
        for bad in [
            "",
            "00",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        ] {
            assert!(!is_traceparent(bad), "{bad}");
        }
    }
}
