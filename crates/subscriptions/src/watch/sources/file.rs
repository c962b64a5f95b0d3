//! The rhythms in a file, so that they outlive the process. A cache: without it they are learned
//! again from what the log keeps.

use super::seen::Seen;
use super::{MOST, State};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lienthong_domain::rhythm::{HOURS, Minutes, OBSERVED_HOURS, Rhythm};
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The layout written and read.
const VERSION: u32 = 1;
/// Hours that a file may name: to the year 9999.
const LATEST_HOUR: i64 = 80_000_000;

/// What a file holds.
#[derive(Serialize, Deserialize)]
pub(super) struct Saved {
    version: u32,
    /// The place of the log up to which everything is in here.
    pub(super) token: String,
    observed: Hours,
    sources: Vec<Source>,
}

#[derive(Serialize, Deserialize)]
struct Source {
    source: String,
    /// When an event was recorded last, milliseconds since the epoch.
    last_ms: i64,
    reported: Hours,
}

/// Minutes by hour.
#[derive(Serialize, Deserialize)]
struct Hours {
    /// Number of the last hour, since 1970-01-01 at +07:00.
    newest: i64,
    /// 64 bits an hour, little-endian, the oldest first, in base64; the first minute is the lowest
    /// bit.
    minutes: String,
}

impl Hours {
    fn of(minutes: &Minutes) -> Self {
        let hours = minutes.oldest_first().skip_while(|bits| *bits == 0);
        let bytes: Vec<u8> = hours.flat_map(u64::to_le_bytes).collect();
        Self {
            newest: minutes.newest().unwrap_or_default(),
            minutes: STANDARD.encode(bytes),
        }
    }

    /// None if it does not hold together.
    fn restore(&self, hours: usize) -> Option<Minutes> {
        let bytes = STANDARD.decode(&self.minutes).ok()?;
        let (words, rest) = bytes.as_chunks::<8>();
        let holds =
            rest.is_empty() && words.len() <= hours && (0..LATEST_HOUR).contains(&self.newest);
        let words: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
        holds.then(|| Minutes::restore(hours, self.newest, &words))
    }
}

impl Saved {
    /// What is known, without its place.
    pub(super) fn of(state: &State) -> Self {
        let source = |(urn, seen): (&String, &Seen)| Source {
            source: urn.clone(),
            last_ms: seen.last_ms(),
            reported: Hours::of(seen.rhythm.reported()),
        };
        Self {
            version: VERSION,
            token: String::new(),
            observed: Hours::of(&state.observed),
            sources: state.by_urn.iter().map(source).collect(),
        }
    }

    /// Adds it to what is known.
    pub(super) fn put(self, state: &mut State) {
        let now = std::mem::replace(&mut state.observed, Minutes::new(OBSERVED_HOURS));
        let before = self.observed.restore(OBSERVED_HOURS);
        state.observed = join(before, &now, OBSERVED_HOURS);
        for source in self.sources.into_iter().take(MOST) {
            let before = source.reported.restore(HOURS);
            // What came since the start is few.
            let seen = state
                .by_urn
                .remove(source.source.as_str())
                .unwrap_or_default();
            let reported = join(before, seen.rhythm.reported(), HOURS);
            let known = seen.known(Rhythm::of(reported), source.last_ms);
            state.by_urn.insert(source.source, known);
        }
    }
}

/// The minutes of both.
fn join(before: Option<Minutes>, now: &Minutes, hours: usize) -> Minutes {
    let mut joined = before.unwrap_or_else(|| Minutes::new(hours));
    let newest = now.newest().unwrap_or_default();
    let first = newest + 1 - now.oldest_first().count() as i64;
    for (hour, mut bits) in (first..).zip(now.oldest_first()) {
        while bits != 0 {
            joined.mark(hour * 60 + i64::from(bits.trailing_zeros()));
            bits &= bits - 1;
        }
    }
    joined
}

/// The file, if there is one that this version reads.
pub(super) async fn read(path: Option<PathBuf>) -> Option<Saved> {
    let path = path?;
    let shown = path.display().to_string();
    let read = tokio::task::spawn_blocking(move || std::fs::read(path)).await;
    let bytes = match read.ok()? {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(error) => {
            tracing::warn!(path = shown, %error, "the rhythms of sources cannot be read; they are learned again from the log");
            return None;
        }
    };
    match serde_json::from_slice::<Saved>(&bytes) {
        Ok(saved) if saved.version == VERSION => Some(saved),
        Ok(_) | Err(_) => {
            tracing::warn!(
                path = shown,
                "the file of rhythms is not of this version or damaged; they are learned again from the log"
            );
            None
        }
    }
}

/// Writes the file, whole or not at all.
pub(super) async fn write(path: PathBuf, saved: Saved) {
    let shown = path.display().to_string();
    let written = tokio::task::spawn_blocking(move || replace(&path, &saved)).await;
    if let Ok(Err(error)) = written {
        tracing::warn!(path = shown, %error, "the rhythms of sources are not written down");
    }
}

fn replace(path: &Path, saved: &Saved) -> std::io::Result<()> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    let unfinished = path.with_extension("unfinished");
    std::fs::write(&unfinished, serde_json::to_vec(saved)?)?;
    std::fs::rename(unfinished, path)
}
