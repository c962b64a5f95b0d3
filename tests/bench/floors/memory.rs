//! The same events applied to one hash map in memory: prost and hashbrown, one core,
//! no log, no store, no late links.

use bytes::Bytes;
use hashbrown::HashMap;
use lienthong_contract::pb::event::v1::Event;
use lienthong_contract::time::to_millis;
use prost::Message;
use std::time::Instant;

/// What the plain projection keeps of a case.
#[derive(Default)]
struct Case {
    events: u32,
    last_ms: i64,
    holder: String,
    status: u32,
}

/// Events a second of decoding each value and updating its case.
pub fn events_per_second(values: &[Bytes]) -> f64 {
    let mut cases: HashMap<String, Case> = HashMap::new();
    let began = Instant::now();
    for value in values {
        let Ok(event) = Event::decode(value.clone()) else {
            continue;
        };
        let Some(header) = event.header else { continue };
        let case = cases.entry(header.dossier_code).or_default();
        case.events += 1;
        case.last_ms = case.last_ms.max(
            header
                .occurred_time
                .as_ref()
                .and_then(to_millis)
                .unwrap_or(0),
        );
        case.holder = header.agency_code;
        case.status = event
            .mapped_status
            .map_or(case.status, |status| status.portal_status);
    }
    let rate = values.len() as f64 / began.elapsed().as_secs_f64();
    std::hint::black_box(
        cases
            .values()
            .map(|case| u64::from(case.events) + case.holder.len() as u64 + u64::from(case.status))
            .sum::<u64>(),
    );
    rate
}
