//! Streams over a log on disk: what a subscriber is told, and what he is promised.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::source::{Blocks, Source};
use crate::testing::{Counting, append, log, log_with, records, source};
use crate::token;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use lienthong_contract::pb::subscription::v1::subscribe_response::Message;
use lienthong_contract::pb::subscription::v1::{
    self as pb, Attributes, Beginning, SubscribeRequest, SubscribeResponse, start::Place as At,
};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time::from_millis;
use lienthong_eventlog::{EventLog, ReadError};
use prost::Message as _;
use std::collections::{BTreeMap, BTreeSet};
use tokio_util::sync::CancellationToken;

type Told = BoxStream<'static, Result<SubscribeResponse, tonic::Status>>;

fn at(place: At) -> Option<Start> {
    Some(Start { place: Some(place) })
}

fn beginning() -> Option<Start> {
    at(At::Beginning(Beginning {}))
}

fn until_caught_up(start: Option<Start>) -> SubscribeRequest {
    SubscribeRequest {
        start,
        until_caught_up: true,
        ..SubscribeRequest::default()
    }
}

fn streaming(source: &Arc<Source>) -> Streaming {
    let blocks: Arc<dyn Blocks> = source.clone();
    Streaming::new(blocks, Config::default(), CancellationToken::new())
}

async fn subscribe(source: &Arc<Source>, request: SubscribeRequest) -> Result<Told, Failure> {
    decoded(&streaming(source), request).await
}

async fn decoded(streaming: &Streaming, request: SubscribeRequest) -> Result<Told, Failure> {
    let told = streaming.subscribe(request).await?;
    let message = |told: Result<lienthong_contract::codec::Encoded, tonic::Status>| {
        let bytes = told?.encode_to_vec();
        Ok(SubscribeResponse::decode(&bytes[..]).unwrap())
    };
    Ok(told.map(message).boxed())
}

async fn next(told: &mut Told) -> Message {
    told.next().await.unwrap().unwrap().message.unwrap()
}

/// A marker without what it says, or how many events.
fn name(message: &Message) -> &'static str {
    match message {
        Message::Events(_) => "events",
        Message::CaughtUp(_) => "caught up",
        Message::FellBehind(_) => "fell behind",
        Message::Checkpoint(_) => "checkpoint",
        Message::GoingAway(_) => "going away",
        Message::Heartbeat(_) => "heartbeat",
    }
}

fn token_of(message: &Message) -> String {
    match message {
        Message::Events(told) => told.token.clone(),
        Message::CaughtUp(told) => told.token.clone(),
        Message::FellBehind(told) => told.token.clone(),
        Message::Checkpoint(told) => told.token.clone(),
        Message::GoingAway(told) => told.token.clone(),
        Message::Heartbeat(_) => String::new(),
    }
}

/// Everything until the stream ends.
async fn all(mut told: Told) -> Vec<Message> {
    let mut messages = Vec::new();
    while let Some(message) = told.next().await {
        messages.push(message.unwrap().message.unwrap());
    }
    messages
}

/// Case, id and position of every event told.
fn events(messages: &[Message]) -> Vec<(String, String, (u32, u64))> {
    let deliveries = messages.iter().flat_map(|message| match message {
        Message::Events(events) => events.deliveries.clone(),
        _ => Vec::new(),
    });
    let told = deliveries.map(|delivery| {
        let position = delivery.position.unwrap();
        let header = delivery.event.unwrap().header.unwrap();
        assert_eq!(header.protected, None);
        let place = (position.partition, position.offset);
        (delivery.partition_key, header.id, place)
    });
    told.collect()
}

/// Ids of each case, in the order told.
fn by_case(messages: &[Message]) -> BTreeMap<String, Vec<u64>> {
    let mut cases: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (case, id, _) in events(messages) {
        cases.entry(case).or_default().push(id.parse().unwrap());
    }
    cases
}

