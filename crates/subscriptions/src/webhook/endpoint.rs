//! What a subscriber may name as an endpoint, and what it stands for.

use super::address::refused;
use super::{Config, Reach, Transport};
use lienthong_contract::pb::event::v1::FieldViolation;
use lienthong_contract::pb::subscription::v1::Webhook;
use reqwest::Url;
use std::net::IpAddr;
use std::time::Duration;

/// How long an event waits for its turn before it is given back.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// Longest wait for the answer to the question whether an endpoint works.
const QUESTION: Duration = Duration::from_secs(5);
/// Longest URL, characters.
const LONGEST: usize = 2_000;
const MAX_CONCURRENT: u32 = 256;
const MAX_PER_SECOND: u32 = 10_000;
const MAX_TIMEOUT_S: u32 = 60;
const SECURE: &str = "https";
const PLAIN: &str = "http";

/// An endpoint's limits with their defaults put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests under way at once.
    pub max_concurrent: usize,
    /// Requests a second; 0: no limit.
    pub max_per_second: u32,
    /// After which a request failed.
    pub timeout: Duration,
}

impl Limits {
    /// Those of an endpoint that was checked.
    pub fn of(webhook: &Webhook) -> Self {
        let or = |told: u32, default: u32| if told == 0 { default } else { told };
        let concurrent = or(webhook.max_concurrent, 16).min(MAX_CONCURRENT);
        let timeout_s = or(webhook.timeout_s, 15).min(MAX_TIMEOUT_S);
        Self {
            max_concurrent: concurrent as usize,
            max_per_second: webhook.max_per_second,
            timeout: Duration::from_secs(u64::from(timeout_s)),
        }
    }

    /// The longest that an event which was handed out stays unanswered: its turn, its request, and
    /// the question whether the endpoint works. The subscription has to wait for longer before it
    /// takes the event for lost.
    pub fn longest_answer(&self) -> Duration {
        PATIENCE + self.timeout + self.question()
    }

    /// After which an endpoint that is asked whether it works does not.
    pub(super) fn question(&self) -> Duration {
        self.timeout.min(QUESTION)
    }
}

/// What is wrong with an endpoint, with paths that begin with `prefix`. A host's name is not looked
/// up here, but at every connection.
pub(super) fn check(webhook: &Webhook, prefix: &str, config: &Config) -> Vec<FieldViolation> {
    let violation = |field: &str, description: String, fix: &str| FieldViolation {
        field: format!("{prefix}.{field}"),
        description,
        fix: fix.to_owned(),
    };
    let mut found = Vec::new();
    if let Err((description, fix)) = url_of(&webhook.url, config) {
        found.push(violation("url", description, fix));
    }
    let limits = [
        ("max_concurrent", webhook.max_concurrent, MAX_CONCURRENT),
        ("max_per_second", webhook.max_per_second, MAX_PER_SECOND),
        ("timeout_s", webhook.timeout_s, MAX_TIMEOUT_S),
    ];
    for (field, told, most) in limits {
        if told > most {
            let fix = format!("give 1 to {most}, or 0 for the default");
            found.push(violation(
                field,
                format!("{told} is more than {most}"),
                &fix,
            ));
        }
    }
    found
}

