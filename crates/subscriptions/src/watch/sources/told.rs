//! What is told of sources: to callers, and as gauges.

use super::seen::Seen;
use super::{Sources, State, is_working};
use lienthong_contract::pb::operations::v1::{SourceLag, StageLag};
use lienthong_contract::time::{from_millis, now_millis};
use lienthong_domain::reference::Reference;
use lienthong_domain::rhythm::{Judgement, Verdict, minute_of};
use lienthong_telemetry::names;
use lienthong_telemetry::observed::{self, Label};
use lienthong_telemetry::stage::Stage;
use std::sync::Arc;

/// The name under which the gauges are asked for.
const PROVIDER: &str = "sources";
/// Why nothing is said of a rhythm while what lies before the start is read.
const READING: &str = "its rhythm is being read from the log";

/// Every source, by URN.
pub(super) fn lags(state: &State, reference: &Reference, now_ms: i64) -> Vec<SourceLag> {
    let lag = |(urn, seen): (&String, &Seen)| {
        let judged = judge(state, reference, seen, now_ms);
        let [p50, p99, _] = seen.delays().seconds();
        SourceLag {
            source: urn.clone(),
            status: judged.verdict.name().to_owned(),
            reason: judged.reason,
            last_recorded_time: Some(from_millis(seen.last_ms())),
            quiet_seconds: quiet_seconds(seen, now_ms),
            silence_probability: judged.chance,
            clock_skew_seconds: seen.skew_seconds(),
            delay_p50_seconds: p50,
            delay_p99_seconds: p99,
            events_per_second: seen.events_per_second(now_ms),
        }
    };
    let mut lags: Vec<SourceLag> = state.by_urn.iter().map(lag).collect();
    lags.sort_by(|one, other| one.source.cmp(&other.source));
    lags
}

/// The source's own stage of those who reported in the last minute, by URN.
pub(super) fn stages(state: &State, now_ms: i64) -> Vec<StageLag> {
    let recent = state.by_urn.iter().filter(|(_, seen)| {
        seen.delays().count() > 0 && seen.delays().minute() >= minute_of(now_ms) - 1
    });
    let stage = |(urn, seen): (&String, &Seen)| {
        let [p50_seconds, p99_seconds, max_seconds] = seen.delays().seconds();
        StageLag {
            stage: Stage::Source.name().to_owned(),
            owner: urn.clone(),
            p50_seconds,
            p99_seconds,
            max_seconds,
            count: seen.delays().count(),
        }
    };
    let mut stages: Vec<StageLag> = recent.map(stage).collect();
    stages.sort_by(|one, other| one.owner.cmp(&other.owner));
    stages
}

fn judge(state: &State, reference: &Reference, seen: &Seen, now_ms: i64) -> Judgement {
    if state.history.is_some() {
        return Judgement {
            verdict: Verdict::Learning,
            chance: 1.0,
            reason: READING.to_owned(),
        };
    }
    let until = state.until(now_ms);
    let is_working = |day| is_working(reference, day);
    seen.rhythm.judge(&state.observed, until, &is_working)
}

fn quiet_seconds(seen: &Seen, now_ms: i64) -> f64 {
    now_ms.saturating_sub(seen.last_ms()).max(0) as f64 / 1_000.0
}

/// Shows the gauges of sources in every scrape.
pub(super) fn show(sources: &Arc<Sources>) {
    let sources = Arc::downgrade(sources);
    let provider = move |gauge: &'static str, tell: observed::Tell<'_>| {
        let Some(sources) = sources.upgrade() else {
            return;
        };
        let (now_ms, reference) = (now_millis(), sources.reference.now());
        let state = sources.state();
        for (urn, seen) in &state.by_urn {
            let judged = || judge(&state, &reference, seen, now_ms);
            let value = match gauge {
                names::SOURCE_SKEW => seen.skew_seconds(),
                names::SOURCE_QUIET => Some(quiet_seconds(seen, now_ms)),
                names::SOURCE_SILENCE_PROBABILITY => Some(judged().chance),
                names::SOURCE_SILENT => {
                    Some(f64::from(u8::from(judged().verdict == Verdict::Silent)))
                }
                _ => return,
            };
            if let Some(value) = value {
                tell(value, &[(names::SOURCE, Label::Text(urn.clone()))]);
            }
        }
    };
    observed::provide(PROVIDER, Arc::new(provider));
}

/// Shows them no more.
pub(super) fn hide() {
    observed::forget(PROVIDER);
}
