//! The W3C trace context of a call, carried into the events it brings.

use axum::http::HeaderMap;
use lienthong_contract::cloudevents::is_traceparent;
use tonic::metadata::MetadataMap;

/// The call's `traceparent`; empty if it has none, or none of the form of W3C Trace Context.
pub fn parent(metadata: &MetadataMap) -> String {
    carried(metadata.get("traceparent").map(|value| value.to_str().ok()))
}

/// The same of a request over HTTP.
pub fn parent_of_request(headers: &HeaderMap) -> String {
    carried(headers.get("traceparent").map(|value| value.to_str().ok()))
}

fn carried(told: Option<Option<&str>>) -> String {
    told.flatten()
        .filter(|text| is_traceparent(text))
        .map_or_else(String::new, str::to_owned)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_traceparent_is_carried_on() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        for (told, carried) in [(good, good), ("00-zero", ""), ("", "")] {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", told.parse().unwrap());
            assert_eq!(parent_of_request(&headers), carried);
            assert_eq!(parent(&MetadataMap::from_headers(headers)), carried);
        }
        assert_eq!(parent(&MetadataMap::new()), "");
    }
}
