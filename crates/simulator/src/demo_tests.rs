#![allow(clippy::unwrap_used)]
use super::*;
use crate::double::{Double, Turn};
use tonic::Status;

const NOW_MS: i64 = 1_791_421_200_000;

async fn endpoints(double: &Double) -> Endpoints {
    to(vec![double.serve().await.adapters])
}

fn to(addresses: Vec<Uri>) -> Endpoints {
    Endpoints {
        adapters: System::ALL.map(|system| (system, addresses.clone())).into(),
    }
}

fn config() -> Config {
    Config {
        cases: 60,
        rate: 20_000,
        ..Config::new(7, NOW_MS)
    }
}

#[tokio::test]
async fn everything_planned_is_answered_and_every_lie_is_rejected() {
    let double = Double::with([Turn::Fail(Status::unavailable("starting"))]);
    let endpoints = endpoints(&double).await;
    // Spawned, as the product does: the future must be able to move between threads.
    let run = tokio::spawn(run(endpoints, config(), |_| {}, CancellationToken::new()));
    let summary = run.await.unwrap().unwrap();
    let progress = summary.progress;
    assert!(progress.planned > 600, "{summary:?}");
    assert_eq!(progress.sent, progress.planned);
    assert_eq!(progress.acknowledged + progress.rejected, progress.planned);
    assert_eq!(progress.rejected, summary.malformed);
    assert!(summary.malformed > 0 && progress.duplicates > 0 && progress.resent > 0);
    assert_eq!(
        (
            summary.cases,
            summary.examples.len(),
            summary.positions.len()
        ),
        (60, 5, 2)
    );
}

#[tokio::test]
async fn adapters_share_the_cases_of_a_system_and_each_case_keeps_to_one() {
    let doubles = [Double::default(), Double::default()];
    let mut addresses = Vec::new();
    for double in &doubles {
        addresses.push(double.serve().await.adapters);
    }
    let summary = run(to(addresses), config(), |_| {}, CancellationToken::new());
    let progress = summary.await.unwrap().progress;
    assert_eq!(progress.acknowledged + progress.rejected, progress.planned);
    let received = doubles.map(|double| double.received());
    let counts = received.each_ref().map(Vec::len);
    assert_eq!(counts.iter().sum::<usize>() as u64, progress.planned);
    assert!(counts.iter().all(|count| *count > 100), "{counts:?}");
    let [one, other] = received.map(BTreeSet::from_iter);
    assert!(one.is_disjoint(&other), "an event went to both");
}

#[tokio::test]
async fn an_adapter_that_is_lost_is_replaced_by_the_other() {
    let double = Double::default();
    let gone: Uri = "http://127.0.0.1:1".parse().unwrap();
    let addresses = vec![gone, double.serve().await.adapters];
    let summary = run(to(addresses), config(), |_| {}, CancellationToken::new());
    let progress = summary.await.unwrap().progress;
    assert_eq!(progress.acknowledged + progress.rejected, progress.planned);
}

#[tokio::test]
async fn shutdown_ends_it_early_with_what_was_done() {
    let double = Double::default();
    let endpoints = endpoints(&double).await;
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    let on_progress = move |progress: Progress| {
        if progress.acknowledged > 0 {
            stop.cancel();
        }
    };
    let config = Config {
        cases: 200,
        rate: 100,
        ..config()
    };
    let summary = run(endpoints, config, on_progress, shutdown).await.unwrap();
    let progress = summary.progress;
    assert!(
        0 < progress.acknowledged && progress.acknowledged < progress.planned,
        "{progress:?}"
    );
}
