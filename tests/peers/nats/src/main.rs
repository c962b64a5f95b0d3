//! The workload of the hub's durable subscriptions on NATS JetStream: a stream on disk, one durable
//! pull consumer with explicit acknowledgement. Prints one line of JSON.
//!
//! What is timed is timed as on the hub's side: the rate ends when the server itself says that
//! everything is acknowledged, and a delay runs from the sender's acknowledgement to the consumer.

use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::{self, stream};
use bytes::Bytes;
use clap::{Parser, Subcommand};
use futures_util::StreamExt;
use serde::Serialize;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Name of the stream and of its consumer.
const NAME: &str = "events";
/// Publications on their way at once while the stream is filled.
const FILLING: usize = 1_024;

#[derive(Parser)]
struct Arguments {
    /// `host:port` of the server.
    #[arg(long)]
    server: String,
    /// Bytes of each event.
    #[arg(long)]
    size: usize,
    /// Events delivered and not acknowledged, at most.
    #[arg(long)]
    window: usize,
    #[command(subcommand)]
    workload: Workload,
}

#[derive(Subcommand)]
enum Workload {
    /// Events a second, delivered and acknowledged, from a stream that holds so many.
    Filled {
        #[arg(long)]
        events: u64,
    },
    /// From publication acknowledged to delivered at a steady rate.
    Live {
        #[arg(long)]
        rate: u64,
        #[arg(long)]
        seconds: u64,
        #[arg(long)]
        senders: u64,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Figures {
    Filled { per_second: f64, events: u64 },
    Live { delays_us: Vec<f64>, sent: u64 },
}

#[tokio::main]
async fn main() -> Result<(), Fault> {
    let arguments = Arguments::parse();
    let client = async_nats::connect(&arguments.server).await?;
    let context = jetstream::new(client);
    // Each run has a stream of its own.
    let _ = context.delete_stream(NAME).await;
    let config = stream::Config {
        name: NAME.to_owned(),
        subjects: vec![format!("{NAME}.>")],
        storage: stream::StorageType::File,
        ..stream::Config::default()
    };
    let stream = context.create_stream(config).await?;
    let figures = match arguments.workload {
        Workload::Filled { events } => filled(&context, &stream, &arguments, events).await?,
        Workload::Live {
            rate,
            seconds,
            senders,
        } => live(&context, &stream, &arguments, (rate, seconds, senders)).await?,
    };
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}

async fn consumer(stream: &stream::Stream, window: usize) -> Result<PullConsumer, Fault> {
    let config = pull::Config {
        durable_name: Some(NAME.to_owned()),
        ack_policy: AckPolicy::Explicit,
        max_ack_pending: i64::try_from(window)?,
        ack_wait: Duration::from_secs(30),
        ..pull::Config::default()
    };
    Ok(stream.create_consumer(config).await?)
}

async fn filled(
    context: &jetstream::Context,
    stream: &stream::Stream,
    arguments: &Arguments,
    events: u64,
) -> Result<Figures, Fault> {
    let body = Bytes::from(vec![7_u8; arguments.size]);
    let mut published = futures_util::stream::iter(0..events)
        .map(|number| {
            let publish = context.publish(subject(number), body.clone());
            async move { publish.await?.await }
        })
        .buffer_unordered(FILLING);
    while let Some(done) = published.next().await {
        done?;
    }
    let mut consumer = consumer(stream, arguments.window).await?;
    let began = Instant::now();
    let mut messages = pulled(&consumer, arguments.window).await?;
    for _ in 0..events {
        let message = messages.next().await.ok_or("the consumer ended")??;
        message.ack().await?;
    }
    // An acknowledgement is a message without an answer: only the server knows when it is in force.
    while consumer.info().await?.ack_floor.stream_sequence < events {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(Figures::Filled {
        per_second: events as f64 / began.elapsed().as_secs_f64(),
        events,
    })
}

async fn pulled(consumer: &PullConsumer, window: usize) -> Result<pull::Stream, Fault> {
    let stream = consumer.stream().max_messages_per_batch(window);
    Ok(stream.messages().await?)
}

async fn live(
    context: &jetstream::Context,
    stream: &stream::Stream,
    arguments: &Arguments,
    (rate, seconds, senders): (u64, u64, u64),
) -> Result<Figures, Fault> {
    let body = Bytes::from(vec![7_u8; arguments.size]);
    let consumer = consumer(stream, arguments.window).await?;
    let mut messages = pulled(&consumer, arguments.window).await?;
    let (told, mut acknowledged) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    for sender in 0..senders {
        let (context, body, told) = (context.clone(), body.clone(), told.clone());
        tasks.spawn(async move {
            let mut ticks =
                tokio::time::interval(Duration::from_micros(1_000_000 * senders / rate));
            let began = Instant::now();
            let mut number = sender;
            while began.elapsed() < Duration::from_secs(seconds) {
                ticks.tick().await;
                let publish = context.publish(subject(number), body.clone()).await?;
                let sequence = publish.await?.sequence;
                let _ = told.send((sequence, Instant::now()));
                number += senders;
            }
            Ok::<_, Fault>(())
        });
    }
    drop(told);
    let mut delivered: HashMap<u64, Instant> = HashMap::new();
    let quiet = Duration::from_secs(3);
    while let Ok(message) = tokio::time::timeout(quiet, messages.next()).await {
        let message = message.ok_or("the consumer ended")??;
        let sequence = message.info()?.stream_sequence;
        delivered.insert(sequence, Instant::now());
        message.ack().await?;
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let mut delays_us = Vec::new();
    let mut sent = 0;
    while let Some((sequence, at)) = acknowledged.recv().await {
        sent += 1;
        let seen = delivered
            .get(&sequence)
            .ok_or("an acknowledged event was not delivered")?;
        delays_us.push(seen.saturating_duration_since(at).as_secs_f64() * 1e6);
    }
    delays_us.sort_by(f64::total_cmp);
    Ok(Figures::Live { delays_us, sent })
}

fn subject(number: u64) -> String {
    format!("{NAME}.{}", number % 10)
}
