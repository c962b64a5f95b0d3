//! Seeded scenarios over real administrative units: what several ministries' systems would
//! say about interconnected cases, in the order in which it would reach the hub.
//!
//! What happened is told by scripts (data), when by the working day, who by the reference
//! registry. What goes wrong on the way (late links, silence, resends, lies) is added after.

mod codes;
mod everyday;
mod groups;
mod land;
mod people;
mod places;
mod play;
mod post;
mod promise;
mod say;
mod script;
mod workday;

pub use places::PlacesError;

use crate::message::Message;
use crate::system::System;
use lienthong_contract::reference;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use script::Script;

/// Most cases of one run: case numbers have four digits in dossier codes.
pub const MOST_CASES: u32 = 10_000;
const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;
/// How long before now the first case may begin, in days.
const DAYS_BACK: i64 = 14;

/// Which procedures are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scenario {
    /// All of them, as a province sees them.
    #[default]
    Mixed,
    /// Birth, residence and health insurance of a child (2.002621, 3.000722): vertical.
    Birth,
    /// Death, residence and funeral allowance (2.002622, 2.002913): vertical.
    Death,
    /// Land certificate with tax and payment (1.012783): horizontal.
    Land,
    /// Marriages and extracts at commune desks (1.000894, 2.000635).
    Everyday,
}

/// What to generate. Equal plans give equal events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Which procedures.
    pub scenario: Scenario,
    /// Decides everything that chance decides.
    pub seed: u64,
    /// Number of the run, 0 to 999,999. Codes of different runs differ; see [`run_number`].
    pub run: u32,
    /// Cases, 1 to [`MOST_CASES`].
    pub cases: u32,
    /// The present: cases began in the 14 days before it and nothing happens after it, so
    /// the youngest are still open. Milliseconds since the Unix epoch.
    pub now_ms: i64,
}

/// A message in its place.
#[derive(Debug, Clone)]
pub struct TimedEvent {
    /// When it reaches the hub, by the scenario's clock, milliseconds since the Unix epoch.
    pub arrival_ms: i64,
    /// The code under which the whole case can be asked for.
    pub case_code: String,
    /// What is sent.
    pub message: Message,
    /// What is wrong with it or its place, if anything.
    pub fault: Option<Fault>,
}

/// What goes wrong on the way to the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Arrives after events that happened later.
    Late,
    /// Waited while its system was silent, and came with the backlog.
    Backlog,
    /// The same message once more.
    Duplicate,
    /// One of a block sent again after a broken connection.
    Resent,
    /// Breaks the contract; must be rejected.
    Malformed,
}

/// Why nothing was generated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The plan is out of range.
    #[error("{field} is {value}; give {range}")]
    Plan {
        /// The field.
        field: &'static str,
        /// What it is.
        value: i64,
        /// What it may be.
        range: &'static str,
    },
    /// The registry lacks agencies that the scripts need.
    #[error(transparent)]
    Places(#[from] PlacesError),
    /// A script has a system say what its adapter does not take.
    #[error(transparent)]
    Script(#[from] crate::message::NotTaken),
}

impl Error {
    /// Always false: plan, registry or script has to be corrected.
    pub fn is_retryable(&self) -> bool {
        false
    }
}

/// The events of a plan, in the order of their arrival.
///
/// # Errors
/// If the plan is out of range or the shipped agencies lack one that the scripts need.
pub fn generate(plan: &Plan) -> Result<Vec<TimedEvent>, Error> {
    check(plan)?;
    let reference = reference::demo().map_err(PlacesError::from)?;
    let places = places::demo(&reference.registry, plan.now_ms)?;
    let mut dice = StdRng::seed_from_u64(plan.seed ^ (u64::from(plan.run) << 32));
    let mut facts = Vec::new();
    for number in 0..plan.cases {
        let place = &places[dice.random_range(0..places.len())];
        let back = dice.random_range(5 * MINUTE_MS..DAYS_BACK * DAY_MS);
        let start_ms = workday::after(plan.now_ms - back, dice.random_range(0..60));
        let script = choose(plan.scenario, &mut dice);
        facts.extend(play::case(
            plan,
            script,
            (&reference, place),
            number,
            start_ms,
            &mut dice,
        ));
    }
    Ok(post::arrange(plan, facts, &mut dice)?)
}

/// The same events, those of one system told by a clock that is so many milliseconds ahead (behind,
/// if negative).
///
/// # Errors
/// Never for events of [`generate`].
pub fn skewed(
    events: Vec<TimedEvent>,
    system: System,
    ahead_ms: i64,
) -> Result<Vec<TimedEvent>, prost::DecodeError> {
    let skew = |event: TimedEvent| {
        if event.message.system() != system {
            return Ok(event);
        }
        Ok(TimedEvent {
            message: event.message.told_by_clock(ahead_ms)?,
            ..event
        })
    };
    events.into_iter().map(skew).collect()
}

/// A run's number from the time at which it begins: ten seconds are one run, and the numbers
/// begin again after 115 days, when the dates in the codes have long moved on.
pub fn run_number(now_ms: i64) -> u32 {
    (now_ms.div_euclid(10_000).rem_euclid(1_000_000)) as u32
}

fn check(plan: &Plan) -> Result<(), Error> {
    if !(1..=MOST_CASES).contains(&plan.cases) {
        return Err(Error::Plan {
            field: "cases",
            value: i64::from(plan.cases),
            range: "1 to 10,000",
        });
    }
    if plan.run > 999_999 {
        return Err(Error::Plan {
            field: "run",
            value: i64::from(plan.run),
            range: "0 to 999,999",
        });
    }
    Ok(())
}

fn choose(scenario: Scenario, dice: &mut StdRng) -> &'static Script {
    let scripts: &[&Script] = match scenario {
        Scenario::Birth => &[&groups::BIRTH, &groups::BIRTH_WITH_IDENTITY_CARD],
        Scenario::Death => &[&groups::DEATH, &groups::DEATH_2026],
        Scenario::Land => &[&land::CERTIFICATE],
        Scenario::Everyday => &[&everyday::MARRIAGE, &everyday::EXTRACT],
        Scenario::Mixed => match dice.random_range(0..20) {
            0..=7 => return choose(Scenario::Birth, dice),
            8..=10 => return choose(Scenario::Death, dice),
            11..=15 => return choose(Scenario::Land, dice),
            _ => return choose(Scenario::Everyday, dice),
        },
    };
    scripts[dice.random_range(0..scripts.len())]
}

#[cfg(test)]
#[path = "scenario_tests.rs"]
mod tests;
