//! Sums over all cases, gathered from every partition's instance.
//!
//! ```text
//! instances:  case view                           gateway
//!   who mentions what ------------------------->  parts that are not plainly one case
//!   those parts, as far as they changed ------->  their ties
//!             any view
//!   the parts of ties, as far as they changed ->  tied cases, joined
//!   the sum of all others --------------------->  + everything merged
//! ```
//! The ties are those of the moment the question was asked or later, the facts of a partition
//! those of one moment after that: as in one process, where a path view is joined by what the
//! case view knew just before.

use super::directory::Directory;
use super::freshness::At;
use super::links::Links;
use super::mirror::Mirror;
use super::one::parts_of;
use super::peer::{Call, PROTOCOL};
use crate::joins::index::Index;
use crate::joins::scan::{Only, Sum, sum_tied};
use crate::joins::{Ties, ties};
use crate::questions::work;
use crate::views::View;
use crate::views::case::CaseFact;
use crate::views::keyed::{Fact, Keyed};
use futures_util::future::{FutureExt, try_join_all};
use lienthong_contract::pb::projection::v1 as pb;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use pb::get_sum_request::Question;
use std::sync::Arc;
use tokio::sync::Mutex;

/// What is joined here of one view.
pub struct Joined<F> {
    /// By partition.
    mirrors: Arc<Mutex<Vec<Mirror<F>>>>,
}

impl<F: Fact> Joined<F> {
    /// Nothing yet.
    pub fn new(partitions: u32) -> Self {
        let mirrors = (0..partitions).map(|_| Mirror::new(0)).collect();
        Self {
            mirrors: Arc::new(Mutex::new(mirrors)),
        }
    }
}

/// The ties found last, with the epochs and versions of the mirrors they were found in.
pub type KnownTies = Mutex<Option<(Vec<(u64, u64)>, Arc<Ties>)>>;

/// The cases that are not plainly one part, and how far the case view was in every partition.
///
/// # Errors
/// `VIEW_UNOWNED`, `VIEW_LOADING`.
pub async fn ties_now(
    directory: &Directory,
    links: &Links,
    cases: &Joined<CaseFact>,
    known: &KnownTies,
) -> Result<(Arc<Ties>, Vec<At>), Failure> {
    loop {
        let at = links.refresh(directory).await?;
        let mut mirrors = cases.mirrors.clone().lock_owned().await;
        let (epochs, numbers) = {
            let known = links.known();
            (known.epochs(), known.not_plain())
        };
        for (mirror, epoch) in mirrors.iter_mut().zip(&epochs) {
            if mirror.epoch != *epoch {
                *mirror = Mirror::new(*epoch);
            }
        }
        let wanted = mirrors.iter().zip(numbers);
        let wanted = wanted.map(|(mirror, numbers)| mirror.wanted(numbers));
        let requests = (0..).zip(wanted).filter(|(_, one)| !one.numbers.is_empty());
        let requests = requests.map(|(partition, wanted)| {
            parts_of(directory, partition, wanted).boxed()
        });
        let given = try_join_all(requests.collect::<Vec<_>>()).await?;
        let given = given.into_iter();
        let given: Vec<(u32, pb::Parts)> = given
            .map(|(partition, answer)| (partition, answer.parts.unwrap_or_default()))
            .collect();
        // A partition that was replaced meanwhile gave nothing: everything is asked again.
        let replaced = |(partition, parts): &(u32, pb::Parts)| {
            parts.epoch != epochs[*partition as usize]
        };
        if given.iter().any(replaced) {
            continue;
        }
        for (partition, parts) in &given {
            mirrors[*partition as usize].take(parts)?;
        }
        let mut known = known.lock().await;
        let of: Vec<_> = mirrors.iter().map(|one| (one.epoch, one.version)).collect();
        if let Some((known_of, ties)) = known.as_ref()
            && *known_of == of
        {
            return Ok((ties.clone(), at));
        }
        let found = Arc::new(work(move || find(&mirrors)).await?);
        *known = Some((of, found.clone()));
        return Ok((found, at));
    }
}

