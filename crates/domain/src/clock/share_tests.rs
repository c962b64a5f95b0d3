//! Tests that nothing is lost when the time is shared out.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::clock::tests::{at, clock};
use crate::clock::{DAY_MS, Stop};
use crate::event::Kind;
use crate::path::testing::{step, to};
use proptest::prelude::*;

const NAMES: [&str; 4] = ["", "A", "B", "B/desk"];

proptest! {
    #[test]
    fn shares_add_up_to_the_whole_used_time(
        told in prop::collection::vec((0i64..20 * DAY_MS, 0usize..4, 0usize..4, 0usize..3), 0..12),
        stop in (0i64..20 * DAY_MS, 0i64..5 * DAY_MS),
        long in -DAY_MS..25 * DAY_MS,
        plain: bool,
    ) {
        let from_ms = at("2024-03-01 09:00");
        let mut told = told;
        told.sort_unstable();
        let steps: Vec<Step<'_>> = told
            .iter()
            .map(|(after, actor, addressee, kind)| {
                let at_ms = from_ms - DAY_MS + after;
                match kind {
                    0 => to(at_ms, NAMES[*actor], Kind::HandedOver, NAMES[*addressee]),
                    1 => step(at_ms, NAMES[*actor], Kind::Answered),
                    _ => step(at_ms, NAMES[*actor], Kind::ProgressReported),
                }
            })
            .collect();
        let stops = [Stop {
            from_ms: from_ms + stop.0,
            to_ms: Some(from_ms + stop.0 + stop.1),
            portal_status: 6,
        }];
        let running = Running {
            unit: if plain { LimitUnit::Days } else { LimitUnit::WorkingDays },
            from_ms,
            to_ms: from_ms + long,
            stops: &stops,
        };
        let shares = shares(&clock(), &running, &steps).unwrap();
        let whole = clock().used(running.unit, from_ms, running.to_ms, &stops).unwrap();
        prop_assert_eq!(shares.iter().map(|share| share.used_ms).sum::<i64>(), whole);
        for until in 1..=steps.len() {
            let holder = crate::path::holder::holder(&steps[..until]).map(|holder| holder.party);
            let last = steps[..until].iter().rev().find_map(holds_after);
            prop_assert_eq!(last, holder, "who holds it is what the path says");
        }
    }
}
