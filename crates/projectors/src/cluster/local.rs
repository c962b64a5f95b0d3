//! An instance's answers, from the partitions that it keeps.

use super::counted::{self, Held, is_of_ledgers};
use super::given::{self, Given};
use super::kept::{self, Kept};
use super::mentioned::{News, code_hash};
use super::peer::{Peer, Told, check_reference};
use crate::answers::findings::{self, counts, question};
use crate::answers::reconciliation;
use crate::answers::{clockwork, horizontal, list, statistics, vertical};
use crate::joins::scan::{Only, Sum};
use crate::lane::Lane;
use crate::lanes::view_named;
use crate::questions::work;
use crate::views::keyed::{Fact, Keyed};
use crate::views::{Facts, View};
use async_trait::async_trait;
use futures_util::StreamExt;
use lienthong_contract::pb::projection::v1 as pb;
use lienthong_contract::ports::ViewOperations;
use lienthong_contract::reason::Reason;
use lienthong_contract::reference::Current;
use lienthong_contract::status::Failure;
use lienthong_contract::time::from_millis;
use lienthong_domain::reference::Reference;
use pb::get_sum_request::Question;
use prost_types::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// Parts in one page of mentions, about a megabyte; few in tests, so that there are several pages.
const PAGE: u32 = if cfg!(test) { 2 } else { 40_000 };

/// What an instance answers from.
#[derive(Clone)]
pub struct Local {
    /// The partitions.
    pub kept: Arc<dyn Kept>,
    /// An operator's calls over those partitions.
    pub operations: Arc<dyn ViewOperations>,
    /// Levels and areas of agencies; the gateways' own must be the same.
    pub reference: Current,
}

#[async_trait]
impl Peer for Local {
    async fn lanes(&self) -> Result<pb::ListLanesResponse, Failure> {
        let lanes = self.kept.lanes().into_iter().map(|lane| pb::LaneStatus {
            view: lane.owner.view.name().to_owned(),
            partition: lane.owner.partition,
            next_offset: lane.next(),
            ready: lane.is_ready(),
            at_end_ms_ago: lane.trail().at_end_ms_ago(),
            opened: lane.is_opened(),
        });
        Ok(pb::ListLanesResponse {
            lanes: lanes.collect(),
        })
    }

    async fn mentions(
        &self,
        request: pb::ListMentionsRequest,
    ) -> Result<pb::ListMentionsResponse, Failure> {
        let lane = kept::ready(self.kept.as_ref(), View::Case, request.partition)?;
        work(move || mentions(&lane, &request)).await
    }

    async fn parts(&self, request: pb::GetPartsRequest) -> Result<pb::GetPartsResponse, Failure> {
        let view = view_named(&request.view)?;
        let lane = kept::ready(self.kept.as_ref(), view, request.partition)?;
        work(move || parts(&lane, request.wanted.unwrap_or_default())).await
    }

    async fn sum(&self, request: pb::GetSumRequest) -> Result<pb::GetSumResponse, Failure> {
        let question = request.question.ok_or_else(|| {
            let fix = "send one of its fields";
            Failure::of_field("question", "there is none.", fix)
        })?;
        let view = match &question {
            Question::Cases(_) | Question::PathStatistics(_) => View::Case,
            Question::FindingCounts(_) | Question::Findings(_) | Question::Reconciliation(_) => {
                View::Case
            }
            Question::Performance(_) | Question::Dossiers(_) | Question::Register(_) => View::Case,
            Question::ClockStatistics(_) => View::Case,
            Question::Horizontal(_) => View::Horizontal,
            Question::Vertical(_) => View::Vertical,
        };
        let lane = kept::ready(self.kept.as_ref(), view, request.partition)?;
        let (wanted, reference) = (request.wanted.unwrap_or_default(), self.reference.now());
        check_reference(&request.reference_version, &reference.version)?;
        work(move || answer(&lane, &wanted, &question, reference)).await?
    }

    async fn wait_for(&self, request: pb::WaitForRequest) -> Result<pb::WaitForResponse, Failure> {
        let view = view_named(&request.view)?;
        let position = request.position.unwrap_or_default();
        let lane = kept::any(self.kept.as_ref(), view, position.partition)?;
        let mut next = lane.watch_next();
        let reached = next.wait_for(|next| *next > position.offset);
        let limit = Duration::from_millis(u64::from(request.max_wait_ms));
        if let Ok(Ok(next)) = tokio::time::timeout(limit, reached).await {
            return Ok(pb::WaitForResponse {
                next_offset: *next,
                recorded_time: lane.recorded_ms(position.offset).map(from_millis),
            });
        }
        let lane = kept::ready(self.kept.as_ref(), view, position.partition)?;
        let message = format!(
            "the view {} did not reach min_positions within the time given",
            view.name()
        );
        let partition = lane.owner.partition;
        Err(kept::of_lane(
            Reason::ViewNotCaughtUp,
            view,
            partition,
            message,
        ))
    }

