//! A made-up office as a seeded source of events.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// 2025-01-06T01:00:00Z, the first possible event, in milliseconds.
const FIRST_MS: i64 = 1_736_125_200_000;
/// Days over which the cases begin.
const DAYS: i64 = 400;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

const GROUPS: [&str; 7] = [
    "Reception",
    "Permits",
    "Environment",
    "Fire safety",
    "Legal",
    "Finance",
    "Archive",
];
const ACTIVITIES: [&str; 12] = [
    "Check completeness",
    "Assign handler",
    "Ask for advice",
    "Receive advice",
    "Ask for supplement",
    "Receive supplement",
    "Draft decision",
    "Check decision",
    "Sign decision",
    "Publish \"notice\", two weeks",
    "Send decision",
    "Close & archive",
];
const CHANNELS: [&str; 4] = ["Internet", "Desk", "Post", "e-mail"];

/// One event of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Id of the case.
    pub case_id: String,
    /// Index in the case, from 0, in the order of time.
    pub event_index: u32,
    /// What happened.
    pub activity: String,
    /// When, milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// The group that acted; empty: none told.
    pub org_group: String,
    /// Pseudonym of the officer; empty: none told.
    pub resource: String,
    /// When the source wrote it down, milliseconds since the Unix epoch.
    pub recorded_ms: i64,
    /// How the case came in; the same in every row of a case.
    pub case_channel: String,
    /// When the case is due, milliseconds since the Unix epoch; the same in every row of a case.
    pub case_deadline_ms: i64,
}

/// The events of `cases` cases, case by case and in each by index: equal seeds, equal rows.
/// Among them are equal times, rows without a group, cases of one event, groups that return,
/// and events written down long after they happened.
pub fn rows(seed: u64, cases: u32) -> Vec<Row> {
    let mut dice = StdRng::seed_from_u64(seed);
    (0..cases)
        .flat_map(|number| case(&mut dice, number))
        .collect()
}

fn case(dice: &mut StdRng, number: u32) -> Vec<Row> {
    let case_id = format!("case-{:05}", 10_000 + number);
    let case_channel = CHANNELS[dice.random_range(0..CHANNELS.len())].to_owned();
    let mut time = FIRST_MS + dice.random_range(0..DAYS * DAY_MS);
    let case_deadline_ms = time + dice.random_range(10..60) * DAY_MS;
    let mut group = dice.random_range(0..GROUPS.len());
    let length = if dice.random_bool(0.05) {
        1
    } else {
        dice.random_range(2..20)
    };
    let mut rows = Vec::with_capacity(length);
    for index in 0..length {
        if index > 0 {
            time += pause(dice);
            if dice.random_bool(0.4) {
                group = dice.random_range(0..GROUPS.len());
            }
        }
        let activity = match index {
            0 => "Confirmation of receipt",
            _ => ACTIVITIES[dice.random_range(0..ACTIVITIES.len())],
        };
        let unnamed = dice.random_bool(0.15);
        let org_group = if unnamed { "" } else { GROUPS[group] };
        let resource = match dice.random_range(0..20) {
            0 => String::new(),
            officer => format!("Resource{officer:02}"),
        };
        rows.push(Row {
            case_id: case_id.clone(),
            event_index: index as u32,
            activity: activity.to_owned(),
            timestamp_ms: time,
            org_group: org_group.to_owned(),
            resource,
            recorded_ms: time + delay(dice),
            case_channel: case_channel.clone(),
            case_deadline_ms,
        });
    }
    rows
}

/// From one event to the next: none, seconds, hours or weeks.
fn pause(dice: &mut StdRng) -> i64 {
    match dice.random_range(0..10) {
        0 | 1 => 0,
        2..=5 => dice.random_range(1..10 * MINUTE_MS),
        6..=8 => dice.random_range(MINUTE_MS..2 * DAY_MS),
        _ => dice.random_range(DAY_MS..30 * DAY_MS),
    }
}

/// From the event to its being written down; now and then an hour before it.
fn delay(dice: &mut StdRng) -> i64 {
    match dice.random_range(0..10) {
        0 => -60 * MINUTE_MS,
        1..=5 => dice.random_range(0..MINUTE_MS),
        6..=8 => dice.random_range(0..DAY_MS),
        _ => dice.random_range(DAY_MS..90 * DAY_MS),
    }
}
