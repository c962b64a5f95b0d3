#![allow(clippy::unwrap_used, clippy::expect_used)]
//! Every rule in both directions: when there is a cause, and when there is none.

use super::super::{Parts, Silent};
use super::*;
use lienthong_contract::pb::operations::v1::{
    Outlook, ProbeLag, SourceLag, SubscriptionLag, ViewLag, ViewSummary,
};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;

/// What deploy/runbooks has.
const RUNBOOKS: [&str; 15] = [
    "view-late",
    "view-stalled",
    "view-rewound",
    "view-lost",
    "subscription-late",
    "subscription-stalled",
    "subscription-disabled",
    "events-parked",
    "source-silent",
    "source-clock",
    "probe-lost",
    "retention-headroom",
    "log-unavailable",
    "ingest-failing",
    "metrics-missing",
];

fn outlook(eta_seconds: Option<f64>, headroom_seconds: Option<f64>) -> Outlook {
    Outlook {
        in_per_second: 200.0,
        out_per_second: 80.0,
        eta_seconds,
        headroom_seconds,
        window_seconds: 10.0,
    }
}

fn view(status: &str) -> ViewLag {
    ViewLag {
        view: "case".to_owned(),
        partition: 3,
        status: status.to_owned(),
        reason: "words of the window".to_owned(),
        lag_seconds: 42.0,
        outlook: Some(outlook(None, None)),
        stage: "projector".to_owned(),
        ..ViewLag::default()
    }
}

fn subscription(status: &str) -> SubscriptionLag {
    SubscriptionLag {
        name: "tax".to_owned(),
        status: status.to_owned(),
        lag_seconds: 42.0,
        consumers: 1,
        in_flight: 5,
        ..SubscriptionLag::default()
    }
}

fn owners_of_all() -> Owners {
    Owners {
        adapters: "a".to_owned(),
        log: "l".to_owned(),
        projectors: "p".to_owned(),
        gateways: "g".to_owned(),
    }
}

/// Status, stage, owner and runbook of each.
fn told(found: &[Found]) -> Vec<[&str; 4]> {
    found
        .iter()
        .map(|found| {
            let cause = &found.cause;
            assert!(RUNBOOKS.contains(&found.runbook), "{found:?}");
            assert!(!cause.subject.is_empty() && !cause.reason.is_empty());
            assert!(cause.what_to_do.contains('`'), "a command: {cause:?}");
            [&cause.status[..], &cause.stage, &cause.owner, found.runbook]
        })
        .collect()
}

fn of_views(lags: Vec<ViewLag>) -> Parts {
    Parts {
        lags,
        ..Parts::default()
    }
}

#[test]
fn all_is_well_where_nothing_is_wrong() {
    let parts = Parts {
        lags: vec![view("current")],
        subscriptions: vec![subscription("current"), subscription("paused")],
        sources: vec![SourceLag {
            status: "reporting".to_owned(),
            clock_skew_seconds: Some(-59.0),
            ..SourceLag::default()
        }],
        probes: vec![ProbeLag {
            status: "arriving".to_owned(),
            ..ProbeLag::default()
        }],
        views: vec![ViewSummary::default()],
        ..Parts::default()
    };
    assert!(causes(&parts).is_empty());
}

#[test]
fn a_view_that_is_not_current_is_the_projectors_and_a_loss_the_logs() {
    let owners = owners_of_all();
    for (status, stage, owner, runbook) in [
        ("catching_up", "projector", "p", "view-late"),
        ("loading", "projector", "p", "view-late"),
        ("falling_behind", "projector", "p", "view-late"),
        ("rewound", "projector", "p", "view-rewound"),
        ("stalled", "projector", "p", "view-stalled"),
        ("lost", "log", "l", "view-lost"),
    ] {
        let found = views::find(&of_views(vec![view(status)]), &owners);
        assert_eq!(told(&found), [[status, stage, owner, runbook]]);
        let cause = &found[0].cause;
        assert_eq!(cause.subject, "view case/3");
        assert!(cause.reason.contains("words of the window"), "{cause:?}");
        assert!(cause.what_to_do.contains("case"), "{cause:?}");
    }
    assert!(views::find(&of_views(vec![view("current")]), &owners).is_empty());
}

#[test]
fn the_words_of_a_late_view_say_how_late_and_how_fast_it_loses() {
    let found = views::find(&of_views(vec![view("falling_behind")]), &owners_of_all());
    let reason = &found[0].cause.reason;
    let expected = "view case/3 is 42.0 s late and falls 120 records a second behind: words";
    assert!(reason.starts_with(expected), "{reason}");
}

