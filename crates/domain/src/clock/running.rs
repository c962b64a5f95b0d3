//! The spans between stops.

use super::Stop;
use std::borrow::Cow;

/// What a stop without an end means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Open {
    /// It ends at once.
    EndsAtOnce,
    /// It lasts.
    Lasts,
}

/// The stops by their beginning; no copy if they are so already.
pub(super) fn in_order(stops: &[Stop]) -> Cow<'_, [Stop]> {
    if stops.is_sorted_by_key(|stop| stop.from_ms) {
        return Cow::Borrowed(stops);
    }
    let mut sorted = stops.to_vec();
    sorted.sort_by_key(|stop| stop.from_ms);
    Cow::Owned(sorted)
}

/// The spans of `from_ms..to_ms` in which no stop stands, in order, none of them empty. The stops
/// must be in the order of their beginnings.
pub(super) fn running(
    from_ms: i64,
    to_ms: i64,
    stops: &[Stop],
    open: Open,
) -> impl Iterator<Item = (i64, i64)> {
    let mut at = from_ms;
    let ends = stops.iter().map(move |stop| {
        let last = match open {
            Open::EndsAtOnce => stop.from_ms,
            Open::Lasts => i64::MAX,
        };
        (stop.from_ms, stop.to_ms.unwrap_or(last))
    });
    let real = ends.filter(|(from, to)| from < to);
    let spans = real.chain([(to_ms, i64::MAX)]).map(move |(from, to)| {
        let span = (at, from.min(to_ms));
        at = at.max(to);
        span
    });
    spans.filter(|(from, to)| from < to)
}