    async fn positions(&self) -> Result<pb::ListPositionsResponse, Failure> {
        let views = self.operations.positions().await;
        Ok(pb::ListPositionsResponse { views })
    }

    async fn lag(&self) -> Result<pb::GetLagResponse, Failure> {
        let lags = self.operations.lag().await?;
        Ok(pb::GetLagResponse { lags })
    }

    async fn parked(&self, view: &str) -> Result<pb::ListParkedResponse, Failure> {
        let parked = self.operations.parked(view).await?;
        Ok(pb::ListParkedResponse { parked })
    }

    async fn rebuild(&self, view: &str) -> Result<Told<pb::RebuildViewResponse>, Failure> {
        let told = self.operations.rebuild(view).await?;
        let message = |progress| pb::RebuildViewResponse {
            progress: Some(progress),
        };
        Ok(told.map(move |told| told.map(message)).boxed())
    }

    async fn verify(&self, views: &[String]) -> Result<Told<pb::VerifyViewsResponse>, Failure> {
        let told = self.operations.verify(views).await?;
        let message = |told: lienthong_contract::pb::operations::v1::VerifyViewsResponse| {
            pb::VerifyViewsResponse {
                progress: told.progress,
                comparisons: told.comparisons,
            }
        };
        Ok(told.map(move |told| told.map(message)).boxed())
    }

    async fn diff(
        &self,
        request: pb::DiffViewsRequest,
    ) -> Result<Told<pb::DiffViewsResponse>, Failure> {
        check_reference(&request.reference_version, &self.reference.now().version)?;
        let told = self.operations.diff(request.diff.unwrap_or_default());
        let message = |diff| pb::DiffViewsResponse { diff: Some(diff) };
        Ok(told.await?.map(move |told| told.map(message)).boxed())
    }
}

/// A page of everything, or the news.
fn mentions(lane: &Lane, request: &pb::ListMentionsRequest) -> pb::ListMentionsResponse {
    let state = lane.state();
    let told = lane.mentioned();
    let mut answer = pb::ListMentionsResponse {
        epoch: told.epoch(),
        sequence: told.sequence(),
        next_offset: state.next,
        waiting_since_time: waiting_since(lane),
        ..pb::ListMentionsResponse::default()
    };
    let Some(keyed) = state.case() else {
        return answer;
    };
    if request.from_part > 0 && request.epoch == told.epoch() {
        add_page(keyed, request.from_part, &mut answer);
    } else if let Some(news) = told.since(request.epoch, request.sequence) {
        for news in news {
            match news {
                News::Special(part) => answer.special_parts.push(part),
                News::Mention(mention) => {
                    let code = keyed.part(mention.part).codes().code(mention.code);
                    answer.parts.push(mention.part);
                    answer.codes.push(code_hash(code));
                }
            }
        }
    } else {
        answer.from_scratch = true;
        add_page(keyed, 0, &mut answer);
    }
    answer
}

fn add_page<F: Fact>(keyed: &Keyed<F>, from: u32, to: &mut pb::ListMentionsResponse) {
    let count = keyed.count_parts();
    let end = from.saturating_add(PAGE).min(count);
    for at in from..end {
        for (_, code) in keyed.part(at).codes().iter_from(0) {
            to.parts.push(at);
            to.codes.push(code_hash(code));
        }
        if keyed.is_special(at) {
            to.special_parts.push(at);
        }
    }
    to.next_part = if end < count { end } else { 0 };
}

fn parts(lane: &Lane, wanted: pb::Wanted) -> pb::GetPartsResponse {
    let state = lane.state();
    let epoch = lane.mentioned().epoch();
    let given = match &state.facts {
        Facts::Case(keyed) => given::give(keyed, epoch, &wanted),
        Facts::Horizontal(keyed) => given::give(keyed, epoch, &wanted),
        Facts::Vertical(keyed) => given::give(keyed, epoch, &wanted),
    };
    let mut parked_parts = wanted.numbers;
    let is_parked = |part: &u32| {
        let key = match &state.facts {
            Facts::Case(keyed) => keyed.part(*part).codes().key(),
            Facts::Horizontal(keyed) => keyed.part(*part).codes().key(),
            Facts::Vertical(keyed) => keyed.part(*part).codes().key(),
        };
        state.parking.get(key.as_bytes()).is_some()
    };
    parked_parts.retain(|part| given.numbers.contains(part) && is_parked(part));
    let mapping_version = match given.parts.parts.is_empty() {
        true => String::new(),
        false => state.tables.fingerprint().to_owned(),
    };
    pb::GetPartsResponse {
        parts: Some(given.parts),
        parked_parts,
        mapping_version,
    }
}

