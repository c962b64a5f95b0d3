//! Links make the same cases whenever they come and in whatever order they arrive.

use super::*;
use crate::event::Fingerprint;
use proptest::prelude::*;

fn at(time: i64) -> OrderKey {
    OrderKey {
        occurred_ms: time,
        sequence: 0,
        rank: 0,
        fingerprint: Fingerprint(time as u64),
    }
}

fn told(dossier: &str, first: i64) -> Told<'_> {
    Told {
        dossier,
        first: Some(at(first)),
    }
}

fn said<'a>(time: i64, dossier: &'a str, relation: Relation, code: &'a str) -> Assertion<'a> {
    Assertion {
        dossier,
        relation,
        code,
        revoked: false,
        order: at(time),
        origin: Origin::Link,
    }
}

fn revoked<'a>(time: i64, dossier: &'a str, relation: Relation, code: &'a str) -> Assertion<'a> {
    Assertion {
        revoked: true,
        ..said(time, dossier, relation, code)
    }
}

fn header<'a>(time: i64, dossier: &'a str, code: &'a str) -> Assertion<'a> {
    Assertion {
        origin: Origin::Header,
        ..said(time, dossier, Relation::Case, code)
    }
}

/// Cases in short: `code: dossier=alias<parent ...`.
fn short(groups: &[Group<'_>]) -> Vec<String> {
    let member = |member: &Member<'_>| {
        let aliases: String = member
            .aliases
            .iter()
            .map(|alias| format!("={alias}"))
            .collect();
        let parent = member
            .parent
            .map(|parent| format!("<{parent}"))
            .unwrap_or_default();
        format!(" {}{aliases}{parent}", member.code)
    };
    let group = |group: &Group<'_>| {
        format!(
            "{}:{}",
            group.code,
            group.dossiers.iter().map(member).collect::<String>()
        )
    };
    groups.iter().map(group).collect()
}

fn cases(told: &[Told<'_>], assertions: &[Assertion<'_>]) -> Vec<String> {
    short(&resolve(told, assertions))
}

#[test]
fn dossiers_without_links_are_cases_of_their_own() {
    assert_eq!(cases(&[], &[]), [""; 0]);
    assert_eq!(cases(&[told("a", 1)], &[]), ["a: a"]);
    assert_eq!(
        cases(&[told("b", 1), told("a", 2), told("b", 5)], &[]),
        ["a: a", "b: b"]
    );
}

#[test]
fn dossiers_of_one_case_stand_in_the_order_of_their_first_steps() {
    let both = [
        told("a", 5),
        told("b", 1),
        Told {
            dossier: "0",
            first: None,
        },
    ];
    let links = [
        header(5, "a", "C"),
        header(1, "b", "C"),
        said(0, "0", Relation::Case, "C"),
    ];
    assert_eq!(cases(&both, &links), ["C: b a 0"]);
}

#[test]
fn a_late_link_gives_the_case_that_an_early_one_gives() {
    let dossiers = [told("a", 1), told("b", 2)];
    let early = [
        header(1, "a", "C"),
        header(9, "a", "C"),
        header(2, "b", "C"),
    ];
    let late = [said(7, "a", Relation::Case, "C"), header(2, "b", "C")];
    assert_eq!(cases(&dossiers, &early), ["C: a b"]);
    assert_eq!(resolve(&dossiers, &early), resolve(&dossiers, &late));
}

#[test]
fn the_latest_case_of_a_dossier_holds() {
    let dossiers = [told("a", 1), told("b", 2)];
    let moved = [
        header(1, "a", "C1"),
        header(2, "b", "C1"),
        said(5, "a", Relation::Case, "C2"),
    ];
    assert_eq!(cases(&dossiers, &moved), ["C1: b", "C2: a"]);
}

#[test]
fn of_one_event_the_link_holds_against_the_header() {
    let moved = [said(5, "a", Relation::Case, "C2"), header(5, "a", "C1")];
    assert_eq!(cases(&[told("a", 5)], &moved), ["C2: a"]);
    let left = [revoked(5, "a", Relation::Case, "C1"), header(5, "a", "C1")];
    assert_eq!(cases(&[told("a", 5)], &left), ["a: a"]);
}

#[test]
fn a_revocation_ends_the_link_it_names_until_it_is_asserted_again() {
    let dossier = [told("a", 1)];
    let mut links = vec![header(1, "a", "C"), revoked(2, "a", Relation::Case, "C")];
    assert_eq!(cases(&dossier, &links), ["a: a"]);
    links.push(header(3, "a", "C"));
    assert_eq!(cases(&dossier, &links), ["C: a"]);
    links.push(revoked(4, "a", Relation::Case, "other"));
    assert_eq!(
        cases(&dossier, &links),
        ["C: a"],
        "it does not name the link that holds"
    );
}

#[test]
fn a_parent_ties_dossiers_into_one_case() {
    let dossiers = [told("p", 2), told("a", 3), told("b", 4)];
    let links = [
        said(3, "a", Relation::Parent, "p"),
        said(4, "b", Relation::Parent, "p"),
    ];
    assert_eq!(cases(&dossiers, &links), ["p: p a<p b<p"]);
    assert_eq!(
        cases(&dossiers[1..], &links),
        ["a: a<p b<p"],
        "also one that nobody told of"
    );
    let mut changed = links.to_vec();
    changed.push(said(5, "b", Relation::Parent, "q"));
    assert_eq!(cases(&dossiers, &changed), ["b: b<q", "p: p a<p"]);
}

