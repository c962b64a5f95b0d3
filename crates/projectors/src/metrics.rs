//! The lanes' lag as metrics: measured once a second, so that a scrape reads memory only.

use crate::lag;
use crate::lanes::Lanes;
use lienthong_contract::time::now_millis;
use lienthong_telemetry::projection::{self, Reading};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_secs(1);

/// Shows every lane in every scrape until `stop`.
pub fn watch(lanes: &Arc<Lanes>, stop: &CancellationToken) {
    let before = Reading {
        lag_seconds: 0.0,
        lag_events: 0,
        status: lag::Status::Loading as u8,
    };
    let readings: Vec<_> = lanes.all().map(|_| Arc::new(Mutex::new(before))).collect();
    for (lane, reading) in lanes.all().zip(&readings) {
        let reading = reading.clone();
        let source = move || *reading.lock().unwrap_or_else(PoisonError::into_inner);
        projection::watch(
            lane.owner.view.name(),
            lane.owner.partition,
            Arc::new(source),
        );
    }
    tokio::spawn(measure(lanes.clone(), readings, stop.clone()));
}

async fn measure(lanes: Arc<Lanes>, readings: Vec<Arc<Mutex<Reading>>>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        for (lane, reading) in lanes.all().zip(&readings) {
            let now_ms = now_millis();
            let measured = match lag::lag(lane, lanes.log.as_ref(), now_ms).await {
                Ok(measured) => lag::reading(&measured),
                // What cannot be measured is shown as what it is, with the last known figures.
                Err(_) => Reading {
                    status: lag::Status::Stalled as u8,
                    ..*reading.lock().unwrap_or_else(PoisonError::into_inner)
                },
            };
            *reading.lock().unwrap_or_else(PoisonError::into_inner) = measured;
        }
    }
}
