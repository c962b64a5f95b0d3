//! A gateway's questions over views whose partitions several instances keep.
//!
//! The gateway keeps no partition. It answers from partitions shrunk to what a question needs and
//! joins them with the very code that one process uses over whole ones, so that the answers are
//! the same:
//!
//! ```text
//! one case    the parts around its code, wherever they are         `one`
//! sums        the parts that are joined with others, and the        `ties`, `sums`
//!             sums of all others
//! operators   everything side by side                               `overview`, `again`,
//!                                                                   `compared`
//! ```
//! Instances are found through the groups of the log (`directory`), asked through one trait
//! (`peer`) over the wire (`client`, `server`) or in the same process (`local`). A partition that
//! nobody keeps is an error with a retry hint, never left out of an answer.

mod again;
mod client;
mod compared;
mod counted;
mod directory;
mod freshness;
mod given;
mod kept;
mod lags;
mod links;
mod local;
pub(crate) mod mentioned;
mod mirror;
mod one;
mod overview;
mod peer;
mod performance;
mod quality;
pub(crate) mod recent;
mod remembered;
mod server;
mod shown;
mod sums;
mod ties;

pub use client::Remote;
pub use directory::Connect;
pub use kept::Kept;
pub use local::Local;
pub use peer::{PROTOCOL, Peer};
pub use server::{ServeConfig, ServeError, serve};
pub use shown::watch;

use crate::answers::{case, horizontal, list, statistics, vertical};
use crate::joins::scan::Only;
use crate::lanes::view_named;
use crate::questions::{check_positions, work};
use crate::views::View;
use crate::views::case::CaseFact;
use crate::views::horizontal::HorizontalFact;
use crate::views::vertical::VerticalFact;
use async_trait::async_trait;
use directory::Directory;
use freshness::{At, freshness};
use futures_util::future::{FutureExt, try_join_all};
use futures_util::stream::BoxStream;
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::pb::operations::v1::{
    DiffViewsRequest, DiffViewsResponse, ParkedDossier, RebuildProgress, VerifyViewsResponse,
    ViewLag, ViewPosition,
};
use lienthong_contract::pb::procedure::v1 as pb;
use lienthong_contract::pb::projection::v1::WaitForRequest;
use lienthong_contract::pb::projection::v1::get_sum_request::Question;
use lienthong_contract::ports::{Questions, ViewOperations};
use lienthong_contract::reason::Reason;
use lienthong_contract::reference::Current;
use lienthong_contract::status::Failure;
use lienthong_eventlog::{EventLog, Groups};
use links::Links;
use mirror::Joined;
use one::Words;
use peer::Call;
use remembered::Remembered;
use std::sync::Arc;
use std::time::Duration;
use sums::{Asked, add_up};
use ties::{KnownTies, ties_now};
use tokio::time::Instant;

/// Pause before an owner is looked for again while a caller waits for a position.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// How a gateway finds instances.
#[derive(Debug, Clone)]
pub struct Config {
    /// The groups of the views are `<prefix>.projector.<view>`.
    pub group_prefix: String,
}

/// What a gateway uses.
#[derive(Clone)]
pub struct Handles {
    /// The log, for its bounds.
    pub log: Arc<dyn EventLog>,
    /// The groups through which instances share partitions.
    pub groups: Arc<dyn Groups>,
    /// Levels and areas of agencies; the same as the instances have.
    pub reference: Current,
    /// How instances are reached; [`Remote`] over the wire.
    pub connect: Arc<dyn Connect>,
}

/// The doors [`Questions`] and [`ViewOperations`] over all instances.
pub struct Cluster {
    directory: Directory,
    log: Arc<dyn EventLog>,
    reference: Current,
    links: Arc<Links>,
    words: Words,
    ties: KnownTies,
    cases: Joined<CaseFact>,
    horizontal: Joined<HorizontalFact>,
    vertical: Joined<VerticalFact>,
    remembered: Remembered,
}

impl Cluster {
    /// A gateway that has asked nothing yet.
    pub fn new(config: Config, handles: Handles) -> Self {
        let partitions = handles.log.partitions();
        Self {
            directory: Directory::new(
                config.group_prefix,
                partitions,
                handles.groups,
                handles.connect,
            ),
            log: handles.log,
            reference: handles.reference,
            links: Arc::new(Links::new(partitions)),
            words: Words::new(partitions),
            ties: KnownTies::default(),
            cases: Joined::new(View::Case, partitions),
            horizontal: Joined::new(View::Horizontal, partitions),
            vertical: Joined::new(View::Vertical, partitions),
            remembered: Remembered::default(),
        }
    }

