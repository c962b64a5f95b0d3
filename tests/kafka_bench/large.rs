//! A projector on a large topic: how fast it rebuilds, how much memory it takes, and how soon after
//! a kill it answers right. Its answers are written down, for another projection of the same topic to
//! be compared with.

use crate::{floor, projection};
use lienthong_contract::pb::event::v1::Party;
use lienthong_contract::pb::procedure::v1::{GetPathStatisticsRequest, OpenAt};
use lienthong_contract::time::{from_millis, to_millis};
use lienthong_tests::broker::Home;
use lienthong_tests::fleet::asker::Asker;
use lienthong_tests::fleet::{Fleet, Kind, VIEWS};
use lienthong_tests::measure::Outcome;
use lienthong_tests::measure::report::{Aim, Report};
use prost_types::Timestamp;
use serde_json::{Value, json as value};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(120);
/// Long enough for a last checkpoint.
const REST: Duration = Duration::from_secs(5);

/// Fills the topic unless it holds that many events, and measures.
pub async fn measure(home: &Home, events: u64, answers: &Path, report: &mut Report) -> Outcome<()> {
    let known = home.clone();
    let held = tokio::task::spawn_blocking(move || floor::held(&known)).await?;
    match held {
        Some(held) if held >= events => {}
        Some(held) if held > 0 => {
            let topic = home.topic();
            return Err(format!("{topic} holds {held} events; name another --topic-prefix").into());
        }
        _ => projection::fill(home, events, report).await?,
    }
    projector(home, events, &["case"], answers, report).await?;
    projector(home, events, &VIEWS, answers, report).await
}

/// Measures one projector that keeps these views. The case view is all that the answers need, so it
/// alone is what another projection of them is compared with.
async fn projector(
    home: &Home,
    events: u64,
    views: &[&'static str],
    answers: &Path,
    report: &mut Report,
) -> Outcome<()> {
    let what = format!("projector of {}", views.join(", "));
    let mut alone = |name: &str, figure: f64, unit: &str| {
        report.alone(&format!("{what}: {name}"), figure, unit, Aim::None);
    };
    let mut fleet = Fleet::empty(home, &[])?;
    let gateway = fleet.add(Kind::Gateway, &[])?;
    fleet.start_again(Kind::Gateway, gateway).await?;
    let projector = fleet.add(Kind::Projector, views)?;
    let began = Instant::now();
    fleet.start_again(Kind::Projector, projector).await?;
    fleet.ready(Kind::Projector, projector).await?;
    let took = began.elapsed().as_secs_f64();
    alone("from nothing", took, "s");
    alone("the same", events as f64 / took, "events/s");
    let peak = fleet.process(Kind::Projector, projector)?.peak_bytes()?;
    alone("peak resident memory", mebibytes(peak), "MiB");

    let asker = Asker::new(&fleet.doors(), PATIENCE)?;
    let before = ask(&asker).await?;
    std::fs::create_dir_all(answers.parent().unwrap_or(Path::new(".")))?;
    let mut text = serde_json::to_string_pretty(&before)?;
    text.push('\n');
    std::fs::write(answers, text)?;
    tokio::time::sleep(REST).await;
    fleet.kill(Kind::Projector, projector)?;
    let began = Instant::now();
    fleet.start_again(Kind::Projector, projector).await?;
    let after = ask(&asker).await?;
    alone(
        "first answer after kill -9",
        began.elapsed().as_secs_f64(),
        "s",
    );
    if after != before {
        return Err("the answer after kill -9 is another than before".into());
    }
    let peak = fleet.process(Kind::Projector, projector)?.peak_bytes()?;
    alone("peak resident memory after that", mebibytes(peak), "MiB");
    fleet.drain().await
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Hand-over matrix and open cases by agency, in the form of `tests/peers/kafka-streams`.
async fn ask(asker: &Asker) -> Outcome<Value> {
    let whole = asker
        .statistics(GetPathStatisticsRequest::default())
        .await?;
    let millis = |time: &Option<Timestamp>| time.as_ref().and_then(to_millis);
    let (Some(first), Some(last)) = (millis(&whole.first_time), millis(&whole.last_time)) else {
        return Err("the hub holds no event".into());
    };
    let moments = (1..=3).map(|quarter| from_millis(first + (last - first) * quarter / 4));
    let request = GetPathStatisticsRequest {
        as_of_times: moments.collect(),
        ..GetPathStatisticsRequest::default()
    };
    let answer = asker.statistics(request).await?;
    let mut matrix: Vec<_> = answer
        .pairs
        .iter()
        .filter(|pair| pair.count > 0)
        .map(|pair| (agency(&pair.from), agency(&pair.to), pair.count))
        .collect();
    matrix.sort();
    let matrix = matrix
        .into_iter()
        .map(|(from, to, count)| value!({ "from": from, "to": to, "count": count }));
    Ok(value!({
        "cases": answer.cases,
        "events": answer.events,
        "hand_overs": answer.hand_overs,
        "first_ms": first,
        "last_ms": last,
        "matrix": matrix.collect::<Vec<_>>(),
        "open": answer.open_at.iter().map(open).collect::<Vec<_>>(),
    }))
}

fn open(at: &OpenAt) -> Value {
    let mut agencies: Vec<_> = at
        .open_by_party
        .iter()
        .filter(|party| party.count > 0)
        .map(|party| (agency(&party.party), party.count))
        .collect();
    agencies.sort();
    let agencies = agencies
        .into_iter()
        .map(|(agency, cases)| value!({ "agency": agency, "cases": cases }));
    value!({
        "at_ms": at.time.as_ref().and_then(to_millis),
        "cases": at.open_cases,
        "by_agency": agencies.collect::<Vec<_>>(),
    })
}

fn agency(party: &Option<Party>) -> String {
    party
        .as_ref()
        .map_or(String::new(), |party| party.agency_code.clone())
}
