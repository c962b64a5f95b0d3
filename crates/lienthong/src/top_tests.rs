//! The screen as text, from answers that are made up.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::keys::{Next, press};
use super::panels::Panel;
use super::screen::draw;
use super::state::State;
use lienthong_contract::pb::operations::v1::{
    Cause, GetLagResponse, Outlook, ProbeLag, SourceLag, StageLag, SubscriptionLag, ViewLag,
    ViewSummary,
};
use lienthong_contract::time::from_millis;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent};

/// 2026-07-01 00:00:00 at +07:00.
const MIDNIGHT_MS: i64 = 1_782_838_800_000;

fn drawn(state: &State, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, state)).unwrap();
    let buffer = terminal.backend().buffer();
    let rows = buffer.content().chunks(width.into());
    let line = |row: &[ratatui::buffer::Cell]| {
        let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        line.trim_end().to_owned()
    };
    rows.map(line).collect::<Vec<_>>().join("\n")
}

fn partition(partition: u32, lag_seconds: f64, status: &str) -> ViewLag {
    let waits = lag_seconds > 0.0;
    ViewLag {
        view: "case".to_owned(),
        partition,
        lag_seconds,
        lag_events: if waits { 1_200 } else { 0 },
        status: status.to_owned(),
        outlook: Some(Outlook {
            in_per_second: 150.0,
            out_per_second: if waits { 40.0 } else { 150.0 },
            eta_seconds: (!waits).then_some(0.0),
            headroom_seconds: waits.then_some(7_200.0),
            window_seconds: 10.0,
        }),
        ..ViewLag::default()
    }
}

/// One partition of four falls behind, a source is silent, a subscription has parked cases.
fn answer(lag_seconds: f64) -> GetLagResponse {
    let mut lags: Vec<ViewLag> = (0..3).map(|p| partition(p, 0.0, "current")).collect();
    lags.push(partition(3, lag_seconds, "falling_behind"));
    let probe = |partition| ProbeLag {
        route: "onestop".to_owned(),
        partition,
        status: "arriving".to_owned(),
        queryable_seconds: [("case".to_owned(), 0.004)].into(),
        delivered_seconds: Some(0.006),
        ..ProbeLag::default()
    };
    GetLagResponse {
        lags,
        views: vec![ViewSummary {
            view: "case".to_owned(),
            parked: 2,
            parked_oldest_seconds: 3_600.0,
            ..ViewSummary::default()
        }],
        subscriptions: vec![SubscriptionLag {
            name: "tax".to_owned(),
            status: "current".to_owned(),
            ..SubscriptionLag::default()
        }],
        sources: vec![SourceLag {
            source: "urn:lienthong:vn:H56:onestop".to_owned(),
            status: "silent".to_owned(),
            quiet_seconds: 900.0,
            clock_skew_seconds: Some(-2.0),
            ..SourceLag::default()
        }],
        stages: vec![StageLag {
            stage: "projector".to_owned(),
            owner: "hub".to_owned(),
            p50_seconds: 0.002,
            p99_seconds: 0.25,
            max_seconds: 0.3,
            count: 5_000,
        }],
        probes: (0..4).map(probe).collect(),
        causes: vec![Cause {
            subject: "view case/3".to_owned(),
            status: "falling_behind".to_owned(),
            stage: "projector".to_owned(),
            owner: "hub".to_owned(),
            reason: "150 events/s come in, 40 are processed".to_owned(),
            what_to_do: "start another projector: lienthong serve projector".to_owned(),
            runbook: "view-late".to_owned(),
            since_time: Some(from_millis(MIDNIGHT_MS - 65_000)),
        }],
        as_of_time: Some(from_millis(MIDNIGHT_MS)),
    }
}

fn state() -> State {
    let mut state = State::new("http://127.0.0.1:7420".to_owned());
    for lag in [10.0, 20.0, 40.0] {
        state.take(Ok(answer(lag)), MIDNIGHT_MS);
    }
    state
}

