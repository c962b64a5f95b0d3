//! Subscriptions on the command line: streams that a script resumes, durable subscriptions whose
//! events consumers take, what fails, and what an operator does about it.

use lienthong_tests::cli::{Done, run};
use lienthong_tests::hub;
use lienthong_tests::instance::Instance;
use lienthong_tests::sample;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Events of a run, and of them those of the province's office (steps 3 and 4 of 5).
const EVENTS: u64 = 100;
const AT_OFFICE: usize = 40;

async fn filled() -> Instance {
    let hub = Instance::start().unwrap();
    tell(&hub, "one").await;
    hub
}

async fn tell(hub: &Instance, run: &str) {
    let facts: Vec<_> = (0..EVENTS).map(|n| sample::fact(run, n)).collect();
    hub.tell(&facts).await.unwrap();
}

/// Runs a command that must succeed.
fn done(hub: &Instance, command: &[&str]) -> Done {
    let done = run(hub, command).unwrap();
    assert_eq!(done.code, Some(0), "{command:?}: {done:?}");
    done
}

fn json(hub: &Instance, command: &[&str]) -> Value {
    done(hub, &[command, &["--json"]].concat()).json().unwrap()
}

/// The events that a command printed, one JSON object a line.
fn events(done: &Done) -> Vec<Value> {
    let lines = done.out.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn id(event: &Value) -> String {
    let id = &event["event"]["header"]["id"];
    id.as_str().unwrap().to_owned()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_resumes_a_stream_by_its_token_file_and_misses_and_repeats_nothing() {
    let hub = filled().await;
    let place = hub.scratch().join("place").display().to_string();
    let subscribe = [
        "subscribe",
        "--from",
        "beginning",
        "--until-caught-up",
        "--json",
        "--token-file",
        &place,
    ];
    let first = done(&hub, &subscribe);
    assert_eq!(events(&first).len(), 100);
    assert!(first.err.contains(r#""checkpoint""#), "{}", first.err);
    assert!(first.err.contains("WHY_CAUGHT_UP"), "{}", first.err);
    assert!(events(&done(&hub, &subscribe)).is_empty());
    tell(&hub, "two").await;
    let second = events(&done(&hub, &subscribe));
    let ids: BTreeSet<String> = second.iter().map(id).collect();
    assert_eq!((second.len(), ids.len()), (100, 100));
    assert!(ids.iter().all(|id| id.starts_with("two-")), "{ids:?}");
    for event in &second {
        let header = event["event"]["header"].as_object().unwrap();
        assert!(!header.contains_key("protected"), "{event}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_leave_out_what_is_not_wanted_and_a_wrong_one_is_refused_with_its_place() {
    let hub = filled().await;
    let from = [
        "subscribe",
        "--from",
        "beginning",
        "--until-caught-up",
        "--json",
    ];
    let told = |filters: &[&str]| events(&done(&hub, &[&from[..], filters].concat()));
    let office = told(&["--agency", "H56.03"]);
    assert_eq!(office.len(), AT_OFFICE);
    let by_text = told(&["--filter", r#"[{"exact": {"agency": "H56.03"}}]"#]);
    assert_eq!(by_text, office);
    let desks = told(&["--filter", r#"{"not": {"exact": {"agency": "H56.03"}}}"#]);
    assert_eq!(desks.len(), EVENTS as usize - AT_OFFICE);
    let kinds = [
        "--type",
        "vn.lienthong.dossier.accepted.v1",
        "--type",
        "vn.lienthong.dossier.appraised.v1",
    ];
    assert_eq!(told(&kinds).len(), AT_OFFICE);

    for (filter, part) in [
        (r#"[{"exact": {"agncy": "x"}}]"#, "agncy"),
        (r#"[{"exactly": {}}]"#, "--filter[0]"),
    ] {
        let refused = run(&hub, &[&from[..], &["--filter", filter]].concat()).unwrap();
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.err.contains(part), "{refused:?}");
    }
    let refused = run(&hub, &["subscribe", "--from", "no-token"]).unwrap();
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("TOKEN_MALFORMED"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_durable_subscription_hands_out_everything_once_and_its_manifest_proves_it() {
    let hub = filled().await;
    let create = ["subscriptions", "create", "bhxh", "--from", "beginning"];
    let made = json(&hub, &create);
    assert_eq!(made["status"]["subscription"]["name"], "bhxh");
    let again = json(&hub, &create);
    let time = "/status/createdTime";
    assert_eq!(again.pointer(time), made.pointer(time), "it is the same");

    let consume = ["consume", "bhxh", "--max-events", "60", "--json"];
    let first = events(&done(&hub, &consume));
    let rest = ["consume", "bhxh", "--max-events", "40", "--json"];
    let second = events(&done(&hub, &rest));
    assert_eq!((first.len(), second.len()), (60, 40));
    let all = || first.iter().chain(&second);
    let ids: BTreeSet<String> = all().map(id).collect();
    assert_eq!(ids.len(), 100);
    let mut numbers: Vec<u64> = all().map(|event| number(&event["sequence"])).collect();
    numbers.sort_unstable();
    assert!(numbers.iter().copied().eq(1..=100), "{numbers:?}");

    let listed = json(&hub, &["subscriptions"]);
    let status = &listed["statuses"][0];
    assert_eq!(number(&status["settledSequence"]), 100, "{status:#}");
    assert_eq!(number(&status["outstanding"]), 0, "{status:#}");
    let manifest = json(&hub, &["subscriptions", "manifest", "bhxh"]);
    let day = &manifest["days"][0];
    assert_eq!(
        (number(&day["count"]), number(&day["lastSequence"])),
        (100, 100)
    );
    let hole = events(&done(
        &hub,
        &["subscriptions", "range", "bhxh", "17", "19", "--json"],
    ));
    let wanted: Vec<&Value> = (17..=19)
        .map(|wanted| {
            all()
                .find(|one| number(&one["sequence"]) == wanted)
                .unwrap()
        })
        .collect();
    assert_eq!(
        hole.iter().map(id).collect::<Vec<_>>(),
        wanted.into_iter().map(id).collect::<Vec<_>>()
    );
    let not_yet = run(&hub, &["subscriptions", "range", "bhxh", "100", "101"]).unwrap();
    assert!(not_yet.err.contains("SEQUENCE_NOT_YET"), "{not_yet:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_fails_parks_its_case_and_an_operator_lets_it_go_on() {
    let hub = filled().await;
    let make = [
        "subscriptions",
        "create",
        "office",
        "--from",
        "beginning",
        "--agency",
        "H56.03",
        "--max-attempts",
        "2",
        "--backoff-ms",
        "10",
    ];
    done(&hub, &make);
    let kept = hub.scratch().join("kept").display().to_string();
    // The third case fails, whatever comes.
    let bad = sample::dossier_code(2);
    let script =
        format!("cat > $$.event; grep -q {bad} $$.event && exit 7; cat $$.event >> {kept}");
    let script = format!("cd {} && {script}", hub.scratch().display());
    let consume = ["consume", "office", "--exec", &script, "--max-events", "38"];
    done(&hub, &consume);
    let lines = fs::read_to_string(&kept).unwrap();
    assert_eq!(
        lines.lines().count(),
        AT_OFFICE - 2,
        "both of the case wait"
    );

    let parked = json(&hub, &["subscriptions", "parked", "office"]);
    let case = &parked["cases"][0];
    assert_eq!(case["partitionKey"], bad.as_str(), "{parked:#}");
    assert_eq!(number(&case["waiting"]), 2, "{case:#}");
    assert_eq!(number(&case["attempts"]), 2, "{case:#}");
    assert!(case["reason"].as_str().unwrap().contains('7'), "{case:#}");

    let outstanding = run(&hub, &["subscriptions", "delete", "office"]).unwrap();
    assert_eq!(outstanding.code, Some(2), "{outstanding:?}");
    assert!(outstanding.err.contains("--yes"), "{outstanding:?}");

    let skip = ["subscriptions", "release", "office", &bad, "--skip"];
    assert_eq!(number(&json(&hub, &skip)["released"]), 1);
    let rest = ["consume", "office", "--max-events", "1", "--json"];
    let rest = events(&done(&hub, &rest));
    assert!(
        id(&rest[0]).ends_with("-2-4"),
        "the next of the case: {rest:?}"
    );
    let again = run(&hub, &skip).unwrap();
    assert_eq!(again.code, Some(3), "{again:?}");
    done(&hub, &["subscriptions", "delete", "office"]);
    let gone = run(&hub, &["consume", "office"]).unwrap();
    assert_eq!(gone.code, Some(3), "{gone:?}");
    assert!(gone.err.contains("SUBSCRIPTION_NOT_FOUND"), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_task_prints_text_for_people_and_json_for_programs() {
    let hub = filled().await;
    done(
        &hub,
        &["subscriptions", "create", "one", "--from", "2026-10-01"],
    );
    for (task, said, key) in [
        (&["list"][..], "active", "/statuses/0/state"),
        (&["show", "one"], "Settled up to", "/status/createdTime"),
        (
            &["show", "one"],
            "Acknowledged within  30 seconds\n",
            "/status/subscription/handling/ackTimeoutS",
        ),
        (&["pause", "one"], "paused", "/status/state"),
        (&["resume", "one"], "active", "/status/state"),
        (&["move", "one", "--from", "end"], "active", "/status/token"),
        (&["parked", "one"], "nothing is parked", ""),
        (&["manifest", "one"], "", ""),
    ] {
        let command = [&["subscriptions"], task].concat();
        let text = done(&hub, &command);
        assert!(text.out.contains(said), "{task:?}: {}", text.out);
        let value = json(&hub, &command);
        assert!(value.pointer(key).is_some(), "{task:?}: {value:#}");
    }
    let other = ["subscriptions", "create", "one", "--agency", "H56.03"];
    let taken = run(&hub, &other).unwrap();
    assert_ne!(taken.code, Some(0));
    assert!(taken.err.contains("SUBSCRIPTION_EXISTS"), "{taken:?}");
    let none = run(&hub, &["subscriptions", "rotate-secret", "one"]).unwrap();
    assert!(none.err.contains("SUBSCRIPTION_HAS_NO_WEBHOOK"), "{none:?}");
    let bad = run(&hub, &["subscriptions", "create", "Not a name"]).unwrap();
    assert_eq!(bad.code, Some(2), "{bad:?}");
    assert!(bad.err.contains("subscription.name"), "{bad:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_and_a_consumer_go_on_by_themselves_after_the_hub_was_killed() {
    let gateway = free_address();
    let hub = Instance::start_with(&[("LIENTHONG_GATEWAY__LISTEN", &gateway)]).unwrap();
    done(
        &hub,
        &["subscriptions", "create", "kept", "--from", "beginning"],
    );
    let url = format!("http://{gateway}");
    let stream = Running::start(&hub, &["subscribe", "--from", "beginning"], &url);
    let consumer = Running::start(&hub, &["consume", "kept"], &url);
    tell(&hub, "one").await;
    let has = |count| move |lines: &[Value]| ids(lines).len() == count;
    stream.wait(has(100));
    consumer.wait(has(100));
    let hub = hub.kill().unwrap().start_again().unwrap();
    tell(&hub, "two").await;
    let told = stream.wait(has(200));
    assert_eq!(told.len(), 200, "nothing is told twice");
    let numbers = |lines: &[Value]| -> BTreeSet<u64> {
        lines.iter().map(|one| number(&one["sequence"])).collect()
    };
    let handed = consumer.wait(has(200));
    assert!(
        numbers(&handed).into_iter().eq(1..=200),
        "{:?}",
        numbers(&handed)
    );
    assert_eq!(
        (stream.interrupt(), consumer.interrupt()),
        (Some(0), Some(0))
    );
}

fn ids(lines: &[Value]) -> BTreeSet<String> {
    lines.iter().map(id).collect()
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// A command that runs on, its output in a file.
struct Running {
    child: Child,
    out: PathBuf,
}

impl Running {
    fn start(hub: &Instance, command: &[&str], url: &str) -> Self {
        let out = hub.scratch().join(command[0]);
        let child = hub::command(&hub::binary().unwrap())
            .args(command)
            .args(["--json", "--gateway", url])
            .stdin(Stdio::null())
            .stdout(fs::File::create(&out).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, out }
    }

    /// The lines once they are enough; fails after a minute.
    fn wait(&self, enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let began = Instant::now();
        loop {
            let text = fs::read_to_string(&self.out).unwrap();
            let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
            let lines = whole
                .lines()
                .map(|line| serde_json::from_str(line).unwrap());
            let lines: Vec<Value> = lines.collect();
            if enough(&lines) {
                return lines;
            }
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "{} lines",
                lines.len()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn interrupt(mut self) -> Option<i32> {
        let id = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(id, Signal::INT).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn durable_subscriptions_outlive_the_hub() {
    let hub = filled().await;
    done(
        &hub,
        &["subscriptions", "create", "kept", "--from", "beginning"],
    );
    let consume = |hub: &Instance, count: &str| {
        let command = ["consume", "kept", "--max-events", count, "--json"];
        let events = events(&done(hub, &command));
        let numbers: Vec<u64> = events.iter().map(|one| number(&one["sequence"])).collect();
        numbers
    };
    let mut numbers = consume(&hub, "30");
    assert_eq!(numbers.len(), 30);
    let hub = hub.restart().unwrap();
    numbers.extend(consume(&hub, "70"));
    numbers.sort_unstable();
    assert!(numbers.iter().copied().eq(1..=100), "{numbers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_of_a_webhook_is_told_once_and_rotated() {
    let hub = Instance::start_with(&[
        ("LIENTHONG_GATEWAY__WEBHOOKS__ALLOW_PRIVATE", "true"),
        ("LIENTHONG_GATEWAY__WEBHOOKS__ALLOW_HTTP", "true"),
    ])
    .unwrap();
    let url = format!("http://{}/events", echo());
    let made = json(
        &hub,
        &["subscriptions", "create", "hook", "--webhook", &url],
    );
    let secret = made["webhookSecret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_"), "{made:#}");
    let shown = done(&hub, &["subscriptions", "show", "hook", "--json"]);
    assert!(!shown.out.contains("whsec_"), "{shown:?}");
    assert!(shown.out.contains(&url), "{shown:?}");
    let rotated = json(
        &hub,
        &["subscriptions", "rotate-secret", "hook", "--overlap", "60"],
    );
    assert_ne!(rotated["webhookSecret"], made["webhookSecret"]);
    assert!(rotated["oldUntil"].is_string(), "{rotated:#}");
    let config = done(
        &hub,
        &[
            "config",
            "--set",
            "gateway.webhooks.key=0123456789abcdef0123456789abcdef",
        ],
    );
    assert!(!config.out.contains("0123456789abcdef"), "{config:?}");
    let refused = run(&hub, &["consume", "hook"]).unwrap();
    assert!(
        refused.err.contains("SUBSCRIPTION_HAS_WEBHOOK"),
        "{refused:?}"
    );
}

/// The address of an endpoint that gives every body back, which is consent.
fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut some = [0_u8; 4_096];
            let challenge = loop {
                let read = stream.read(&mut some).unwrap_or_default();
                request.extend_from_slice(&some[..read]);
                let text = String::from_utf8_lossy(&request).into_owned();
                let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
                let event = body.and_then(|body| serde_json::from_str::<Value>(&body).ok());
                if let Some(event) = event {
                    break event["data"]["challenge"].to_string();
                }
                if read == 0 {
                    break "null".to_owned();
                }
            };
            let body = format!(r#"{{"challenge":{challenge}}}"#);
            let length = body.len();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
            let _ = write!(stream, "{head}\r\ncontent-length: {length}\r\n\r\n{body}");
        }
    });
    address
}
