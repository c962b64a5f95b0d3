//! Parameters as they are meant, and every refusal by its name.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::facets::Facets;

fn read(form: Form, query: &str) -> Result<Asked, Failure> {
    Asked::read(form, query, &HeaderMap::new())
}

fn start(query: &str, sent: Option<&str>) -> Place {
    let mut headers = HeaderMap::new();
    if let Some(sent) = sent {
        headers.insert(crate::http::LAST_EVENT_ID, sent.parse().unwrap());
    }
    let asked =
        Asked::read(Form::Stream, query, &headers).unwrap_or_else(|error| panic!("{error}"));
    asked.wanted.start.unwrap().place.unwrap()
}

fn wants(query: &str, pairs: &[(Attribute, &str)]) -> bool {
    let mut facets = Facets::default();
    for (attribute, value) in pairs {
        facets.add(*attribute, value);
    }
    let asked = read(Form::Stream, query).unwrap_or_else(|error| panic!("{query}: {error}"));
    asked.wanted.filter.holds(&facets)
}

#[test]
fn a_stream_begins_where_it_is_told_to() {
    assert_eq!(start("", None), Place::End(End {}));
    assert_eq!(start("from=end", None), Place::End(End {}));
    assert_eq!(
        start("from=beginning", None),
        Place::Beginning(Beginning {})
    );
    let time = Place::Time(from_millis(1_791_428_400_500));
    for text in [
        "2026-10-08T03:00:00.5Z",
        "2026-10-08T10:00:00.5%2B07:00",
        "2026-10-08T10:00:00.5+07:00",
    ] {
        assert_eq!(start(&format!("from={text}"), None), time, "{text}");
    }
}

#[test]
fn what_a_browser_sends_comes_before_its_address() {
    let token = |text: &str| Place::Token(text.to_owned());
    let query = "from=beginning&last_event_id=AA";
    assert_eq!(start("from=beginning", Some("BB")), token("BB"));
    assert_eq!(start(query, Some("BB")), token("BB"));
    assert_eq!(start(query, Some("")), token("AA"));
    assert_eq!(start(query, None), token("AA"));
    assert_eq!(start("last_event_id=", None), Place::End(End {}));
}

#[test]
fn one_of_a_parameters_values_and_all_parameters_must_hold() {
    let at = |agency| vec![(Attribute::Agency, agency), (Attribute::Level, "commune")];
    let query = "agency=H56.03&agency=H56.15.03&level=commune";
    assert!(wants(query, &at("H56.03")) && wants(query, &at("H56.15.03")));
    assert!(!wants(query, &at("H56.01")));
    assert!(!wants(query, &[(Attribute::Agency, "H56.03")]));
    assert!(wants(
        "agency.prefix=H56.15&agency.suffix=.03",
        &at("H56.15.03")
    ));
    assert!(!wants(
        "agency.prefix=H56.15&agency.suffix=.03",
        &at("H56.03")
    ));
    let listed =
        "filters=%5B%7B%22not%22%3A%7B%22exact%22%3A%7B%22agency%22%3A%22H56.03%22%7D%7D%7D%5D";
    assert!(wants(listed, &at("H56.01")) && !wants(listed, &at("H56.03")));
    let both = format!("{listed}&level=commune");
    assert!(wants(&both, &at("H56.01")) && !wants(&both, &[(Attribute::Agency, "H56.01")]));
    assert!(read(Form::Stream, "").is_ok_and(|asked| asked.wanted.filter.is_everything()));
}

#[test]
fn how_much_and_how_long_is_as_asked() {
    let asked =
        read(Form::Stream, "until_caught_up=true&heartbeat=300").unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(asked.wanted.until, Until::CaughtUp);
    assert_eq!(asked.wanted.heartbeat, Duration::from_secs(300));
    let asked = read(Form::Page, "max=7").unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((asked.most, asked.wanted.until), (7, Until::CaughtUp));
    let usual = read(Form::Stream, "").unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(usual.wanted.until, Until::GoingAway);
    assert_eq!(usual.wanted.heartbeat, Duration::from_secs(15));
}

#[test]
fn every_parameter_at_fault_is_refused_by_its_name() {
    let cases: [(Form, &str, &[&str]); 9] = [
        (Form::Stream, "agncy=H56&from=now", &["from", "agncy"]),
        (
            Form::Stream,
            "agency=&heartbeat=0",
            &["agency", "heartbeat"],
        ),
        (Form::Stream, "heartbeat=301", &["heartbeat"]),
        (Form::Stream, "until_caught_up=yes", &["until_caught_up"]),
        (Form::Stream, "from=end&from=beginning", &["from"]),
        (Form::Stream, "max=3", &["max"]),
        (Form::Page, "max=1001&heartbeat=3", &["max", "heartbeat"]),
        (Form::Page, "filters=[", &["filters"]),
        (
            Form::Page,
            "filters=%5B%7B%22exact%22%3A%7B%22agncy%22%3A%22x%22%7D%7D%5D",
            &["filters[0].exact.values[agncy]"],
        ),
    ];
    for (form, query, expected) in cases {
        let Err(failure) = read(form, query) else {
            panic!("{query} should be refused");
        };
        assert_eq!(failure.reason, Reason::RequestMalformed);
        let fields: Vec<&str> = failure
            .violations
            .iter()
            .map(|one| one.field.as_str())
            .collect();
        assert_eq!(fields, expected, "{query}");
        assert!(failure.violations.iter().all(|one| !one.fix.is_empty()));
    }
}

#[test]
fn a_form_is_chosen_by_what_is_accepted() {
    let form = |accept: &[&str]| {
        let mut headers = HeaderMap::new();
        for kinds in accept {
            headers.append(header::ACCEPT, kinds.parse().unwrap());
        }
        Form::of(&headers)
    };
    assert_eq!(form(&[]), Some(Form::Stream));
    assert_eq!(form(&["*/*"]), Some(Form::Stream));
    assert_eq!(form(&["text/event-stream"]), Some(Form::Stream));
    assert_eq!(form(&["text/html, */*;q=0.8"]), Some(Form::Stream));
    let page = "Application/CloudEvents-Batch+JSON; charset=utf-8";
    assert_eq!(form(&[page]), Some(Form::Page));
    assert_eq!(form(&["text/html", page]), Some(Form::Page));
    assert_eq!(form(&["application/json"]), None);
}