#[test]
fn a_log_that_does_not_answer_is_one_cause_however_many_views_it_cuts_off() {
    let owners = owners_of_all();
    let cut_off = |partition| ViewLag {
        partition,
        stage: "log".to_owned(),
        ..view("stalled")
    };
    let parts = of_views(vec![cut_off(1), cut_off(2), view("stalled")]);
    let found = log::find(&parts, &owners);
    assert_eq!(told(&found), [["stalled", "log", "l", "log-unavailable"]]);
    assert!(
        found[0].cause.reason.contains("case/1, case/2"),
        "{found:?}"
    );
    let views = views::find(&parts, &owners);
    assert_eq!(views.len(), 1, "the third is the projector's: {views:?}");
    assert!(log::find(&of_views(vec![view("stalled")]), &owners).is_empty());
}

#[test]
fn a_part_that_says_nothing_is_a_cause() {
    let failure = Failure::new(Reason::LogUnavailable, "the brokers are away");
    let parts = Parts {
        silent: vec![Silent::Views(failure), Silent::Subscriptions],
        ..Parts::default()
    };
    let found = log::find(&parts, &owners_of_all());
    assert_eq!(found.len(), 1);
    let reason = &found[0].cause.reason;
    assert!(reason.contains("the brokers are away"), "{reason}");
    assert!(reason.contains("subscriptions"), "{reason}");
}

#[test]
fn headroom_is_a_cause_where_retention_comes_first() {
    let owners = owners_of_all();
    let told_of = |eta, headroom| {
        let lag = ViewLag {
            outlook: Some(outlook(eta, headroom)),
            ..view("catching_up")
        };
        headroom::find(&of_views(vec![lag]), &owners)
    };
    let found = told_of(Some(600.0), Some(500.0));
    let expected = ["catching_up", "projector", "p", "retention-headroom"];
    assert_eq!(told(&found), [expected]);
    assert!(told_of(Some(600.0), Some(700.0)).is_empty());
    assert!(told_of(Some(600.0), None).is_empty());
    // 42 s have passed: more than is left, or less.
    assert_eq!(told_of(None, Some(41.0)).len(), 1);
    assert!(told_of(None, Some(43.0)).is_empty());
    let subscription = SubscriptionLag {
        outlook: Some(outlook(None, Some(-1.0))),
        ..subscription("paused")
    };
    let parts = Parts {
        subscriptions: vec![subscription],
        ..Parts::default()
    };
    let found = headroom::find(&parts, &owners);
    assert_eq!(
        told(&found),
        [["paused", "subscriber", "tax", "retention-headroom"]]
    );
    assert!(found[0].cause.reason.contains("any moment"), "{found:?}");
}

#[test]
fn what_is_parked_is_a_cause_with_the_age_of_the_oldest() {
    let parts = Parts {
        views: vec![
            ViewSummary {
                view: "case".to_owned(),
                parked: 2,
                parked_oldest_seconds: 7_200.0,
                ..ViewSummary::default()
            },
            ViewSummary::default(),
        ],
        subscriptions: vec![
            SubscriptionLag {
                parked: 3,
                ..subscription("current")
            },
            subscription("current"),
        ],
        ..Parts::default()
    };
    let found = parked::find(&parts, &owners_of_all());
    assert_eq!(
        told(&found),
        [
            ["parked", "queryable", "p", "events-parked"],
            ["parked", "subscriber", "tax", "events-parked"],
        ]
    );
    assert!(found[0].cause.reason.contains("2.0 h"), "{found:?}");
}

#[test]
fn a_late_subscription_is_its_own_fault_where_it_holds_events_or_asks_for_none() {
    let owners = owners_of_all();
    let find = |lag: SubscriptionLag| {
        let parts = Parts {
            subscriptions: vec![lag],
            ..Parts::default()
        };
        subscriptions::find(&parts, &owners)
    };
    let with = |in_flight, consumers| SubscriptionLag {
        in_flight,
        consumers,
        ..subscription("stalled")
    };
    for (in_flight, consumers, owner) in [(5, 1, "tax"), (0, 0, "tax"), (0, 1, "g")] {
        let found = find(with(in_flight, consumers));
        let expected = ["stalled", "subscriber", owner, "subscription-stalled"];
        assert_eq!(told(&found), [expected]);
    }
    for (status, stage, owner, runbook) in [
        ("catching_up", "subscriber", "tax", "subscription-late"),
        ("falling_behind", "subscriber", "tax", "subscription-late"),
        ("disabled", "subscriber", "tax", "subscription-disabled"),
        ("full", "subscriber", "tax", "events-parked"),
        ("unkept", "subscriber", "g", "subscription-stalled"),
        ("lost", "log", "l", "retention-headroom"),
    ] {
        let found = find(subscription(status));
        assert_eq!(told(&found), [[status, stage, owner, runbook]]);
    }
    assert!(find(subscription("current")).is_empty());
    assert!(find(subscription("paused")).is_empty());
}

