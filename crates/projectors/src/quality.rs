//! The door [`Quality`] over the views of one process: the case view is added up once to find the
//! registers that came whole, if the question needs them, and once for the answer.

use crate::answers::findings::counts::Counts;
use crate::answers::findings::list::{List, Page};
use crate::answers::findings::question::Question;
use crate::answers::read;
use crate::answers::reconciliation::{self, Registers, incomplete, whole};
use crate::joins::scan::{Only, Sum};
use crate::lanes::Lanes;
use crate::projectors::Projectors;
use crate::questions::{freshness, sum_cases, work};
use crate::views::View;
use async_trait::async_trait;
use lienthong_contract::pb::quality::v1 as pb;
use lienthong_contract::ports::Quality;
use lienthong_contract::status::Failure;
use lienthong_contract::time::from_millis;
use lienthong_domain::path::JoinedCase;
use prost_types::Timestamp;
use std::sync::Arc;

#[async_trait]
impl Quality for Projectors {
    async fn count_findings(
        &self,
        request: pb::CountFindingsRequest,
    ) -> Result<pb::CountFindingsResponse, Failure> {
        count_findings(&self.lanes, request).await
    }

    async fn findings(
        &self,
        request: pb::ListFindingsRequest,
    ) -> Result<pb::ListFindingsResponse, Failure> {
        findings(&self.lanes, request).await
    }

    async fn reconciliation(
        &self,
        request: pb::GetReconciliationRequest,
    ) -> Result<pb::GetReconciliationResponse, Failure> {
        reconciliation(&self.lanes, request).await
    }
}

/// The moment of a question, told: so that all who answer it mean the same.
///
/// # Errors
/// `REQUEST_MALFORMED` if it is none.
pub fn told(as_of: &mut Option<Timestamp>) -> Result<(), Failure> {
    *as_of = Some(from_millis(read::moment("as_of_time", as_of.as_ref())?));
    Ok(())
}

/// The question for every register that there was by a moment.
pub fn all_registers(as_of: Option<Timestamp>) -> pb::GetReconciliationRequest {
    pb::GetReconciliationRequest {
        as_of_time: as_of,
        ..pb::GetReconciliationRequest::default()
    }
}

/// See [`Quality::count_findings`].
pub async fn count_findings(
    lanes: &Arc<Lanes>,
    mut request: pb::CountFindingsRequest,
) -> Result<pb::CountFindingsResponse, Failure> {
    lanes.check_ready(&[View::Case])?;
    told(&mut request.as_of_time)?;
    let (filter, as_of) = (request.filter.as_ref(), request.as_of_time.as_ref());
    let question = Question::read(filter, as_of, &[])?;
    let known = known_registers(lanes, &question, request.as_of_time).await?;
    let question = Question::read(filter, as_of, &whole(&known))?;
    let reference = lanes.reference.now();
    let new = move || Counts::new(question.clone(), reference.clone());
    let (mut counts, next) = sum_cases(lanes, Only::default(), new).await?;
    for finding in incomplete(&known) {
        counts.add_alone(&finding);
    }
    Ok(pb::CountFindingsResponse {
        freshness: Some(freshness(lanes, View::Case, next).await?),
        ..counts.finish()
    })
}

/// See [`Quality::findings`].
pub async fn findings(
    lanes: &Arc<Lanes>,
    mut request: pb::ListFindingsRequest,
) -> Result<pb::ListFindingsResponse, Failure> {
    lanes.check_ready(&[View::Case])?;
    told(&mut request.as_of_time)?;
    let page = Page::read(&request, &[])?;
    let as_of = Some(from_millis(page.question().as_of_ms));
    let known = known_registers(lanes, page.question(), as_of).await?;
    let page = Page::read(&request, &whole(&known))?;
    let reference = lanes.reference.now();
    let new = move || List::new(page.clone(), reference.clone());
    let (mut list, next) = sum_cases(lanes, Only::default(), new).await?;
    for finding in incomplete(&known) {
        list.add_alone(&finding);
    }
    Ok(pb::ListFindingsResponse {
        freshness: Some(freshness(lanes, View::Case, next).await?),
        ..list.finish()
    })
}

/// See [`Quality::reconciliation`].
pub async fn reconciliation(
    lanes: &Arc<Lanes>,
    mut request: pb::GetReconciliationRequest,
) -> Result<pb::GetReconciliationResponse, Failure> {
    lanes.check_ready(&[View::Case])?;
    told(&mut request.as_of_time)?;
    let known = registers(lanes, &request, &[]).await?.0;
    let (answer, next) = registers(lanes, &request, &whole(&known.registers)).await?;
    Ok(pb::GetReconciliationResponse {
        freshness: Some(freshness(lanes, View::Case, next).await?),
        ..answer
    })
}

/// Every register, if the question is about them.
async fn known_registers(
    lanes: &Arc<Lanes>,
    question: &Question,
    as_of: Option<Timestamp>,
) -> Result<Vec<pb::RegisterDay>, Failure> {
    if !question.needs_registers() {
        return Ok(Vec::new());
    }
    let request = all_registers(as_of);
    Ok(registers(lanes, &request, &[]).await?.0.registers)
}

async fn registers(
    lanes: &Arc<Lanes>,
    request: &pb::GetReconciliationRequest,
    whole: &[pb::RegisterDay],
) -> Result<(pb::GetReconciliationResponse, Vec<u64>), Failure> {
    let question = reconciliation::Question::read(request, whole)?;
    let new = move || Registers::new(question.clone());
    let (sum, next) = sum_cases(lanes, Only::default(), new).await?;
    Ok((work(move || sum.finish()).await?, next))
}

impl Sum for Counts {
    fn add(&mut self, case: &JoinedCase<'_>) {
        Counts::add(self, case);
    }
    fn merge(&mut self, other: Self) {
        Counts::merge(self, other);
    }
    fn pack(self) -> Vec<u8> {
        Counts::pack(self)
    }
    fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        Counts::add_packed(self, bytes)
    }
}

impl Sum for List {
    fn add(&mut self, case: &JoinedCase<'_>) {
        List::add(self, case);
    }
    fn merge(&mut self, other: Self) {
        List::merge(self, other);
    }
    fn pack(self) -> Vec<u8> {
        List::pack(self)
    }
    fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        List::add_packed(self, bytes)
    }
}

impl Sum for Registers {
    fn add(&mut self, case: &JoinedCase<'_>) {
        Registers::add(self, case);
    }
    fn merge(&mut self, other: Self) {
        Registers::merge(self, other);
    }
    fn pack(self) -> Vec<u8> {
        Registers::pack(self)
    }
    fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        Registers::add_packed(self, bytes)
    }
}

#[cfg(test)]
#[path = "quality_tests.rs"]
mod tests;