    /// Whether every partition of these views is kept by an instance that answers. For readiness.
    ///
    /// # Errors
    /// `VIEW_UNOWNED`, naming the first that is not.
    pub async fn check_owned(&self) -> Result<(), Failure> {
        for view in View::ALL {
            let table = self.directory.table(view).await;
            for (partition, holder) in (0..).zip(table.iter()) {
                if holder.is_none() {
                    return Err(directory::unowned(view, partition));
                }
            }
        }
        Ok(())
    }

    /// Waits until one partition of one view has processed a position.
    async fn wait_for_one(
        &self,
        view: View,
        position: Position,
        until: Instant,
    ) -> Result<(), Failure> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let request = WaitForRequest {
                protocol: PROTOCOL,
                view: view.name().to_owned(),
                position: Some(position),
                max_wait_ms: left.as_millis() as u32,
            };
            let call: Call<'_, _> = &|peer| {
                let request = request.clone();
                async move { peer.wait_for(request).await }.boxed()
            };
            let told = self.directory.ask(view, position.partition, call).await;
            match told {
                // While a partition moves its new owner may still come in time.
                Err(failure) if failure.reason == Reason::ViewUnowned && left > LOOK_AGAIN => {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                told => return told.map(|_| ()),
            }
        }
    }

    fn from(&self) -> one::From<'_> {
        one::From {
            directory: &self.directory,
            links: &self.links,
            words: &self.words,
        }
    }

    async fn ties(&self) -> Result<(Arc<crate::joins::Ties>, Vec<At>), Failure> {
        ties_now(&self.directory, &self.links, &self.cases, &self.ties).await
    }

    async fn fresh(&self, view: View, at: &[At]) -> Result<Option<pb::Freshness>, Failure> {
        let log = self.log.as_ref();
        let fresh = freshness(&self.directory, log, view, at).await?;
        Ok(Some(pb::Freshness {
            reference_version: self.reference.now().version.clone(),
            ..fresh
        }))
    }
}

/// How far an answer knows every partition that took links at one moment and facts at another.
fn earlier(links: Vec<At>, facts: Vec<At>) -> Vec<At> {
    let both = links.into_iter().zip(facts);
    both.map(|(links, facts)| links.earlier(facts)).collect()
}

#[async_trait]
impl Questions for Cluster {
    async fn wait_for(
        &self,
        view: &str,
        positions: &[Position],
        limit: Duration,
    ) -> Result<(), Failure> {
        let view = view_named(view)?;
        check_positions(positions, self.log.partitions())?;
        let until = Instant::now() + limit;
        // Of each partition the last position is enough.
        let last = |asked: &&Position| {
            let later = |other: &Position| {
                other.partition == asked.partition && other.offset > asked.offset
            };
            !positions.iter().any(later)
        };
        let views = if view == View::Case {
            vec![view]
        } else {
            vec![view, View::Case]
        };
        let waits = views.iter().flat_map(|view| {
            let asked = positions.iter().filter(last);
            asked.map(move |position| self.wait_for_one(*view, *position, until).boxed())
        });
        try_join_all(waits).await.map(|_| ())
    }

    async fn case(&self, request: pb::GetCaseRequest) -> Result<pb::GetCaseResponse, Failure> {
        let reference = self.reference.now();
        let basis = case::basis(&request)?;
        let answer = move |found: &case::WholeCase<'_>| Ok(case::answer(found, reference, basis));
        let (case, at) = one::case(self.from(), request.code, answer).await?;
        Ok(pb::GetCaseResponse {
            case: Some(case),
            freshness: self.fresh(View::Case, &at).await?,
        })
    }

    async fn cases(&self, request: pb::ListCasesRequest) -> Result<pb::ListCasesResponse, Failure> {
        let question = list::Question::read(&request)?;
        let (ties, at) = self.ties().await?;
        let reference = self.reference.now();
        let asked = Asked {
            reference_version: reference.version.clone(),
            question: Question::Cases(request),
            only: Only::default(),
            sum: list::List::new(question, reference.clone()),
        };
        let (list, then) = add_up(&self.directory, ties, &self.cases, asked).await?;
        let at = earlier(at, then);
        Ok(pb::ListCasesResponse {
            freshness: self.fresh(View::Case, &at).await?,
            ..list.finish()
        })
    }