#[tokio::test]
async fn everything_is_told_once_in_the_order_of_each_case_and_the_stream_ends() {
    let (_dir, log) = log(4);
    append(&*log, records(50, 0, 20_000)).await;
    let source = source(log).await;
    let told = all(subscribe(&source, until_caught_up(beginning()))
        .await
        .unwrap())
    .await;
    assert_eq!(name(&told[0]), "checkpoint");
    let names: Vec<&str> = told[told.len() - 2..].iter().map(name).collect();
    assert_eq!(names, ["caught up", "going away"]);
    let Message::GoingAway(end) = told.last().unwrap() else {
        panic!()
    };
    assert_eq!(end.why(), Why::CaughtUp);
    let cases = by_case(&told);
    assert_eq!(cases.values().map(Vec::len).sum::<usize>(), 20_000);
    for ids in cases.values() {
        assert!(ids.is_sorted() && ids.len() == 400);
    }
}

#[tokio::test]
async fn every_token_resumes_with_exactly_the_rest() {
    let (_dir, log) = log(3);
    append(&*log, records(20, 0, 3_000)).await;
    let source = source(log).await;
    let told = all(subscribe(&source, until_caught_up(beginning()))
        .await
        .unwrap())
    .await;
    let everything: BTreeSet<_> = events(&told).into_iter().collect();
    let mut seen = BTreeSet::new();
    for message in &told {
        seen.extend(events(std::slice::from_ref(message)));
        let start = at(At::Token(token_of(message)));
        let rest = all(subscribe(&source, until_caught_up(start)).await.unwrap()).await;
        let rest = events(&rest);
        let rest_set: BTreeSet<_> = rest.iter().cloned().collect();
        assert_eq!(rest_set.len(), rest.len());
        assert!(rest_set.is_disjoint(&seen));
        assert_eq!(rest_set.len() + seen.len(), everything.len());
    }
}

#[tokio::test]
async fn a_token_after_each_event_resumes_behind_it() {
    let (_dir, log) = log(2);
    append(&*log, records(5, 0, 40)).await;
    let source = source(log).await;
    let blocks: Arc<dyn Blocks> = source.clone();
    let wanted = Wanted {
        start: beginning(),
        filter: Filter::everything(),
        until: Until::CaughtUp,
        heartbeat: Duration::from_secs(15),
    };
    let shutdown = CancellationToken::new();
    let mut items = open(blocks, wanted, &Config::default(), shutdown)
        .await
        .unwrap();
    let Item::Checkpoint { mut place } = items.next().await.unwrap().unwrap() else {
        panic!("no checkpoint first")
    };
    let mut seen = 0;
    while let Some(Ok(item)) = items.next().await {
        let Item::Events { parts, .. } = item else {
            continue;
        };
        for part in &parts {
            for entry in part.entries() {
                let mark = part.block.mark(entry.offset);
                place.go_on(part.block.partition, entry.offset + 1, mark);
                seen += 1;
                let start = at(At::Token(place.token()));
                let rest = all(subscribe(&source, until_caught_up(start)).await.unwrap()).await;
                assert_eq!(events(&rest).len() + seen, 40);
            }
        }
    }
    assert_eq!(seen, 40);
}

#[tokio::test]
async fn what_happens_is_told_as_it_happens_after_the_end_was_reached() {
    let (_dir, log) = log(4);
    append(&*log, records(5, 0, 100)).await;
    let source = source(log.clone()).await;
    let mut told = subscribe(&source, SubscribeRequest::default())
        .await
        .unwrap();
    assert_eq!(name(&next(&mut told).await), "checkpoint");
    assert_eq!(name(&next(&mut told).await), "caught up");
    assert!(told.next().now_or_never().is_none());
    for id in 100..120 {
        append(&*log, records(5, id, id + 1)).await;
        let message = next(&mut told).await;
        assert_eq!(events(&[message])[0].1, id.to_string());
    }
}

