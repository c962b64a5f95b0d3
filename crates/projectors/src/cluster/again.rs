//! Rebuilds and verifications of a view on all instances that keep some of it, told as one.

use super::directory::{Directory, Holder, unowned};
use super::peer::Told;
use crate::rebuild::stream_of;
use crate::views::View;
use futures_util::future::{FutureExt, try_join_all};
use futures_util::stream::{BoxStream, StreamExt, select_all};
use lienthong_contract::pb::operations::v1::{
    DigestComparison, RebuildProgress, VerifyViewsResponse,
};
use lienthong_contract::pb::projection::v1 as pb;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use std::collections::BTreeMap;
use tokio::sync::mpsc;

/// Something told by one instance.
struct Step {
    progress: Option<RebuildProgress>,
    comparisons: Vec<DigestComparison>,
}

/// Instances that keep partitions of a view, with those partitions.
pub(super) type Shares = Vec<(Holder, Vec<u32>)>;

/// See `ViewOperations::rebuild`. If an instance refuses, what others have begun goes on.
///
/// # Errors
/// `VIEW_UNOWNED`, and those of an instance.
pub async fn rebuild(
    directory: &Directory,
    view: View,
) -> Result<BoxStream<'static, Result<RebuildProgress, Failure>>, Failure> {
    let shares = shares(directory, view).await?;
    let begun = shares.into_iter();
    let begun = begun.map(|(holder, _)| begin_rebuild(view, holder).boxed());
    let begun = try_join_all(begun).await?;
    let (tell, told) = mpsc::channel(16);
    tokio::spawn(async move {
        // A listener that is slow misses some of the progress.
        let mut progress = |progress| drop(tell.try_send(Ok(progress)));
        let ended = follow(view, begun, &mut progress).await;
        let _ = tell.send(ended.map(|(progress, _)| progress)).await;
    });
    Ok(stream_of(told))
}

/// See `ViewOperations::verify`.
///
/// # Errors
/// `VIEW_UNOWNED`, and those of an instance asked about the first view.
pub async fn verify(
    directory: &Directory,
    views: Vec<View>,
) -> Result<BoxStream<'static, Result<VerifyViewsResponse, Failure>>, Failure> {
    let mut shared = Vec::new();
    for view in views {
        shared.push((view, shares(directory, view).await?));
    }
    let mut shared = shared.into_iter();
    let Some((first, shares)) = shared.next() else {
        return Ok(futures_util::stream::empty().boxed());
    };
    let begun = begin_verify(first, shares).await?;
    let (tell, told) = mpsc::channel(16);
    tokio::spawn(async move {
        let mut next = Some((first, Ok(begun)));
        while let Some((view, begun)) = next {
            let told = match begun {
                Ok(begun) => compared(view, begun, &tell).await,
                Err(failure) => Err(failure),
            };
            let failed = told.is_err();
            if tell.send(told).await.is_err() || failed {
                return;
            }
            next = match shared.next() {
                None => None,
                Some((view, shares)) => Some((view, begin_verify(view, shares).await)),
            };
        }
    });
    Ok(stream_of(told))
}

async fn begin_rebuild(view: View, holder: Holder) -> Result<Told<Step>, Failure> {
    let told = holder.peer.rebuild(view.name()).await?;
    let step = |told: pb::RebuildViewResponse| Step {
        progress: told.progress,
        comparisons: Vec::new(),
    };
    Ok(told.map(move |told| told.map(step)).boxed())
}

async fn begin_verify(view: View, shares: Shares) -> Result<Vec<Told<Step>>, Failure> {
    let begun = shares.into_iter();
    let begun =
        begun.map(|(holder, partitions)| begin_verify_one(view, holder, partitions).boxed());
    try_join_all(begun).await
}

async fn begin_verify_one(
    view: View,
    holder: Holder,
    partitions: Vec<u32>,
) -> Result<Told<Step>, Failure> {
    let told = holder.peer.verify(&[view.name().to_owned()]).await?;
    let step = move |told: pb::VerifyViewsResponse| {
        let mut comparisons = told.comparisons;
        // Of a partition that two keep while it moves, its holder's word counts.
        comparisons.retain(|one| partitions.contains(&one.partition));
        Step {
            progress: told.progress,
            comparisons,
        }
    };
    Ok(told.map(move |told| told.map(&step)).boxed())
}

async fn compared(
    view: View,
    begun: Vec<Told<Step>>,
    tell: &mpsc::Sender<Result<VerifyViewsResponse, Failure>>,
) -> Result<VerifyViewsResponse, Failure> {
    let mut progress = |progress| {
        let message = VerifyViewsResponse {
            progress: Some(progress),
            comparisons: Vec::new(),
        };
        drop(tell.try_send(Ok(message)));
    };
    let (progress, mut comparisons) = follow(view, begun, &mut progress).await?;
    comparisons.sort_by_key(|one| one.partition);
    Ok(VerifyViewsResponse {
        progress: Some(progress),
        comparisons,
    })
}

/// Who keeps a view, all of it.
pub(super) async fn shares(directory: &Directory, view: View) -> Result<Shares, Failure> {
    let table = directory.table(view).await;
    let mut shares: BTreeMap<String, (Holder, Vec<u32>)> = BTreeMap::new();
    for (partition, holder) in (0..).zip(table.iter()) {
        let holder = holder.as_ref().ok_or_else(|| unowned(view, partition))?;
        let share = shares.entry(holder.address.clone());
        let share = share.or_insert_with(|| (holder.clone(), Vec::new()));
        share.1.push(partition);
    }
    Ok(shares.into_values().collect())
}

/// Follows every instance to its end; what all did together.
async fn follow(
    view: View,
    begun: Vec<Told<Step>>,
    tell: &mut (dyn FnMut(RebuildProgress) + Send),
) -> Result<(RebuildProgress, Vec<DigestComparison>), Failure> {
    let mut latest = vec![RebuildProgress::default(); begun.len()];
    let mut comparisons = Vec::new();
    let numbered = begun.into_iter().enumerate();
    let numbered = numbered.map(|(at, told)| told.map(move |step| (at, step)));
    let mut told = select_all(numbered);
    while let Some((at, step)) = told.next().await {
        let step = step?;
        comparisons.extend(step.comparisons);
        if let Some(progress) = step.progress {
            latest[at] = progress;
            tell(RebuildProgress {
                done: false,
                ..together(view, &latest)
            });
        }
    }
    let all = together(view, &latest);
    if !all.done {
        let message = format!(
            "an instance that worked on the view {} has gone",
            view.name()
        );
        return Err(Failure::new(Reason::ViewUnowned, message).with("view", view.name()));
    }
    Ok((all, comparisons))
}

pub(super) fn together(view: View, each: &[RebuildProgress]) -> RebuildProgress {
    RebuildProgress {
        view: view.name().to_owned(),
        events_done: each.iter().map(|one| one.events_done).sum(),
        events_total: each.iter().map(|one| one.events_total).sum(),
        events_per_second: each.iter().map(|one| one.events_per_second).sum(),
        eta_seconds: each.iter().map(|one| one.eta_seconds).fold(0.0, f64::max),
        done: each.iter().all(|one| one.done),
    }
}
