#![allow(clippy::unwrap_used)]
use super::*;
use crate::pb::event::v1::{self as pb, SourceStatus};
use crate::time::from_millis;

fn rules() -> Rules {
    Rules {
        dossier_codes: Strictness::Lenient,
        reference: crate::reference::Current::new(crate::reference::demo().unwrap()),
    }
}

fn header() -> Header {
    Header {
        id: "e-1".into(),
        source: "urn:lienthong:vn:H56:onestop".into(),
        dossier_code: "H56.15.03-261008-0975".into(),
        procedure_code: "1.001193".into(),
        agency_code: "H56.15.03".into(),
        occurred_time: Some(from_millis(1_791_000_000_000)),
        ..Default::default()
    }
}

fn fields(failure: &Failure) -> Vec<&str> {
    failure
        .violations
        .iter()
        .map(|v| v.field.as_str())
        .collect()
}

#[test]
fn a_well_formed_event_passes_and_its_status_is_mapped() {
    let header = Header {
        source_status: Some(SourceStatus {
            system: "BTP_HOTICH".into(),
            code: "4".into(),
        }),
        ..header()
    };
    let payload = Payload::Approved(pb::Approved {});
    let mapped = check(&rules(), Some(&header), Some(&payload))
        .unwrap()
        .unwrap();
    assert_eq!(mapped.portal_status, 9);
    assert!(!mapped.mapping_version.is_empty());
}

#[test]
fn every_violation_is_named_not_only_the_first() {
    let header = Header {
        id: String::new(),
        source: "onestop".into(),
        occurred_time: None,
        ..header()
    };
    let payload = Payload::Rated(pb::Rated { score: 9 });
    let failure = check(&rules(), Some(&header), Some(&payload)).unwrap_err();
    assert_eq!(failure.reason, Reason::EventMalformed);
    assert_eq!(
        fields(&failure),
        [
            "header.id",
            "header.source",
            "header.occurred_time",
            "rated.score"
        ]
    );
    assert!(failure.violations.iter().all(|v| !v.fix.is_empty()));
}

#[test]
fn an_unknown_status_is_refused_never_guessed() {
    let header = Header {
        source_status: Some(SourceStatus {
            system: "DVCQG".into(),
            code: "11".into(),
        }),
        ..header()
    };
    let failure = check(
        &rules(),
        Some(&header),
        Some(&Payload::Approved(pb::Approved {})),
    )
    .unwrap_err();
    assert_eq!(failure.reason, Reason::StatusUnknown);
    assert_eq!(fields(&failure), ["header.source_status"]);
}

#[test]
fn a_hand_over_to_nobody_is_refused() {
    let payload = Payload::HandedOver(pb::HandedOver::default());
    let failure = check(&rules(), Some(&header()), Some(&payload)).unwrap_err();
    assert_eq!(fields(&failure), ["handed_over.to"]);
}

#[test]
fn an_identity_number_is_never_repeated_in_a_violation() {
    let number = "038099012345";
    let person = pb::Person {
        identity_number: number.into(),
        full_name: "x".repeat(5_000),
        ..Default::default()
    };
    let header = Header {
        protected: Some(Protected {
            persons: vec![person],
            notes: vec![],
        }),
        ..header()
    };
    let failure = check(
        &rules(),
        Some(&header),
        Some(&Payload::Approved(pb::Approved {})),
    )
    .unwrap_err();
    assert_eq!(fields(&failure), ["header.protected"]);
    assert!(!format!("{failure:?}").contains(number));
}

#[test]
fn the_hash_of_a_digitised_file_is_64_lower_case_hex_digits_or_left_out() {
    let digitised = |file_sha256: String| {
        Payload::Digitised(pb::Digitised {
            documents: 1,
            result: false,
            file_sha256,
        })
    };
    let check = |hash: String| check(&rules(), Some(&header()), Some(&digitised(hash)));
    assert!(check(String::new()).is_ok());
    assert!(check("0a".repeat(32)).is_ok());
    for bad in ["0A".repeat(32), "0a".repeat(31), "a file".to_owned()] {
        let failure = check(bad).unwrap_err();
        assert_eq!(fields(&failure), ["digitised.file_sha256"]);
    }
}
