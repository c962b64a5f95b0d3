//! What was found out about agencies and procedures on some days, remembered for the length of a
//! scan.

use lienthong_domain::agency::Registry;
use lienthong_domain::basis::Basis;
use lienthong_domain::path::day;

/// Answers by symbol, each with the days on which it holds.
#[derive(Debug)]
pub(super) struct Spans<T> {
    by_symbol: Vec<Vec<Span<T>>>,
}

/// An answer with its first and last day, as day numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span<T> {
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) answer: T,
}

impl<T: Copy> Spans<T> {
    pub(super) fn new() -> Self {
        Self {
            by_symbol: Vec::new(),
        }
    }

    /// The answer on a day, if it is known.
    pub(super) fn get(&self, symbol: u32, on: i64) -> Option<T> {
        let spans = self.by_symbol.get(symbol as usize)?;
        let found = spans
            .iter()
            .find(|span| span.first <= on && on <= span.last);
        found.map(|span| span.answer)
    }

    /// Remembers an answer.
    pub(super) fn put(&mut self, symbol: u32, span: Span<T>) {
        let at = symbol as usize;
        if self.by_symbol.len() <= at {
            self.by_symbol.resize_with(at + 1, Vec::new);
        }
        self.by_symbol[at].push(span);
    }
}

/// The days around `on` on which neither the agency nor any unit above its area changed, all of
/// them on the same side of the day of the basis; only that day for an agency that the registry
/// does not hold on it.
pub(super) fn steady(registry: &Registry, basis: Basis, code: &str, on: i64) -> (i64, i64) {
    let date = day::day(on);
    let Some(agency) = registry.agency_at(code, date) else {
        return (on, on);
    };
    let mut period = agency.period;
    let mut code = agency.unit_code.as_deref();
    while let Some(unit) = code.and_then(|code| registry.units().unit_at(code, date)) {
        period.from = Some(period.first().max(unit.period.first()));
        period.to = Some(period.last().min(unit.period.last()));
        code = unit.parent.as_deref();
    }
    let first = day::number_of(period.first());
    let last = day::number_of(period.last());
    match basis {
        Basis::AsItWas => (first, last),
        Basis::UnitsOf(now) if date <= now => (first, last.min(day::number_of(now))),
        Basis::UnitsOf(now) => (first.max(day::number_of(now) + 1), last),
    }
}