#[test]
fn aliases_are_one_dossier_named_by_the_earliest_code() {
    let dossiers = [told("x", 4), told("a", 2), told("b", 1)];
    let links = [
        said(9, "a", Relation::Alias, "x"),
        said(9, "y", Relation::Alias, "x"),
    ];
    assert_eq!(cases(&dossiers, &links), ["a: a=x=y", "b: b"]);
    let mut ended = links.to_vec();
    ended.push(revoked(10, "a", Relation::Alias, "x"));
    assert_eq!(cases(&dossiers, &ended), ["a: a", "b: b", "x: x=y"]);
}

#[test]
fn what_holds_of_one_code_of_a_dossier_holds_of_all() {
    let dossiers = [told("a", 1), told("x", 2), told("p", 3), told("q", 4)];
    let links = [
        said(5, "a", Relation::Alias, "x"),
        header(1, "a", "C1"),
        header(2, "x", "C2"),
        said(6, "p", Relation::Parent, "x"),
    ];
    assert_eq!(cases(&dossiers, &links), ["C2: a=x p<a", "q: q"]);
}

#[test]
fn of_several_case_codes_the_smallest_names_the_case() {
    let dossiers = [told("a", 1), told("b", 2)];
    let links = [
        header(1, "a", "C9"),
        header(2, "b", "C1"),
        said(3, "a", Relation::Parent, "b"),
    ];
    assert_eq!(cases(&dossiers, &links), ["C1: a<b b"]);
}

#[test]
fn a_case_answers_to_its_code_its_dossiers_and_their_aliases() {
    let links = [header(1, "a", "C"), said(2, "a", Relation::Alias, "x")];
    let groups = resolve(&[told("a", 1)], &links);
    for code in ["C", "a", "x"] {
        assert!(groups[0].answers_to(code), "{code}");
    }
    assert!(!groups[0].answers_to("b"));
    assert_eq!(groups[0].dossier_of("x"), Some("a"));
    assert_eq!(groups[0].dossier_of("C"), None);
}

const CODES: [&str; 7] = ["a", "b", "c", "d", "C1", "C2", "x"];

fn any_assertion() -> impl Strategy<Value = Assertion<'static>> {
    let relation = prop::sample::select(vec![Relation::Case, Relation::Parent, Relation::Alias]);
    let code = || prop::sample::select(CODES.to_vec());
    (
        0i64..12,
        code(),
        relation,
        code(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(time, dossier, relation, code, revoked, by_header)| {
            if by_header {
                header(time, dossier, code)
            } else {
                Assertion {
                    revoked,
                    ..said(time, dossier, relation, code)
                }
            }
        })
}

fn any_told() -> impl Strategy<Value = Told<'static>> {
    (
        prop::sample::select(CODES.to_vec()),
        prop::option::of(0i64..12),
    )
        .prop_map(|(dossier, first)| Told {
            dossier,
            first: first.map(at),
        })
}

proptest! {
    #[test]
    fn any_order_of_arrival_gives_the_same_cases(
        (told, shuffled_told) in prop::collection::vec(any_told(), 0..8)
            .prop_flat_map(|told| (Just(told.clone()), Just(told).prop_shuffle())),
        (links, shuffled_links) in prop::collection::vec(any_assertion(), 0..10)
            .prop_flat_map(|links| (Just(links.clone()), Just(links).prop_shuffle())),
    ) {
        prop_assert_eq!(resolve(&told, &links), resolve(&shuffled_told, &shuffled_links));
    }

    #[test]
    fn hearing_everything_twice_changes_nothing(
        told in prop::collection::vec(any_told(), 0..8),
        links in prop::collection::vec(any_assertion(), 0..10),
    ) {
        let twice = |told: &[Told<'static>]| [told, told].concat();
        let links_twice = [links.clone(), links.clone()].concat();
        prop_assert_eq!(resolve(&told, &links), resolve(&twice(&told), &links_twice));
    }

    #[test]
    fn every_code_told_of_is_in_exactly_one_case(
        told in prop::collection::vec(any_told(), 0..8),
        links in prop::collection::vec(any_assertion(), 0..10),
    ) {
        let groups = resolve(&told, &links);
        for one in &told {
            let holding = groups.iter().filter(|group| group.dossier_of(one.dossier).is_some());
            prop_assert_eq!(holding.count(), 1);
        }
    }

    #[test]
    fn naming_the_case_from_the_start_or_by_one_link_at_any_time_gives_the_same(
        times in prop::collection::vec(0i64..12, 1..5),
        link_at in 0i64..12,
        other in prop::collection::vec(any_assertion(), 0..6),
    ) {
        // Of dossier `n`, which nothing else speaks of.
        let first = times.iter().min().copied().unwrap_or(0);
        let dossiers = [told("n", first), told("a", 3), told("b", 4)];
        let mut early: Vec<_> = times.iter().map(|time| header(*time, "n", "C1")).collect();
        let mut late = vec![said(link_at, "n", Relation::Case, "C1")];
        early.extend(&other);
        late.extend(&other);
        prop_assert_eq!(resolve(&dossiers, &early), resolve(&dossiers, &late));
    }

    #[test]
    fn the_short_way_gives_what_the_long_way_gives(
        dossier in prop::sample::select(CODES.to_vec()),
        code in prop::sample::select(CODES.to_vec()),
        links in 0i64..4,
    ) {
        let told = [told(dossier, 1), told(dossier, 0)];
        let links: Vec<_> = (0..links).map(|time| header(time, dossier, code)).collect();
        prop_assert!(single(&told, &links).is_some());
        prop_assert_eq!(resolve(&told, &links), general(&told, &links));
    }
}
