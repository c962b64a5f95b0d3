//! A subscriber over HTTP: server-sent events, gone on with `Last-Event-ID` after each end, as a
//! browser's EventSource does.

use super::diary::{Seen, Shared, SharedNames, What, lock};
use super::doors::{Gateways, pause};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper_util::rt::TokioIo;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::Deserialize;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A subscriber over HTTP.
#[derive(Clone)]
pub struct Reader {
    /// Path and query of the stream, from the beginning, with a heartbeat of at most two seconds.
    pub path: String,
    /// Decides when he goes.
    pub seed: u64,
    /// Where he goes.
    pub gateways: Gateways,
    /// What he was told.
    pub diary: Shared,
    /// The names in it.
    pub names: SharedNames,
}

/// What is read of a CloudEvent.
#[derive(Deserialize)]
struct CloudEvent {
    specversion: String,
    source: String,
    id: String,
    partitionkey: String,
    data: serde_json::Value,
}

/// The stream as an EventSource reads it.
#[derive(Default)]
struct Parser {
    line: Vec<u8>,
    event: String,
    data: String,
    id: Option<String>,
}

/// One event of the stream.
struct Sent {
    event: String,
    data: String,
    /// What `Last-Event-ID` is from here on, if it changes.
    id: Option<String>,
}

/// Where a reader goes on.
#[derive(Debug, Default)]
struct Place {
    last_id: Option<String>,
    /// Notes in the diary when it was told.
    notes: usize,
}

/// Reads until told to stop.
pub async fn run(reader: Reader, stop: CancellationToken) {
    let mut dice = StdRng::seed_from_u64(reader.seed);
    let mut place = Place::default();
    let mut turn = reader.seed as usize;
    while !stop.is_cancelled() {
        let ended = tokio::select! {
            ended = session(&reader, &mut place, &mut dice, turn) => ended,
            () = stop.cancelled() => return,
        };
        turn += 1;
        if let Err(words) = ended {
            lock(&reader.diary).hear(&words);
        }
        tokio::select! {
            () = pause(None) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn session(
    reader: &Reader,
    place: &mut Place,
    dice: &mut StdRng,
    turn: usize,
) -> Result<(), String> {
    let broken = |_| "the connection broke".to_owned();
    let door = reader
        .gateways
        .of_turn(turn)
        .map_err(|status| status.to_string())?;
    let socket = tokio::net::TcpStream::connect(&door.http)
        .await
        .map_err(|_| "nobody listens".to_owned())?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket))
        .await
        .map_err(|_| "the connection broke".to_owned())?;
    let connection = tokio::spawn(connection);
    let _ends = connection.abort_handle();
    let mut request = Request::builder()
        .uri(&reader.path)
        .header("host", &door.http)
        .header("accept", "text/event-stream");
    if let Some(id) = place.last_id.as_deref() {
        request = request.header("last-event-id", id);
    }
    let request = request
        .body(Empty::<Bytes>::new())
        .map_err(|error| error.to_string())?;
    let answer = sender.send_request(request).await.map_err(broken)?;
    if answer.status() != 200 {
        let status = answer.status();
        if !status.is_server_error() {
            lock(&reader.diary).say(format!("events over HTTP: {status}"));
        }
        return Err(status.to_string());
    }
    let goes_after = dice.random_range(1..200);
    let mut body = answer.into_body();
    let mut parser = Parser::default();
    {
        let mut diary = lock(&reader.diary);
        diary.open();
        diary.note(0, What::Resumed(place.notes));
    }
    for _ in 0..goes_after {
        let frame = tokio::time::timeout(Duration::from_secs(5), body.frame()).await;
        let Some(frame) = frame.map_err(|_| "silence".to_owned())? else {
            return Ok(());
        };
        let frame = frame.map_err(broken)?;
        let data = frame.into_data().unwrap_or_default();
        for sent in parser.take(&data) {
            hear(reader, &sent);
            if let Some(id) = sent.id {
                place.last_id = Some(id);
                place.notes = lock(&reader.diary).notes.len();
            }
        }
    }
    lock(&reader.diary).hear("the subscriber left");
    Ok(())
}

/// Notes what came.
fn hear(reader: &Reader, sent: &Sent) {
    if sent.data.is_empty() {
        return;
    }
    if !matches!(sent.event.as_str(), "" | "message") {
        lock(&reader.diary).hear(&sent.event);
        return;
    }
    let seen = seen(&reader.names, &sent.data);
    let mut diary = lock(&reader.diary);
    match seen {
        Ok(seen) => diary.note(0, What::Told(seen)),
        Err(words) => diary.say(format!("{words}: {}", sent.data)),
    }
}

/// A CloudEvent as it is noted.
///
/// # Errors
/// What is missing in it.
pub fn seen(names: &SharedNames, text: &str) -> Result<Seen, String> {
    let event: CloudEvent = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if event.specversion != "1.0" {
        return Err("it is of another version".to_owned());
    }
    if event.data.pointer("/header/protected").is_some() {
        return Err("it has its protected part".to_owned());
    }
    let mut names = lock(names);
    Ok(Seen {
        event: names.identity(&event.source, &event.id),
        key: names.of(&event.partitionkey),
        partition: 0,
        offset: u64::MAX,
        sequence: 0,
        attempt: 0,
        day: 0,
    })
}

impl Parser {
    /// Takes bytes in; the events that they complete. One without data only changes the last id.
    fn take(&mut self, bytes: &[u8]) -> Vec<Sent> {
        let mut sent = Vec::new();
        for byte in bytes {
            if *byte != b'\n' {
                self.line.push(*byte);
                continue;
            }
            let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
            let line = line.trim_end_matches('\r');
            if line.is_empty() {
                let data = std::mem::take(&mut self.data);
                let event = std::mem::take(&mut self.event);
                let id = self.id.take();
                if !data.is_empty() || id.is_some() {
                    sent.push(Sent { event, data, id });
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "data" if self.data.is_empty() => self.data = value.to_owned(),
                "data" => {
                    self.data.push('\n');
                    self.data.push_str(value);
                }
                "event" => self.event = value.to_owned(),
                "id" => self.id = Some(value.to_owned()),
                _ => {}
            }
        }
        sent
    }
}
