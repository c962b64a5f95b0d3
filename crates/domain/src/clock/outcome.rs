//! Early, on time, late.

use crate::path::day::day_number;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Precision {
    /// Days at +07:00, as the reports of the state do: on time is the day of the deadline.
    Day,
    /// Moments to the millisecond.
    Moment,
}

/// How something that ended stands to its deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// Before it.
    Early,
    /// Just then.
    OnTime,
    /// After it.
    Late,
}

impl Outcome {
    /// `early`, `on_time` or `late`.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Early => "early",
            Outcome::OnTime => "on_time",
            Outcome::Late => "late",
        }
    }
}

/// The outcome of what ended at a moment; milliseconds since the Unix epoch.
pub fn outcome(end_ms: i64, due_ms: i64, precision: Precision) -> Outcome {
    let order = match precision {
        Precision::Day => day_number(end_ms).cmp(&day_number(due_ms)),
        Precision::Moment => end_ms.cmp(&due_ms),
    };
    match order {
        std::cmp::Ordering::Less => Outcome::Early,
        std::cmp::Ordering::Equal => Outcome::OnTime,
        std::cmp::Ordering::Greater => Outcome::Late,
    }
}

/// Whether what has not ended is past its deadline: it would be late if it ended now.
pub fn is_overdue(due_ms: i64, now_ms: i64, precision: Precision) -> bool {
    outcome(now_ms, due_ms, precision) == Outcome::Late
}
