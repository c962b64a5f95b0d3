//! The ties between dossiers of all partitions, as they are when a question is asked.
//!
//! ```text
//! who mentions what (asked anew)  -->  parts that are not plainly one case
//! those parts, as they changed    -->  their ties, found by the code of one process
//! ```

use super::directory::Directory;
use super::freshness::At;
use super::links::Links;
use super::mirror::{AT_ONCE, Held, Joined, Mirror};
use super::peer::{Call, PROTOCOL};
use crate::joins::index::Index;
use crate::joins::{Ties, ties};
use crate::questions::work;
use crate::views::View;
use crate::views::case::CaseFact;
use crate::views::keyed::Keyed;
use futures_util::future::{FutureExt, try_join_all};
use lienthong_contract::pb::projection::v1 as pb;
use lienthong_contract::status::Failure;
use std::sync::Arc;
use tokio::sync::Mutex;

/// The ties found last, with the epochs and versions of the mirrors they were found in.
pub type KnownTies = Mutex<Option<(Vec<(u64, u64)>, Arc<Ties>)>>;

/// The cases that are not plainly one part, and how far the case view was in every partition.
///
/// # Errors
/// `VIEW_UNOWNED`, `VIEW_LOADING`.
pub async fn ties_now(
    directory: &Directory,
    links: &Arc<Links>,
    cases: &Joined<CaseFact>,
    known: &KnownTies,
) -> Result<(Arc<Ties>, Vec<At>), Failure> {
    loop {
        let at = links.refresh(directory).await?;
        let (mut mirrors, links) = (cases.hold().await, links.clone());
        let begin = move || {
            let wanted = wanted_of_links(&mut mirrors, &links);
            (mirrors, wanted)
        };
        let (mirrors, wanted) = work(begin).await?;
        // A partition that was replaced meanwhile gave nothing: everything is asked again.
        let Some(mirrors) = fill(directory, mirrors, wanted).await? else {
            continue;
        };
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

/// The parts that are not plain, in the epochs that the links are of.
fn wanted_of_links(mirrors: &mut [Mirror<CaseFact>], links: &Links) -> Vec<Vec<pb::Wanted>> {
    let (epochs, numbers) = {
        let known = links.known();
        (known.epochs(), known.not_plain())
    };
    let each = mirrors.iter_mut().zip(epochs).zip(numbers);
    each.map(|((mirror, epoch), mut numbers)| {
        if mirror.epoch != epoch {
            *mirror = Mirror::new(epoch);
        }
        numbers.sort_unstable();
        numbers.dedup();
        let few = numbers.chunks(AT_ONCE);
        few.map(|few| mirror.wanted(few.to_vec())).collect()
    })
    .collect()
}

/// Brings the mirrors what they do not have of the parts wanted; requests by partition. None if a
/// partition is in another epoch.
async fn fill(
    directory: &Directory,
    mut mirrors: Held<CaseFact>,
    wanted: Vec<Vec<pb::Wanted>>,
) -> Result<Option<Held<CaseFact>>, Failure> {
    let each = (0..).zip(mirrors.iter_mut()).zip(wanted);
    let each = each.map(|((partition, mirror), wanted)| {
        fill_one(directory, partition, mirror, wanted).boxed()
    });
    let same = try_join_all(each.collect::<Vec<_>>()).await?;
    Ok(same.into_iter().all(|same| same).then_some(mirrors))
}

async fn fill_one(
    directory: &Directory,
    partition: u32,
    mirror: &mut Mirror<CaseFact>,
    wanted: Vec<pb::Wanted>,
) -> Result<bool, Failure> {
    for mut wanted in wanted {
        let size = mirror.parts.names().size();
        (wanted.texts, wanted.parties) = (size.names, size.parties);
        let epoch = wanted.epoch;
        let parts = parts_of(directory, View::Case, partition, wanted).await?;
        let parts = parts.parts.unwrap_or_default();
        if parts.epoch != epoch {
            return Ok(false);
        }
        mirror.take(&parts)?;
    }
    Ok(true)
}

/// Parts of a partition.
///
/// # Errors
/// `VIEW_UNOWNED`, `VIEW_LOADING`.
pub async fn parts_of(
    directory: &Directory,
    view: View,
    partition: u32,
    wanted: pb::Wanted,
) -> Result<pb::GetPartsResponse, Failure> {
    let request = pb::GetPartsRequest {
        protocol: PROTOCOL,
        view: view.name().to_owned(),
        partition,
        wanted: Some(wanted),
    };
    let call: Call<'_, _> = &|peer| {
        let request = request.clone();
        async move { peer.parts(request).await }.boxed()
    };
    directory.ask(view, partition, call).await
}

fn find(mirrors: &[Mirror<CaseFact>]) -> Ties {
    let index = Index::default();
    for (partition, mirror) in (0..).zip(mirrors) {
        index.replace(partition, mirror.parts.mentions());
    }
    let parts: Vec<&Keyed<CaseFact>> = mirrors.iter().map(|mirror| &mirror.parts).collect();
    ties(&index, &parts)
}
