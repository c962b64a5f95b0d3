//! The runbooks: the pages that alerts lead to, and no others; in the binary; and naming what there is.

use crate::rules::alerts;
use crate::{deploy, texts};
use lienthong_tests::cli;
use std::collections::BTreeSet;

/// What every page says, in this order.
const SECTIONS: [&str; 6] = [
    "## What it means",
    "## See it",
    "## Likely causes",
    "## What to do",
    "## Whom to wake",
    "## It is over when",
];

fn pages() -> Vec<(String, String)> {
    texts("deploy/runbooks", "md")
}

#[test]
fn every_page_is_what_some_alert_leads_to_and_the_binary_has_all_of_them() {
    let names: BTreeSet<_> = pages().into_iter().map(|(name, _)| name).collect();
    let linked: BTreeSet<_> = alerts().into_values().flat_map(|a| a.pages).collect();
    assert_eq!(names, linked);
    let listed = cli::run_alone(&["runbook", "--json"]).unwrap();
    let listed = listed.json().unwrap();
    let listed = listed.as_array().unwrap().iter();
    let listed: BTreeSet<_> = listed
        .map(|page| page["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, listed);
    for (name, text) in pages() {
        let printed = cli::run_alone(&["runbook", &name]).unwrap();
        assert_eq!(printed.out.trim_end(), text.trim_end());
    }
}

#[test]
fn every_page_says_all_that_one_needs_at_night() {
    for (name, text) in pages() {
        let found: Vec<_> = text.lines().filter(|l| l.starts_with("## ")).collect();
        assert_eq!(found, SECTIONS, "{name}");
        let words = text.split_whitespace().count();
        assert!((100..700).contains(&words), "{name} has {words} words");
    }
}

#[test]
fn pages_lead_only_to_pages_and_units_that_there_are() {
    let names: BTreeSet<_> = pages().into_iter().map(|(name, _)| name).collect();
    for (name, text) in pages() {
        for link in text.split("(/runbooks/").skip(1) {
            let to = link.split(')').next().unwrap();
            assert!(names.contains(to), "{name} leads to {to}");
        }
        let inside = text.split(|c: char| c.is_whitespace() || "`'".contains(c));
        for unit in inside.filter(|word| word.starts_with("lienthong-")) {
            let kind = unit.split(['@', '.']).next().unwrap();
            let file = [format!("{kind}.service"), format!("{kind}@.service")];
            let there = file
                .iter()
                .any(|f| deploy().join("systemd").join(f).exists());
            assert!(there || unit == "lienthong-*", "{name}: there is no {unit}");
        }
    }
}
