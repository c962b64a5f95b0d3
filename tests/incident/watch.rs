//! What fires, compared with what should: nothing else, labelled, with a page that is there, and over
//! when its cause is.

use crate::prometheus::{Firing, Prometheus};
use lienthong_tests::http;
use lienthong_tests::kill::Fault;
use std::time::{Duration, Instant};

/// Longest wait for an alert, and for the end of one.
const PATIENCE: Duration = Duration::from_secs(180);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// An alert that is expected.
pub struct Expected {
    name: &'static str,
    labels: Vec<(&'static str, &'static str)>,
    page: &'static str,
}

/// `name` is `Alert/severity`; `page` is that of the runbooks.
pub fn expect(
    name: &'static str,
    labels: &[(&'static str, &'static str)],
    page: &'static str,
) -> Expected {
    Expected {
        name,
        labels: labels.to_vec(),
        page,
    }
}

impl Expected {
    /// Whether this alert is the one: its name, and each label that is expected of it.
    fn is(&self, alert: &Firing) -> bool {
        let has = |(label, value): &(&str, &str)| {
            alert.labels.get(*label).is_some_and(|found| found == value)
        };
        self.name == alert.name && self.labels.iter().all(has)
    }
}

/// Prometheus, and what was seen.
pub struct Watch {
    prometheus: Prometheus,
    began: Instant,
    seen: Vec<String>,
}

impl Watch {
    /// Begins the clock of the report.
    pub fn new(prometheus: Prometheus) -> Self {
        Self {
            prometheus,
            began: Instant::now(),
            seen: Vec::new(),
        }
    }

    /// Prints what was seen, with the second.
    pub fn show(&self) {
        for line in &self.seen {
            println!("{line}");
        }
    }

    fn note(&mut self, what: &str) {
        let line = format!("{:>6.1} s  {what}", self.began.elapsed().as_secs_f64());
        eprintln!("{line}");
        self.seen.push(line);
    }

    /// Waits until nothing fires, and then for so long without any alert.
    ///
    /// # Errors
    /// If something fires again, never ends, or a rule cannot be evaluated.
    pub async fn quiet(&mut self, what: &str, length: Duration) -> Result<(), Fault> {
        self.note(what);
        // Nothing is scraped yet, and then there are no rates.
        tokio::time::sleep(Duration::from_secs(10)).await;
        self.well_again(&[]).await?;
        let began = Instant::now();
        while began.elapsed() < length {
            let firing = self.prometheus.firing().await?;
            if let Some(alert) = firing.first() {
                return Err(format!("all is well, and {alert:?} fires").into());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        match self.prometheus.broken_rules().await? {
            broken if broken.is_empty() => Ok(()),
            broken => Err(format!("rules that cannot be evaluated: {broken:#?}").into()),
        }
    }

    /// Waits until all of `expected` fire; those of the names in `allowed` may beside them.
    ///
    /// # Errors
    /// What fires and should not, what does not fire, or how it is labelled.
    pub async fn until(
        &mut self,
        what: &str,
        expected: &[Expected],
        allowed: &[&str],
    ) -> Result<(), Fault> {
        self.note(what);
        let began = Instant::now();
        let mut found = vec![false; expected.len()];
        while found.contains(&false) {
            if began.elapsed() > PATIENCE {
                let each = expected.iter().zip(&found);
                let missing: Vec<_> = each.filter(|(_, found)| !**found).collect();
                let missing: Vec<_> = missing.iter().map(|(e, _)| (e.name, &e.labels)).collect();
                let firing = self.prometheus.firing().await?;
                return Err(format!("{what}: {missing:?} did not fire, but {firing:#?}").into());
            }
            for alert in self.prometheus.firing().await? {
                match expected.iter().position(|expected| expected.is(&alert)) {
                    Some(at) if found[at] => {}
                    Some(at) => {
                        self.check(&expected[at], &alert).await?;
                        found[at] = true;
                    }
                    None if allowed.contains(&alert.name.as_str()) => {}
                    None => return Err(format!("{what}: not expected: {alert:#?}").into()),
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Waits until nothing fires any more but what may go on.
    ///
    /// # Errors
    /// What goes on and should not.
    pub async fn well_again(&mut self, allowed: &[&str]) -> Result<(), Fault> {
        let began = Instant::now();
        loop {
            let mut firing = self.prometheus.firing().await?;
            firing.retain(|alert| !allowed.contains(&alert.name.as_str()));
            if firing.is_empty() {
                self.note("  all that fired is over");
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                return Err(format!("these do not end: {firing:#?}").into());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Words are there, and the page is served.
    async fn check(&mut self, expected: &Expected, alert: &Firing) -> Result<(), Fault> {
        let words = alert
            .annotations
            .get("summary")
            .cloned()
            .unwrap_or_default();
        self.note(&format!("  {}: {words}", alert.name));
        if words.is_empty() || words.contains("<no value>") || words.contains("<error") {
            return Err(format!("its words are none: {alert:#?}").into());
        }
        let url = alert
            .annotations
            .get("runbook_url")
            .cloned()
            .unwrap_or_default();
        let at = url
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once('/'));
        let (host, path) = at.ok_or_else(|| format!("{url:?} is no link"))?;
        if path != format!("runbooks/{}", expected.page) {
            return Err(format!("{url} should lead to {}", expected.page).into());
        }
        let page = http::get(host, &format!("/{path}")).await?;
        match page.status {
            200 => Ok(()),
            status => Err(format!("{url} answers {status}").into()),
        }
    }
}
