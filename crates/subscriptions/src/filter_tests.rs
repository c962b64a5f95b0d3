//! Compiled filters against a naive evaluator, JSON there and back, and every refusal by its path.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use pb::filter::Dialect;
use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use serde_json::json;

fn facets(pairs: &[(Attribute, String)]) -> Facets {
    let mut facets = Facets::default();
    for (attribute, value) in pairs {
        facets.add(*attribute, value);
    }
    facets
}

/// The draft's words, one after the other, over names.
fn naive(filter: &pb::Filter, values: &[(Attribute, String)]) -> bool {
    let every = |asked: &pb::Attributes, fits: &dyn Fn(&str, &str) -> bool| {
        asked.values.iter().all(|(name, wanted)| {
            values
                .iter()
                .any(|(of, value)| of.name() == name && !value.is_empty() && fits(value, wanted))
        })
    };
    match filter.dialect.as_ref().unwrap() {
        Dialect::Exact(asked) => every(asked, &|value, wanted| value == wanted),
        Dialect::Prefix(asked) => every(asked, &|value, wanted| value.starts_with(wanted)),
        Dialect::Suffix(asked) => every(asked, &|value, wanted| value.ends_with(wanted)),
        Dialect::All(of) => of.filters.iter().all(|one| naive(one, values)),
        Dialect::Any(of) => of.filters.iter().any(|one| naive(one, values)),
        Dialect::Not(one) => !naive(one, values),
    }
}

/// Few attributes and short values of few letters, so that much holds.
fn attributes() -> impl Strategy<Value = Attribute> {
    prop_oneof![
        Just(Attribute::Type),
        Just(Attribute::Unit),
        Just(Attribute::Agency),
    ]
}

fn asked() -> impl Strategy<Value = pb::Attributes> {
    let names = attributes().prop_map(|attribute| attribute.name().to_owned());
    hash_map(names, "[ab]{1,2}", 1..3).prop_map(|values| pb::Attributes { values })
}

fn filters() -> impl Strategy<Value = pb::Filter> {
    let leaf = prop_oneof![
        asked().prop_map(Dialect::Exact),
        asked().prop_map(Dialect::Prefix),
        asked().prop_map(Dialect::Suffix),
    ];
    let leaf = leaf.prop_map(of);
    leaf.prop_recursive(4, 24, 3, |inner| {
        let lists = vec(inner.clone(), 1..3).prop_map(|filters| pb::Filters { filters });
        let deeper = prop_oneof![
            lists.clone().prop_map(Dialect::All),
            lists.prop_map(Dialect::Any),
            inner.prop_map(|one| Dialect::Not(Box::new(one))),
        ];
        deeper.prop_map(of)
    })
}

fn of(dialect: Dialect) -> pb::Filter {
    pb::Filter {
        dialect: Some(dialect),
    }
}

fn exact(name: &str, value: &str) -> pb::Filter {
    let values = [(name.to_owned(), value.to_owned())].into();
    of(Dialect::Exact(pb::Attributes { values }))
}

proptest! {
    #[test]
    fn a_compiled_filter_wants_what_the_draft_says(
        list in vec(filters(), 0..3),
        values in vec((attributes(), "[ab]{0,3}"), 0..5),
    ) {
        let compiled = Filter::compile(&list, "filters").unwrap();
        let expected = list.iter().all(|filter| naive(filter, &values));
        prop_assert_eq!(compiled.holds(&facets(&values)), expected);
        prop_assert_eq!(compiled.is_everything(), list.is_empty());
    }

    #[test]
    fn filters_survive_json_there_and_back(list in vec(filters(), 0..3)) {
        let json = to_json(&list);
        let text = serde_json::from_str(&json.to_string()).unwrap();
        prop_assert_eq!(from_json(&text, "filters").unwrap(), list);
    }
}

#[test]
fn one_value_of_several_is_enough_and_a_missing_attribute_never_holds() {
    let facets = facets(&[
        (Attribute::Unit, "06922".to_owned()),
        (Attribute::Unit, "22".to_owned()),
    ]);
    let holds = |filter| {
        Filter::compile(&[filter], "filters")
            .unwrap()
            .holds(&facets)
    };
    assert!(holds(exact("unit", "22")) && holds(exact("unit", "06922")));
    assert!(!holds(exact("unit", "2")));
    assert!(!holds(exact("channel", "online")));
    let not = |one| of(Dialect::Not(Box::new(one)));
    assert!(holds(not(exact("channel", "online"))));
    assert!(
        !holds(not(exact("unit", "22"))),
        "not: of none of the values"
    );
}

/// Path, what, fix of the violations.
fn refused(filters: &[pb::Filter]) -> Vec<FieldViolation> {
    Filter::compile(filters, "filters").expect_err("should be refused")
}

#[test]
fn every_fault_is_told_with_its_path_and_its_fix() {
    let list = [
        of(Dialect::All(pb::Filters {
            filters: vec![exact("type", "x"), exact("agncy", "H56")],
        })),
        exact("agency", ""),
        pb::Filter { dialect: None },
        of(Dialect::Any(pb::Filters::default())),
        of(Dialect::Suffix(pb::Attributes::default())),
    ];
    let violations = refused(&list);
    let fields: Vec<&str> = violations.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "filters[0].all.filters[1].exact.values[agncy]",
            "filters[1].exact.values[agency]",
            "filters[2]",
            "filters[3].any.filters",
            "filters[4].suffix.values",
        ]
    );
    assert!(violations[0].fix.contains("agency, addressee"));
    assert!(violations.iter().all(|one| !one.fix.is_empty()));
}

#[test]
fn nesting_is_bounded() {
    let nested = |times: usize| {
        (1..times).fold(exact("type", "x"), |filter, _| {
            of(Dialect::Not(Box::new(filter)))
        })
    };
    assert!(Filter::compile(&[nested(DEEPEST)], "filters").is_ok());
    let violations = refused(&[nested(DEEPEST + 1)]);
    let path = format!("filters[0]{}", ".not".repeat(DEEPEST));
    assert_eq!(violations[0].field, path);
    let json = to_json(&[nested(DEEPEST + 1)]);
    assert_eq!(from_json(&json, "filters").unwrap_err()[0].field, path);
}

#[test]
fn the_number_of_filters_is_bounded_and_told_once() {
    let most = vec![exact("type", "x"); MOST / 2];
    assert!(Filter::compile(&most, "filters").is_ok());
    let violations = refused(&vec![exact("type", "x"); MOST]);
    assert_eq!(violations.len(), 1, "{violations:?}");
    assert_eq!(violations[0].field, format!("filters[{}]", MOST / 2));
}

#[test]
fn json_of_another_form_is_refused_by_path() {
    let cases = [
        (json!({"exact": {"type": "x"}}), "filters"),
        (json!([3]), "filters[0]"),
        (json!([{}]), "filters[0]"),
        (json!([{"exact": {"type": "x"}, "not": {}}]), "filters[0]"),
        (json!([{"sql": "type = 'x'"}]), "filters[0]"),
        (json!([{"exact": "type"}]), "filters[0].exact.values"),
        (
            json!([{"prefix": {"type": 3}}]),
            "filters[0].prefix.values[type]",
        ),
        (json!([{"all": {}}]), "filters[0].all.filters"),
        (
            json!([{"any": [{"not": [1]}]}]),
            "filters[0].any.filters[0].not",
        ),
    ];
    for (value, field) in cases {
        let violations = from_json(&value, "filters").expect_err("should be refused");
        assert_eq!(violations[0].field, field, "{value}");
        assert!(!violations[0].fix.is_empty());
    }
}
