//! What happens, in which order, and what is true of the views then.

use super::subscriber::Manner;
use serde::Serialize;

/// Every status of a view that only passes.
const PASSING: &[&str] = &["loading", "catching_up", "falling_behind", "rewound"];

/// What is done at the beginning of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Nothing but what the phase sends.
    Nothing,
    /// The clocks of two sources go wrong: 90 s ahead, 45 s behind.
    ClocksWrong,
    /// They are right again.
    ClocksRight,
    /// The projector is stopped (SIGSTOP).
    Stop,
    /// It goes on (SIGCONT).
    Continue,
    /// The projector is killed (SIGKILL).
    Kill,
    /// It is started again.
    Start,
    /// The projector is let run for a moment only, once in so many milliseconds.
    Throttle(u64),
    /// It runs as it wants.
    Release,
    /// The slow subscription's consumer changes its manner.
    Consumer(Manner),
    /// The view `case` is rebuilt.
    Rebuild,
    /// A hub of one process is drained and started again.
    Restart,
    /// Events that no view has read are removed from a partition, as retention does.
    Lose,
}

/// What is true of the views' statuses once the phase has lasted for a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Views {
    /// All of them have this one.
    All(&'static str),
    /// Of the lost partition `lost`, else `current`.
    Lost,
    /// As the positions seen meanwhile have it.
    BySight,
}

/// How the events of a phase are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Events a second of the main source; 0: every source is idle.
    pub per_second: u32,
    /// Events of one call.
    pub batch: u32,
    /// Every two seconds it pauses for as long.
    pub in_bursts: bool,
}

/// A part of the script.
#[derive(Debug, Clone, Copy)]
pub struct Phase {
    /// Its name in the table.
    pub name: &'static str,
    /// How long it is looked at, in seconds, once what is done is done.
    pub seconds: f64,
    /// What is done.
    pub act: Act,
    /// What is sent.
    pub load: Load,
    /// What is true of the views.
    pub views: Views,
    /// Statuses that may pass within the first window besides those before and after.
    pub passing: &'static [&'static str],
    /// No projector works: where it stands is where it committed.
    pub is_frozen: bool,
}

/// Which script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Separate services on Kafka.
    Kafka,
    /// One process on the embedded log.
    Embedded,
    /// The same two in short, for `make test`.
    ShortKafka,
    /// See above.
    ShortEmbedded,
}

impl Kind {
    /// Whether the services are separate.
    pub fn is_kafka(self) -> bool {
        matches!(self, Kind::Kafka | Kind::ShortKafka)
    }

    /// What has to have been told of a view, outside of the grace, for the run to prove anything
    /// of it.
    pub fn proves(self) -> &'static [&'static str] {
        match self {
            Kind::Kafka => &[
                "current",
                "catching_up",
                "falling_behind",
                "stalled",
                "lost",
            ],
            Kind::Embedded => &["current", "lost"],
            Kind::ShortKafka => &["current", "stalled"],
            Kind::ShortEmbedded => &["current"],
        }
    }
}

const STEADY: Load = Load {
    per_second: 60,
    batch: 2,
    in_bursts: false,
};
const IDLE: Load = Load {
    per_second: 0,
    batch: 1,
    in_bursts: false,
};
const BURST: Load = Load {
    per_second: 2_000,
    batch: 100,
    in_bursts: true,
};
const HEAVY: Load = Load {
    per_second: 30_000,
    batch: 200,
    in_bursts: false,
};
const LIGHT: Load = Load {
    per_second: 300,
    batch: 20,
    in_bursts: false,
};

const fn phase(name: &'static str, seconds: f64, act: Act, load: Load, views: Views) -> Phase {
    Phase {
        name,
        seconds,
        act,
        load,
        views,
        passing: &[],
        is_frozen: false,
    }
}

const fn frozen(phase: Phase) -> Phase {
    Phase {
        is_frozen: true,
        passing: PASSING,
        ..phase
    }
}

const fn passing(phase: Phase) -> Phase {
    Phase {
        passing: PASSING,
        ..phase
    }
}

const CURRENT: Views = Views::All("current");
const STALLED: Views = Views::All("stalled");

