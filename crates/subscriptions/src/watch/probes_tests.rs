#![allow(clippy::unwrap_used, clippy::expect_used)]
//! Probes on a clock that only tests move.

use super::ways::One;
use super::*;
use crate::source::Probed;
use crate::testing::{self, record};
use async_trait::async_trait;
use lienthong_contract::pb::event::v1::{Position, Probe};
use lienthong_contract::pb::procedure::v1 as procedure;
use lienthong_contract::reason::Reason;
use lienthong_contract::reference::{self, Current};
use lienthong_contract::status::Failure;
use lienthong_contract::time::from_millis;
use tokio::sync::watch;
use tokio::time::{advance, sleep, timeout};

const LOST_AFTER: Duration = Duration::from_secs(10);
const NOW_MS: i64 = testing::NOW_MS;

/// Number `number` of a route's probes, one a second, by `instance`.
fn probe(instance: &str, number: u64) -> Probe {
    Probe {
        route: "onestop".to_owned(),
        instance: instance.to_owned(),
        number,
        began_time: Some(from_millis(NOW_MS)),
        every_ms: 1_000,
        previous_durable_us: 2_000,
        failed: 0,
    }
}

fn probed(probe: Probe) -> Probed {
    Probed {
        offset: probe.number,
        recorded_ms: NOW_MS,
        probe,
    }
}

fn ways() -> Ways {
    Ways::new(LOST_AFTER, &["case"])
}

/// One arrives a quarter of a second after it was recorded.
fn arrives(ways: &mut Ways, partition: u32, probe: Probe) -> Option<One> {
    arrives_after(ways, partition, probe, 250)
}

fn arrives_after(ways: &mut Ways, partition: u32, probe: Probe, late_ms: i64) -> Option<One> {
    ways.arrived(partition, &probed(probe), Instant::now(), NOW_MS + late_ms)
}

fn only(ways: &Ways) -> ProbeLag {
    let lags = ways.lags(Instant::now());
    assert_eq!(lags.len(), 1, "{lags:?}");
    lags.into_iter().next().unwrap()
}

