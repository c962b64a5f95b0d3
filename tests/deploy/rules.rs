//! Alerts: each is proved to fire and not to fire, and leads to a page of the runbooks.

use crate::texts;
use std::collections::{BTreeMap, BTreeSet};

/// An alert as the files of rules have it, the same name perhaps several times.
#[derive(Debug, Default)]
pub struct Alert {
    /// Pages that it links to.
    pub pages: BTreeSet<String>,
    /// How often it is defined: once for each severity.
    pub severities: Vec<String>,
}

/// Every alert by its name.
pub fn alerts() -> BTreeMap<String, Alert> {
    let mut alerts: BTreeMap<String, Alert> = BTreeMap::new();
    for (_, text) in texts("deploy/prometheus/rules", "yml") {
        let mut current = String::new();
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix("- alert: ") {
                current = name.to_owned();
                alerts.entry(current.clone()).or_default();
            } else if let Some(severity) = line.strip_prefix("severity: ") {
                let alert = alerts.get_mut(&current).unwrap();
                alert.severities.push(severity.to_owned());
            } else if let Some(url) = line.strip_prefix("runbook_url: ") {
                let page = url.trim_matches('\'').rsplit('/').next().unwrap();
                alerts
                    .get_mut(&current)
                    .unwrap()
                    .pages
                    .insert(page.to_owned());
            }
        }
    }
    alerts
}

/// For each alert: whether a unit test expects it to fire with each severity, and one that it does
/// not fire at all.
fn proved() -> (BTreeSet<(String, String)>, BTreeSet<String>) {
    let (mut fires, mut stays) = (BTreeSet::new(), BTreeSet::new());
    for (_, text) in texts("deploy/prometheus/tests", "yml") {
        let mut current = String::new();
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix("alertname: ") {
                current = name.to_owned();
            } else if line == "exp_alerts: []" {
                stays.insert(current.clone());
            } else if let Some(severity) = line.strip_prefix("severity: ") {
                let severity = severity.trim_matches('\'').to_owned();
                fires.insert((current.clone(), severity));
            }
        }
    }
    (fires, stays)
}

#[test]
fn each_alert_has_a_unit_test_in_which_it_fires_and_one_in_which_it_does_not() {
    let (fires, stays) = proved();
    for (name, alert) in alerts() {
        for severity in &alert.severities {
            let known = ["page", "ticket"].contains(&severity.as_str());
            assert!(known, "{name}: {severity} is not a severity");
            let key = (name.clone(), severity.clone());
            assert!(fires.contains(&key), "no unit test has {key:?} fire");
        }
        assert!(stays.contains(&name), "no unit test has {name} not fire");
    }
    for (name, _) in fires {
        assert!(
            alerts().contains_key(&name),
            "a unit test expects {name}, which is no alert"
        );
    }
}

#[test]
fn each_alert_says_how_bad_it_is_and_leads_to_one_page() {
    let alerts = alerts();
    assert!(alerts.len() >= 20, "{} alerts", alerts.len());
    for (name, alert) in &alerts {
        assert!(!alert.severities.is_empty(), "{name} has no severity");
        assert_eq!(alert.pages.len(), 1, "{name}: {:?}", alert.pages);
    }
}
