//! Which agency used how much of the time.

use super::{Clock, LimitUnit, Stop};
use crate::calendar::NoCalendar;
use crate::event::Party;
use crate::path::Step;
use crate::path::holder::holds_after;

/// What one party used of the running time, over all its times with the dossier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share<'a> {
    /// Who held it; the empty party while no step named anybody.
    pub party: Party<'a>,
    /// Milliseconds of the clock's time, stops left out.
    pub used_ms: i64,
}

/// What to share out.
#[derive(Debug, Clone, Copy)]
pub struct Running<'s> {
    /// In what the clock runs.
    pub unit: LimitUnit,
    /// When it began.
    pub from_ms: i64,
    /// Until when: the end, or now.
    pub to_ms: i64,
    /// When it stood still.
    pub stops: &'s [Stop],
}

/// Shares the running time of ONE dossier out among its holders, as [`crate::path::holder`] decides
/// them, in the order in which they first held it. The sum is [`Clock::used`] of the whole.
///
/// # Errors
/// [`NoCalendar`] as [`Clock::used`].
pub fn shares<'a>(
    clock: &Clock<'_>,
    running: &Running<'_>,
    steps: &[Step<'a>],
) -> Result<Vec<Share<'a>>, NoCalendar> {
    let mut shares: Vec<Share<'a>> = Vec::new();
    let mut held_by = Party::default();
    let mut since = running.from_ms;
    let changes = steps.iter().filter_map(|step| {
        let holder = holds_after(step)?;
        Some((step.order.occurred_ms, Some(holder)))
    });
    for (at_ms, next) in changes.chain([(running.to_ms, None)]) {
        let at_ms = at_ms.clamp(since, running.to_ms.max(since));
        if next.is_none_or(|next| next != held_by) {
            let used = clock.used(running.unit, since, at_ms, running.stops)?;
            credit(&mut shares, held_by, used);
            since = at_ms;
        }
        held_by = next.unwrap_or(held_by);
    }
    Ok(shares)
}

fn credit<'a>(shares: &mut Vec<Share<'a>>, party: Party<'a>, used_ms: i64) {
    if used_ms == 0 {
        return;
    }
    match shares.iter_mut().find(|share| share.party == party) {
        Some(share) => share.used_ms += used_ms,
        None => shares.push(Share { party, used_ms }),
    }
}

#[cfg(test)]
#[path = "share_tests.rs"]
mod tests;
