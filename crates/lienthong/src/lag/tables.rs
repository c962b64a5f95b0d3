//! The answer as text: what needs a hand, then a table each of views, subscriptions, sources,
//! stages and probes.

use super::causes;
use super::judge::Scope;
use super::told::{chance, eta, headroom, rate, seconds_of, short, trend};
use crate::print::table;
use crate::words::{NOTHING, count, moment, or_nothing};
use lienthong_contract::pb::operations::v1::{
    GetLagResponse, Outlook, ProbeLag, SourceLag, StageLag, SubscriptionLag, ViewLag, ViewSummary,
};

/// How views are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A row for each view.
    View,
    /// A row for each partition of each view.
    Partition,
}

/// The whole answer, as far as it is in scope.
pub fn text(answer: &GetLagResponse, scope: &Scope, by: By) -> String {
    let mut parts = vec![causes::text(answer, scope)];
    let views = match by {
        By::View => views(answer, scope),
        By::Partition => partitions(answer, scope),
    };
    parts.push(views);
    if answer
        .subscriptions
        .iter()
        .any(|one| scope.takes_subscription(&one.name))
    {
        parts.push(subscriptions(answer, scope));
    }
    if *scope == Scope::default() {
        let rest = [
            (!answer.sources.is_empty()).then(|| sources(&answer.sources)),
            (!answer.stages.is_empty()).then(|| stages(&answer.stages)),
            (!answer.probes.is_empty()).then(|| probes(&answer.probes)),
        ];
        parts.extend(rest.into_iter().flatten());
    }
    parts.push(format!("As of {} (+07:00).", moment(&answer.as_of_time)));
    parts.join("\n\n")
}

fn views(answer: &GetLagResponse, scope: &Scope) -> String {
    let header = [
        "View",
        "Lag",
        "Waiting",
        "In/s",
        "Out/s",
        "Trend",
        "Caught up in",
        "Headroom",
        "Parked",
        "Status",
        "Stage",
        "Owner",
        "Reason",
    ];
    let row = |view: &ViewSummary| {
        let outlook = view.outlook.unwrap_or_default();
        let [incoming, outgoing, trend, eta, headroom] = outlook_cells(view.lag_events, &outlook);
        [
            view.view.clone(),
            seconds_of(view.lag_seconds),
            count(view.lag_events),
            incoming,
            outgoing,
            trend,
            eta,
            headroom,
            parked(view.parked, view.parked_oldest_seconds),
            view.status.clone(),
            or_nothing(&view.stage).to_owned(),
            or_nothing(&view.owner).to_owned(),
            or_nothing(&view.reason).to_owned(),
        ]
    };
    let right = [
        "Lag",
        "Waiting",
        "In/s",
        "Out/s",
        "Caught up in",
        "Headroom",
    ];
    let wanted = answer
        .views
        .iter()
        .filter(|view| scope.takes_view(&view.view));
    table(header, &right, wanted.map(row).collect())
}

fn partitions(answer: &GetLagResponse, scope: &Scope) -> String {
    let header = [
        "View",
        "Partition",
        "Read",
        "Log end",
        "Waiting",
        "Lag",
        "In/s",
        "Out/s",
        "Trend",
        "Caught up in",
        "Headroom",
        "Status",
        "Stage",
        "Owner",
        "Reason",
    ];
    let row = |lag: &ViewLag| {
        let outlook = lag.outlook.unwrap_or_default();
        let [incoming, outgoing, trend, eta, headroom] = outlook_cells(lag.lag_events, &outlook);
        [
            lag.view.clone(),
            lag.partition.to_string(),
            count(lag.next_offset),
            count(lag.log_end_offset),
            count(lag.lag_events),
            seconds_of(lag.lag_seconds),
            incoming,
            outgoing,
            trend,
            eta,
            headroom,
            lag.status.clone(),
            or_nothing(&lag.stage).to_owned(),
            or_nothing(&lag.owner).to_owned(),
            or_nothing(&lag.reason).to_owned(),
        ]
    };
    let right = [
        "Partition",
        "Read",
        "Log end",
        "Waiting",
        "Lag",
        "In/s",
        "Out/s",
        "Caught up in",
        "Headroom",
    ];
    let wanted = answer.lags.iter().filter(|lag| scope.takes_view(&lag.view));
    table(header, &right, wanted.map(row).collect())
}

