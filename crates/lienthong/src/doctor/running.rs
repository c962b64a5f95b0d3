//! What a hub that runs tells of itself.

use crate::client::{connect, operations, url};
use crate::config::Settings;
use lienthong_contract::pb::operations::v1::{
    GetLagRequest, GetLagResponse, ListPositionsRequest, ListPositionsResponse,
};
use lienthong_contract::time::now_millis;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long it may take to answer.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// A hub that answers.
pub struct Running {
    /// Its lag.
    pub lag: GetLagResponse,
    /// Its positions.
    pub positions: ListPositionsResponse,
    /// How long the answer about lag took.
    pub took: Duration,
    /// When half of that was over, in milliseconds since the Unix epoch by this machine's clock.
    pub asked_ms: i64,
}

/// Asks the gateway of the settings; the error says why there is no answer.
pub async fn ask(settings: &Settings) -> Result<Running, String> {
    let at = url(settings.gateway.listen);
    match timeout(PATIENCE, ask_at(&at)).await {
        Ok(answer) => answer.map_err(|why| format!("nobody answers at {at}: {why}")),
        Err(_) => Err(format!(
            "{at} does not answer within {} s",
            PATIENCE.as_secs()
        )),
    }
}

async fn ask_at(at: &str) -> Result<Running, String> {
    let channel = connect(at)
        .await
        .map_err(|_| "no hub listens there".to_owned())?;
    let mut operations = operations(channel);
    let positions = operations.list_positions(ListPositionsRequest {}).await;
    let positions = positions.map_err(|status| status.message().to_owned())?;
    let began = Instant::now();
    let lag = operations.get_lag(GetLagRequest {}).await;
    let lag = lag.map_err(|status| status.message().to_owned())?;
    let took = began.elapsed();
    let half = i64::try_from(took.as_millis() / 2).unwrap_or(0);
    Ok(Running {
        lag: lag.into_inner(),
        positions: positions.into_inner(),
        took,
        asked_ms: now_millis() - half,
    })
}
