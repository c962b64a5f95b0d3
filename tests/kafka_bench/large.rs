//! A projector on a large topic: how fast it rebuilds, how much memory it takes, and how soon after
//! a kill it answers right. Its answers are written down, for another projection of the same topic to
//! be compared with.

use crate::{floor, projection};
use lienthong_contract::json;
use lienthong_contract::pb::procedure::v1::{
    GetHorizontalRequest, GetHorizontalResponse, GetPathStatisticsRequest,
    GetPathStatisticsResponse,
};
use lienthong_tests::broker::Home;
use lienthong_tests::fleet::asker::Asker;
use lienthong_tests::fleet::{Fleet, Kind, VIEWS};
use lienthong_tests::measure::Outcome;
use lienthong_tests::measure::report::{Aim, Report};
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
    let mut fleet = Fleet::empty(home, &[])?;
    let gateway = fleet.add(Kind::Gateway, &[])?;
    fleet.start_again(Kind::Gateway, gateway).await?;
    let projector = fleet.add(Kind::Projector, &VIEWS)?;
    let began = Instant::now();
    fleet.start_again(Kind::Projector, projector).await?;
    fleet.ready(Kind::Projector, projector).await?;
    let took = began.elapsed().as_secs_f64();
    report.alone(
        "projector, all three views: from nothing",
        took,
        "s",
        Aim::None,
    );
    report.alone("the same", events as f64 / took, "events/s", Aim::None);
    let peak = fleet.process(Kind::Projector, projector)?.peak_bytes()?;
    report.alone("peak resident memory", mebibytes(peak), "MiB", Aim::None);

    let asker = Asker::new(&fleet.doors(), PATIENCE)?;
    let before = ask(&asker).await?;
    std::fs::create_dir_all(answers.parent().unwrap_or(Path::new(".")))?;
    std::fs::write(answers, serde_json::to_vec_pretty(&before)?)?;
    tokio::time::sleep(REST).await;
    fleet.kill(Kind::Projector, projector)?;
    let began = Instant::now();
    fleet.start_again(Kind::Projector, projector).await?;
    let after = ask(&asker).await?;
    let took = began.elapsed().as_secs_f64();
    report.alone("first answer after kill -9", took, "s", Aim::None);
    if after != before {
        return Err("the answer after kill -9 is another than before".into());
    }
    let peak = fleet.process(Kind::Projector, projector)?.peak_bytes()?;
    report.alone(
        "peak resident memory after that",
        mebibytes(peak),
        "MiB",
        Aim::None,
    );
    fleet.drain().await
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Hand-overs between agencies, and open cases.
async fn ask(asker: &Asker) -> Outcome<Value> {
    let horizontal = asker.horizontal(GetHorizontalRequest::default()).await?;
    let horizontal = GetHorizontalResponse {
        freshness: None,
        ..horizontal
    };
    let statistics = asker
        .statistics(GetPathStatisticsRequest::default())
        .await?;
    let statistics = GetPathStatisticsResponse {
        freshness: None,
        ..statistics
    };
    Ok(value!({
        "horizontal": json::of("lienthong.procedure.v1.GetHorizontalResponse", &horizontal)?,
        "statistics": json::of("lienthong.procedure.v1.GetPathStatisticsResponse", &statistics)?,
    }))
}
