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
use super::mirror::{AT_ONCE, Held, Joined, Mirror};
use super::peer::{Call, PROTOCOL};
use super::ties::parts_of;
use super::{Cluster, earlier};
use crate::joins::Ties;
use crate::joins::scan::{Only, Sum, sum_tied};
use crate::questions::{check_tables, work};
use crate::views::View;
use crate::views::keyed::{Fact, Keyed};
use futures_util::future::{FutureExt, try_join_all};
use lienthong_contract::pb::projection::v1 as pb;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_domain::reference::Reference;
use pb::get_sum_request::Question;
use std::sync::Arc;

/// What is to be added up.
pub struct Asked<S> {
    /// The question, for the instances.
    pub question: Question,
    /// Which cases to show.
    pub only: Only,
    /// Version of the reference data that the sum joins with.
    pub reference_version: String,
    /// A sum over nothing yet.
    pub sum: S,
}

/// The links that one answer goes by, and how far they were known.
pub type Known = (Arc<Ties>, Vec<At>);

impl<S> Asked<S> {
    /// A question about all cases, whose sum was made with `reference`.
    pub fn all(question: Question, reference: &Reference, sum: S) -> Self {
        Self {
            question,
            only: Only::default(),
            reference_version: reference.version.clone(),
            sum,
        }
    }
}

impl Cluster {
    /// Adds up the case view by these links.
    pub(super) async fn sum_cases<S: Sum + 'static>(
        &self,
        (ties, known): &Known,
        asked: Asked<S>,
    ) -> Result<(S, Vec<At>), Failure> {
        let (sum, then) = add_up(&self.directory, ties.clone(), &self.cases, asked).await?;
        Ok((sum, earlier(known.clone(), then)))
    }
}

/// Adds up every case of a view, and says how far the view was in every partition.
///
/// # Errors
/// `VIEW_UNOWNED`, `VIEW_LOADING`, `REFERENCE_DIFFERS`, and those of the question.
pub async fn add_up<F: Fact, S: Sum + 'static>(
    directory: &Directory,
    ties: Arc<Ties>,
    joined: &Joined<F>,
    asked: Asked<S>,
) -> Result<(S, Vec<At>), Failure> {
    let mut mirrors = joined.hold().await;
    fill_empty(directory, joined.view, &mut mirrors, &ties).await?;
    let by_ties = ties.clone();
    let begin = move || {
        let keys = keys_by_partition(&by_ties, mirrors.len());
        let each = mirrors.iter().zip(keys);
        let wanted = each.map(|(mirror, keys)| mirror.wanted_by_key(keys.into_iter()));
        let wanted: Vec<pb::Wanted> = wanted.collect();
        (mirrors, wanted)
    };
    let (mirrors, wanted) = work(begin).await?;
    let places = (0..).zip(wanted);
    let requests = places.map(|(partition, wanted)| pb::GetSumRequest {
        protocol: PROTOCOL,
        partition,
        wanted: Some(wanted),
        question: Some(asked.question.clone()),
        reference_version: asked.reference_version.clone(),
    });
    let requests = requests.map(|request| sum_of(directory, joined.view, &ties, request).boxed());
    let answers = try_join_all(requests.collect::<Vec<_>>()).await?;
    let tables = answers.iter().map(|answer| &answer.mapping_version[..]);
    check_tables(joined.view, (0..).zip(tables))?;
    let at = answers.iter().map(|answer| {
        let since = answer.waiting_since_time.as_ref();
        At::new(answer.next_offset, since)
    });
    let at = at.collect();
    let total = work(move || join(mirrors, &ties, asked, answers)).await??;
    Ok((total, at))
}

/// Brings mirrors that have nothing yet the parts of ties, some at a time, so that no answer with
/// a sum is large for their sake.
async fn fill_empty<F: Fact>(
    directory: &Directory,
    view: View,
    mirrors: &mut [Mirror<F>],
    ties: &Ties,
) -> Result<(), Failure> {
    if mirrors.iter().all(|mirror| mirror.parts.count_parts() > 0) {
        return Ok(());
    }
    let keys = keys_by_partition(ties, mirrors.len());
    let each = (0..).zip(mirrors.iter_mut().zip(keys));
    let each = each.filter(|(_, (mirror, _))| mirror.parts.count_parts() == 0);
    let each = each.map(|(partition, (mirror, keys))| {
        fill_one_empty(directory, view, partition, mirror, keys).boxed()
    });
    try_join_all(each.collect::<Vec<_>>()).await.map(drop)
}

async fn fill_one_empty<F: Fact>(
    directory: &Directory,
    view: View,
    partition: u32,
    mirror: &mut Mirror<F>,
    keys: Vec<&str>,
) -> Result<(), Failure> {
    for few in keys.chunks(AT_ONCE) {
        let wanted = mirror.wanted_by_key(few.iter().copied());
        let answer = parts_of(directory, view, partition, wanted).await?;
        take(mirror, &answer.parts.unwrap_or_default())?;
    }
    Ok(())
}

/// Takes what an instance gave; in another epoch the mirror begins anew.
fn take<F: Fact>(mirror: &mut Mirror<F>, given: &pb::Parts) -> Result<(), Failure> {
    if mirror.epoch != given.epoch {
        *mirror = Mirror::new(given.epoch);
    }
    mirror.take(given)
}

/// Record keys of the parts of ties, by partition.
fn keys_by_partition(ties: &Ties, partitions: usize) -> Vec<Vec<&str>> {
    let mut keys = vec![Vec::new(); partitions];
    for (partition, key) in &ties.parts {
        keys[*partition as usize].push(&key[..]);
    }
    keys
}

/// One partition's sum, with the parts of ties as far as the mirror does not have them.
async fn sum_of(
    directory: &Directory,
    view: View,
    ties: &Ties,
    mut request: pb::GetSumRequest,
) -> Result<pb::GetSumResponse, Failure> {
    let epoch = request.wanted.as_ref().map_or(0, |wanted| wanted.epoch);
    let answer = ask(directory, view, &request).await?;
    let parts = answer.parts.as_ref();
    if epoch == 0 || parts.is_some_and(|parts| parts.epoch == epoch) {
        return Ok(answer);
    }
    // The numbers mean other parts now: everything is asked for by key.
    let keys = ties.parts.iter();
    let keys = keys.filter(|(partition, _)| *partition == request.partition);
    request.wanted = Some(pb::Wanted {
        keys: keys.map(|(_, key)| key.to_string()).collect(),
        ..pb::Wanted::default()
    });
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

/// Tied cases and the instances' sums together; answers by partition.
fn join<F: Fact, S: Sum>(
    mut mirrors: Held<F>,
    ties: &Ties,
    asked: Asked<S>,
    answers: Vec<pb::GetSumResponse>,
) -> Result<S, Failure> {
    for (mirror, answer) in mirrors.iter_mut().zip(&answers) {
        let given = answer.parts.as_ref();
        take(mirror, given.unwrap_or(&pb::Parts::default()))?;
    }
    let parts: Vec<&Keyed<F>> = mirrors.iter().map(|mirror| &mirror.parts).collect();
    let mut total = asked.sum;
    sum_tied(&parts, ties, &asked.only, &mut total);
    for answer in answers {
        total.add_packed(&answer.sum).map_err(|error| {
            let message = format!("a projector instance's sum does not read: {error}");
            Failure::new(Reason::Internal, message)
        })?;
    }
    Ok(total)
}
