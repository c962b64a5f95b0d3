//! Compares path statistics with an oracle file, figure by figure.

use lienthong_contract::pb::event::v1::Party;
use lienthong_contract::pb::procedure::v1::{
    Distribution, GetPathStatisticsResponse, OpenAt, PartyCount, PartyDistribution,
};
use prost_types::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a comparison found.
#[derive(Debug, Default)]
pub struct Compared {
    /// Figures compared, by the oracle's name of their group.
    pub by_group: BTreeMap<&'static str, u64>,
    /// Each figure that differs, in words.
    pub wrong: Vec<String>,
}

impl Compared {
    /// Figures compared in all.
    pub fn figures(&self) -> u64 {
        self.by_group.values().sum()
    }

    pub(super) fn equal<T: PartialEq + std::fmt::Debug>(
        &mut self,
        group: &'static str,
        what: &str,
        wanted: T,
        told: T,
    ) {
        *self.by_group.entry(group).or_default() += 1;
        if wanted != told {
            self.wrong.push(format!(
                "{group} {what}: the oracle has {wanted:?}, the hub {told:?}"
            ));
        }
    }

    /// Seconds that the oracle rounded to milliseconds against exact milliseconds.
    fn near(&mut self, group: &'static str, what: &str, wanted_s: &Value, told_ms: f64) {
        *self.by_group.entry(group).or_default() += 1;
        let wanted_ms = wanted_s.as_f64().unwrap_or(f64::NAN) * 1_000.0;
        let apart = (wanted_ms - told_ms).abs();
        // Half a millisecond of rounding, and what a double of that size cannot tell apart.
        let tolerance = 0.5 + wanted_ms.abs() * 1e-12;
        if apart.is_nan() || apart > tolerance {
            self.wrong.push(format!(
                "{group} {what}: the oracle has {wanted_ms} ms, the hub {told_ms} ms"
            ));
        }
    }
}

/// Compares every figure that the hub answers. `names`: agency code -> group of the log.
pub fn compare(
    oracle: &Value,
    told: &GetPathStatisticsResponse,
    names: &BTreeMap<String, String>,
) -> Compared {
    let mut found = Compared::default();
    let group = |party: &Option<Party>| group(party, names);
    let whole = |name: &str| oracle[name].as_u64();
    found.equal("cases", "", whole("cases"), Some(told.cases));
    found.equal("events", "", whole("events"), Some(told.events));
    for (name, time) in [
        ("first_timestamp", told.first_time),
        ("last_timestamp", told.last_time),
    ] {
        let wanted = oracle[name]
            .as_str()
            .and_then(|text| text.parse::<Timestamp>().ok());
        found.equal("first_and_last_timestamp", name, wanted, time);
    }
    counts(
        &mut found,
        "group_event_counts",
        &oracle["group_event_counts"],
        &by_group(&told.events_by_party, names),
    );
    pairs(&mut found, oracle, told, &group);
    found.equal(
        "handovers_between_named_groups",
        "",
        whole("handovers_between_named_groups"),
        Some(told.hand_overs),
    );
    durations(
        &mut found,
        "case_duration",
        "",
        &oracle["case_duration"],
        &told.case_duration,
    );
    for (name, list) in [
        ("holding_time_by_group", &told.holding),
        ("response_time_after_handover_by_group", &told.response),
    ] {
        distributions(&mut found, name, &oracle[name], list, &group);
    }
    found.equal(
        "cases_with_more_than_one_group",
        "",
        whole("cases_with_more_than_one_group"),
        Some(told.cases_with_several_parties),
    );
    let by_number: BTreeMap<String, u64> = told
        .cases_by_parties
        .iter()
        .map(|one| (one.parties.to_string(), one.cases))
        .collect();
    counts(
        &mut found,
        "cases_by_number_of_groups",
        &oracle["cases_by_number_of_groups"],
        &by_number,
    );
    found.equal(
        "cases_returning_to_an_earlier_group",
        "",
        whole("cases_returning_to_an_earlier_group"),
        Some(told.cases_returning),
    );
    let blocks = oracle["as_of"].as_array().cloned().unwrap_or_default();
    found.equal("as_of", "moments", blocks.len(), told.open_at.len());
    for (block, state) in blocks.iter().zip(&told.open_at) {
        as_of(&mut found, block, state, names);
    }
    found
}

fn group(party: &Option<Party>, names: &BTreeMap<String, String>) -> String {
    let code = party
        .as_ref()
        .map_or("", |party| party.agency_code.as_str());
    match names.get(code) {
        _ if code.is_empty() => "(none)".to_owned(),
        Some(name) => name.clone(),
        None => format!("unknown agency {code}"),
    }
}

fn by_group(list: &[PartyCount], names: &BTreeMap<String, String>) -> BTreeMap<String, u64> {
    list.iter()
        .map(|one| (group(&one.party, names), one.count))
        .collect()
}

