//! `lienthong lag` and `lienthong top` as scripts and terminals meet them.

use crate::scenario::{birth, links};
use lienthong_tests::cli::{run, run_alone};
use lienthong_tests::instance::Instance;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

async fn filled() -> Instance {
    let hub = Instance::start().unwrap();
    let positions = hub.tell(&[birth(), links()].concat()).await.unwrap();
    crate::answers::horizontal_json(&hub, &positions).await;
    hub
}

#[tokio::test]
async fn a_hub_that_is_well_is_told_so_with_exit_code_0() {
    let hub = filled().await;
    let text = run(&hub, &["lag"]).unwrap();
    assert_eq!(text.code, Some(0), "{text:?}");
    assert!(text.out.starts_with("All is well."), "{text:?}");
    for column in ["Caught up in", "Headroom", "Trend", "Owner"] {
        assert!(text.out.contains(column), "{column}: {text:?}");
    }
    let partitions = run(&hub, &["lag", "--partitions"]).unwrap();
    assert!(partitions.out.contains("Log end"), "{partitions:?}");
    let json = run(&hub, &["lag", "--json"]).unwrap().json().unwrap();
    assert_eq!(
        json.pointer("/views/0/view"),
        Some(&Value::from("case")),
        "{json:#}"
    );
    assert!(json.pointer("/asOfTime").is_some(), "{json:#}");
}

#[tokio::test]
async fn a_view_or_subscription_that_is_not_there_is_no_success() {
    let hub = filled().await;
    let view = run(&hub, &["lag", "--view", "cases"]).unwrap();
    assert_eq!(view.code, Some(3), "{view:?}");
    assert!(
        view.err.contains("name one of case, horizontal, vertical"),
        "{view:?}"
    );
    let one = run(&hub, &["lag", "--view", "case", "--max-lag", "30"]).unwrap();
    assert_eq!(one.code, Some(0), "{one:?}");
    assert!(!one.out.contains("horizontal"), "{one:?}");
    let named = run(&hub, &["lag", "--subscription", "nobody"]).unwrap();
    assert_eq!(named.code, Some(3), "{named:?}");
    let bound = run(&hub, &["lag", "--max-lag", "soon"]).unwrap();
    assert_eq!(bound.code, Some(2), "{bound:?}");
}

#[tokio::test]
async fn a_watch_prints_one_json_object_a_line_until_its_reader_has_gone() {
    let hub = filled().await;
    let gateway = format!("http://{}", hub.hub.addresses.gateway);
    let binary = lienthong_tests::hub::binary().unwrap();
    let mut watch = lienthong_tests::hub::command(&binary)
        .args(["lag", "--watch", "--json", "--gateway", &gateway])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(watch.stdout.take().unwrap());
    let lines: Vec<String> = out.lines().take(2).map(Result::unwrap).collect();
    for line in &lines {
        let answer: Value = serde_json::from_str(line).unwrap();
        assert!(answer.pointer("/lags/0/view").is_some(), "{answer:#}");
    }
    assert_eq!(watch.wait().unwrap().code(), Some(0));
}

#[test]
fn a_screen_without_a_terminal_is_refused_with_what_to_use_instead() {
    let done = run_alone(&["top"]).unwrap();
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.err.contains("lag --watch"), "{done:?}");
}
