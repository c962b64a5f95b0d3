//! `GetClockStatistics`: deadlines that sources told against what became of them.
//!
//! Each dossier of a case is looked at alone; the deadline is the one told last. No reference data
//! takes part. Moments are answered by what is known now, not by what was known then.

mod deadlines;
mod moments;
mod packed;
mod steps_due;
mod stops;

use super::statistics;
use super::wire;
use deadlines::Deadlines;
use lienthong_contract::pb::performance::v1 as pb;
use lienthong_contract::pb::procedure::v1::GetPathStatisticsRequest;
use lienthong_contract::status::Failure;
use lienthong_domain::event::Kind;
use lienthong_domain::life::life;
use lienthong_domain::path::{JoinedCase, Step};
use moments::Moments;
use packed::Packed;
use statistics::Grain;
use steps_due::StepsDue;
use stops::{STATUSES, StopFigures};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    grain: Grain,
    as_of_ms: Vec<i64>,
}

impl Question {
    /// Reads a request. Its `source` is for whoever chooses the cases.
    ///
    /// # Errors
    /// `REQUEST_MALFORMED` for an unknown grain, more than 100 moments, or a moment that is no time.
    pub fn read(request: &pb::GetClockStatisticsRequest) -> Result<Self, Failure> {
        // The fields mean, and fail, as those of the path statistics.
        let alike = statistics::Question::read(&GetPathStatisticsRequest {
            grain: request.grain,
            as_of_times: request.as_of_times.clone(),
            ..GetPathStatisticsRequest::default()
        })?;
        Ok(Self {
            grain: alike.grain,
            as_of_ms: alike.as_of_ms,
        })
    }
}

/// Figures over dossiers.
#[derive(Debug)]
pub struct Clockwork {
    dossiers: u64,
    deadlines: Deadlines,
    moments: Moments,
    /// By place in [`STATUSES`].
    stops: [StopFigures; 3],
    steps_due: StepsDue,
    extended_dossiers: u64,
    extensions: u64,
    withdrawn_dossiers: u64,
}

impl Clockwork {
    /// Figures over no dossier yet.
    pub fn new(question: &Question) -> Self {
        Self {
            dossiers: 0,
            deadlines: Deadlines::default(),
            moments: Moments::new(question.grain, &question.as_of_ms),
            stops: Default::default(),
            steps_due: StepsDue::default(),
            extended_dossiers: 0,
            extensions: 0,
            withdrawn_dossiers: 0,
        }
    }

    /// Takes every dossier of a case.
    pub fn add(&mut self, case: &JoinedCase<'_>) {
        if let [_] = case.dossiers[..] {
            return self.add_dossier(&case.steps);
        }
        for dossier in &case.dossiers {
            let steps = case.steps.iter().filter(|step| step.dossier == *dossier);
            self.add_dossier(&steps.copied().collect::<Vec<_>>());
        }
    }

    fn add_dossier(&mut self, steps: &[Step<'_>]) {
        if steps.is_empty() {
            return;
        }
        self.dossiers += 1;
        let life = life(steps);
        if let Some(span) = self.deadlines.add(&life) {
            self.moments.add(&span);
        }
        for (status, figures) in STATUSES.into_iter().zip(&mut self.stops) {
            figures.add(status, steps);
        }
        self.steps_due.add(steps);
        let told = |kind| steps.iter().filter(|step| step.kind == kind).count() as u64;
        let extensions = told(Kind::Extended);
        self.extensions += extensions;
        self.extended_dossiers += u64::from(extensions > 0);
        self.withdrawn_dossiers += u64::from(told(Kind::Withdrawn) > 0);
    }

    /// Takes the figures of another scan for the same question.
    pub fn merge(&mut self, other: Clockwork) {
        self.dossiers += other.dossiers;
        self.deadlines.merge(other.deadlines);
        self.moments.merge(other.moments);
        for (into, from) in self.stops.iter_mut().zip(other.stops) {
            into.merge(from);
        }
        self.steps_due.merge(&other.steps_due);
        self.extended_dossiers += other.extended_dossiers;
        self.extensions += other.extensions;
        self.withdrawn_dossiers += other.withdrawn_dossiers;
    }

    /// The figures as bytes, for [`Clockwork::add_packed`] of another process.
    pub fn pack(self) -> Vec<u8> {
        super::packed::write(&Packed::from(self))
    }

    /// Takes figures for the same question.
    ///
    /// # Errors
    /// If the bytes do not read.
    pub fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        postcard::from_bytes::<Packed>(bytes)?.add_to(self)
    }

    /// The answer. Its freshness is the caller's.
    pub fn finish(self) -> pb::GetClockStatisticsResponse {
        let deadlines = self.deadlines;
        let stops = STATUSES.into_iter().zip(self.stops);
        pb::GetClockStatisticsResponse {
            dossiers: self.dossiers,
            received: deadlines.received,
            with_deadline: deadlines.allowed.len() as u64,
            ended: deadlines.taken.len() as u64,
            never_ended: deadlines.received - deadlines.taken.len() as u64,
            by_moment: Some(deadlines.by_moment.wire()),
            by_day: Some(deadlines.by_day.wire()),
            allowed: Some(wire::distribution(deadlines.allowed)),
            taken: Some(wire::distribution(deadlines.taken)),
            open_at: self.moments.finish(),
            stops: stops.map(|(status, stop)| stop.wire(status)).collect(),
            steps_due: Some(self.steps_due.wire()),
            extended_dossiers: self.extended_dossiers,
            extensions: self.extensions,
            withdrawn_dossiers: self.withdrawn_dossiers,
            freshness: None,
        }
    }
}

#[cfg(test)]
#[path = "clockwork_tests.rs"]
mod tests;