#[test]
fn a_silent_source_and_a_wrong_clock_are_the_sources_own() {
    let urn = "urn:lienthong:vn:H56:onestop";
    let find = |status: &str, skew| {
        let parts = Parts {
            sources: vec![SourceLag {
                source: urn.to_owned(),
                status: status.to_owned(),
                clock_skew_seconds: skew,
                quiet_seconds: 8_000.0,
                ..SourceLag::default()
            }],
            ..Parts::default()
        };
        sources::find(&parts, &owners_of_all())
    };
    let silent = find("silent", None);
    assert_eq!(told(&silent), [["silent", "source", urn, "source-silent"]]);
    assert!(find("learning", Some(3.0)).is_empty());
    for (skew, words) in [(-120.0, "ahead of"), (120.0, "behind")] {
        let found = find("reporting", Some(skew));
        assert_eq!(
            told(&found),
            [["wrong_clock", "source", urn, "source-clock"]]
        );
        assert!(found[0].cause.reason.contains(words), "{found:?}");
    }
    assert_eq!(find("silent", Some(90.0)).len(), 2);
}

#[test]
fn a_lost_probe_is_the_first_stages_that_it_did_not_reach() {
    let find = |status: &str, durable: Option<f64>, seen: &[&str]| {
        let named = |view: &str| ViewSummary {
            view: view.to_owned(),
            ..ViewSummary::default()
        };
        let parts = Parts {
            views: vec![named("case"), named("vertical")],
            probes: vec![ProbeLag {
                route: "onestop".to_owned(),
                partition: 3,
                status: status.to_owned(),
                durable_seconds: durable,
                queryable_seconds: seen.iter().map(|view| (view.to_string(), 0.1)).collect(),
                ..ProbeLag::default()
            }],
            ..Parts::default()
        };
        probes::find(&parts, &owners_of_all())
    };
    let (both, one) = (["case", "vertical"], ["case"]);
    for (found, stage, owner) in [
        (find("lost", None, &[]), "log", "l"),
        (find("lost", Some(0.1), &one), "projector", "p"),
        (find("lost", Some(0.1), &both), "subscriber", "g"),
    ] {
        assert_eq!(told(&found), [["lost", stage, owner, "probe-lost"]]);
        assert_eq!(found[0].cause.subject, "probe onestop/3");
    }
    assert_eq!(find("silent", None, &[]).len(), 1);
    assert!(find("arriving", None, &[]).is_empty());
}

#[test]
fn silent_probes_are_the_adapters_unless_others_of_it_arrive() {
    let probe = |instance: &str, partition, status: &str| ProbeLag {
        route: "onestop".to_owned(),
        instance: instance.to_owned(),
        partition,
        status: status.to_owned(),
        durable_seconds: Some(0.001),
        ..ProbeLag::default()
    };
    let parts = Parts {
        probes: vec![
            probe("gone", 0, "silent"),
            probe("gone", 1, "silent"),
            probe("here", 0, "silent"),
            probe("here", 1, "arriving"),
        ],
        ..Parts::default()
    };
    let found = probes::find(&parts, &owners_of_all());
    let adapter = ["silent", "adapter", "a", "probe-lost"];
    let log = ["silent", "log", "l", "probe-lost"];
    assert_eq!(told(&found), [adapter, adapter, log]);
}

#[test]
fn the_worst_comes_first_and_of_two_as_bad_the_later() {
    let later = ViewLag {
        lag_seconds: 99.0,
        partition: 4,
        ..view("stalled")
    };
    let parts = Parts {
        lags: vec![view("catching_up"), view("stalled"), later, view("lost")],
        silent: vec![Silent::Subscriptions],
        ..Parts::default()
    };
    let found = causes(&parts);
    let order: Vec<_> = found
        .iter()
        .map(|found| (&found.cause.status[..], &found.cause.subject[..]))
        .collect();
    let (third, fourth) = ("view case/3", "view case/4");
    assert_eq!(
        order,
        [
            ("stalled", "log"),
            ("lost", third),
            ("stalled", fourth),
            ("stalled", third),
            ("catching_up", third),
        ]
    );
}