fn answer(
    lane: &Lane,
    wanted: &pb::Wanted,
    question: &Question,
    reference: Arc<Reference>,
) -> Result<pb::GetSumResponse, Failure> {
    let state = lane.state();
    let epoch = lane.mentioned().epoch();
    let all = Only::default();
    let (given, sum) = match (question, &state.facts) {
        (question, Facts::Case(keyed)) if is_of_ledgers(question) => {
            let held = Held { lane, keyed, epoch };
            counted::answer(&held, wanted, question, reference)?
        }
        (Question::Cases(asked), Facts::Case(keyed)) => {
            let sum = list::List::new(list::Question::read(asked)?, reference);
            add_up(keyed, epoch, wanted, &all, sum)
        }
        (Question::PathStatistics(asked), Facts::Case(keyed)) => {
            let sum = statistics::Statistics::new(&statistics::Question::read(asked)?, reference);
            let only = Only {
                source: asked.source.clone(),
            };
            add_up(keyed, epoch, wanted, &only, sum)
        }
        (Question::FindingCounts(asked), Facts::Case(keyed)) => {
            let request = asked.request.clone().unwrap_or_default();
            let (filter, as_of) = (request.filter.as_ref(), request.as_of_time.as_ref());
            let question = question::Question::read(filter, as_of, &asked.whole)?;
            let sum = counts::Counts::new(question, reference);
            add_up(keyed, epoch, wanted, &all, sum)
        }
        (Question::Findings(asked), Facts::Case(keyed)) => {
            let request = asked.request.clone().unwrap_or_default();
            let page = findings::list::Page::read(&request, &asked.whole)?;
            let sum = findings::list::List::new(page, reference);
            add_up(keyed, epoch, wanted, &all, sum)
        }
        (Question::Reconciliation(asked), Facts::Case(keyed)) => {
            let request = asked.request.clone().unwrap_or_default();
            let question = reconciliation::Question::read(&request, &asked.whole)?;
            add_up(
                keyed,
                epoch,
                wanted,
                &all,
                reconciliation::Registers::new(question),
            )
        }
        (Question::ClockStatistics(asked), Facts::Case(keyed)) => {
            let sum = clockwork::Clockwork::new(&clockwork::Question::read(asked)?);
            let only = Only {
                source: asked.source.clone(),
            };
            add_up(keyed, epoch, wanted, &only, sum)
        }
        (Question::Horizontal(asked), Facts::Horizontal(keyed)) => {
            let question = horizontal::Question::read(asked)?;
            let sum = horizontal::Horizontal::new(&question, reference);
            add_up(keyed, epoch, wanted, &all, sum)
        }
        (Question::Vertical(asked), Facts::Vertical(keyed)) => {
            let sum = vertical::Vertical::new(&vertical::Question::read(asked)?, reference);
            add_up(keyed, epoch, wanted, &all, sum)
        }
        _ => {
            return Err(Failure::new(
                Reason::Internal,
                "a lane holds another view's facts",
            ));
        }
    };
    Ok(pb::GetSumResponse {
        parts: Some(given.parts),
        sum: sum.unwrap_or_default().into(),
        next_offset: state.next,
        waiting_since_time: waiting_since(lane),
        mapping_version: state.tables.fingerprint().to_owned(),
    })
}

/// The parts wanted, and the sum of all others; no sum if the numbers wanted mean other parts now.
fn add_up<F: Fact, S: Sum>(
    keyed: &Keyed<F>,
    epoch: u64,
    wanted: &pb::Wanted,
    only: &Only,
    mut sum: S,
) -> (Given, Option<Vec<u8>>) {
    let given = given::give(keyed, epoch, wanted);
    if !given.is_of(wanted) {
        return (given, None);
    }
    crate::joins::scan::add_plain(keyed, &given.numbers, only, &mut sum);
    (given, Some(sum.pack()))
}

/// When the first event that was read and not yet taken was recorded.
fn waiting_since(lane: &Lane) -> Option<Timestamp> {
    let first = lane.trail().event(lane.next());
    first.map(|first| from_millis(first.recorded_ms))
}