/// What was counted as lost on a partition that only one test uses.
fn lost(partition: u32, stage: &str) -> u64 {
    let text = lienthong_telemetry::scrape().unwrap();
    let of = [
        format!("messaging_destination_partition_id=\"{partition}\""),
        format!("stage=\"{stage}\""),
    ];
    let is_it = |line: &&str| {
        line.starts_with("lienthong_probe_lost_total{") && of.iter().all(|of| line.contains(of))
    };
    let line = text.lines().find(is_it).expect("a series");
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn probes_that_arrive_are_told_with_what_they_took() {
    let mut ways = ways();
    let one = arrives(&mut ways, 901, probe("a", 7)).unwrap();
    ways.queryable("case", &one, Instant::now(), NOW_MS + 300);
    let lag = only(&ways);
    assert_eq!(
        (&*lag.route, lag.partition, &*lag.instance),
        ("onestop", 901, "a")
    );
    assert_eq!((lag.number, &*lag.status, lag.lost), (7, "arriving", 0));
    assert_eq!(
        (lag.durable_seconds, lag.delivered_seconds),
        (Some(0.002), Some(0.25))
    );
    assert_eq!(lag.queryable_seconds["case"], 0.3);
    for stage in ["adapter", "subscriber", "queryable/case"] {
        assert_eq!(lost(901, stage), 0, "{stage}");
    }
    let stages = ways.stages.told(Instant::now());
    let told: Vec<_> = stages.iter().map(|one| (&*one.stage, one.count)).collect();
    assert_eq!(told, [("log", 1), ("queryable", 1), ("subscriber", 1)]);
    let queryable = &stages[1];
    assert!(
        (queryable.max_seconds - 0.298).abs() < 0.003,
        "{queryable:?}"
    );
    assert_eq!(queryable.owner, "hub");
}

#[tokio::test(start_paused = true)]
async fn a_number_that_is_left_out_is_lost_unless_the_log_refused_it() {
    let mut ways = ways();
    arrives(&mut ways, 902, probe("a", 1)).unwrap();
    let refused = Probe {
        failed: 2,
        ..probe("a", 4)
    };
    arrives(&mut ways, 902, refused.clone()).unwrap();
    assert_eq!(only(&ways).status, "arriving");
    let after = Probe {
        number: 8,
        ..refused.clone()
    };
    arrives(&mut ways, 902, after).unwrap();
    let lag = only(&ways);
    assert_eq!(
        (&*lag.status, lag.lost, lost(902, "subscriber")),
        ("lost", 3, 3)
    );
    assert!(lag.reason.contains("3 before number 8"), "{}", lag.reason);
    assert_eq!(arrives(&mut ways, 902, refused), None, "it is known");
    let next = Probe {
        failed: 2,
        ..probe("a", 9)
    };
    arrives(&mut ways, 902, next).unwrap();
    assert_eq!((&*only(&ways).status, only(&ways).lost), ("arriving", 3));
}

#[tokio::test(start_paused = true)]
async fn silence_counts_each_that_should_have_come_and_ends_with_the_next() {
    let mut ways = ways();
    for number in 1..=5 {
        arrives(&mut ways, 903, probe("a", number)).unwrap();
        ways.look(Instant::now());
        advance(Duration::from_secs(1)).await;
    }
    // The one due after the last is missed 11 s after that.
    advance(Duration::from_millis(9_500)).await;
    ways.look(Instant::now());
    assert_eq!(
        (&*only(&ways).status, lost(903, "adapter")),
        ("arriving", 0)
    );
    for _ in 0..40 {
        advance(Duration::from_millis(250)).await;
        ways.look(Instant::now());
    }
    let lag = only(&ways);
    assert_eq!(
        (&*lag.status, lag.lost, lost(903, "adapter")),
        ("silent", 10, 10)
    );
    assert!(lag.reason.contains("number 5"), "{}", lag.reason);
    // What comes late now was counted.
    arrives_after(&mut ways, 903, probe("a", 6), 12_000).unwrap();
    arrives_after(&mut ways, 903, probe("a", 7), 11_000).unwrap();
    assert_eq!((lost(903, "adapter"), lost(903, "subscriber")), (10, 0));
    arrives(&mut ways, 903, probe("a", 8)).unwrap();
    assert_eq!((&*only(&ways).status, only(&ways).lost), ("arriving", 10));
}

#[tokio::test(start_paused = true)]
async fn one_that_left_without_a_word_is_forgotten_after_an_hour_and_one_with_a_word_at_once() {
    let mut ways = ways();
    arrives(&mut ways, 904, probe("a", 1)).unwrap();
    arrives(&mut ways, 904, probe("b", 1)).unwrap();
    let goodbye = Probe {
        every_ms: 0,
        ..probe("b", 2)
    };
    arrives(&mut ways, 904, goodbye).unwrap();
    assert_eq!(only(&ways).instance, "a");
    advance(Duration::from_secs(3_500)).await;
    ways.look(Instant::now());
    assert_eq!(only(&ways).status, "silent");
    advance(Duration::from_secs(200)).await;
    ways.look(Instant::now());
    assert_eq!(ways.lags(Instant::now()), []);
    let counted = lost(904, "adapter");
    advance(Duration::from_secs(200)).await;
    ways.look(Instant::now());
    assert_eq!(lost(904, "adapter"), counted);
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_begins_anew_loses_nothing_by_that() {
    let mut ways = ways();
    arrives(&mut ways, 905, probe("a", 70)).unwrap();
    let anew = |number| Probe {
        began_time: Some(from_millis(NOW_MS + 5_000)),
        ..probe("a", number)
    };
    arrives(&mut ways, 905, anew(1)).unwrap();
    assert_eq!(
        arrives(&mut ways, 905, probe("a", 71)),
        None,
        "of the one before"
    );
    arrives(&mut ways, 905, anew(2)).unwrap();
    let lag = only(&ways);
    assert_eq!((&*lag.status, lag.number, lag.lost), ("arriving", 2, 0));
}

#[tokio::test(start_paused = true)]
async fn what_comes_late_is_lost_once_the_reading_has_caught_up() {
    let mut ways = ways();
    arrives_after(&mut ways, 906, probe("a", 1), 60_000).unwrap();
    assert_eq!(lost(906, "subscriber"), 0, "the process has just begun");
    arrives(&mut ways, 906, probe("a", 2)).unwrap();
    arrives_after(&mut ways, 906, probe("a", 3), 10_001).unwrap();
    let lag = only(&ways);
    assert_eq!((&*lag.status, lost(906, "subscriber")), ("lost", 1));
    assert!(lag.reason.contains("number 3"), "{}", lag.reason);
    let unknown = Probe {
        route: "another".to_owned(),
        ..probe("a", 4)
    };
    assert_eq!(arrives(&mut ways, 906, unknown), None);
}

/// Views that stand at an offset, or do not answer.
struct Views(watch::Sender<u64>);

#[async_trait]
impl Questions for Views {
    async fn wait_for(&self, _: &str, at: &[Position], limit: Duration) -> Result<(), Failure> {
        let mut next = self.0.subscribe();
        let reached = timeout(limit, next.wait_for(|next| *next > at[0].offset)).await;
        match reached {
            Ok(_) => Ok(()),
            Err(_) => Err(Failure::new(Reason::ViewNotCaughtUp, "not yet")),
        }
    }

    async fn case(
        &self,
        _: procedure::GetCaseRequest,
    ) -> Result<procedure::GetCaseResponse, Failure> {
        unreachable!("probes only wait")
    }

    async fn cases(
        &self,
        _: procedure::ListCasesRequest,
    ) -> Result<procedure::ListCasesResponse, Failure> {
        unreachable!("probes only wait")
    }

    async fn horizontal(
        &self,
        _: procedure::GetHorizontalRequest,
    ) -> Result<procedure::GetHorizontalResponse, Failure> {
        unreachable!("probes only wait")
    }

    async fn vertical(
        &self,
        _: procedure::GetVerticalRequest,
    ) -> Result<procedure::GetVerticalResponse, Failure> {
        unreachable!("probes only wait")
    }

    async fn path_statistics(
        &self,
        _: procedure::GetPathStatisticsRequest,
    ) -> Result<procedure::GetPathStatisticsResponse, Failure> {
        unreachable!("probes only wait")
    }
}

/// A watch of the view `case` on one partition; each second a probe of the offset of its number.
struct Watching {
    probes: Arc<Probes>,
    views: Arc<Views>,
    partition: u32,
    number: u64,
    shutdown: CancellationToken,
}

impl Watching {
    fn start(partition: u32, stands_at: u64) -> Self {
        let views = Arc::new(Views(watch::Sender::new(stands_at)));
        let probes = Arc::new(Probes {
            ways: Mutex::new(ways()),
            questions: Some(views.clone()),
            askers: vec![Arc::new(Asker::new("case", partition))],
        });
        let shutdown = CancellationToken::new();
        tokio::spawn(run(probes.clone(), shutdown.clone()));
        Self {
            probes,
            views,
            partition,
            number: 0,
            shutdown,
        }
    }

    async fn go_on(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.number += 1;
            let probe = Probed {
                recorded_ms: now_millis(),
                ..probed(probe("a", self.number))
            };
            let block = Block {
                partition: self.partition,
                first: self.number,
                next: self.number + 1,
                entries: Vec::new(),
                bytes: bytes::Bytes::new(),
                marks: vec![1],
                probes: vec![probe],
            };
            self.probes.take(&block, self.number);
            sleep(Duration::from_secs(1)).await;
        }
    }

    fn lag(&self) -> ProbeLag {
        only(&self.probes.ways())
    }
}

#[tokio::test(start_paused = true)]
async fn a_view_that_stalls_loses_probes_until_it_goes_on() {
    let mut watching = Watching::start(907, u64::MAX);
    watching.go_on(5).await;
    assert_eq!(
        (&*watching.lag().status, lost(907, "queryable/case")),
        ("arriving", 0)
    );
    assert!(watching.lag().queryable_seconds["case"] < 1.0);
    watching.views.0.send_replace(0);
    watching.go_on(9).await;
    assert_eq!(watching.lag().status, "arriving", "late, not lost");
    watching.go_on(16).await;
    let lag = watching.lag();
    assert_eq!(lag.status, "lost");
    assert!(
        lag.reason.contains("the view case did not see"),
        "{}",
        lag.reason
    );
    assert!(lag.queryable_seconds.is_empty(), "{lag:?}");
    // 25 s of silence: those of the first 15 s are lost.
    let counted = lost(907, "queryable/case");
    assert!((14..=16).contains(&counted), "{counted}");
    watching.views.0.send_replace(u64::MAX);
    watching.go_on(3).await;
    let after = lost(907, "queryable/case");
    assert!(after <= counted + 1, "those that waited less were not lost");
    watching.go_on(15).await;
    assert_eq!(
        (&*watching.lag().status, lost(907, "queryable/case")),
        ("arriving", after)
    );
    watching.shutdown.cancel();
}

#[tokio::test(start_paused = true)]
async fn a_view_that_loads_has_lost_nothing() {
    let mut watching = Watching::start(908, 0);
    watching.go_on(60).await;
    assert_eq!(
        (&*watching.lag().status, lost(908, "queryable/case")),
        ("arriving", 0)
    );
    watching.views.0.send_replace(u64::MAX);
    watching.go_on(3).await;
    watching.views.0.send_replace(0);
    watching.go_on(15).await;
    assert_eq!(watching.lag().status, "lost");
}

#[tokio::test]
async fn a_watch_over_a_log_sees_probes_that_no_subscriber_is_told_of() {
    let (_dir, log) = testing::log(1);
    let source = testing::source(log.clone()).await;
    let handles = Handles {
        blocks: source.clone(),
        questions: None,
        reference: Current::new(reference::demo().unwrap()),
    };
    let config = Config {
        rhythms: None,
        lost_after: LOST_AFTER,
    };
    let shutdown = CancellationToken::new();
    let watch = crate::watch::start(config, handles, shutdown.clone());
    let records = vec![
        record("C1", "1"),
        testing::probe("population", 1),
        record("C1", "2"),
        testing::probe("qcvn120", 1),
    ];
    testing::append(log.as_ref(), records).await;
    use lienthong_contract::ports::Watched;
    let seen = async {
        while watch.probes(now_millis()).len() < 2 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(20), seen)
        .await
        .expect("both routes");
    let routes: Vec<_> = watch
        .probes(now_millis())
        .into_iter()
        .map(|lag| lag.route)
        .collect();
    assert_eq!(routes, ["population", "qcvn120"]);
    use crate::source::Blocks;
    let block = source.block(0, 0).await.unwrap().unwrap();
    let ids: Vec<_> = block.entries.iter().map(|entry| entry.offset).collect();
    assert_eq!(ids, [0, 2]);
    shutdown.cancel();
    watch.finished().await;
}
