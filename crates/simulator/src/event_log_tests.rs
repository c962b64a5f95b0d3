#![allow(clippy::unwrap_used)]
use super::*;

const MINUTE_MS: i64 = 60_000;

/// Rows of (case, index, group, minute).
fn log(rows: &[(&str, u32, &str, i64)]) -> Vec<Row> {
    let row = |&(case, index, group, minute): &(&str, u32, &str, i64)| Row {
        case_id: case.to_owned(),
        event_index: index,
        activity: format!("a{index}"),
        timestamp_ms: minute * MINUTE_MS,
        org_group: group.to_owned(),
        resource: String::new(),
        recorded_ms: minute * MINUTE_MS,
        case_channel: "Desk".to_owned(),
        case_deadline_ms: 0,
    };
    rows.iter().map(row).collect()
}

/// Three cases, in no order: A -> A -> none -> B -> A; B -> C; none.
fn tiny() -> Vec<Row> {
    log(&[
        ("two", 1, "C", 40),
        ("one", 0, "A", 0),
        ("one", 2, "", 10),
        ("one", 1, "A", 4),
        ("three", 0, "", 100),
        ("one", 4, "A", 60),
        ("one", 3, "B", 10),
        ("two", 0, "B", 20),
    ])
}

#[test]
fn a_log_counted_by_hand_gets_the_same_figures() {
    let found = oracle(&tiny(), &[]).unwrap();
    assert_eq!((found.cases, found.events, found.org_groups), (3, 8, 3));
    assert_eq!(found.first_timestamp, "1970-01-01T00:00:00.000Z");
    assert_eq!(found.last_timestamp, "1970-01-01T01:40:00.000Z");
    let counts: Vec<_> = found
        .group_event_counts
        .iter()
        .map(|(group, count)| (group.as_str(), *count))
        .collect();
    assert_eq!(counts, [("(none)", 2), ("A", 3), ("B", 2), ("C", 1)]);
    let pair = |from: &str, to: &str| (from.to_owned(), to.to_owned(), 1);
    let matrix = [
        pair("(none)", "B"),
        pair("A", "(none)"),
        pair("A", "A"),
        pair("B", "A"),
        pair("B", "C"),
    ];
    assert_eq!(found.handover_matrix_groups, matrix);
    assert_eq!(found.adjacent_pairs, 5);
    assert_eq!(
        (
            found.handovers_between_named_groups,
            found.pairs_with_unnamed_group
        ),
        (2, 2)
    );
    assert_eq!(found.cases_with_more_than_one_group, 2);
    let by_number: Vec<_> = found.cases_by_number_of_groups.into_iter().collect();
    assert_eq!(by_number, [(0, 1), (2, 2)]);
    assert_eq!(found.cases_returning_to_an_earlier_group, 1);
}

#[test]
fn durations_counted_by_hand_get_the_same_figures() {
    let found = oracle(&tiny(), &[]).unwrap();
    // 0, 20 and 60 minutes.
    let case = Durations {
        n: 3,
        sum_ms: 80 * MINUTE_MS,
        mean_s: 1_600.0,
        median_s: 1_200.0,
        p90_linear_s: 3_120.0,
        p90_nearest_rank_s: 3_600.0,
        min_s: 0.0,
        max_s: 3_600.0,
    };
    assert_eq!(found.case_duration, case);
    let sums = |of: &std::collections::BTreeMap<String, Durations>| -> Vec<(String, u64, i64)> {
        of.iter()
            .map(|(group, one)| (group.clone(), one.n, one.sum_ms / MINUTE_MS))
            .collect()
    };
    let value = |group: &str, n, minutes| (group.to_owned(), n, minutes);
    let holding = [value("(none)", 1, 0), value("A", 2, 10), value("B", 2, 70)];
    assert_eq!(sums(&found.holding_time_by_group), holding);
    let response = [value("A", 1, 50), value("C", 1, 20)];
    assert_eq!(sums(&found.response_time_after_handover_by_group), response);
    // 4 and 6 minutes: the middle of both, and 4 + 0.9 * 2.
    let a = &found.holding_time_by_group["A"];
    assert_eq!(
        (a.median_s, a.p90_linear_s, a.p90_nearest_rank_s),
        (300.0, 348.0, 360.0)
    );
}

#[test]
fn the_state_at_a_moment_counts_what_is_at_it_as_past() {
    let at = |minute: i64| {
        oracle(&tiny(), &[minute * MINUTE_MS])
            .unwrap()
            .as_of
            .remove(0)
    };
    let ten = at(10);
    assert_eq!(
        (
            ten.events_until,
            ten.cases_started,
            ten.cases_ended,
            ten.open_cases
        ),
        (4, 1, 0, 1)
    );
    assert_eq!(
        ten.open_by_holding_group.into_iter().collect::<Vec<_>>(),
        [("B".to_owned(), 1)]
    );
    assert_eq!(ten.age_of_open.sum_ms, 10 * MINUTE_MS);
    let forty = at(40);
    assert_eq!(
        (forty.cases_started, forty.cases_ended, forty.open_cases),
        (2, 1, 1)
    );
    assert_eq!(at(100).open_cases, 0);
}

#[test]
fn equal_seeds_give_equal_logs_with_every_trait_of_a_real_one() {
    let log = rows(5, 200);
    assert_eq!(log, rows(5, 200));
    assert_ne!(log, rows(6, 200));
    let found = oracle(&log, &[]).unwrap();
    assert_eq!(found.cases, 200);
    assert!(found.group_event_counts.contains_key(NO_GROUP));
    assert!(found.cases_returning_to_an_earlier_group > 20);
    assert!(found.cases_by_number_of_groups.len() > 4);
    let same_time = log.windows(2).filter(|pair| {
        pair[0].case_id == pair[1].case_id && pair[0].timestamp_ms == pair[1].timestamp_ms
    });
    assert!(same_time.count() > 50);
    assert!(log.iter().any(|row| row.recorded_ms < row.timestamp_ms));
}

#[test]
fn an_oracle_survives_its_file() {
    let found = oracle(&rows(5, 20), &[1_740_000_000_000]).unwrap();
    let text = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<Oracle>(&text).unwrap(), found);
}