/// Every entry of either side; one that is missing counts 0.
fn counts(found: &mut Compared, name: &'static str, wanted: &Value, told: &BTreeMap<String, u64>) {
    let empty = serde_json::Map::new();
    let wanted = wanted.as_object().unwrap_or(&empty);
    let keys: BTreeSet<&String> = wanted.keys().chain(told.keys()).collect();
    for key in keys {
        let count = wanted.get(key).and_then(Value::as_u64).unwrap_or(0);
        found.equal(name, key, count, told.get(key).copied().unwrap_or(0));
    }
}

fn pairs(
    found: &mut Compared,
    oracle: &Value,
    told: &GetPathStatisticsResponse,
    group: &dyn Fn(&Option<Party>) -> String,
) {
    let pairs: BTreeMap<(String, String), u64> = told
        .pairs
        .iter()
        .map(|pair| ((group(&pair.from), group(&pair.to)), pair.count))
        .collect();
    let mut wanted: BTreeMap<(String, String), u64> = BTreeMap::new();
    for entry in oracle["handover_matrix_groups"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let text = |at: usize| entry[at].as_str().unwrap_or_default().to_owned();
        wanted.insert((text(0), text(1)), entry[2].as_u64().unwrap_or_default());
    }
    let keys: BTreeSet<_> = wanted.keys().chain(pairs.keys()).cloned().collect();
    for key in keys {
        let what = format!("{} > {}", key.0, key.1);
        let (wanted, told) = (wanted.get(&key), pairs.get(&key));
        found.equal("handover_matrix_groups", &what, wanted, told);
    }
    let unnamed = pairs
        .iter()
        .filter(|((from, to), _)| from == "(none)" || to == "(none)");
    for (name, told) in [
        ("adjacent_pairs", pairs.values().sum::<u64>()),
        (
            "pairs_with_unnamed_group",
            unnamed.map(|(_, count)| count).sum(),
        ),
    ] {
        found.equal(
            "handover_matrix_groups",
            name,
            oracle[name].as_u64(),
            Some(told),
        );
    }
}

fn distributions(
    found: &mut Compared,
    name: &'static str,
    wanted: &Value,
    told: &[PartyDistribution],
    group: &dyn Fn(&Option<Party>) -> String,
) {
    let told: BTreeMap<String, Option<Distribution>> = told
        .iter()
        .map(|one| (group(&one.party), one.distribution))
        .collect();
    let empty = serde_json::Map::new();
    let wanted = wanted.as_object().unwrap_or(&empty);
    let keys: BTreeSet<&String> = wanted.keys().chain(told.keys()).collect();
    for key in keys {
        let of_group = told.get(key).copied().flatten();
        durations(
            found,
            name,
            key,
            wanted.get(key).unwrap_or(&Value::Null),
            &of_group,
        );
    }
}

/// The eight figures of a set of durations; only its size if it is empty.
pub(super) fn durations(
    found: &mut Compared,
    name: &'static str,
    of: &str,
    wanted: &Value,
    told: &Option<Distribution>,
) {
    let told = told.unwrap_or_default();
    let what = |figure: &str| format!("{of} {figure}");
    let n = wanted["n"].as_u64().unwrap_or(0);
    found.equal(name, &what("n"), n, told.count);
    if n == 0 {
        return;
    }
    found.equal(
        name,
        &what("sum_ms"),
        wanted["sum_ms"].as_i64(),
        Some(told.sum_ms),
    );
    let mean = told.sum_ms as f64 / told.count as f64;
    for (figure, told_ms) in [
        ("mean_s", mean),
        ("median_s", told.median_ms),
        ("p90_linear_s", told.p90_linear_ms),
    ] {
        found.near(name, &what(figure), &wanted[figure], told_ms);
    }
    for (figure, told_ms) in [
        ("p90_nearest_rank_s", told.p90_nearest_rank_ms),
        ("min_s", told.min_ms),
        ("max_s", told.max_ms),
    ] {
        let wanted_ms = wanted[figure]
            .as_f64()
            .map(|seconds| (seconds * 1_000.0).round() as i64);
        found.equal(name, &what(figure), wanted_ms, Some(told_ms));
    }
}

fn as_of(found: &mut Compared, block: &Value, state: &OpenAt, names: &BTreeMap<String, String>) {
    let at = block["T"].as_str().unwrap_or_default();
    let wanted_time = at.parse::<Timestamp>().ok();
    found.equal("as_of", "T", wanted_time, state.time);
    for (figure, told) in [
        ("events_until_T", state.events_until),
        ("cases_started", state.cases_started),
        ("cases_ended", state.cases_ended),
        ("open_cases", state.open_cases),
    ] {
        let what = format!("{at} {figure}");
        found.equal("as_of", &what, block[figure].as_u64(), Some(told));
    }
    let holders = by_group(&state.open_by_party, names);
    counts(found, "as_of", &block["open_by_holding_group"], &holders);
    durations(
        found,
        "as_of",
        &format!("{at} age_of_open"),
        &block["age_of_open"],
        &state.age_of_open,
    );
}
