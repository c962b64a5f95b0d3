//! From acknowledged to visible, at a steady 2,000 events/s.

use crate::floors::disk::Disk;
use crate::{Arguments, Outcome};
use lienthong_contract::pb::procedure::v1::GetCaseRequest;
use lienthong_contract::pb::procedure::v1::procedure_query_service_client::ProcedureQueryServiceClient;
use lienthong_tests::hub::{self, Options};
use lienthong_tests::measure::load;
use lienthong_tests::measure::report::{Aim, Report};
use lienthong_tests::sample;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Steady rate, events a second.
const RATE: u64 = 2_000;
/// One event in so many is asked for; the senders take turns, so that questions do not queue.
const SAMPLED: u64 = 20;

/// Sends at the steady rate from 16 senders; for one event in 20 asks for its case with
/// the acknowledged position and times the answer. The same read without waiting tells
/// what of that is the read itself.
pub async fn measure(arguments: &Arguments, disk: &Disk, report: &mut Report) -> Outcome<()> {
    let data = tempfile::tempdir()?;
    let hub = hub::start(&Options::new(data.path())?)?;
    let (samples, mut seen) = mpsc::unbounded_channel();
    let senders = 16;
    let length = Duration::from_secs(arguments.seconds.max(10));
    let mut tasks = tokio::task::JoinSet::new();
    for sender in 0..senders {
        let mut client = load::connect(&hub.addresses.adapters_grpc).await?;
        let samples = samples.clone();
        tasks.spawn(async move {
            let mut ticks =
                tokio::time::interval(Duration::from_micros(1_000_000 * senders / RATE));
            let began = Instant::now();
            let mut number = 0;
            while began.elapsed() < length {
                ticks.tick().await;
                let case = number * senders + sender;
                let position = load::one(&mut client, sample::event_of("steady", case, 0)).await?;
                if (number + sender) % SAMPLED == 0 {
                    let _ = samples.send((case, position, Instant::now()));
                }
                number += 1;
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(number)
        });
    }
    drop(samples);
    let channel =
        tonic::transport::Endpoint::from_shared(format!("http://{}", hub.addresses.gateway))?
            .connect()
            .await?;
    let reader = tokio::spawn(async move {
        let mut client = ProcedureQueryServiceClient::new(channel);
        let (mut visible, mut plain) = (Vec::new(), Vec::new());
        while let Some((case, position, acknowledged)) = seen.recv().await {
            let mut ask = GetCaseRequest {
                code: sample::dossier_code(case),
                min_positions: vec![position],
                max_wait_ms: 5_000,
                ..GetCaseRequest::default()
            };
            client.get_case(ask.clone()).await?;
            visible.push(acknowledged.elapsed());
            ask.min_positions.clear();
            let start = Instant::now();
            client.get_case(ask).await?;
            plain.push(start.elapsed());
        }
        Ok::<_, tonic::Status>((visible, plain))
    });
    let mut sent = 0;
    while let Some(done) = tasks.join_next().await {
        sent += done??;
    }
    let (mut visible, mut plain) = reader.await??;
    visible.sort_unstable();
    plain.sort_unstable();
    let at = |times: &[Duration], share: f64| {
        times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6
    };
    report.alone(
        "steady load reached",
        sent as f64 / length.as_secs_f64(),
        "events/s",
        Aim::None,
    );
    report.compare(
        "acknowledged to visible, p50 (read included)",
        at(&visible, 0.5),
        "fdatasync p50",
        disk.fdatasync_p50_us,
        "us",
        Aim::None,
    );
    report.compare(
        "acknowledged to visible, p99 (read included)",
        at(&visible, 0.99),
        "fdatasync p99",
        disk.fdatasync_p99_us,
        "us",
        Aim::RatioAtMost(5.0),
    );
    report.alone("the read alone, p50", at(&plain, 0.5), "us", Aim::None);
    report.alone("the read alone, p99", at(&plain, 0.99), "us", Aim::None);
    Ok(())
}
