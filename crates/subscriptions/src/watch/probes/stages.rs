//! How long the stages of the way took by the probes of the last minute.

use super::minute::Minute;
use lienthong_contract::pb::operations::v1::StageLag;
use lienthong_telemetry::owners;
use lienthong_telemetry::stage::Stage;
use tokio::time::Instant;

/// The stages that probes tell of.
#[derive(Default)]
pub struct Stages {
    log: Minute,
    queryable: Minute,
    subscriber: Minute,
}

impl Stages {
    /// It took so many seconds; one of a stage that probes do not tell of has no effect.
    pub fn record(&mut self, stage: Stage, seconds: f64, now: Instant) {
        let minute = match stage {
            Stage::Log => &mut self.log,
            Stage::Queryable => &mut self.queryable,
            Stage::Subscriber => &mut self.subscriber,
            Stage::Source | Stage::Adapter | Stage::Projector => return,
        };
        minute.record(seconds, now);
    }

    /// As the contract tells them; those of which nothing was measured are left out.
    pub fn told(&self, now: Instant) -> Vec<StageLag> {
        let owners = owners::get();
        let of = [
            (Stage::Log, &owners.log, &self.log),
            (Stage::Queryable, &owners.projectors, &self.queryable),
            (Stage::Subscriber, &owners.gateways, &self.subscriber),
        ];
        let told = of.into_iter().filter_map(|(stage, owner, minute)| {
            let figures = minute.figures(now)?;
            Some(StageLag {
                stage: stage.name().to_owned(),
                owner: owner.clone(),
                ..figures
            })
        });
        told.collect()
    }
}