    async fn horizontal(
        &self,
        request: pb::GetHorizontalRequest,
    ) -> Result<pb::GetHorizontalResponse, Failure> {
        let question = horizontal::Question::read(&request)?;
        let (ties, _) = self.ties().await?;
        let reference = self.reference.now();
        let asked = Asked {
            reference_version: reference.version.clone(),
            question: Question::Horizontal(request),
            only: Only::default(),
            sum: horizontal::Horizontal::new(&question, reference.clone()),
        };
        let (sum, at) = add_up(&self.directory, ties, &self.horizontal, asked).await?;
        let answer = work(move || sum.finish()).await?;
        Ok(pb::GetHorizontalResponse {
            freshness: self.fresh(View::Horizontal, &at).await?,
            ..answer
        })
    }

    async fn vertical(
        &self,
        request: pb::GetVerticalRequest,
    ) -> Result<pb::GetVerticalResponse, Failure> {
        let question = vertical::Question::read(&request)?;
        let (ties, _) = self.ties().await?;
        let reference = self.reference.now();
        let asked = Asked {
            reference_version: reference.version.clone(),
            question: Question::Vertical(request),
            only: Only::default(),
            sum: vertical::Vertical::new(&question, reference.clone()),
        };
        let (sum, at) = add_up(&self.directory, ties, &self.vertical, asked).await?;
        let answer = work(move || sum.finish()).await?;
        Ok(pb::GetVerticalResponse {
            freshness: self.fresh(View::Vertical, &at).await?,
            ..answer
        })
    }

    async fn path_statistics(
        &self,
        request: pb::GetPathStatisticsRequest,
    ) -> Result<pb::GetPathStatisticsResponse, Failure> {
        let question = statistics::Question::read(&request)?;
        let (ties, at) = self.ties().await?;
        let reference = self.reference.now();
        let asked = Asked {
            reference_version: reference.version.clone(),
            only: Only {
                source: request.source.clone(),
            },
            question: Question::PathStatistics(request),
            sum: statistics::Statistics::new(&question, reference.clone()),
        };
        let (sum, then) = add_up(&self.directory, ties, &self.cases, asked).await?;
        let at = earlier(at, then);
        let answer = work(move || sum.finish()).await?;
        Ok(pb::GetPathStatisticsResponse {
            freshness: self.fresh(View::Case, &at).await?,
            ..answer
        })
    }
}

#[async_trait]
impl ViewOperations for Cluster {
    /// A partition that nobody keeps has no digest, and the offset its last owner committed.
    async fn positions(&self) -> Vec<ViewPosition> {
        overview::positions(&self.directory).await
    }

    async fn lag(&self) -> Result<Vec<ViewLag>, Failure> {
        lags::lags(&self.directory, self.log.as_ref(), &self.remembered).await
    }

    async fn parked(&self, view: &str) -> Result<Vec<ParkedDossier>, Failure> {
        overview::parked(&self.directory, view).await
    }

    async fn rebuild(
        &self,
        view: &str,
    ) -> Result<BoxStream<'static, Result<RebuildProgress, Failure>>, Failure> {
        again::rebuild(&self.directory, view_named(view)?).await
    }

    async fn verify(
        &self,
        views: &[String],
    ) -> Result<BoxStream<'static, Result<VerifyViewsResponse, Failure>>, Failure> {
        let named: Result<Vec<View>, Failure> = views.iter().map(|name| view_named(name)).collect();
        let mut views = named?;
        if views.is_empty() {
            views = View::ALL.to_vec();
        }
        views.dedup();
        again::verify(&self.directory, views).await
    }

    async fn diff(
        &self,
        request: DiffViewsRequest,
    ) -> Result<BoxStream<'static, Result<DiffViewsResponse, Failure>>, Failure> {
        let reference = self.reference.now();
        // For what is wrong with it; the instances read it again.
        crate::diff::Question::read(&request, reference.clone())?;
        compared::diff(&self.directory, request, &reference.version).await
    }
}

#[cfg(test)]
#[path = "cluster_tests.rs"]
mod tests;
