//! What is a context, and what is none.
#![allow(clippy::unwrap_used)]

use super::*;

const SAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const UNSAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

#[test]
fn only_the_flag_of_a_traceparent_says_that_it_is_sampled() {
    assert!(is_sampled(SAMPLED));
    assert!(is_sampled(&SAMPLED.replace("-01", "-03")));
    for other in [
        UNSAMPLED,
        "",
        "01",
        &SAMPLED[1..],
        &SAMPLED.replace("-01", "-0z"),
    ] {
        assert!(!is_sampled(other), "{other}");
    }
}

#[test]
fn a_context_keeps_its_ids_and_its_state_on_the_way_through_headers() {
    let mut headers = HeaderMap::new();
    headers.insert("traceparent", SAMPLED.parse().unwrap());
    headers.insert("tracestate", "vendor=value".parse().unwrap());
    let context = read_headers(&headers).unwrap();
    assert_eq!(written(context.span().span_context()), SAMPLED);
    let mut onward = HeaderMap::new();
    write_headers(&context, &mut onward);
    assert_eq!(onward, headers);
}

#[test]
fn no_state_makes_no_empty_header() {
    let mut headers = HeaderMap::new();
    write_headers(&read(UNSAMPLED), &mut headers);
    assert_eq!(headers.get("traceparent").unwrap(), UNSAMPLED);
    assert!(!headers.contains_key("tracestate"));
}

#[test]
fn what_is_no_traceparent_is_no_context() {
    for told in [
        "",
        "00-zero",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", told.parse().unwrap());
        assert!(read_headers(&headers).is_none(), "{told}");
    }
    assert!(read_headers(&HeaderMap::new()).is_none());
}

#[test]
fn a_span_that_is_not_recorded_has_no_traceparent() {
    assert_eq!(traceparent(&Span::none()), "");
}
