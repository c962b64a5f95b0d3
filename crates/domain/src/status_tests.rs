//! Portal statuses, and the tables that map to them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

const fn row(
    system: &'static str,
    code: &'static str,
    maps_to: &'static str,
) -> StatusRow<'static> {
    StatusRow {
        system,
        code,
        maps_to,
    }
}

const ROWS: [StatusRow<'static>; 5] = [
    row("A", "1", "1"),
    row("A", "posting", "0"),
    row("A", "9", "10"),
    row("B", "1", "4"),
    row("B", "done", "10"),
];

#[test]
fn codes_are_one_to_ten_and_read_back() {
    for (index, status) in PortalStatus::ALL.into_iter().enumerate() {
        assert_eq!(usize::from(status.code()), index + 1);
        assert_eq!(PortalStatus::from_code(status.code()), Some(status));
    }
    assert_eq!(PortalStatus::from_code(0), None);
    assert_eq!(PortalStatus::from_code(11), None);
    assert_eq!(PortalStatus::from_code(255), None);
}

#[test]
fn the_phases_are_those_of_the_figures() {
    let codes = |phase| -> Vec<u8> {
        PortalStatus::ALL
            .into_iter()
            .filter(|status| status.phase() == phase)
            .map(PortalStatus::code)
            .collect()
    };
    assert_eq!(codes(Phase::Submitted), [1]);
    assert_eq!(codes(Phase::Refused), [3]);
    assert_eq!(codes(Phase::Processing), [2, 4]);
    assert_eq!(codes(Phase::Paused), [5, 6, 8]);
    assert_eq!(codes(Phase::Done), [7, 9, 10]);
    let stopped: Vec<u8> = PortalStatus::ALL
        .into_iter()
        .filter(|status| status.clock_stops())
        .map(PortalStatus::code)
        .collect();
    assert_eq!(stopped, [5, 6, 8]);
}

#[test]
fn one_code_means_what_its_own_system_says() {
    let mappings = Mappings::new(&ROWS).unwrap();
    assert_eq!(mappings.map("A", "1"), Ok(PortalStatus::Submitted));
    assert_eq!(mappings.map("B", "1"), Ok(PortalStatus::Processing));
    assert_eq!(mappings.map("B", "done"), Ok(PortalStatus::Returned));
    assert_eq!(mappings.systems(), ["A", "B"]);
    assert_eq!(mappings.mapping("A").unwrap().codes(), ["1", "9"]);
}

#[test]
fn an_unknown_system_code_or_meaning_is_refused_by_name() {
    let mappings = Mappings::new(&ROWS).unwrap();
    let system = mappings.map("C", "1").unwrap_err();
    assert_eq!(
        system,
        StatusError::UnknownSystem {
            system: "C".to_owned(),
            known: "A, B".to_owned()
        }
    );
    for code in ["2", "01", "DONE", "done ", ""] {
        assert!(
            matches!(mappings.map("B", code), Err(StatusError::UnknownCode { known, .. }) if known == "1, done")
        );
    }
    let unmapped = mappings.map("A", "posting").unwrap_err();
    assert!(matches!(&unmapped, StatusError::Unmapped { code, .. } if code == "posting"));
    assert!(
        unmapped.to_string().contains("Fix: send one of 1, 9"),
        "{unmapped}"
    );
    let long = mappings
        .map("A", &"x".repeat(1_000))
        .unwrap_err()
        .to_string();
    assert!(long.len() < 200, "{long}");
}

#[test]
fn the_version_of_a_table_follows_its_own_rows_only() {
    let first = Mappings::new(&ROWS).unwrap();
    let mut turned = ROWS;
    turned.reverse();
    assert_eq!(
        Mappings::new(&turned).unwrap().version("A"),
        first.version("A")
    );
    let mut changed = ROWS;
    changed[3].maps_to = "5";
    let second = Mappings::new(&changed).unwrap();
    assert_eq!(second.version("A"), first.version("A"));
    assert_ne!(second.version("B"), first.version("B"));
    assert_eq!(first.version("C"), None);
    assert_eq!(first.version("A").unwrap().len(), 16);
}

#[test]
fn a_bad_row_is_refused_by_row_and_column() {
    let cases = [
        (row("", "1", "1"), "system"),
        (row("A", "", "1"), "code"),
        (row("A", " 2", "1"), "code"),
        (row("A", "1", "2"), "code"),
        (row("A", "2", "11"), "maps_to_dvcqg"),
        (row("A", "2", "-1"), "maps_to_dvcqg"),
        (row("A", "2", ""), "maps_to_dvcqg"),
    ];
    for (bad, column) in cases {
        let mut rows = ROWS.to_vec();
        rows.push(bad);
        let error = Mappings::new(&rows).expect_err("should be refused");
        assert_eq!((error.row, error.column), (5, column), "{error}");
    }
}

#[test]
fn a_changed_table_has_another_fingerprint_and_the_rest_stays_as_it_was() {
    let before = Mappings::new(&ROWS).unwrap();
    let after = before
        .changed(&[row("B", "1", "9"), row("C", "x", "2")])
        .unwrap();
    assert_eq!(before.map("B", "1"), Ok(PortalStatus::Processing));
    assert_eq!(after.map("B", "1"), Ok(PortalStatus::Processed));
    assert_eq!(after.map("B", "done"), before.map("B", "done"));
    assert_eq!(after.map("C", "x"), Ok(PortalStatus::Received));
    assert_eq!(after.version("A"), before.version("A"));
    assert_ne!(after.version("B"), before.version("B"));
    assert_ne!(after.fingerprint(), before.fingerprint());
    let back = after.changed(&[row("B", "1", "4")]).unwrap();
    assert_eq!(back.version("B"), before.version("B"));
    assert_eq!(
        before.changed(&[]).unwrap().fingerprint(),
        before.fingerprint()
    );
}

#[test]
fn a_change_is_refused_as_a_row_of_a_table_is() {
    let tables = Mappings::new(&ROWS).unwrap();
    let twice = [row("B", "1", "9"), row("B", "1", "2")];
    assert!(tables.changed(&twice).is_err());
    assert!(tables.changed(&[row("B", "1", "11")]).is_err());
}
