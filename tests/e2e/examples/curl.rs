//! Server-sent events as `curl -N` shows them, resumed by `Last-Event-ID`.

use super::expected::Expected;
use super::program::Program;
use super::stored::Stored;
use super::{are_built, hub, report, until};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// One block of the stream: what comes between two empty lines.
#[derive(Debug, Default)]
struct Message {
    event: String,
    id: String,
    data: String,
}

fn curl(address: &str, query: &str, resume: Option<&str>) -> Command {
    let mut command = Command::new("curl");
    command.args(["-N", "--silent", "--show-error", "--fail-with-body"]);
    if let Some(id) = resume {
        command.arg("-H").arg(format!("Last-Event-ID: {id}"));
    }
    command.arg(format!("http://{address}/v1/events?{query}"));
    command
}

/// Whole messages; one that was torn off is none.
fn messages(said: &str) -> Vec<Message> {
    let whole = said.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
    whole.split("\n\n").map(message).collect()
}

fn message(block: &str) -> Message {
    let mut message = Message::default();
    for line in block.lines() {
        match line.split_once(':') {
            Some(("event", value)) => message.event = value.trim().to_owned(),
            Some(("id", value)) => message.id = value.trim().to_owned(),
            Some(("data", value)) => message.data = value.trim().to_owned(),
            _ => {}
        }
    }
    message
}

/// Those that are events, not markers.
fn events(messages: &[Message]) -> Vec<Stored> {
    let events = messages
        .iter()
        .filter(|message| message.event.is_empty() && !message.data.is_empty());
    let read = |message: &Message| {
        let mut event: Value = serde_json::from_str(&message.data).unwrap();
        // The source's number of the event, not that of a durable subscription.
        event.as_object_mut().unwrap().remove("sequence");
        let event: Stored = serde_json::from_value(event).unwrap();
        assert!(!message.id.is_empty(), "{message:?}");
        event
    };
    events.map(read).collect()
}

fn last_id(messages: &[Message]) -> String {
    let ids = messages.iter().rev().map(|message| &message.id);
    ids.clone().find(|id| !id.is_empty()).unwrap().clone()
}

fn said(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_resumes_by_last_event_id_wherever_it_and_the_hub_were_killed() {
    if !are_built("server-sent events with curl") {
        return;
    }
    let mut hub = hub(&[]);
    let address = hub.hub.addresses.gateway_http.clone();
    let mut expected = Expected::default();
    report(&hub, 81, 100, &mut expected).await;
    let mut all: Vec<Stored> = Vec::new();
    let mut resume = None;

    // Killed while it reads; whatever was torn off is read again.
    for (turn, wanted) in [50, 100].into_iter().enumerate() {
        let out = hub.scratch().join(format!("curl-{turn}"));
        let mut command = curl(&address, "from=beginning", resume.as_deref());
        let mut program = Program::start(&mut command, &out);
        until("curl shows events", || {
            program.runs();
            events(&messages(&said(&out))).len() >= wanted
        })
        .await;
        program.kill();
        // A place in the middle, not where curl happened to be.
        let mut told = messages(&said(&out));
        told.truncate(wanted);
        all.extend(events(&told));
        resume = Some(last_id(&told));
    }

    // Live, over the death of the hub.
    let out = hub.scratch().join("curl-live");
    let mut command = curl(&address, "from=beginning", resume.as_deref());
    let mut program = Program::start(&mut command, &out);
    program.line(|line| line == "event: caught-up").await;
    report(&hub, 82, 50, &mut expected).await;
    hub = hub.kill().unwrap().start_again().unwrap();
    drop(program);
    let told = messages(&said(&out));
    all.extend(events(&told));
    resume = Some(last_id(&told));

    let out = hub.scratch().join("curl-rest");
    report(&hub, 83, 50, &mut expected).await;
    let mut command = curl(
        &address,
        "from=beginning&until_caught_up=true",
        resume.as_deref(),
    );
    let rest = Program::start(&mut command, &out).ends_well().await;
    assert!(rest.contains("event: going-away"), "{rest}");
    all.extend(events(&messages(&rest)));
    expected.assert_stored("curl", &all);

    // Some of it, and what is wrong with a request.
    let received = "vn.lienthong.dossier.received.v1";
    let wanted = all.iter().filter(|event| event.kind == received).count();
    let query = format!("from=beginning&until_caught_up=true&type={received}");
    let out = hub.scratch().join("curl-some");
    let some = Program::start(&mut curl(&address, &query, None), &out);
    let some = events(&messages(&some.ends_well().await));
    assert!(wanted > 0 && some.iter().all(|event| event.kind == received));
    assert_eq!(some.len(), wanted);
    let refused = curl(&address, "agncy=H56", None).output().unwrap();
    let problem = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(
        !refused.status.success() && problem.contains("agncy"),
        "{problem}"
    );
}
