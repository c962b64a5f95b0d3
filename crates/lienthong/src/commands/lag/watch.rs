//! `lienthong lag --watch`: the same again every second. A hub that goes away is waited for.

use super::ANSWER;
use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::{Exit, Failure};
use crate::lag::judge::Scope;
use crate::lag::tables::{By, text};
use crate::print::{Form, Reader, lines};
use console::{Term, truncate_str};
use lienthong_contract::pb::operations::v1::{GetLagRequest, GetLagResponse};
use std::io::IsTerminal;
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval, timeout};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// How long the hub may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is shown.
pub struct Shown {
    /// What of it.
    pub scope: Scope,
    /// How views are listed.
    pub by: By,
    /// As text or as JSON.
    pub form: Form,
}

/// # Errors
/// If nobody answers at the first look, or standard output cannot be written.
pub async fn run(gateway: &GatewayAt, shared: &Shared, shown: &Shown) -> Result<(), Failure> {
    let mut operations = gateway.operations(shared).await?;
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut gone: Option<Instant> = None;
    let mut last: Option<GetLagResponse> = None;
    loop {
        ticks.tick().await;
        let asked = timeout(PATIENCE, operations.get_lag(GetLagRequest {})).await;
        let why = match asked {
            Ok(Ok(answer)) => {
                let answer = answer.into_inner();
                if last.is_none() {
                    shown.scope.check(&answer)?;
                }
                if gone.take().is_some() {
                    eprintln!("the hub answers again");
                }
                last = Some(answer);
                None
            }
            Ok(Err(status)) => Some(status.message().to_owned()),
            Err(_) => Some(format!("no answer within {} s", PATIENCE.as_secs())),
        };
        let written = match (&last, why) {
            (None, Some(why)) => return Err(Failure::new(Exit::Unavailable, why)),
            (Some(answer), None) => show(answer, shown)?,
            (_, Some(why)) => {
                if gone.is_none() {
                    gone = Some(Instant::now());
                    eprintln!("the hub does not answer: {why}; waiting for it");
                }
                Reader::There
            }
            (None, None) => Reader::There,
        };
        if written == Reader::Gone {
            return Ok(());
        }
    }
}

fn show(answer: &GetLagResponse, shown: &Shown) -> Result<Reader, Failure> {
    if shown.form.json {
        let value = lienthong_contract::json::of(ANSWER, answer).map_err(Failure::failed)?;
        return lines(&[value.to_string()]);
    }
    let text = text(answer, &shown.scope, shown.by);
    if !std::io::stdout().is_terminal() {
        return lines(&[text, String::new()]);
    }
    let terminal = Term::stdout();
    let (rows, columns) = terminal.size();
    let rows = usize::from(rows.max(2)) - 1;
    let all: Vec<&str> = text.lines().collect();
    let mut fitting: Vec<String> = all
        .iter()
        .take(rows)
        .map(|line| truncate_str(line, columns.into(), "…").into_owned())
        .collect();
    if all.len() > rows
        && let Some(line) = fitting.last_mut()
    {
        *line = format!(
            "… {} more lines; `lienthong top` scrolls",
            all.len() + 1 - rows
        );
    }
    terminal.move_cursor_to(0, 0)?;
    terminal.clear_to_end_of_screen()?;
    lines(&fitting)
}
