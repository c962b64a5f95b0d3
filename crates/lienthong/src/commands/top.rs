//! `lienthong top`: lag on a screen of its own, anew every second.

use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::{Exit, Failure};
use crate::top::keys::{Next, press};
use crate::top::panels::listing;
use crate::top::screen::draw;
use crate::top::state::State;
use clap::Args;
use lienthong_contract::pb::operations::v1::operations_service_client::OperationsServiceClient;
use lienthong_contract::pb::operations::v1::{GetLagRequest, GetLagResponse};
use lienthong_contract::time::now_millis;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event};
use std::io::IsTerminal;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tonic::transport::Channel;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// How long the hub may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the thread of keys waits before it looks whether it is still wanted.
const KEY_WAIT: Duration = Duration::from_millis(200);

/// Arguments of `top`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    gateway: GatewayAt,
}

type Asked = Result<GetLagResponse, String>;

/// # Errors
/// [`Exit::Usage`] without a terminal; whatever the terminal says.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        let fix = "Fix: run it in one, or use `lienthong lag --watch` (with --json for programs)";
        let what = "top draws on a terminal, and standard input or output is none";
        return Err(Failure::new(Exit::Usage, format!("{what}. {fix}")));
    }
    let (url, operations) = arguments.gateway.lasting_operations(shared)?;
    // Restored when it goes; a panic restores it before it tells of itself.
    let mut screen = Screen(ratatui::try_init()?);
    show(&mut screen.0, State::new(url), operations).await
}

struct Screen(DefaultTerminal);

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

async fn show(
    terminal: &mut DefaultTerminal,
    mut state: State,
    operations: OperationsServiceClient<Channel>,
) -> Result<(), Failure> {
    let mut keys = read_keys()?;
    let (tell, mut answers) = mpsc::channel(1);
    let asking = tokio::spawn(ask(operations, tell));
    let mut ended = signal(SignalKind::terminate())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    let outcome = loop {
        if let Err(error) = terminal.draw(|frame| draw(frame, &state)) {
            break Err(Failure::failed(error));
        }
        tokio::select! {
            Some(asked) = answers.recv() => state.take(asked, now_millis()),
            read = keys.recv() => match read {
                Some(Ok(Event::Key(key))) => {
                    let width = terminal.size().map_or(80, |size| size.width);
                    let rows = listing(state.focus, &state, width).rows.len();
                    if press(&mut state, key, rows) == Next::Quit {
                        break Ok(());
                    }
                }
                // Another size: it is drawn anew at once.
                Some(Ok(_)) => {}
                Some(Err(error)) => break Err(Failure::failed(error)),
                None => break Ok(()),
            },
            _ = ended.recv() => break Ok(()),
            _ = hung_up.recv() => break Ok(()),
        }
    };
    asking.abort();
    outcome
}

/// Asks again and again; the channel itself connects anew to a hub that comes back.
async fn ask(mut operations: OperationsServiceClient<Channel>, tell: mpsc::Sender<Asked>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let asked = match timeout(PATIENCE, operations.get_lag(GetLagRequest {})).await {
            Ok(Ok(answer)) => Ok(answer.into_inner()),
            Ok(Err(status)) => Err(status.message().to_owned()),
            Err(_) => Err(format!("nothing within {} s", PATIENCE.as_secs())),
        };
        if tell.send(asked).await.is_err() {
            return;
        }
    }
}

/// What is typed, from a thread of its own: reading a terminal blocks.
fn read_keys() -> std::io::Result<mpsc::Receiver<std::io::Result<Event>>> {
    let (typed, keys) = mpsc::channel(16);
    std::thread::Builder::new()
        .name("keys".to_owned())
        .spawn(move || {
            while !typed.is_closed() {
                let read = match event::poll(KEY_WAIT) {
                    Ok(false) => continue,
                    Ok(true) => event::read(),
                    Err(error) => Err(error),
                };
                let failed = read.is_err();
                if typed.blocking_send(read).is_err() || failed {
                    return;
                }
            }
        })?;
    Ok(keys)
}