fn find(mirrors: &[Mirror<CaseFact>]) -> Ties {
    let index = Index::default();
    for (partition, mirror) in (0..).zip(mirrors) {
        index.replace(partition, mirror.parts.mentions());
    }
    let parts: Vec<&Keyed<CaseFact>> = mirrors.iter().map(|mirror| &mirror.parts).collect();
    ties(&index, &parts)
}

/// What is to be added up.
pub struct Asked<S> {
    /// The view.
    pub view: View,
    /// The question, for the instances.
    pub question: Question,
    /// Which cases to show.
    pub only: Only,
    /// A sum over nothing yet.
    pub sum: S,
}

/// Adds up every case of a view, and says how far the view was in every partition.
///
/// # Errors
/// `VIEW_UNOWNED`, `VIEW_LOADING`, and those of the question.
pub async fn add_up<F: Fact, S: Sum + 'static>(
    directory: &Directory,
    ties: Arc<Ties>,
    joined: &Joined<F>,
    asked: Asked<S>,
) -> Result<(S, Vec<At>), Failure> {
    let mut mirrors = joined.mirrors.clone().lock_owned().await;
    let mut keys: Vec<Vec<&str>> = mirrors.iter().map(|_| Vec::new()).collect();
    for (partition, key) in &ties.parts {
        keys[*partition as usize].push(key);
    }
    let places = (0..).zip(mirrors.iter().zip(&keys));
    let requests = places.map(|(partition, (mirror, keys))| {
        sum_of(directory, asked.view, partition, mirror, keys, &asked.question).boxed()
    });
    let answers = try_join_all(requests.collect::<Vec<_>>()).await?;
    let mut at = Vec::new();
    let mut sums = Vec::new();
    for (mirror, answer) in mirrors.iter_mut().zip(answers) {
        let parts = answer.parts.unwrap_or_default();
        if mirror.epoch != parts.epoch {
            *mirror = Mirror::new(parts.epoch);
        }
        mirror.take(&parts)?;
        at.push(At::new(answer.next_offset, answer.waiting_since_time.as_ref()));
        sums.push(answer.sum);
    }
    let (only, mut total) = (asked.only, asked.sum);
    let total = work(move || {
        let parts: Vec<&Keyed<F>> = mirrors.iter().map(|mirror| &mirror.parts).collect();
        sum_tied(&parts, &ties, &only, &mut total);
        for sum in sums {
            total.add_packed(&sum).map_err(|error| {
                let message = format!("a projector instance's sum does not read: {error}");
                Failure::new(Reason::Internal, message)
            })?;
        }
        Ok::<S, Failure>(total)
    })
    .await??;
    Ok((total, at))
}

/// One partition's sum, with the parts of ties as far as the mirror does not have them.
async fn sum_of<F: Fact>(
    directory: &Directory,
    view: View,
    partition: u32,
    mirror: &Mirror<F>,
    keys: &[&str],
    question: &Question,
) -> Result<pb::GetSumResponse, Failure> {
    let mut request = pb::GetSumRequest {
        protocol: PROTOCOL,
        partition,
        wanted: Some(mirror.wanted_by_key(keys.iter().copied())),
        question: Some(question.clone()),
    };
    let epoch = mirror.epoch;
    let answer = ask(directory, view, &request).await?;
    let same = answer.parts.as_ref().is_some_and(|parts| parts.epoch == epoch);
    if epoch == 0 || same {
        return Ok(answer);
    }
    // The numbers mean other parts now: everything is asked for by key.
    request.wanted = Some(Mirror::<F>::new(0).wanted_by_key(keys.iter().copied()));
    ask(directory, view, &request).await
}

async fn ask(
    directory: &Directory,
    view: View,
    request: &pb::GetSumRequest,
) -> Result<pb::GetSumResponse, Failure> {
    let call: Call<'_, _> = &|peer| {
        let request = request.clone();
        async move { peer.sum(request).await }.boxed()
    };
    directory.ask(view, request.partition, call).await
}
