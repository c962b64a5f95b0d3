//! What changed status tables would make of the case view, from all instances that keep some of it.
//!
//! Each instance compares its own partitions, a dossier by those of its parts that lie there; a
//! dossier whose parts lie in several instances is counted in each, and the summary says how many
//! dossiers are tied to others at all.

use super::again::{shares, together};
use super::directory::{Directory, Holder};
use super::peer::{PROTOCOL, Told};
use crate::diff::{Compared, most};
use crate::rebuild::stream_of;
use crate::views::View;
use futures_util::future::{FutureExt, try_join_all};
use futures_util::stream::{BoxStream, StreamExt, select_all};
use lienthong_contract::pb::operations::v1::{
    DiffSummary, DiffViewsRequest, DiffViewsResponse, DossierDifference, DossierFigures,
    RebuildProgress,
};
use lienthong_contract::pb::projection::v1 as pb;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use tokio::sync::mpsc;

/// See `ViewOperations::diff`; the request was read.
///
/// # Errors
/// `VIEW_UNOWNED`, `REFERENCE_DIFFERS`, and those of an instance.
pub async fn diff(
    directory: &Directory,
    request: DiffViewsRequest,
    reference_version: &str,
) -> Result<BoxStream<'static, Result<DiffViewsResponse, Failure>>, Failure> {
    let mut shares = shares(directory, View::Case).await?;
    if !request.partitions.is_empty() {
        for (_, partitions) in &mut shares {
            partitions.retain(|partition| request.partitions.contains(partition));
        }
        shares.retain(|(_, partitions)| !partitions.is_empty());
    }
    let begun = shares.into_iter().map(|(holder, partitions)| {
        let diff = DiffViewsRequest {
            partitions,
            ..request.clone()
        };
        let request = pb::DiffViewsRequest {
            protocol: PROTOCOL,
            reference_version: reference_version.to_owned(),
            diff: Some(diff),
        };
        begin(holder, request).boxed()
    });
    let begun = try_join_all(begun.collect::<Vec<_>>()).await?;
    let most = most(&request)?;
    let (tell, told) = mpsc::channel(16);
    tokio::spawn(async move {
        let messages = match follow(begun, most, &tell).await {
            Ok(compared) => compared.messages().into_iter().map(Ok).collect(),
            Err(failure) => vec![Err(failure)],
        };
        for message in messages {
            if tell.send(message).await.is_err() {
                return;
            }
        }
    });
    Ok(stream_of(told))
}

async fn begin(
    holder: Holder,
    request: pb::DiffViewsRequest,
) -> Result<Told<DiffViewsResponse>, Failure> {
    let told = holder.peer.diff(request).await?;
    let message = |told: pb::DiffViewsResponse| told.diff.unwrap_or_default();
    Ok(told.map(move |told| told.map(message)).boxed())
}

/// Follows every instance to its end; what all found together.
async fn follow(
    begun: Vec<Told<DiffViewsResponse>>,
    most: usize,
    tell: &mpsc::Sender<Result<DiffViewsResponse, Failure>>,
) -> Result<Compared, Failure> {
    let instances = begun.len();
    let mut latest = vec![RebuildProgress::default(); instances];
    let mut differences: Vec<DossierDifference> = Vec::new();
    let mut summaries = Vec::new();
    let numbered = begun.into_iter().enumerate();
    let numbered = numbered.map(|(at, told)| told.map(move |message| (at, message)));
    let mut told = select_all(numbered);
    while let Some((at, message)) = told.next().await {
        let message = message?;
        differences.extend(message.differences);
        summaries.extend(message.summary);
        if let Some(progress) = message.progress {
            latest[at] = progress;
            let progress = RebuildProgress {
                done: false,
                ..together(View::Case, &latest)
            };
            // A listener that is slow misses some of the progress.
            drop(tell.try_send(Ok(DiffViewsResponse {
                progress: Some(progress),
                ..DiffViewsResponse::default()
            })));
        }
    }
    if summaries.len() < instances {
        let message = "an instance that compared some of the view case has gone";
        return Err(Failure::new(Reason::ViewUnowned, message).with("view", View::Case.name()));
    }
    differences.sort_unstable_by(|a, b| a.dossier_code.cmp(&b.dossier_code));
    differences.truncate(most);
    Ok(Compared {
        differences,
        summary: summary(summaries)?,
        progress: together(View::Case, &latest),
    })
}

/// The summaries of all instances in one.
fn summary(summaries: Vec<DiffSummary>) -> Result<DiffSummary, Failure> {
    let mut summaries = summaries.into_iter();
    let mut all = summaries.next().unwrap_or_default();
    for one in summaries {
        if one.mapping_version != all.mapping_version {
            let message = format!(
                "partitions of the view case were built with the status tables {} and {}",
                all.mapping_version, one.mapping_version
            );
            return Err(Failure::new(Reason::ReferenceDiffers, message)
                .with("mapping_version", &all.mapping_version)
                .with("other_mapping_version", &one.mapping_version));
        }
        all.before = Some(added(all.before.unwrap_or_default(), one.before));
        all.after = Some(added(all.after.unwrap_or_default(), one.after));
        all.differences += one.differences;
        all.compared_in_parts += one.compared_in_parts;
    }
    Ok(all)
}

fn added(to: DossierFigures, more: Option<DossierFigures>) -> DossierFigures {
    let more = more.unwrap_or_default();
    DossierFigures {
        dossiers: to.dossiers + more.dossiers,
        submitted: to.submitted + more.submitted,
        in_time: to.in_time + more.in_time,
        overdue: to.overdue + more.overdue,
        paused: to.paused + more.paused,
        settled_early: to.settled_early + more.settled_early,
        settled_on_time: to.settled_on_time + more.settled_on_time,
        settled_late: to.settled_late + more.settled_late,
        settled_without_due: to.settled_without_due + more.settled_without_due,
        withdrawn: to.withdrawn + more.withdrawn,
        refused: to.refused + more.refused,
        parked_keys: to.parked_keys + more.parked_keys,
    }
}