#[tokio::test]
async fn only_what_fits_is_told_and_the_place_goes_on_all_the_same() {
    let (_dir, log) = log(4);
    append(&*log, records(100, 0, 5_000)).await;
    let source = source(log).await;
    let values = [("partitionkey".to_owned(), "C7".to_owned())];
    let exact = pb::filter::Dialect::Exact(Attributes {
        values: values.into_iter().collect(),
    });
    let mut request = until_caught_up(beginning());
    request.filters = vec![pb::Filter {
        dialect: Some(exact),
    }];
    let told = all(subscribe(&source, request).await.unwrap()).await;
    let cases = by_case(&told);
    let expected: Vec<u64> = (0..50).map(|nth| nth * 100 + 7).collect();
    assert_eq!(cases.into_values().collect::<Vec<_>>(), [expected]);
    let start = at(At::Token(token_of(told.last().unwrap())));
    let rest = all(subscribe(&source, until_caught_up(start)).await.unwrap()).await;
    assert_eq!(events(&rest).len(), 0);
}

#[tokio::test]
async fn neighbours_and_single_events_of_a_block_are_cut_out_of_it_alike() {
    let (_dir, log) = log(1);
    append(&*log, records(7, 0, 700)).await;
    let source = source(log).await;
    let is = |case: &str| pb::Filter {
        dialect: Some(pb::filter::Dialect::Exact(Attributes {
            values: [("partitionkey".to_owned(), case.to_owned())].into(),
        })),
    };
    let mut request = until_caught_up(beginning());
    let filters = vec![is("C1"), is("C2"), is("C5")];
    request.filters = vec![pb::Filter {
        dialect: Some(pb::filter::Dialect::Any(pb::Filters { filters })),
    }];
    let told = all(subscribe(&source, request).await.unwrap()).await;
    let ids = events(&told).into_iter().map(|(_, id, _)| id);
    let ids: Vec<usize> = ids.map(|id| id.parse().unwrap()).collect();
    let expected: Vec<usize> = (0..700)
        .filter(|id| [1, 2, 5].contains(&(id % 7)))
        .collect();
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn a_slow_subscriber_falls_behind_misses_nothing_and_comes_back() {
    let (_dir, log) = log(2);
    append(&*log, records(10, 0, 10)).await;
    let source = source(log.clone()).await;
    let mut told = subscribe(&source, until_far(beginning())).await.unwrap();
    let mut messages = Vec::new();
    while messages.last().map(name) != Some("caught up") {
        messages.push(next(&mut told).await);
    }
    // More than the shelves hold, while nobody asks.
    append(&*log, records(10, 10, 30_000)).await;
    while source.ends().iter().sum::<u64>() < 30_000 {
        source.grown(&source.ends()).await;
    }
    let mut back = Vec::new();
    while back.last().map(name) != Some("caught up") {
        back.push(next(&mut told).await);
    }
    assert_eq!(name(&back[0]), "fell behind");
    let Message::FellBehind(behind) = &back[0] else {
        panic!()
    };
    assert!(behind.records > 20_000, "{}", behind.records);
    messages.extend(back);
    for (_, ids) in by_case(&messages) {
        let step: Vec<u64> = ids.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(ids.len() == 3_000 && step.iter().all(|step| *step == 10));
    }
}

fn until_far(start: Option<Start>) -> SubscribeRequest {
    SubscribeRequest {
        start,
        ..SubscribeRequest::default()
    }
}

#[tokio::test]
async fn repeats_of_an_event_are_told_once() {
    let (_dir, log) = log(2);
    append(&*log, records(10, 0, 500)).await;
    append(&*log, records(10, 0, 500)).await;
    append(&*log, records(10, 400, 600)).await;
    let source = source(log.clone()).await;
    let told = all(subscribe(&source, until_caught_up(beginning()))
        .await
        .unwrap())
    .await;
    assert_eq!(events(&told).len(), 600);
    append(&*log, records(10, 590, 601)).await;
    let told = all(subscribe(&source, until_caught_up(beginning()))
        .await
        .unwrap())
    .await;
    assert_eq!(events(&told).len(), 601);
}

#[tokio::test]
async fn a_time_begins_with_what_was_recorded_from_then_on() {
    let (_dir, log) = log(1);
    let mut some = records(3, 0, 30);
    for (nth, record) in some.iter_mut().enumerate() {
        record.recorded_ms += nth as i64 * 1_000;
    }
    let from = some[20].recorded_ms;
    append(&*log, some).await;
    let source = source(log).await;
    let start = at(At::Time(from_millis(from)));
    let told = all(subscribe(&source, until_caught_up(start)).await.unwrap()).await;
    assert_eq!(events(&told).len(), 10);
    let start = at(At::Time(from_millis(-1)));
    let told = all(subscribe(&source, until_caught_up(start)).await.unwrap()).await;
    assert_eq!(events(&told).len(), 30);
}

#[tokio::test]
async fn a_start_that_does_not_hold_is_refused_with_its_field() {
    let (_dir, log) = log(1);
    let source = source(log).await;
    let nanos = prost_types::Timestamp {
        seconds: 1,
        nanos: -1,
    };
    for (start, field) in [
        (Some(Start { place: None }), "start"),
        (at(At::Time(nanos)), "start.time"),
        (at(At::Token("nonsense".to_owned())), "start.token"),
    ] {
        let failure = subscribe(&source, until_far(start)).await.err().unwrap();
        assert_eq!(failure.violations[0].field, field, "{failure}");
    }
    let request = SubscribeRequest {
        heartbeat_s: 301,
        filters: vec![pb::Filter { dialect: None }],
        ..SubscribeRequest::default()
    };
    let failure = subscribe(&source, request).await.err().unwrap();
    assert_eq!(failure.reason, Reason::RequestMalformed);
    let fields: Vec<&str> = failure.violations.iter().map(|v| &*v.field).collect();
    assert!(fields.contains(&"heartbeat_s") && fields[0].starts_with("filters[0]"));
}

#[tokio::test]
async fn a_token_of_another_log_is_told_from_one_of_this() {
    let (_dir, ours) = log(2);
    append(&*ours, records(9, 0, 300)).await;
    let source_ours = source(ours).await;
    let token = source_ours.token(&[100, 100]).await.unwrap();
    let start = || at(At::Token(token.clone()));
    assert!(subscribe(&source_ours, until_far(start())).await.is_ok());
    let theirs = [
        (2, records(9, 1_000, 1_400)),
        (2, records(9, 0, 100)),
        (3, records(9, 0, 300)),
    ];
    for (partitions, records) in theirs {
        let (_dir, log) = log(partitions);
        append(&*log, records).await;
        let source = source(log).await;
        let failure = subscribe(&source, until_far(start())).await.err().unwrap();
        assert_eq!(failure.reason, Reason::TokenForeign, "{failure}");
    }
    // A copy of the log is no other.
    let (_dir, copy) = log(2);
    append(&*copy, records(9, 0, 300)).await;
    let copy = source(copy).await;
    assert!(subscribe(&copy, until_far(start())).await.is_ok());
}

#[tokio::test]
async fn a_place_that_retention_removed_is_an_error_with_a_token_that_works() {
    let (_dir, log) = log_with(1, |config| {
        config.segment_bytes = 64 * 1024;
        config.max_record_bytes = 16 * 1024;
        config.retention_bytes = Some(256 * 1024);
    });
    append(&*log, records(3, 0, 100)).await;
    let source = source(log.clone()).await;
    let old = source.token(&[50]).await.unwrap();
    let mut slow = subscribe(&source, until_far(beginning())).await.unwrap();
    assert_eq!(name(&next(&mut slow).await), "checkpoint");
    append(&*log, records(3, 100, 20_000)).await;
    let retained = log.clone();
    let removed = move || retained.enforce_retention(crate::testing::NOW_MS);
    assert!(tokio::task::spawn_blocking(removed).await.unwrap() > 0);
    source.grown(&[19_999]).await;
    let start = at(At::Token(old));
    let failure = subscribe(&source, until_far(start)).await.err().unwrap();
    assert_eq!(failure.reason, Reason::PositionGone, "{failure}");
    let earliest = at(At::Token(failure.metadata["earliest_token"].clone()));
    let told = all(subscribe(&source, until_caught_up(earliest)).await.unwrap()).await;
    let first = log.bounds(0).await.unwrap().start;
    assert_eq!(events(&told)[0].2, (0, first));
    assert_eq!(events(&told).len() as u64, 20_000 - first);
    // One who was slow learns the same.
    let status = loop {
        match slow.next().await.unwrap() {
            Ok(message) => assert_ne!(name(&message.message.unwrap()), "caught up"),
            Err(status) => break status,
        }
    };
    assert_eq!(status.code(), tonic::Code::OutOfRange);
}

#[tokio::test]
async fn a_stream_ends_with_a_token_when_the_gateway_goes_down_or_the_stream_is_old() {
    let (_dir, log) = log(2);
    append(&*log, records(3, 0, 10)).await;
    let source = source(log).await;
    let shutdown = CancellationToken::new();
    let streaming = |max_age| {
        let blocks: Arc<dyn Blocks> = source.clone();
        Streaming::new(blocks, Config { max_age }, shutdown.clone())
    };
    let old = streaming(Duration::ZERO);
    let told = all(decoded(&old, until_far(beginning())).await.unwrap()).await;
    let Message::GoingAway(end) = told.last().unwrap() else {
        panic!()
    };
    assert_eq!(end.why(), Why::Age);
    let start = at(At::Token(end.token.clone()));
    let day = Duration::from_secs(86_400);
    let mut told = decoded(&streaming(day), until_far(start)).await.unwrap();
    let mut messages = Vec::new();
    while messages.last().map(name) != Some("caught up") {
        messages.push(next(&mut told).await);
    }
    assert_eq!(events(&messages).len(), 10);
    shutdown.cancel();
    let rest = all(told).await;
    let [Message::GoingAway(end)] = &rest[..] else {
        panic!("{rest:?}")
    };
    assert_eq!(end.why(), Why::Draining);
    assert_eq!(end.token, token_of(messages.last().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn silence_is_broken_by_heartbeats_and_checkpoints_tell_of_what_does_not_fit() {
    let blocks = Arc::new(Growing::default());
    let options = Options {
        filter: nothing(),
        until: None,
        heartbeat: Duration::from_secs(7),
        max_age: Duration::from_secs(3_600),
    };
    let place = Place::new(vec![0], vec![0]);
    let follow = follow(blocks.clone(), place, options, CancellationToken::new());
    let mut items = follow.map(|item| encode::message(item.unwrap()).encode_to_vec());
    let mut names = Vec::new();
    for _ in 0..4 {
        let message = SubscribeResponse::decode(&items.next().await.unwrap()[..]);
        names.push(name(&message.unwrap().message.unwrap()));
    }
    assert_eq!(names, ["checkpoint", "caught up", "heartbeat", "heartbeat"]);
    blocks.grow(10);
    let began = tokio::time::Instant::now();
    let message = SubscribeResponse::decode(&items.next().await.unwrap()[..]);
    let Message::Checkpoint(checkpoint) = message.unwrap().message.unwrap() else {
        panic!()
    };
    let place = token::Place::of_token(&checkpoint.token).unwrap();
    assert_eq!((place.positions(), place.marks()), (&[10][..], &[77][..]));
    assert!(began.elapsed() <= Duration::from_secs(5));
}

fn nothing() -> Filter {
    let values = [("type".to_owned(), "none".to_owned())];
    let dialect = pb::filter::Dialect::Exact(Attributes {
        values: values.into_iter().collect(),
    });
    let filter = pb::Filter {
        dialect: Some(dialect),
    };
    Filter::compile(&[filter], "filters").unwrap()
}

/// A source of one partition in memory that grows when it is told to.
struct Growing(tokio::sync::watch::Sender<u64>);

impl Default for Growing {
    fn default() -> Self {
        Self(tokio::sync::watch::Sender::new(0))
    }
}

impl Growing {
    fn grow(&self, end: u64) {
        self.0.send_replace(end);
    }
}

#[async_trait::async_trait]
impl Blocks for Growing {
    fn partitions(&self) -> u32 {
        1
    }

    fn ends(&self) -> Vec<u64> {
        vec![*self.0.borrow()]
    }

    async fn block(&self, _: u32, offset: u64) -> Result<Option<Arc<Block>>, ReadError> {
        let end = *self.0.borrow();
        let block = Block {
            partition: 0,
            first: offset,
            next: end,
            entries: Vec::new(),
            bytes: bytes::Bytes::new(),
            marks: vec![77; end.saturating_sub(offset) as usize],
            probes: Vec::new(),
        };
        Ok((offset < end).then(|| Arc::new(block)))
    }

    async fn grown(&self, positions: &[u64]) {
        let mut end = self.0.subscribe();
        let _ = end.wait_for(|end| *end > positions[0]).await;
    }

    async fn place(&self, _: &Start) -> Result<Vec<u64>, Failure> {
        Ok(vec![0])
    }

    async fn token(&self, positions: &[u64]) -> Result<String, Failure> {
        Ok(Place::new(positions.to_vec(), Vec::new()).token())
    }
}

#[tokio::test]
async fn many_streams_over_the_same_range_cost_about_one_reading() {
    let (_dir, log) = log(2);
    append(&*log, records(10, 0, 20_000)).await;
    let counting = Arc::new(Counting::new(log));
    let source = source(counting.clone()).await;
    let told = count(&source).await;
    assert_eq!(told, 20_000);
    let one = counting.read();
    let many = futures_util::future::join_all((0..100).map(|_| count(&source))).await;
    assert_eq!(many, [20_000; 100]);
    let read = counting.read() - one;
    assert!(read < 2 * one, "{read} records were read for 100 streams");
}

/// How many events a stream tells from the beginning to the end.
async fn count(source: &Arc<Source>) -> usize {
    let blocks: Arc<dyn Blocks> = source.clone();
    let wanted = Wanted {
        start: beginning(),
        filter: Filter::everything(),
        until: Until::CaughtUp,
        heartbeat: Duration::from_secs(15),
    };
    let shutdown = CancellationToken::new();
    let config = Config::default();
    let items = open(blocks, wanted, &config, shutdown).await.unwrap();
    let events = |item: Result<Item, Failure>| async {
        match item.unwrap() {
            Item::Events { parts, .. } => parts.iter().map(|part| part.entries().count()).sum(),
            _ => 0,
        }
    };
    let items = items.then(events);
    items
        .fold(0, |sum, more: usize| async move { sum + more })
        .await
}

#[tokio::test]
async fn a_log_that_cannot_be_read_any_more_ends_its_streams_with_an_error_and_no_wrong_event() {
    let (_dir, log) = log(1);
    append(&*log, records(3, 0, 100)).await;
    let damaged = Arc::new(Counting::new(log));
    let source = source(damaged.clone()).await;
    let request = SubscribeRequest {
        heartbeat_s: 1,
        ..until_far(beginning())
    };
    let mut told = subscribe(&source, request).await.unwrap();
    let mut messages = Vec::new();
    while messages.last().map(name) != Some("caught up") {
        messages.push(next(&mut told).await);
    }
    damaged.damage(100);
    append(&*damaged, records(3, 100, 200)).await;
    let status = loop {
        match told.next().await.unwrap() {
            Ok(message) => messages.push(message.message.unwrap()),
            Err(status) => break status,
        }
    };
    assert_eq!(status.code(), tonic::Code::Unavailable);
    assert_eq!(events(&messages).len(), 100);
}

#[tokio::test]
async fn a_log_that_never_stands_still_keeps_no_stream_from_catching_up_or_ending() {
    let (_dir, log) = log(2);
    append(&*log, records(10, 0, 3_000)).await;
    let source = source(log.clone()).await;
    let stop = CancellationToken::new();
    let (stopped, ends) = (stop.clone(), source.clone());
    let busy = tokio::spawn(async move {
        let mut id = 3_000;
        while !stopped.is_cancelled() {
            let before = ends.ends();
            append(&*log, records(10, id, id + 20)).await;
            ends.grown(&before).await;
            id += 20;
        }
    });
    let ended = all(subscribe(&source, until_caught_up(beginning()))
        .await
        .unwrap())
    .await;
    assert_eq!(name(ended.last().unwrap()), "going away");
    let mut told = subscribe(&source, until_far(beginning())).await.unwrap();
    while name(&next(&mut told).await) != "caught up" {}
    stop.cancel();
    busy.await.unwrap();
}
