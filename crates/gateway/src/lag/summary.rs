//! A view over all its partitions: largest, sum, worst; never a mean.

use lienthong_contract::pb::operations::v1::{Outlook, ViewLag, ViewSummary};
use lienthong_domain::lag::Status;

/// Every view, in the order in which it first comes.
pub(super) fn summaries(lags: &[ViewLag]) -> Vec<ViewSummary> {
    let mut names: Vec<&str> = Vec::new();
    for lag in lags {
        if !names.contains(&lag.view.as_str()) {
            names.push(&lag.view);
        }
    }
    let of = |name: &&str| {
        let of_view = lags.iter().filter(|lag| lag.view == *name);
        summary(&of_view.collect::<Vec<_>>())
    };
    names.iter().filter_map(of).collect()
}

/// The status by its name; one of a later version counts as stalled, so that it is looked at.
pub(super) fn status_of(name: &str) -> Status {
    Status::from_name(name).unwrap_or(Status::Stalled)
}

fn summary(lags: &[&ViewLag]) -> Option<ViewSummary> {
    let worst = lags.iter().max_by(|one, other| {
        let by_status = status_of(&one.status).cmp(&status_of(&other.status));
        by_status.then(one.lag_seconds.total_cmp(&other.lag_seconds))
    })?;
    let reason = match worst.reason.is_empty() {
        true => String::new(),
        false => format!("partition {}: {}", worst.partition, worst.reason),
    };
    let largest = |of: fn(&ViewLag) -> f64| lags.iter().map(|lag| of(lag)).fold(0.0, f64::max);
    Some(ViewSummary {
        view: worst.view.clone(),
        lag_seconds: largest(|lag| lag.lag_seconds),
        lag_events: lags.iter().map(|lag| lag.lag_events).sum(),
        status: worst.status.clone(),
        reason,
        outlook: Some(outlook(lags)),
        stage: worst.stage.clone(),
        owner: worst.owner.clone(),
        worst_partition: worst.partition,
        parked: lags.iter().map(|lag| lag.parked).sum(),
        parked_oldest_seconds: largest(|lag| lag.parked_oldest_seconds),
    })
}

fn outlook(lags: &[&ViewLag]) -> Outlook {
    let each: Vec<Outlook> = lags
        .iter()
        .map(|lag| lag.outlook.unwrap_or_default())
        .collect();
    let etas: Option<Vec<f64>> = each.iter().map(|one| one.eta_seconds).collect();
    let headrooms = each.iter().filter_map(|one| one.headroom_seconds);
    let windows = each.iter().map(|one| one.window_seconds);
    Outlook {
        in_per_second: each.iter().map(|one| one.in_per_second).sum(),
        out_per_second: each.iter().map(|one| one.out_per_second).sum(),
        eta_seconds: etas.map(|etas| etas.into_iter().fold(0.0, f64::max)),
        headroom_seconds: headrooms.reduce(f64::min),
        window_seconds: windows.reduce(f64::min).unwrap_or(0.0),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn lag(partition: u32, status: &str, seconds: f64, eta: Option<f64>) -> ViewLag {
        ViewLag {
            view: "case".to_owned(),
            partition,
            status: status.to_owned(),
            lag_seconds: seconds,
            lag_events: 10,
            reason: format!("it is {status}"),
            outlook: Some(Outlook {
                in_per_second: 2.0,
                out_per_second: 3.0,
                eta_seconds: eta,
                headroom_seconds: Some(100.0 - seconds),
                window_seconds: 10.0,
            }),
            owner: format!("owner {partition}"),
            parked: 1,
            parked_oldest_seconds: seconds,
            ..ViewLag::default()
        }
    }

    #[test]
    fn a_view_is_as_late_as_its_latest_partition_and_as_bad_as_its_worst() {
        let lags = [
            lag(0, "catching_up", 90.0, Some(4.0)),
            lag(1, "stalled", 3.0, Some(7.0)),
            lag(2, "current", 0.0, Some(0.0)),
        ];
        let [case] = &summaries(&lags)[..] else {
            unreachable!("one view");
        };
        assert_eq!((case.lag_seconds, case.lag_events), (90.0, 30));
        assert_eq!((&case.status[..], case.worst_partition), ("stalled", 1));
        assert_eq!(case.reason, "partition 1: it is stalled");
        assert_eq!(case.owner, "owner 1");
        assert_eq!((case.parked, case.parked_oldest_seconds), (3, 90.0));
        let outlook = case.outlook.unwrap();
        assert_eq!((outlook.in_per_second, outlook.out_per_second), (6.0, 9.0));
        assert_eq!(outlook.eta_seconds, Some(7.0));
        assert_eq!(outlook.headroom_seconds, Some(10.0));
    }

    #[test]
    fn one_partition_that_never_catches_up_is_a_view_that_never_does() {
        let lags = [
            lag(0, "catching_up", 9.0, Some(4.0)),
            lag(1, "falling_behind", 9.0, None),
        ];
        assert_eq!(summaries(&lags)[0].outlook.unwrap().eta_seconds, None);
    }

    #[test]
    fn a_status_that_this_version_does_not_know_is_looked_at() {
        let lags = [lag(0, "current", 0.0, Some(0.0)), lag(1, "odd", 0.0, None)];
        assert_eq!(summaries(&lags)[0].status, "odd");
        assert!(summaries(&[]).is_empty());
    }
}
