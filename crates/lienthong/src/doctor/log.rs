//! The embedded log: made as configured, and held by the hub that answers.

use super::Finding;
use super::running::Running;
use crate::config::Settings;
use crate::hub::logs::{Which, embedded_config};
use lienthong_eventlog::embedded::{Looked, OpenError, look};

const CHECK: &str = "log";

/// The log of the data directory, against the hub that answers, if one does.
pub fn check(settings: &Settings, running: &Result<Running, String>) -> Finding {
    let config = embedded_config(&settings.log, &settings.data_dir, Which::Events);
    let dir = config.dir.display().to_string();
    let looked = match look(&config) {
        Ok(looked) => looked,
        Err(error) => return refused(&error),
    };
    let partitions = running
        .as_ref()
        .map(|running| running.positions.log.len())
        .ok();
    judged(&dir, looked, partitions, settings.log.partitions)
}

fn refused(error: &OpenError) -> Finding {
    let told = error.to_string();
    match (error, told.split_once("; ")) {
        (OpenError::Setting { field, what }, _) => {
            let fix = "correct it; `lienthong config` lists every key with its value";
            Finding::fail(CHECK, format!("log.{field} {what}"), fix)
        }
        (_, Some((found, fix))) => Finding::fail(CHECK, found, fix),
        (_, None) => {
            let fix = "let this user read the folder, or set data_dir (LIENTHONG_DATA_DIR)";
            Finding::fail(CHECK, told, fix)
        }
    }
}

/// `answered`: the partitions of the hub that answers.
fn judged(dir: &str, looked: Option<Looked>, answered: Option<usize>, partitions: u32) -> Finding {
    let other = "set gateway.listen and data_dir as the hub that is meant has them";
    match (looked, answered) {
        (None, None) => Finding::ok(CHECK, format!("{dir} is not made yet")),
        (Some(Looked { in_use: false }), None) => Finding::ok(
            CHECK,
            format!("{dir} has {partitions} partitions; nobody has it open"),
        ),
        (Some(Looked { in_use: true }), None) => Finding::warn(
            CHECK,
            format!("a process has {dir} open, and nobody answers at gateway.listen"),
            format!("wait until it has started, or find it: fuser {dir}/lock"),
        ),
        (Some(Looked { in_use: true }), Some(found)) if found == partitions as usize => {
            Finding::ok(
                CHECK,
                format!("{dir}: {found} partitions, open in the hub that answers"),
            )
        }
        (Some(Looked { in_use: true }), Some(found)) => Finding::warn(
            CHECK,
            format!("the hub that answers has {found} partitions, log.partitions is {partitions}"),
            other,
        ),
        (None | Some(Looked { in_use: false }), Some(_)) => Finding::warn(
            CHECK,
            format!("nobody has {dir} open: the hub that answers is of another data_dir"),
            other,
        ),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::Outcome;
    use super::*;

    #[test]
    fn the_log_and_the_hub_that_answers_must_belong_together() {
        let looked = |in_use| Some(Looked { in_use });
        let outcome = |looked, answered| judged("data/log", looked, answered, 4).outcome;
        assert_eq!(outcome(None, None), Outcome::Ok);
        assert_eq!(outcome(looked(false), None), Outcome::Ok);
        assert_eq!(outcome(looked(true), Some(4)), Outcome::Ok);
        assert_eq!(outcome(looked(true), None), Outcome::Warn);
        assert_eq!(outcome(looked(true), Some(8)), Outcome::Warn);
        assert_eq!(outcome(looked(false), Some(4)), Outcome::Warn);
        assert_eq!(outcome(None, Some(4)), Outcome::Warn);
    }

    #[test]
    fn a_log_of_another_shape_is_told_with_its_fix() {
        let finding = refused(&OpenError::PartitionCount {
            dir: "data/log".into(),
            found: 4,
            asked: 8,
        });
        assert_eq!(finding.outcome, Outcome::Fail);
        assert!(finding.fix.starts_with("set partitions = 4"), "{finding:?}");
    }
}
