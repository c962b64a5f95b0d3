//! What each check accepts, what it refuses, and that the refusal helps.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use jiff::civil::Date;
use proptest::prelude::*;

use super::person::{Kind, check_number, is_placeholder};
use super::*;

fn refusal(result: Result<(), CodeError>) -> String {
    result.expect_err("should be refused").to_string()
}

#[test]
fn agency_codes_of_both_forms_are_accepted() {
    for code in [
        "H56",
        "G15",
        "000.17.22.H56",
        "H56.15.03",
        "H15.50.05.13",
        "0",
        &"A".repeat(35),
    ] {
        assert_eq!(check_agency(code), Ok(()), "{code}");
    }
}

#[test]
fn an_agency_code_is_refused_with_the_place_of_the_fault() {
    let cases = [
        ("", "it is empty"),
        ("h56", "character 1 is 'h'"),
        ("H56.15.Đ3", "character 8 is 'Đ'"),
        (
            "H56..03",
            "the group before the dot at character 5 is empty",
        ),
        (".H56", "the group before the dot at character 1 is empty"),
        ("H56.", "it ends with a dot"),
        ("H56 ", "character 4 is ' '"),
        ("H56-15", "character 4 is '-'"),
        (&"A".repeat(36), "it has 36 characters, at most 35"),
        (&"Đ".repeat(20), "it has 20 characters"),
    ];
    for (code, what) in cases {
        let error = refusal(check_agency(code));
        assert!(error.contains(what), "{code:?}: {error}");
        assert!(
            error.contains("Fix: write groups of 0-9 and A-Z"),
            "{error}"
        );
    }
}

#[test]
fn the_three_shapes_of_dossier_codes_pass_every_profile() {
    for code in [
        "000.17.22.H56-210531-0001",
        "H15.50.05.13-261008-0975",
        "G09.20-20260609-0092637",
    ] {
        for strictness in [Strictness::Strict, Strictness::Lenient, Strictness::Foreign] {
            assert_eq!(
                check_dossier(code, strictness),
                Ok(()),
                "{code} {strictness:?}"
            );
        }
    }
}

#[test]
fn other_lengths_of_sequence_pass_only_the_lenient_profile() {
    for code in [
        "H56-210531-001",
        "H56-210531-00001",
        "H56-20210531-0001",
        "H56-210531-0123456789",
    ] {
        assert_eq!(check_dossier(code, Strictness::Lenient), Ok(()), "{code}");
        assert!(
            refusal(check_dossier(code, Strictness::Strict)).contains("the sequence is not"),
            "{code}"
        );
    }
}

#[test]
fn a_dossier_code_is_refused_with_its_fault_and_a_fix() {
    let cases = [
        ("", "it is empty"),
        ("H56", "it has no hyphen"),
        ("H56-210531", "it has one hyphen where two are needed"),
        ("-210531-0001", "in the agency, it is empty"),
        ("h56-210531-0001", "in the agency, character 1 is 'h'"),
        ("H56-210230-0001", "the date 210230 is not in the calendar"),
        ("H56-230229-0001", "the date 230229 is not in the calendar"),
        (
            "H56-20261301-0001",
            "the date 20261301 is not in the calendar",
        ),
        ("H56-000000-0001", "the date 000000 is not in the calendar"),
        ("H56-2105311-0001", "the date is not 6 digits"),
        ("H56-21053x-0001", "the date is not 6 digits"),
        ("H56-210531-01", "the sequence is not 3 to 10 digits"),
        (
            "H56-210531-12345678901",
            "the sequence is not 3 to 10 digits",
        ),
        ("H56-210531-", "the sequence is not 3 to 10 digits"),
        ("H56-210531-00O1", "the sequence is not 3 to 10 digits"),
        ("H56-210531-٠٠٠١", "the sequence is not 3 to 10 digits"),
        (
            "H56.15-H56-210531-0001",
            "in the agency, character 7 is '-'",
        ),
        (
            &format!("{}-20260609-0092637", "A".repeat(35)),
            "it has 52 characters, at most 50",
        ),
    ];
    for (code, what) in cases {
        let error = refusal(check_dossier(code, Strictness::Lenient));
        assert!(error.contains(what), "{code:?}: {error}");
        assert!(
            error.contains("Fix: write AGENCY-yyMMdd-SEQUENCE"),
            "{error}"
        );
    }
    assert_eq!(
        check_dossier("H56-240229-0001", Strictness::Lenient),
        Ok(()),
        "a leap day"
    );
}