/// The URL of an endpoint that may be posted to, else what is wrong and the fix.
pub(super) fn url_of(text: &str, config: &Config) -> Result<Url, (String, &'static str)> {
    const ANY: &str = "give a URL such as https://host.example/path";
    let wrong = |what: &str, fix| Err((what.to_owned(), fix));
    if text.is_empty() {
        return wrong("it is empty", ANY);
    }
    if text.chars().count() > LONGEST {
        return wrong("it is longer than 2,000 characters", ANY);
    }
    let url = Url::parse(text).map_err(|error| (format!("it is no URL: {error}"), ANY))?;
    match (url.scheme(), config.transport) {
        (SECURE, _) | (PLAIN, Transport::Http) => {}
        (PLAIN, Transport::Https) => {
            return wrong(
                "it is http, which sends events in the clear",
                "use https, or let the operator allow http with `gateway.webhooks.allow_http`",
            );
        }
        _ => return wrong("its scheme is neither https nor http", ANY),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong(
            "it holds credentials, which would be stored and shown",
            "leave them out; the signature says who posts",
        );
    }
    if url.fragment().is_some() {
        return wrong(
            "it has a fragment, which is never sent",
            "leave out the `#`",
        );
    }
    if url.port() == Some(0) {
        return wrong("its port is 0", "leave the port out, or give 1 to 65535");
    }
    if let Some(why) = host_refused(&url, config.reach) {
        let fix = "give a host of the public Internet, or let the operator allow private networks \
                   with `gateway.webhooks.allow_private`";
        return Err((format!("its host is {why}"), fix));
    }
    Ok(url)
}

/// Why a host cannot be an endpoint's, as far as its text says.
fn host_refused(url: &Url, reach: Reach) -> Option<&'static str> {
    let host = url.host_str()?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return refused(address, reach);
    }
    let name = host.trim_end_matches('.');
    let local = name == "localhost" || name.ends_with(".localhost");
    (local && reach == Reach::Public).then_some("loopback (RFC 6761)")
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: Config = Config {
        reach: Reach::Public,
        transport: Transport::Https,
        key: None,
    };
    const LOOSE: Config = Config {
        reach: Reach::Private,
        transport: Transport::Http,
        key: None,
    };

    fn paths(url: &str, config: &Config) -> Vec<String> {
        let webhook = Webhook {
            url: url.to_owned(),
            ..Webhook::default()
        };
        let found = check(&webhook, "subscription.webhook", config);
        assert!(found.iter().all(|violation| !violation.fix.is_empty()));
        found.into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn what_cannot_be_posted_to_is_refused_with_its_path_under_every_configuration() {
        for url in [
            "",
            "example.com/hook",
            "ftp://example.com/",
            "https://user@example.com/",
            "https://user:word@example.com/",
            "https://example.com/#part",
            "https://example.com:0/",
            "https://169.254.169.254/latest/",
            "https://0.0.0.0/",
            "https://[fe80::1]/",
            "https://[::ffff:8.8.8.8]/",
        ] {
            for config in [&STRICT, &LOOSE] {
                assert_eq!(paths(url, config), ["subscription.webhook.url"], "{url}");
            }
        }
        let long = format!("https://example.com/{}", "x".repeat(LONGEST));
        assert_eq!(paths(&long, &LOOSE).len(), 1);
    }

    #[test]
    fn private_hosts_and_http_are_refused_however_they_are_written_unless_allowed() {
        for url in [
            "http://example.com/",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://hub.localhost/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.0.0.1/",
            "https://0177.0.0.1/",
            "https://10.0.0.8:8443/hook",
            "https://[::1]/",
            "https://[fc00::8]/",
        ] {
            assert_eq!(paths(url, &STRICT), ["subscription.webhook.url"], "{url}");
            assert!(paths(url, &LOOSE).is_empty(), "{url}");
        }
        for url in ["https://example.com/hook?of=1", "https://1.1.1.1:8443"] {
            assert!(paths(url, &STRICT).is_empty(), "{url}");
        }
    }

    #[test]
    fn limits_beyond_their_range_are_refused_each_with_its_path() {
        let webhook = Webhook {
            url: "https://example.com/".to_owned(),
            max_concurrent: 257,
            max_per_second: 10_001,
            timeout_s: 61,
        };
        let found = check(&webhook, "w", &STRICT);
        let paths: Vec<&str> = found.iter().map(|found| found.field.as_str()).collect();
        assert_eq!(
            paths,
            ["w.max_concurrent", "w.max_per_second", "w.timeout_s"]
        );
    }
}