fn subscriptions(answer: &GetLagResponse, scope: &Scope) -> String {
    let header = [
        "Subscription",
        "Lag",
        "Waiting",
        "In/s",
        "Out/s",
        "Trend",
        "Caught up in",
        "Headroom",
        "In flight",
        "Consumers",
        "Parked",
        "Status",
        "Stage",
        "Owner",
        "Gateway",
        "Reason",
    ];
    let row = |one: &SubscriptionLag| {
        let outlook = one.outlook.unwrap_or_default();
        let [incoming, outgoing, trend, eta, headroom] = outlook_cells(one.lag_events, &outlook);
        [
            one.name.clone(),
            seconds_of(one.lag_seconds),
            count(one.lag_events),
            incoming,
            outgoing,
            trend,
            eta,
            headroom,
            count(one.in_flight),
            one.consumers.to_string(),
            parked(one.parked, one.parked_oldest_seconds),
            one.status.clone(),
            or_nothing(&one.stage).to_owned(),
            or_nothing(&one.owner).to_owned(),
            or_nothing(&one.gateway).to_owned(),
            or_nothing(&one.reason).to_owned(),
        ]
    };
    let right = [
        "Lag",
        "Waiting",
        "In/s",
        "Out/s",
        "Caught up in",
        "Headroom",
        "In flight",
        "Consumers",
    ];
    let wanted = answer.subscriptions.iter();
    let wanted = wanted.filter(|one| scope.takes_subscription(&one.name));
    table(header, &right, wanted.map(row).collect())
}

fn sources(sources: &[SourceLag]) -> String {
    let header = [
        "Source",
        "Quiet for",
        "Chance",
        "Events/s",
        "Delay p50",
        "p99",
        "Clock skew",
        "Status",
        "Reason",
    ];
    let row = |source: &SourceLag| {
        [
            source.source.clone(),
            seconds_of(source.quiet_seconds),
            chance(source.silence_probability),
            rate(source.events_per_second),
            seconds_of(source.delay_p50_seconds),
            seconds_of(source.delay_p99_seconds),
            source
                .clock_skew_seconds
                .map_or_else(|| "unknown".to_owned(), seconds_of),
            source.status.clone(),
            or_nothing(&source.reason).to_owned(),
        ]
    };
    let right = [
        "Quiet for",
        "Chance",
        "Events/s",
        "Delay p50",
        "p99",
        "Clock skew",
    ];
    table(header, &right, sources.iter().map(row).collect())
}

fn stages(stages: &[StageLag]) -> String {
    let header = ["Stage", "Owner", "p50", "p99", "Most", "Measured"];
    let row = |stage: &StageLag| {
        [
            stage.stage.clone(),
            stage.owner.clone(),
            short(stage.p50_seconds),
            short(stage.p99_seconds),
            short(stage.max_seconds),
            count(stage.count),
        ]
    };
    let right = ["p50", "p99", "Most", "Measured"];
    table(header, &right, stages.iter().map(row).collect())
}

fn probes(probes: &[ProbeLag]) -> String {
    let header = [
        "Probe",
        "From",
        "Durable",
        "Queryable",
        "Delivered",
        "Lost",
        "Status",
        "Reason",
    ];
    let row = |probe: &ProbeLag| {
        let known = |time: Option<f64>| time.map_or_else(|| NOTHING.to_owned(), short);
        // The slowest view is the one that a caller may meet.
        let queryable = probe.queryable_seconds.values().copied();
        [
            format!("{}/{}", probe.route, probe.partition),
            or_nothing(&probe.instance).to_owned(),
            known(probe.durable_seconds),
            known(queryable.reduce(f64::max)),
            known(probe.delivered_seconds),
            count(probe.lost),
            probe.status.clone(),
            or_nothing(&probe.reason).to_owned(),
        ]
    };
    let right = ["Durable", "Queryable", "Delivered", "Lost"];
    table(header, &right, probes.iter().map(row).collect())
}

/// In, out, trend, until caught up, headroom.
fn outlook_cells(lag_events: u64, outlook: &Outlook) -> [String; 5] {
    [
        rate(outlook.in_per_second),
        rate(outlook.out_per_second),
        trend(lag_events, outlook).name().to_owned(),
        eta(lag_events, outlook),
        headroom(outlook),
    ]
}

/// How many, and how old the oldest is.
pub fn parked(parked: u64, oldest_seconds: f64) -> String {
    match parked {
        0 => NOTHING.to_owned(),
        some => format!("{} ({})", count(some), seconds_of(oldest_seconds)),
    }
}
