//! Pages of cases.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::test_paths::{DAY, joined, passed, reference, step, told};
use super::*;
use lienthong_domain::event::Kind;

const T: i64 = 20_000 * DAY;

fn read(request: &pb::ListCasesRequest) -> Question {
    Question::read(request).unwrap()
}

fn page(cases: &[JoinedCase<'_>], request: &pb::ListCasesRequest) -> pb::ListCasesResponse {
    // Two scans taking turns, so that every test proves merging too.
    let mut scans = [
        List::new(read(request), reference()),
        List::new(read(request), reference()),
    ];
    for (at, case) in cases.iter().enumerate() {
        scans[at % 2].add(case);
    }
    let [mut all, other] = scans;
    all.merge(other);
    all.finish()
}

fn codes(answer: &pb::ListCasesResponse) -> Vec<&str> {
    answer.cases.iter().map(|case| case.code.as_str()).collect()
}

fn cases() -> Vec<JoinedCase<'static>> {
    vec![
        joined(&[step(T, "e", "C1"), passed(T + 5, "e", "C1", "C2")]),
        joined(&[step(T, "b", "C1"), step(T + 5, "b", "P1")]),
        joined(&[
            step(T, "d", "C1"),
            told(T + 5, "d", "C1", Kind::ResultReturned),
        ]),
        joined(&[step(T, "a", "C1"), step(T + 5, "a", "C2")]),
        joined(&[step(T, "c", "C1"), step(T + 5, "c", "u")]),
        joined(&[]),
    ]
}

#[test]
fn pages_follow_each_other_in_the_order_of_codes_without_gap_or_repeat() {
    let mut request = pb::ListCasesRequest {
        page_size: 2,
        ..Default::default()
    };
    let mut seen = Vec::new();
    loop {
        let answer = page(&cases(), &request);
        seen.push(codes(&answer).join(""));
        if answer.next_page_token.is_empty() {
            break;
        }
        request.page_token = answer.next_page_token;
    }
    assert_eq!(seen, ["ab", "cd", "e"]);
    let all = page(
        &cases(),
        &pb::ListCasesRequest {
            page_size: 5,
            ..Default::default()
        },
    );
    assert_eq!(
        (codes(&all).len(), all.next_page_token.as_str()),
        (5, ""),
        "exactly full is the last"
    );
}

#[test]
fn a_line_says_what_is_true_of_its_case() {
    let answer = page(&cases()[..1], &Default::default());
    let line = &answer.cases[0];
    assert_eq!(
        (line.code.as_str(), line.dossiers, line.events, line.open),
        ("e", 1, 2, true)
    );
    assert_eq!(line.interconnection_class(), pb::InterconnectionClass::None);
    assert_eq!(
        (line.first_time, line.last_time),
        (Some(from_millis(T)), Some(from_millis(T + 5)))
    );
    let holder = line.holder.as_ref().unwrap();
    assert_eq!(holder.party.as_ref().unwrap().agency_code, "C2");
    assert_eq!(
        (holder.level(), holder.accepted),
        (pb::Level::Commune, false)
    );
    assert_eq!(holder.since_time, Some(from_millis(T + 5)));
}

#[test]
fn filters_choose_by_class_holder_and_openness() {
    let filtered = |request: pb::ListCasesRequest| codes(&page(&cases(), &request)).join("");
    let class = |class: pb::InterconnectionClass| {
        filtered(pb::ListCasesRequest {
            interconnection_class: class as i32,
            ..Default::default()
        })
    };
    assert_eq!(class(pb::InterconnectionClass::Horizontal), "a");
    assert_eq!(class(pb::InterconnectionClass::Vertical), "b");
    assert_eq!(class(pb::InterconnectionClass::Unknown), "c");
    assert_eq!(class(pb::InterconnectionClass::None), "de");
    assert_eq!(
        filtered(pb::ListCasesRequest {
            open_only: true,
            ..Default::default()
        }),
        "abce"
    );
    let held = pb::ListCasesRequest {
        holder_agency_code: "C2".into(),
        ..Default::default()
    };
    assert_eq!(filtered(held), "ae");
}

#[test]
fn a_token_of_another_question_or_of_nobody_is_refused() {
    let first = pb::ListCasesRequest {
        page_size: 2,
        ..Default::default()
    };
    let token = page(&cases(), &first).next_page_token;
    let other = pb::ListCasesRequest {
        open_only: true,
        page_token: token.clone(),
        ..Default::default()
    };
    let wrong = [
        other,
        with_token("x"),
        with_token("0123456789abcdef.b"),
        with_token(&format!("{token}z")),
    ];
    for request in wrong {
        let failure = Question::read(&request).unwrap_err();
        assert_eq!(
            failure.violations[0].field, "page_token",
            "{}",
            request.page_token
        );
    }
    let resized = pb::ListCasesRequest {
        page_size: 7,
        page_token: token,
        ..Default::default()
    };
    assert_eq!(
        read(&resized).after,
        "b",
        "the size of a page may change on the way"
    );
}

fn with_token(token: &str) -> pb::ListCasesRequest {
    pb::ListCasesRequest {
        page_token: token.to_owned(),
        ..Default::default()
    }
}

#[test]
fn bad_fields_are_named() {
    let field = |request: pb::ListCasesRequest| {
        Question::read(&request).unwrap_err().violations[0]
            .field
            .clone()
    };
    let class = pb::ListCasesRequest {
        interconnection_class: 77,
        ..Default::default()
    };
    assert_eq!(field(class), "interconnection_class");
    assert_eq!(
        field(pb::ListCasesRequest {
            page_size: 1_001,
            ..Default::default()
        }),
        "page_size"
    );
    assert_eq!(read(&Default::default()).page_size, USUAL_PAGE);
}