/// The phases of a script, in order.
pub fn phases(kind: Kind) -> Vec<Phase> {
    let begin = [
        phase("steady", 20.0, Act::Nothing, STEADY, CURRENT),
        phase("bursts", 26.0, Act::Nothing, BURST, Views::BySight),
        phase("idle", 20.0, Act::Nothing, IDLE, CURRENT),
        phase("clocks wrong", 28.0, Act::ClocksWrong, STEADY, CURRENT),
    ];
    let right = phase("clocks right", 16.0, Act::ClocksRight, STEADY, CURRENT);
    let stopped = frozen(phase("projector stopped", 28.0, Act::Stop, STEADY, STALLED));
    let goes_on = passing(phase("goes on", 22.0, Act::Continue, STEADY, CURRENT));
    let projector = [
        passing(phase(
            "projector too slow",
            34.0,
            Act::Throttle(100),
            HEAVY,
            Views::BySight,
        )),
        passing(phase(
            "catching up",
            30.0,
            Act::Throttle(100),
            LIGHT,
            Views::BySight,
        )),
        passing(phase(
            "as quick as it can",
            16.0,
            Act::Release,
            LIGHT,
            Views::BySight,
        )),
        stopped,
        goes_on,
        frozen(phase("projector killed", 30.0, Act::Kill, STEADY, STALLED)),
        passing(phase("started again", 22.0, Act::Start, STEADY, CURRENT)),
        frozen(phase("stopped when idle", 26.0, Act::Stop, IDLE, STALLED)),
        passing(phase("goes on, idle", 16.0, Act::Continue, IDLE, CURRENT)),
    ];
    let subscriber = [
        phase(
            "slow subscriber",
            26.0,
            Act::Consumer(Manner::Slow),
            STEADY,
            CURRENT,
        ),
        phase(
            "subscriber holds",
            24.0,
            Act::Consumer(Manner::Holds),
            STEADY,
            CURRENT,
        ),
        phase(
            "subscriber gone",
            22.0,
            Act::Consumer(Manner::Gone),
            STEADY,
            CURRENT,
        ),
        phase(
            "subscriber back",
            18.0,
            Act::Consumer(Manner::Works),
            STEADY,
            CURRENT,
        ),
        phase("rebuild", 16.0, Act::Rebuild, STEADY, CURRENT),
    ];
    let loss = passing(phase(
        "unread events removed",
        26.0,
        Act::Lose,
        STEADY,
        Views::Lost,
    ));
    let restart = passing(phase("restarted", 18.0, Act::Restart, STEADY, CURRENT));
    match kind {
        Kind::Kafka => [&begin[..], &projector, &[right], &subscriber, &[loss]].concat(),
        Kind::Embedded => {
            let (bad, good) = subscriber.split_at(3);
            [&begin[..], bad, &[right], good, &[restart, loss]].concat()
        }
        Kind::ShortEmbedded => short(
            &[begin[0], begin[1], begin[2], begin[3], subscriber[1]],
            3.0,
        ),
        Kind::ShortKafka => {
            let mut all = short(&[begin[0], begin[1], begin[2]], 3.0);
            // Long enough to be outside of the window.
            all.extend(short(&[stopped], 15.0));
            all.extend(short(&[goes_on], 4.0));
            all
        }
    }
}

fn short(phases: &[Phase], seconds: f64) -> Vec<Phase> {
    let phases = phases.iter();
    phases.map(|phase| Phase { seconds, ..*phase }).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_projector_that_is_stopped_goes_on_before_anything_else_is_done_to_it() {
        for kind in [Kind::Kafka, Kind::ShortKafka] {
            let mut is_stopped = false;
            for phase in phases(kind) {
                match phase.act {
                    Act::Stop | Act::Kill => {
                        assert!(!is_stopped, "{}", phase.name);
                        is_stopped = true;
                    }
                    Act::Continue | Act::Start => is_stopped = false,
                    _ => {}
                }
                assert_eq!(phase.is_frozen, is_stopped, "{}", phase.name);
            }
        }
    }

    #[test]
    fn most_of_a_long_script_lies_outside_of_the_grace() {
        for kind in [Kind::Kafka, Kind::Embedded] {
            let phases = phases(kind);
            let all: f64 = phases.iter().map(|phase| phase.seconds).sum();
            let outside: f64 = phases.iter().map(|phase| phase.seconds - 10.5).sum();
            // Phases that change nothing about the views have no grace; not even counted here.
            assert!(outside / all > 0.45, "{kind:?}: {outside} of {all}");
        }
    }
}