#[test]
fn everything_is_readable_on_80_by_24() {
    let expected = include_str!("top_80x24.txt");
    assert_eq!(drawn(&state(), 80, 24), expected.trim_end());
}

#[test]
fn a_wide_terminal_tells_the_reasons_too() {
    let wide = drawn(&state(), 200, 60);
    for word in ["Reason", "Waiting", "Owner", "Measured", "1,200", "losing"] {
        assert!(wide.contains(word), "{word}: {wide}");
    }
    assert!(!wide.contains("(+"), "everything fits: {wide}");
}

#[test]
fn a_hub_that_is_gone_is_told_with_since_when_over_what_was_known_last() {
    let mut state = state();
    let gone = |state: &mut State, ms| state.take(Err("connection refused".to_owned()), ms);
    gone(&mut state, MIDNIGHT_MS + 1_000);
    gone(&mut state, MIDNIGHT_MS + 9_000);
    let told = drawn(&state, 160, 24);
    let first = told.lines().next().unwrap();
    let said = "NO ANSWER since 2026-07-01 00:00:01: connection refused";
    assert!(first.contains(said), "{first}");
    assert!(told.contains("case/3"), "{told}");
    state.take(Ok(answer(0.0)), MIDNIGHT_MS + 10_000);
    assert!(!drawn(&state, 160, 24).contains("NO ANSWER"));
}

#[test]
fn all_well_is_said_so() {
    let mut state = state();
    state.take(Ok(GetLagResponse::default()), MIDNIGHT_MS);
    let told = drawn(&state, 80, 24);
    state.take(Err("gone".to_owned()), MIDNIGHT_MS);
    let unknown = drawn(&state, 80, 24);
    assert!(!unknown.contains("well"), "{unknown}");
    assert!(
        told.contains("all well") && told.contains("All is well."),
        "{told}"
    );
}

#[test]
fn keys_move_scroll_zoom_pause_explain_and_quit() {
    let mut state = state();
    let key = |state: &mut State, code| press(state, KeyEvent::from(code), 4);
    assert_eq!(state.focus, Panel::Views);
    key(&mut state, KeyCode::Tab);
    assert_eq!(state.focus, Panel::Stages);
    key(&mut state, KeyCode::BackTab);
    key(&mut state, KeyCode::Left);
    key(&mut state, KeyCode::Left);
    assert_eq!(state.focus, Panel::Probes);
    key(&mut state, KeyCode::Enter);
    assert!(!drawn(&state, 80, 24).contains("Sources"));
    for _ in 0..9 {
        key(&mut state, KeyCode::Down);
    }
    assert_eq!(state.scroll.get(&Panel::Probes), Some(&3));
    key(&mut state, KeyCode::PageUp);
    assert_eq!(state.scroll.get(&Panel::Probes), Some(&0));
    key(&mut state, KeyCode::Char('?'));
    assert!(drawn(&state, 80, 24).contains("scroll in the panel"));
    assert_eq!(key(&mut state, KeyCode::Char('q')), Next::Stay);
    assert!(!state.help);
    key(&mut state, KeyCode::Char('p'));
    assert!(drawn(&state, 80, 24).contains("PAUSED"));
    state.take(Ok(GetLagResponse::default()), MIDNIGHT_MS);
    assert!(
        !state.answer.as_ref().unwrap().causes.is_empty(),
        "it stands still"
    );
    assert_eq!(key(&mut state, KeyCode::Char('q')), Next::Quit);
}

#[test]
fn any_size_is_drawn_and_a_tiny_one_says_what_it_needs() {
    for width in [1, 20, 60, 61, 80, 119, 300] {
        for height in [1, 5, 16, 17, 24, 100] {
            drawn(&state(), width, height);
            drawn(&State::default(), width, height);
        }
    }
    let tiny = drawn(&state(), 58, 10);
    assert!(tiny.contains("at least 60 by 16"), "{tiny}");
}