#[test]
fn codes_of_other_schemes_pass_only_the_foreign_profile() {
    for code in ["case-10011", "SBN/2026_17.a", "1", &"x".repeat(50)] {
        assert_eq!(check_dossier(code, Strictness::Foreign), Ok(()), "{code}");
        assert!(check_dossier(code, Strictness::Lenient).is_err(), "{code}");
    }
    for code in ["", "a b", "a:b", "hồ-sơ", "a\n", &"x".repeat(51)] {
        assert!(
            check_dossier(code, Strictness::Foreign).is_err(),
            "{code:?}"
        );
    }
}

#[test]
fn procedure_codes_are_national_or_local() {
    for code in [
        "1.001193",
        "1.001193.000.00.00.H56",
        "2.002621.H56",
        "3.000722",
    ] {
        assert_eq!(check_procedure(code), Ok(()), "{code}");
    }
    let cases = [
        ("", "it is empty"),
        ("1001193", "the dot after the first digit is missing"),
        ("12.001193", "not one digit from 1 to 9"),
        ("0.001193", "not one digit from 1 to 9"),
        ("1.01193", "not six digits"),
        ("1.0011934", "not six digits"),
        ("1.00119A", "not six digits"),
        ("1.001193.", "in the agency after the number, it is empty"),
        (
            "1.001193.h56",
            "in the agency after the number, character 1 is 'h'",
        ),
        ("1.001193-H56", "not six digits"),
    ];
    for (code, what) in cases {
        assert!(
            refusal(check_procedure(code)).contains(what),
            "{code:?}: {}",
            refusal(check_procedure(code))
        );
    }
}

#[test]
fn case_codes_are_visible_and_short() {
    for code in ["G22.99.H56-20260609-00001", "LT:2026/17_a", &"x".repeat(50)] {
        assert_eq!(check_case_code(code), Ok(()), "{code}");
    }
    for code in ["", "a b", "a\u{0}", "mã", "a,b", &"x".repeat(51)] {
        assert!(check_case_code(code).is_err(), "{code:?}");
    }
}

#[test]
fn sources_are_assigned_names_of_rfc_8141() {
    for urn in [
        "urn:lienthong:H56:onestop",
        "URN:Example:a123,z456",
        "urn:uuid:f81d4fae-7dec",
        "urn:a1:x%2F/y",
        "urn:example:@",
    ] {
        assert_eq!(check_source_urn(urn), Ok(()), "{urn}");
    }
    let cases = [
        ("", "it is empty"),
        ("onestop", "it does not begin with urn:"),
        ("đơn", "it does not begin with urn:"),
        ("urn", "it does not begin with urn:"),
        ("urn:lienthong", "the colon after the namespace is missing"),
        ("urn:a:b", "the namespace has 1 characters"),
        (
            &format!("urn:{}:b", "a".repeat(33)),
            "the namespace has 33 characters",
        ),
        ("urn:-ab:c", "character 5 is '-'"),
        ("urn:ab-:c", "character 7 is '-'"),
        ("urn:a_b:c", "character 6 is '_'"),
        ("urn:ab:", "the name after the namespace is empty"),
        ("urn:ab:/c", "character 8 is '/'"),
        ("urn:ab:c%2", "the % at character 9 is not followed"),
        ("urn:ab:c%zz", "the % at character 9 is not followed"),
        ("urn:ab:c d", "character 9 is ' '"),
        ("urn:ab:c#d", "character 9 is '#'"),
        ("urn:ab:c?=d", "character 9 is '?'"),
        ("urn:ab:tỉnh", "character 9 is 'ỉ'"),
        (
            &format!("urn:ab:{}", "c".repeat(122)),
            "it has 129 characters, at most 128",
        ),
    ];
    for (urn, what) in cases {
        assert!(
            refusal(check_source_urn(urn)).contains(what),
            "{urn:?}: {}",
            refusal(check_source_urn(urn))
        );
    }
}

