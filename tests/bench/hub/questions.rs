//! Questions over a million dossiers of the whole country: p50 and p99 of each, idle and while
//! 2,000 events a second come in.

use super::large::{caught_up, check};
use crate::{Arguments, Outcome};
use lienthong_contract::pb::performance::v1::performance_service_client::PerformanceServiceClient;
use lienthong_contract::pb::performance::v1::{
    DossierFilter, DossierState, GetPerformanceRequest, Grouping, ListDossiersRequest,
};
use lienthong_contract::pb::procedure::v1::procedure_query_service_client::ProcedureQueryServiceClient;
use lienthong_contract::pb::procedure::v1::{Basis, GetCaseRequest};
use lienthong_contract::pb::quality::v1::CountFindingsRequest;
use lienthong_contract::pb::quality::v1::quality_service_client::QualityServiceClient;
use lienthong_contract::time::now_millis;
use lienthong_tests::country::{Country, EVENTS_A_DOSSIER};
use lienthong_tests::hub::{self, Hub, Options};
use lienthong_tests::measure::load;
use lienthong_tests::measure::report::{Aim, Report};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tonic::transport::Channel;

/// Questions of each kind.
const ASKED: u64 = 200;
/// How often findings are counted; the median is told.
const COUNTED: usize = 3;
/// Dossiers prepared at a time.
const FILL: u64 = 100_000;
/// Events a second of the load, in batches of four dossiers.
const RATE: u64 = 2_000;
const BATCH: u64 = 4;

/// Fills the country, then asks.
pub async fn measure(arguments: &Arguments, report: &mut Report) -> Outcome<()> {
    let data = tempfile::tempdir()?;
    let country = Arc::new(Country::at(now_millis())?);
    let hub = start(data.path(), &country)?;
    let mut first = 0;
    while first < arguments.dossiers {
        let count = FILL.min(arguments.dossiers - first);
        let messages = country.messages(first, count);
        load::stream(&hub.addresses.adapters_grpc, messages, 8_192).await?;
        first += count;
    }
    caught_up(&hub).await?;
    // The ledgers follow the views; the first question waits for them and is not measured.
    let asked = Asked {
        performance: performance(&hub).await?,
        cases: cases(&hub).await?,
        country: country.clone(),
        dossiers: arguments.dossiers,
        full: arguments.dossiers >= 1_000_000,
    };
    let total = asked.country_by_province(0, None).await?;
    check(total > 0, "no dossier was received in that month")?;
    report.alone(
        &format!("resident memory, {} dossiers", arguments.dossiers),
        hub.resident_bytes()? as f64 / f64::from(1 << 30),
        "GiB",
        Aim::None,
    );
    asked.all("idle", report).await?;
    findings(&hub, report).await?;

    let stop = Arc::new(AtomicBool::new(false));
    let sent = Arc::new(AtomicU64::new(0));
    let loading = tokio::spawn(steady(
        hub.addresses.adapters_grpc.clone(),
        country,
        arguments.dossiers,
        (stop.clone(), sent.clone()),
    ));
    let began = Instant::now();
    let result = asked.all("2,000 events/s", report).await;
    let rate = sent.load(Relaxed) as f64 / began.elapsed().as_secs_f64();
    stop.store(true, Relaxed);
    loading.await??;
    report.alone("load reached while asking", rate, "events/s", Aim::None);
    result
}

fn start(data: &std::path::Path, country: &Country) -> Outcome<Hub> {
    let mut options = Options::new(&data.join("data"))?;
    for (name, text) in [
        ("AGENCIES", &country.agencies),
        ("PROCEDURES", &country.procedures),
    ] {
        let file = data.join(format!("{name}.csv"));
        std::fs::write(&file, text)?;
        options.environment.push((
            format!("LIENTHONG_REFERENCE__{name}"),
            format!("[{:?}]", file.display().to_string()),
        ));
    }
    Ok(hub::start(&options)?)
}

/// The questions about dossiers.
pub async fn performance(hub: &Hub) -> Outcome<PerformanceServiceClient<Channel>> {
    let client = PerformanceServiceClient::new(channel(hub).await?);
    Ok(client.max_decoding_message_size(64 << 20))
}

async fn cases(hub: &Hub) -> Outcome<ProcedureQueryServiceClient<Channel>> {
    Ok(ProcedureQueryServiceClient::new(channel(hub).await?))
}

async fn channel(hub: &Hub) -> Outcome<Channel> {
    let address = format!("http://{}", hub.addresses.gateway);
    let endpoint = tonic::transport::Endpoint::from_shared(address)?;
    Ok(endpoint.tcp_nodelay(true).connect().await?)
}

