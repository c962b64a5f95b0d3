//! What a hub must answer about a log. Deliberately plain: sort, walk, count.
//!
//! Order in a case is the event index. The duration of a pair is the time of the second
//! event less that of the first. `(none)` stands for a row without a group.

use super::NO_GROUP;
use super::model::Row;
use super::write::time;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The answers, under the names that oracle files of real logs use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Oracle {
    /// Different cases.
    pub cases: u64,
    /// Rows.
    pub events: u64,
    /// Different activities.
    pub activities: u64,
    /// Different groups, `(none)` not counted.
    pub org_groups: u64,
    /// Different resources, the empty one not counted.
    pub resources: u64,
    /// Earliest event, RFC 3339.
    pub first_timestamp: String,
    /// Latest event, RFC 3339.
    pub last_timestamp: String,
    /// Rows by group.
    pub group_event_counts: BTreeMap<String, u64>,
    /// Pairs of adjacent events of one case.
    pub adjacent_pairs: u64,
    /// Those pairs by the groups of both, the diagonal and `(none)` included.
    pub handover_matrix_groups: Vec<(String, String, u64)>,
    /// Those pairs whose groups are named and differ.
    pub handovers_between_named_groups: u64,
    /// Those pairs of which a group is not named.
    pub pairs_with_unnamed_group: u64,
    /// From the first to the last event of a case.
    pub case_duration: Durations,
    /// Durations of pairs by the group of the first event.
    pub holding_time_by_group: BTreeMap<String, Durations>,
    /// Durations of hand-overs between named groups by the group of the second event.
    pub response_time_after_handover_by_group: BTreeMap<String, Durations>,
    /// Cases with at least two named groups.
    pub cases_with_more_than_one_group: u64,
    /// Cases by their number of named groups.
    pub cases_by_number_of_groups: BTreeMap<u64, u64>,
    /// Cases in which a named group comes again after another named one.
    pub cases_returning_to_an_earlier_group: u64,
    /// The state at given moments.
    pub as_of: Vec<AsOf>,
}

/// Durations of a set. Seconds are rounded to milliseconds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Durations {
    /// Values.
    pub n: u64,
    /// Exact sum, milliseconds.
    pub sum_ms: i64,
    /// Mean.
    pub mean_s: f64,
    /// The mean of the two middle values if `n` is even.
    pub median_s: f64,
    /// 90th percentile, linear between the closest ranks.
    pub p90_linear_s: f64,
    /// Value number ceil(0.9 n).
    pub p90_nearest_rank_s: f64,
    /// Smallest.
    pub min_s: f64,
    /// Largest.
    pub max_s: f64,
}

/// The state at the moment T.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AsOf {
    /// RFC 3339.
    #[serde(rename = "T")]
    pub time: String,
    /// Events at T or before.
    #[serde(rename = "events_until_T")]
    pub events_until: u64,
    /// Cases whose first event is at T or before.
    pub cases_started: u64,
    /// Cases whose last event is at T or before.
    pub cases_ended: u64,
    /// First event <= T < last event.
    pub open_cases: u64,
    /// Those by the group of their last event at T or before.
    pub open_by_holding_group: BTreeMap<String, u64>,
    /// T less the first event.
    pub age_of_open: Durations,
}

