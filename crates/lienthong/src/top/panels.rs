//! What each panel lists, as wide as it is.

use super::rows::{Listing, Row, note, plain, plain_row, style, tail, wrap};
use super::spark::spark;
use super::state::State;
use crate::lag::tables::parked;
use crate::lag::told::{eta, headroom, rate, seconds_of, short, trend};
use crate::words::{NOTHING, count, or_nothing, since};
use lienthong_contract::pb::operations::v1::{
    Cause, GetLagResponse, ProbeLag, SourceLag, StageLag, SubscriptionLag, ViewLag,
};
use lienthong_contract::time::to_millis;
use ratatui::layout::Constraint;
use ratatui::style::{Color, Style};

/// A part of the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Panel {
    /// What needs a hand.
    Causes,
    /// Views by partition.
    #[default]
    Views,
    /// Stages with their owners.
    Stages,
    /// Systems that report.
    Sources,
    /// Durable subscriptions.
    Subscriptions,
    /// What is parked.
    Parked,
    /// The hub's own probes.
    Probes,
}

impl Panel {
    /// All, in the order of the keys.
    pub const ALL: [Self; 7] = [
        Self::Causes,
        Self::Views,
        Self::Stages,
        Self::Sources,
        Self::Subscriptions,
        Self::Parked,
        Self::Probes,
    ];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Causes => "Needs a hand",
            Self::Views => "Views",
            Self::Stages => "Stages, last minute",
            Self::Sources => "Sources",
            Self::Subscriptions => "Subscriptions",
            Self::Parked => "Parked",
            Self::Probes => "Probes",
        }
    }
}

/// Wide enough for what is good to know, too.
const WIDE: u16 = 110;
const WIDE_HALF: u16 = 60;

/// What a panel of this width lists.
pub fn listing(panel: Panel, state: &State, width: u16) -> Listing {
    let Some(answer) = &state.answer else {
        return match panel {
            Panel::Causes => note("Nothing is known yet.", "loading"),
            _ => Listing::default(),
        };
    };
    match panel {
        Panel::Causes => match state.gone.is_some() && answer.causes.is_empty() {
            // What was well then need not be now.
            true => note("Nothing is known while the hub does not answer.", "stalled"),
            false => causes(answer, width),
        },
        Panel::Views => views(answer, state, width),
        Panel::Stages => stages(&answer.stages, width),
        Panel::Sources => sources(&answer.sources, width),
        Panel::Subscriptions => subscriptions(&answer.subscriptions, width),
        Panel::Parked => all_parked(answer),
        Panel::Probes => probes(&answer.probes, width),
    }
}

fn causes(answer: &GetLagResponse, width: u16) -> Listing {
    let as_of_ms = answer.as_of_time.as_ref().and_then(to_millis);
    let told = |cause: &Cause| {
        let age = as_of_ms.filter(|_| cause.since_time.is_some());
        let age = age.map_or_else(String::new, |now| {
            format!(" for {}", since(&cause.since_time, now))
        });
        let what = format!(
            "{} {}{age} [{}: {}] {}",
            cause.subject, cause.status, cause.stage, cause.owner, cause.reason
        );
        let more = match cause.runbook.as_str() {
            "" => String::new(),
            page => format!(" (lienthong runbook {page})"),
        };
        let todo = format!("-> {}{more}", cause.what_to_do);
        let rows = wrap(&what, width).into_iter();
        let rows = rows.map(|line| Row {
            cells: vec![line],
            style: style(&cause.status),
        });
        let todo = wrap(&todo, width).into_iter().map(plain);
        rows.chain(todo).collect::<Vec<Row>>()
    };
    if answer.causes.is_empty() {
        return note("All is well.", "current");
    }
    let rows = answer.causes.iter().flat_map(told).collect();
    Listing {
        columns: vec![("", Constraint::Fill(1))],
        rows,
    }
}

fn views(answer: &GetLagResponse, state: &State, width: u16) -> Listing {
    use Constraint::{Fill, Length};
    let is_wide = width >= WIDE;
    let mut columns = vec![
        ("View/part.", Length(14)),
        ("Lag", Length(7)),
        ("over time", if is_wide { Length(40) } else { Fill(1) }),
        ("In/s", Length(6)),
        ("Out/s", Length(6)),
        ("Until", Length(8)),
        ("Headr.", Length(7)),
        ("Status", Length(14)),
    ];
    if is_wide {
        columns.extend([
            ("Waiting", Length(10)),
            ("Trend", Length(8)),
            ("Stage", Length(10)),
            ("Owner", Length(12)),
            ("Reason", Fill(1)),
        ]);
    }
    let bars = match is_wide {
        true => 40,
        false => usize::from(width).saturating_sub(14 + 7 + 6 + 6 + 8 + 7 + 14 + 7),
    };
    let row = |lag: &&ViewLag| {
        let outlook = lag.outlook.unwrap_or_default();
        let mut cells = vec![
            format!("{}/{}", lag.view, lag.partition),
            seconds_of(lag.lag_seconds),
            spark(&state.history(&lag.view, lag.partition), bars),
            rate(outlook.in_per_second),
            rate(outlook.out_per_second),
            eta(lag.lag_events, &outlook),
            headroom(&outlook),
            lag.status.clone(),
        ];
        if is_wide {
            cells.extend([
                count(lag.lag_events),
                trend(lag.lag_events, &outlook).name().to_owned(),
                or_nothing(&lag.stage).to_owned(),
                or_nothing(&lag.owner).to_owned(),
                or_nothing(&lag.reason).to_owned(),
            ]);
        }
        let style = style(&lag.status);
        Row { cells, style }
    };
    // What is well comes last; among equals the order stays, so that nothing jumps.
    let mut lags: Vec<&ViewLag> = answer.lags.iter().collect();
    lags.sort_by_key(|lag| lag.status == "current");
    Listing {
        columns,
        rows: lags.iter().map(row).collect(),
    }
}

