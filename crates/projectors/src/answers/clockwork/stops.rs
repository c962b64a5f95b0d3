//! What stopped the clock, and how long the answers took.

use crate::answers::packed::PackedDurations;
use crate::answers::wire;
use lienthong_contract::pb::performance::v1 as pb;
use lienthong_domain::distribution::Durations;
use lienthong_domain::event::Kind;
use lienthong_domain::path::Step;
use serde::{Deserialize, Serialize};

/// The portal statuses in which the clock stands still: supplement, payment, stop.
pub(super) const STATUSES: [u8; 3] = [5, 6, 8];

/// Figures of one of them.
#[derive(Debug, Default)]
pub(super) struct StopFigures {
    asked: u64,
    answered: u64,
    requests: u64,
    answers: u64,
    turnaround: Durations,
    negative: u64,
}

/// Figures on their way between processes.
#[derive(Serialize, Deserialize)]
pub(super) struct PackedStops {
    counts: [u64; 5],
    turnaround: PackedDurations,
}

impl StopFigures {
    /// Takes a dossier. A request is the event; where a source tells none, each step that carries
    /// the status. An answer is the event of its own; of a stop, and where statuses asked, a step
    /// after it that says by status 2 or 4 that work goes on.
    pub(super) fn add(&mut self, status: u8, steps: &[Step<'_>]) {
        let (request, answer) = match status {
            5 => (Kind::SupplementRequested, Some(Kind::SupplementReceived)),
            6 => (Kind::PaymentRequested, Some(Kind::PaymentMade)),
            _ => (Kind::Stopped, None),
        };
        let by_event = steps.iter().any(|step| step.kind == request);
        let by_status = answer.is_none() || !by_event;
        let goes_on = |step: &Step<'_>| {
            matches!(step.portal_status, 2 | 4)
                && !matches!(step.kind, Kind::Received | Kind::Submitted)
        };
        let (mut requests, mut answers) = (0, 0);
        let (mut first_request, mut last_answer) = (None, None);
        for step in steps {
            let asks = match by_event {
                true => step.kind == request,
                false => step.portal_status == status,
            };
            let answers_it =
                Some(step.kind) == answer || goes_on(step) && by_status && first_request.is_some();
            if asks {
                requests += 1;
                first_request.get_or_insert(step.order.occurred_ms);
            }
            if answers_it {
                answers += 1;
                last_answer = Some(step.order.occurred_ms);
            }
        }
        let Some(first_request) = first_request else {
            return;
        };
        self.asked += 1;
        self.requests += requests;
        self.answers += answers;
        if let Some(last_answer) = last_answer {
            self.answered += 1;
            match last_answer - first_request {
                negative if negative < 0 => self.negative += 1,
                long => self.turnaround.push(long),
            }
        }
    }

    pub(super) fn merge(&mut self, other: StopFigures) {
        self.asked += other.asked;
        self.answered += other.answered;
        self.requests += other.requests;
        self.answers += other.answers;
        self.turnaround.append(other.turnaround);
        self.negative += other.negative;
    }

    pub(super) fn pack(&self) -> PackedStops {
        PackedStops {
            counts: [
                self.asked,
                self.answered,
                self.requests,
                self.answers,
                self.negative,
            ],
            turnaround: PackedDurations::new(&self.turnaround),
        }
    }

    pub(super) fn wire(self, status: u8) -> pb::StopStatistics {
        pb::StopStatistics {
            portal_status: u32::from(status),
            dossiers_asked: self.asked,
            dossiers_answered: self.answered,
            requests: self.requests,
            answers: self.answers,
            turnaround: Some(wire::distribution(self.turnaround)),
            negative_turnarounds: self.negative,
        }
    }
}

impl PackedStops {
    pub(super) fn unpack(self) -> StopFigures {
        let [asked, answered, requests, answers, negative] = self.counts;
        StopFigures {
            asked,
            answered,
            requests,
            answers,
            turnaround: self.turnaround.unpack(),
            negative,
        }
    }
}
