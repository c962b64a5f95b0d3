//! The page of `deploy/examples/browser` in a real Chromium, driven by WebDriver: `EventSource`
//! reads, a reload and the death of the hub lose nothing.

use super::expected::Expected;
use super::program::Program;
use super::stored::Stored;
use super::{PATIENCE, are_built, hub, report};
use hyper::Method;
use lienthong_tests::http;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/examples/browser");

/// Gives what the page keeps, from the browser's own database.
const KEPT: &str = "
const told = arguments[arguments.length - 1];
indexedDB.databases().then(([{ name }]) => {
  const opening = indexedDB.open(name);
  opening.onsuccess = () => {
    const reading = opening.result.transaction('events').objectStore('events').getAll();
    reading.onsuccess = () => told(reading.result);
  };
});
";

/// A browser with one window.
struct Browser {
    driver: String,
    session: String,
    _program: Program,
}

impl Browser {
    async fn start(scratch: &Path) -> Self {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").env("TMPDIR", scratch);
        let mut program = Program::start(&mut command, &scratch.join("chromedriver.out"));
        let line = program
            .line(|line| line.contains("started successfully on port"))
            .await;
        let port = line
            .trim_end_matches('.')
            .rsplit(' ')
            .next()
            .unwrap()
            .to_owned();
        let mut browser = Self {
            driver: format!("127.0.0.1:{port}"),
            session: String::new(),
            _program: program,
        };
        // Without a sandbox, because tests may run as root; without /dev/shm, which may be small.
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--no-first-run",
        ];
        let options = json!({ "goog:chromeOptions": { "args": arguments } });
        let wanted = json!({ "capabilities": { "alwaysMatch": options } });
        let made = browser.call(Method::POST, "/session", &wanted).await;
        browser.session = format!("/session/{}", made["sessionId"].as_str().unwrap());
        browser
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> Value {
        let path = format!("{}{path}", self.session);
        let kind = Some("application/json");
        let answer = http::send(&self.driver, method, &path, kind, body.to_string()).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        let mut told: Value = serde_json::from_str(&answer.body).unwrap();
        told["value"].take()
    }

    async fn open(&self, url: &str) {
        self.call(Method::POST, "/url", &json!({ "url": url }))
            .await;
    }

    async fn reload(&self) {
        self.call(Method::POST, "/refresh", &json!({})).await;
    }

    async fn run(&self, script: &str) -> Value {
        let script = json!({ "script": script, "args": [] });
        self.call(Method::POST, "/execute/async", &script).await
    }

    /// The text of an element of the page.
    async fn text(&self, id: &str) -> String {
        let script = format!("arguments[0](document.getElementById('{id}').textContent)");
        self.run(&script).await.as_str().unwrap().to_owned()
    }

    /// Waits until the page counts so many events.
    async fn counts(&self, events: usize) {
        let began = Instant::now();
        loop {
            let (count, state) = (self.text("count").await, self.text("state").await);
            if count == events.to_string() {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{count} of {events}, {state}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn close(self) {
        self.call(Method::DELETE, "", &json!({})).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_with_event_source_misses_nothing_over_a_reload_and_the_death_of_the_hub() {
    if !are_built("server-sent events in Chromium") {
        return;
    }
    let folder = TempDir::with_prefix("lienthong-browser-").unwrap();
    let mut command = Command::new("python3");
    command.args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]);
    command.args(["--directory", PAGE]);
    let mut server = Program::start(&mut command, &folder.path().join("server.out"));
    let line = server.line(|line| line.starts_with("Serving HTTP")).await;
    let origin = line
        .split(['(', ')'])
        .nth(1)
        .unwrap()
        .trim_end_matches('/')
        .to_owned();

    let origins = json!([origin]).to_string();
    let mut hub = hub(&[("LIENTHONG_GATEWAY__CORS_ORIGINS", origins.as_str())]);
    let mut expected = Expected::default();
    report(&hub, 31, 60, &mut expected).await;
    let browser = Browser::start(folder.path()).await;
    let gateway = &hub.hub.addresses.gateway_http.clone();
    browser
        .open(&format!("{origin}/?gateway=http://{gateway}"))
        .await;
    browser.counts(expected.count()).await;

    // While the page is live, and over its reload.
    report(&hub, 32, 30, &mut expected).await;
    browser.reload().await;
    report(&hub, 33, 30, &mut expected).await;
    browser.counts(expected.count()).await;

    // The browser itself comes back, with Last-Event-ID.
    hub = hub.kill().unwrap().start_again().unwrap();
    report(&hub, 34, 30, &mut expected).await;
    browser.counts(expected.count()).await;
    assert_eq!(browser.text("state").await, "live");

    let kept: Vec<Stored> = serde_json::from_value(browser.run(KEPT).await).unwrap();
    assert_eq!(kept.len(), expected.count());
    // The browser's database gives them by id; what it showed is in the order of arrival.
    expected.assert_same("the page", &kept);
    browser.close().await;
}