fn stages(stages: &[StageLag], width: u16) -> Listing {
    use Constraint::{Fill, Length};
    let is_wide = width >= WIDE_HALF;
    let mut columns = vec![
        ("Stage", Length(10)),
        ("Owner", Fill(1)),
        ("p50", Length(7)),
        ("p99", Length(7)),
    ];
    if is_wide {
        columns.extend([("Most", Length(7)), ("Measured", Length(9))]);
    }
    let row = |stage: &StageLag| {
        let mut cells = vec![
            stage.stage.clone(),
            stage.owner.clone(),
            short(stage.p50_seconds),
            short(stage.p99_seconds),
        ];
        if is_wide {
            cells.extend([short(stage.max_seconds), count(stage.count)]);
        }
        plain_row(cells)
    };
    Listing {
        columns,
        rows: stages.iter().map(row).collect(),
    }
}

fn sources(sources: &[SourceLag], width: u16) -> Listing {
    use Constraint::{Fill, Length};
    let is_wide = width >= WIDE_HALF;
    let mut columns = vec![
        ("Source", Fill(1)),
        ("Quiet", Length(7)),
        ("Skew", Length(7)),
        ("Status", Length(9)),
    ];
    if is_wide {
        columns.extend([
            ("Ev/s", Length(6)),
            ("Delay", Length(7)),
            ("Reason", Fill(1)),
        ]);
    }
    let room = match is_wide {
        true => (usize::from(width) - 7 - 7 - 9 - 6 - 7 - 6) / 2,
        false => usize::from(width).saturating_sub(7 + 7 + 9 + 3),
    };
    let row = |source: &SourceLag| {
        let skew = source.clock_skew_seconds;
        let mut cells = vec![
            tail(&source.source, room),
            seconds_of(source.quiet_seconds),
            skew.map_or_else(|| NOTHING.to_owned(), seconds_of),
            source.status.clone(),
        ];
        if is_wide {
            cells.extend([
                rate(source.events_per_second),
                seconds_of(source.delay_p50_seconds),
                or_nothing(&source.reason).to_owned(),
            ]);
        }
        let style = style(&source.status);
        Row { cells, style }
    };
    Listing {
        columns,
        rows: sources.iter().map(row).collect(),
    }
}

fn subscriptions(subscriptions: &[SubscriptionLag], width: u16) -> Listing {
    use Constraint::{Fill, Length};
    let is_wide = width >= WIDE_HALF;
    let mut columns = vec![
        ("Name", Fill(1)),
        ("Lag", Length(7)),
        ("Until", Length(8)),
        ("Status", Length(14)),
    ];
    if is_wide {
        columns.extend([
            ("Waiting", Length(9)),
            ("In fl.", Length(6)),
            ("Cons.", Length(5)),
            ("Reason", Fill(1)),
        ]);
    }
    let row = |one: &SubscriptionLag| {
        let outlook = one.outlook.unwrap_or_default();
        let mut cells = vec![
            one.name.clone(),
            seconds_of(one.lag_seconds),
            eta(one.lag_events, &outlook),
            one.status.clone(),
        ];
        if is_wide {
            cells.extend([
                count(one.lag_events),
                count(one.in_flight),
                one.consumers.to_string(),
                or_nothing(&one.reason).to_owned(),
            ]);
        }
        let style = style(&one.status);
        Row { cells, style }
    };
    Listing {
        columns,
        rows: subscriptions.iter().map(row).collect(),
    }
}

fn all_parked(answer: &GetLagResponse) -> Listing {
    let views = answer.views.iter();
    let views = views.map(|view| {
        let name = format!("view {}", view.view);
        (name, view.parked, view.parked_oldest_seconds)
    });
    let subscriptions = answer.subscriptions.iter();
    let subscriptions = subscriptions.map(|one| {
        let name = format!("subscription {}", one.name);
        (name, one.parked, one.parked_oldest_seconds)
    });
    let some = views
        .chain(subscriptions)
        .filter(|(_, number, _)| *number > 0);
    let rows = some.map(|(name, number, oldest)| Row {
        cells: vec![name, parked(number, oldest)],
        style: Style::new().fg(Color::Yellow),
    });
    Listing {
        columns: vec![
            ("Where", Constraint::Fill(1)),
            ("How many (oldest)", Constraint::Length(17)),
        ],
        rows: rows.collect(),
    }
}

fn probes(probes: &[ProbeLag], width: u16) -> Listing {
    use Constraint::{Fill, Length};
    let is_wide = width >= WIDE_HALF;
    let mut columns = vec![
        ("Route/part.", Fill(1)),
        ("Query", Length(7)),
        ("Deliv.", Length(7)),
        ("Status", Length(8)),
    ];
    if is_wide {
        columns.extend([
            ("Durable", Length(7)),
            ("Lost", Length(6)),
            ("Reason", Fill(1)),
        ]);
    }
    let row = |probe: &ProbeLag| {
        let known = |time: Option<f64>| time.map_or_else(|| NOTHING.to_owned(), short);
        let queryable = probe.queryable_seconds.values().copied();
        let mut cells = vec![
            format!("{}/{}", probe.route, probe.partition),
            known(queryable.reduce(f64::max)),
            known(probe.delivered_seconds),
            probe.status.clone(),
        ];
        if is_wide {
            cells.extend([
                known(probe.durable_seconds),
                count(probe.lost),
                or_nothing(&probe.reason).to_owned(),
            ]);
        }
        let style = style(&probe.status);
        Row { cells, style }
    };
    Listing {
        columns,
        rows: probes.iter().map(row).collect(),
    }
}