/// Counts every finding of the country, a walk over the facts of all dossiers.
async fn findings(hub: &Hub, report: &mut Report) -> Outcome<()> {
    let mut client = QualityServiceClient::new(channel(hub).await?);
    let mut times = Vec::new();
    for _ in 0..COUNTED {
        let began = Instant::now();
        let answer = client.count_findings(CountFindingsRequest::default());
        check(answer.await?.into_inner().freshness.is_some(), "no answer")?;
        times.push(began.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    let median = times[times.len() / 2];
    report.alone("findings of the country, counted", median, "s", Aim::None);
    Ok(())
}

/// Who asks.
struct Asked {
    performance: PerformanceServiceClient<Channel>,
    cases: ProcedureQueryServiceClient<Channel>,
    country: Arc<Country>,
    dossiers: u64,
    /// Whether there are as many dossiers as the aims are for.
    full: bool,
}

/// The basis of the questions that have one: after the changes of 2026-04-30.
const BASIS: Option<&str> = Some("2026-11-01");

impl Asked {
    async fn all(&self, load: &str, report: &mut Report) -> Outcome<()> {
        let kinds: [(&str, f64); 6] = [
            ("one case", 5.0),
            ("100 overdue dossiers of a province", 20.0),
            ("a province's month", 100.0),
            ("a province's month, another basis", 100.0),
            ("the country's month by province", 1_000.0),
            ("the country's month by province, another basis", 1_000.0),
        ];
        for (kind, (what, aim)) in kinds.into_iter().enumerate() {
            let mut times = Vec::new();
            let mut answered = 0;
            for turn in 0..ASKED {
                let began = Instant::now();
                answered += match kind {
                    0 => self.case(turn).await?,
                    1 => self.overdue(turn).await?,
                    2 => self.province(turn, None).await?,
                    3 => self.province(turn, BASIS).await?,
                    4 => self.country_by_province(turn, None).await?,
                    _ => self.country_by_province(turn, BASIS).await?,
                };
                times.push(began.elapsed());
            }
            check(answered > 0, "every answer was empty")?;
            times.sort_unstable();
            let at =
                |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
            let aim = if self.full {
                Aim::AtMost(aim)
            } else {
                Aim::None
            };
            report.alone(&format!("{what}, {load}: p50"), at(0.5), "ms", Aim::None);
            report.alone(&format!("{what}, {load}: p99"), at(0.99), "ms", aim);
        }
        Ok(())
    }

    async fn case(&self, turn: u64) -> Outcome<u64> {
        let request = GetCaseRequest {
            code: self.country.code(turn * 7_919 % self.dossiers),
            ..GetCaseRequest::default()
        };
        let answer = self.cases.clone().get_case(request).await?.into_inner();
        Ok(answer.case.map_or(0, |case| case.timeline.len() as u64))
    }

    fn unit(&self, turn: u64) -> Option<DossierFilter> {
        let provinces = &self.country.provinces;
        Some(DossierFilter {
            unit_code: provinces[turn as usize % provinces.len()].clone(),
            ..DossierFilter::default()
        })
    }

    async fn overdue(&self, turn: u64) -> Outcome<u64> {
        let request = ListDossiersRequest {
            state: DossierState::Overdue as i32,
            filter: self.unit(turn),
            page_size: 100,
            ..ListDossiersRequest::default()
        };
        let answer = self.performance.clone().list_dossiers(request).await?;
        Ok(answer.into_inner().dossiers.len() as u64)
    }

    async fn province(&self, turn: u64, units_of: Option<&str>) -> Outcome<u64> {
        let request = GetPerformanceRequest {
            filter: self.unit(turn),
            ..self.month(turn, units_of)
        };
        self.received(request).await
    }

    async fn country_by_province(&self, turn: u64, units_of: Option<&str>) -> Outcome<u64> {
        let request = GetPerformanceRequest {
            group_by: Grouping::Province as i32,
            ..self.month(turn, units_of)
        };
        self.received(request).await
    }

    async fn received(&self, request: GetPerformanceRequest) -> Outcome<u64> {
        let answer = self.performance.clone().get_performance(request).await?;
        let total = answer.into_inner().total.unwrap_or_default();
        Ok(total.received)
    }

    /// One of the months of 2026 until October, in turn.
    fn month(&self, turn: u64, units_of: Option<&str>) -> GetPerformanceRequest {
        let month = turn % 10 + 1;
        let last = match month {
            2 => 28,
            4 | 6 | 9 => 30,
            _ => 31,
        };
        GetPerformanceRequest {
            from_day: format!("2026-{month:02}-01"),
            to_day: format!("2026-{month:02}-{last}"),
            basis: units_of.map(|day| Basis {
                units_of: day.into(),
            }),
            ..GetPerformanceRequest::default()
        }
    }
}

/// New dossiers at a steady rate until it is to stop.
async fn steady(
    address: String,
    country: Arc<Country>,
    first: u64,
    (stop, sent): (Arc<AtomicBool>, Arc<AtomicU64>),
) -> Outcome<()> {
    let client = load::connect(&address).await?;
    let mut number = first;
    let pause = Duration::from_micros(1_000_000 * BATCH * EVENTS_A_DOSSIER / RATE);
    let mut ticks = tokio::time::interval(pause);
    let mut calls = tokio::task::JoinSet::new();
    while !stop.load(Relaxed) {
        ticks.tick().await;
        let dossiers = number..number + BATCH;
        let events = dossiers.flat_map(|number| country.events(number)).collect();
        number += BATCH;
        let (mut client, sent) = (client.clone(), sent.clone());
        calls.spawn(async move {
            let request = lienthong_contract::pb::onestop::v1::ReportEventsRequest { events };
            let answer = client.report_events(request).await?.into_inner();
            sent.fetch_add(answer.outcomes.len() as u64, Relaxed);
            Ok::<_, tonic::Status>(())
        });
        while let Some(ended) = calls.try_join_next() {
            ended??;
        }
    }
    while let Some(ended) = calls.join_next().await {
        ended??;
    }
    Ok(())
}