/// The answers about a log, and about its state at the moments given (milliseconds since the
/// Unix epoch). `handover_matrix_groups` is sorted by its names.
///
/// # Errors
/// If a time is out of range.
pub fn oracle(rows: &[Row], moments: &[i64]) -> std::io::Result<Oracle> {
    let mut cases: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        cases.entry(&row.case_id).or_default().push(row);
    }
    for case in cases.values_mut() {
        case.sort_by_key(|row| row.event_index);
    }
    let cases: Vec<Vec<&Row>> = cases.into_values().collect();

    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for row in rows {
        *counts.entry(group(row).to_owned()).or_default() += 1;
    }
    let mut matrix: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut holding: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    let mut response: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    let (mut adjacent, mut hand_overs, mut unnamed) = (0, 0, 0);
    for case in &cases {
        for pair in case.windows(2) {
            let (from, to) = (group(pair[0]), group(pair[1]));
            let took = pair[1].timestamp_ms - pair[0].timestamp_ms;
            adjacent += 1;
            *matrix.entry((from, to)).or_default() += 1;
            holding.entry(from).or_default().push(took);
            if from == NO_GROUP || to == NO_GROUP {
                unnamed += 1;
            } else if from != to {
                hand_overs += 1;
                response.entry(to).or_default().push(took);
            }
        }
    }
    let (mut several, mut returning) = (0, 0);
    let mut by_number: BTreeMap<u64, u64> = BTreeMap::new();
    for case in &cases {
        let mut path: Vec<&str> = case
            .iter()
            .map(|row| group(row))
            .filter(|name| *name != NO_GROUP)
            .collect();
        path.dedup();
        let different: BTreeSet<&str> = path.iter().copied().collect();
        *by_number.entry(different.len() as u64).or_default() += 1;
        several += u64::from(different.len() > 1);
        returning += u64::from(path.len() > different.len());
    }
    let lengths = cases.iter().map(|case| last(case) - first(case)).collect();
    let times = || rows.iter().map(|row| row.timestamp_ms);
    let different = |cell: fn(&Row) -> &String| {
        let cells: BTreeSet<&String> = rows
            .iter()
            .map(cell)
            .filter(|cell| !cell.is_empty())
            .collect();
        cells.len() as u64
    };
    Ok(Oracle {
        cases: cases.len() as u64,
        events: rows.len() as u64,
        activities: different(|row| &row.activity),
        org_groups: different(|row| &row.org_group),
        resources: different(|row| &row.resource),
        first_timestamp: time(times().min().unwrap_or_default())?,
        last_timestamp: time(times().max().unwrap_or_default())?,
        group_event_counts: counts,
        adjacent_pairs: adjacent,
        handover_matrix_groups: matrix
            .into_iter()
            .map(|((from, to), count)| (from.to_owned(), to.to_owned(), count))
            .collect(),
        handovers_between_named_groups: hand_overs,
        pairs_with_unnamed_group: unnamed,
        case_duration: durations(lengths),
        holding_time_by_group: by_group(holding),
        response_time_after_handover_by_group: by_group(response),
        cases_with_more_than_one_group: several,
        cases_by_number_of_groups: by_number,
        cases_returning_to_an_earlier_group: returning,
        as_of: moments
            .iter()
            .map(|moment| as_of(&cases, *moment))
            .collect::<std::io::Result<_>>()?,
    })
}

fn as_of(cases: &[Vec<&Row>], moment: i64) -> std::io::Result<AsOf> {
    let mut state = AsOf {
        time: time(moment)?,
        events_until: 0,
        cases_started: 0,
        cases_ended: 0,
        open_cases: 0,
        open_by_holding_group: BTreeMap::new(),
        age_of_open: Durations::default(),
    };
    let mut ages = Vec::new();
    for case in cases {
        let until: Vec<&Row> = case
            .iter()
            .copied()
            .filter(|row| row.timestamp_ms <= moment)
            .collect();
        state.events_until += until.len() as u64;
        let Some(latest) = until.last() else { continue };
        state.cases_started += 1;
        if last(case) <= moment {
            state.cases_ended += 1;
            continue;
        }
        state.open_cases += 1;
        *state
            .open_by_holding_group
            .entry(group(latest).to_owned())
            .or_default() += 1;
        ages.push(moment - first(case));
    }
    state.age_of_open = durations(ages);
    Ok(state)
}

fn group(row: &Row) -> &str {
    if row.org_group.is_empty() {
        NO_GROUP
    } else {
        &row.org_group
    }
}

fn first(case: &[&Row]) -> i64 {
    case.iter()
        .map(|row| row.timestamp_ms)
        .min()
        .unwrap_or_default()
}

fn last(case: &[&Row]) -> i64 {
    case.iter()
        .map(|row| row.timestamp_ms)
        .max()
        .unwrap_or_default()
}

fn by_group(values: BTreeMap<&str, Vec<i64>>) -> BTreeMap<String, Durations> {
    values
        .into_iter()
        .map(|(group, values)| (group.to_owned(), durations(values)))
        .collect()
}

fn durations(mut values: Vec<i64>) -> Durations {
    values.sort_unstable();
    let (Some(&least), Some(&most)) = (values.first(), values.last()) else {
        return Durations::default();
    };
    let n = values.len();
    let sum_ms: i64 = values.iter().sum();
    // The value at a place between two ranks, both counted from 0.
    let at = |tenths: usize| {
        let place = (n - 1) * tenths;
        let (rank, part) = (place / 10, (place % 10) as f64 / 10.0);
        let next = values[(rank + 1).min(n - 1)];
        values[rank] as f64 + (next - values[rank]) as f64 * part
    };
    Durations {
        n: n as u64,
        sum_ms,
        mean_s: seconds(sum_ms as f64 / n as f64),
        median_s: seconds(at(5)),
        p90_linear_s: seconds(at(9)),
        p90_nearest_rank_s: seconds(values[(9 * n).div_ceil(10) - 1] as f64),
        min_s: seconds(least as f64),
        max_s: seconds(most as f64),
    }
}

/// To three decimals, by the exact value of the binary number, as the tools round that made
/// the oracles of the real logs.
fn seconds(millis: f64) -> f64 {
    let seconds = millis / 1_000.0;
    format!("{seconds:.3}").parse().unwrap_or(seconds)
}