#[test]
fn event_ids_are_printable_ascii_without_spaces() {
    for id in ["1", "4f9c2b1e-7d", "a~!{}", &"x".repeat(128)] {
        assert_eq!(check_event_id(id), Ok(()), "{id}");
    }
    for id in ["", "a b", "a\tb", "a\u{7f}", "é", &"x".repeat(129)] {
        assert!(check_event_id(id).is_err(), "{id:?}");
    }
}

#[test]
fn numbers_of_persons_are_told_apart() {
    assert_eq!(check_number("038201012345"), Ok(Kind::Personal));
    assert_eq!(check_number("171234567"), Ok(Kind::Legacy));
    for filler in [
        "000000001",
        "000000000",
        "999999999",
        "123456789",
        "000000000001",
        "012345678901",
        "666666666666",
    ] {
        assert_eq!(check_number(filler), Ok(Kind::Placeholder), "{filler}");
    }
    for real in [
        "171234567",
        "038201012345",
        "",
        "1",
        "000000010",
        "11111111",
        "a00000001",
    ] {
        assert!(!is_placeholder(real), "{real}");
    }
}

#[test]
fn a_malformed_number_is_refused_without_being_repeated() {
    for number in [
        "",
        "03820101234",
        "038601012345",
        "03820101234x",
        "０３８２０１０１２３４５",
        "038 201 012",
        "0382010123456",
    ] {
        let error = check_number(number).expect_err(number);
        let shown = format!("{error} {error:?}");
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        assert!(digits.len() < 3 || !shown.contains(&digits[..3]), "{shown}");
    }
}

proptest! {
    #[test]
    fn every_code_built_by_the_rules_is_accepted(
        groups in prop::collection::vec("[0-9A-Z]{1,6}", 1..5),
        day in 0i32..36_000,
        sequence in 0u64..1_000_000,
        number in 0u32..1_000_000,
    ) {
        let agency = groups.join(".");
        prop_assert_eq!(check_agency(&agency), Ok(()));
        let date = Date::constant(2000, 1, 1).saturating_add(jiff::Span::new().days(day));
        let long = format!("{agency}-{}-{sequence:07}", date.strftime("%Y%m%d"));
        prop_assert_eq!(check_dossier(&long, Strictness::Strict), Ok(()));
        let short = format!("{agency}-{}-{:04}", date.strftime("%y%m%d"), sequence % 10_000);
        prop_assert_eq!(check_dossier(&short, Strictness::Strict), Ok(()));
        let local = format!("2.{number:06}.{agency}");
        prop_assert_eq!(check_procedure(&local), Ok(()));
    }

    #[test]
    fn what_a_stricter_profile_accepts_a_wider_one_accepts(code in "[0-9A-Zh.-]{0,40}") {
        if check_dossier(&code, Strictness::Strict).is_ok() {
            prop_assert_eq!(check_dossier(&code, Strictness::Lenient), Ok(()));
        }
        if check_dossier(&code, Strictness::Lenient).is_ok() {
            prop_assert_eq!(check_dossier(&code, Strictness::Foreign), Ok(()));
        }
    }

    #[test]
    fn any_text_gets_an_answer_and_what_is_accepted_is_visible_ascii(text in ".{0,60}") {
        let accepted = [
            check_agency(&text),
            check_dossier(&text, Strictness::Lenient),
            check_dossier(&text, Strictness::Foreign),
            check_procedure(&text),
            check_case_code(&text),
            check_source_urn(&text),
            check_event_id(&text),
            check_number(&text).map(drop),
        ];
        if accepted.iter().any(Result::is_ok) {
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }

    #[test]
    fn an_error_about_a_person_never_holds_three_digits_of_the_number(text in "[0-9]{3,20}") {
        if let Err(error) = check_number(&text) {
            let shown = error.to_string().replace("12 digits", "").replace("9 digits", "");
            for part in text.as_bytes().windows(3) {
                prop_assert!(!shown.as_bytes().windows(3).any(|seen| seen == part), "{}", shown);
            }
        }
    }
}
