//! What the law asks next of whoever holds a dossier.

use super::hours::midnight_of;
use super::{Precision, is_overdue};
use crate::path::day::day_number;

/// What the law leaves to numbers. Circular 03/2025/TT-VPCP, unverified, so configurable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How often a deadline may be extended.
    pub most_extensions: usize,
    /// How many days before the day of the deadline the letter of apology must be sent at the
    /// latest. Plain days: the texts that mean working days say so, and a plain day asks for no
    /// calendar.
    pub apology_days_before: i64,
    /// For how many days before that last day the duty to extend is shown; no rule of law.
    pub notice_days: i64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            most_extensions: 1,
            apology_days_before: 1,
            notice_days: 3,
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// Settle it by the deadline.
    Settle,
    /// Settle it, or send the letter of apology with a new appointment while that still counts.
    ApologiseAndExtend,
    /// It is overdue: apologise, and settle.
    Apologise,
    /// The applicant has to act: see to the answer.
    RequestAnswer,
}

impl What {
    /// `settle`, `apologise_and_extend`, `apologise`, `request_answer`.
    pub fn as_str(self) -> &'static str {
        match self {
            What::Settle => "settle",
            What::ApologiseAndExtend => "apologise_and_extend",
            What::Apologise => "apologise",
            What::RequestAnswer => "request_answer",
        }
    }
}

/// A duty of the holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duty {
    /// What is to be done.
    pub what: What,
    /// Until when, milliseconds since the Unix epoch, this moment left out; none: at once, or the
    /// law sets no time.
    pub until_ms: Option<i64>,
}

/// How an open dossier stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// The deadline that decides, extensions included; none: not known.
    pub due_ms: Option<i64>,
    /// Portal status 5, 6 or 8 while the clock stands still; 0: it runs.
    pub stopped_by: u8,
    /// Extensions that counted so far.
    pub extensions: usize,
}

/// The duty that an open dossier puts on its holder. None where it was stopped by the agency (8):
/// nobody has to act until work goes on.
pub fn duty(pending: &Pending, now_ms: i64, rules: &Rules) -> Option<Duty> {
    match pending.stopped_by {
        0 => {}
        5 | 6 => {
            return Some(Duty {
                what: What::RequestAnswer,
                until_ms: None,
            });
        }
        _ => return None,
    }
    let Some(due_ms) = pending.due_ms else {
        return Some(Duty {
            what: What::Settle,
            until_ms: None,
        });
    };
    if is_overdue(due_ms, now_ms, Precision::Day) {
        return Some(Duty {
            what: What::Apologise,
            until_ms: None,
        });
    }
    let last_day = day_number(due_ms) - rules.apology_days_before;
    let shown = last_day - rules.notice_days..=last_day;
    let may_extend = pending.extensions < rules.most_extensions;
    if may_extend && shown.contains(&day_number(now_ms)) {
        return Some(Duty {
            what: What::ApologiseAndExtend,
            until_ms: Some(midnight_of(last_day + 1)),
        });
    }
    Some(Duty {
        what: What::Settle,
        until_ms: Some(due_ms),
    })
}
