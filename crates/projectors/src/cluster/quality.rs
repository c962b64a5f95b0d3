//! The door [`Quality`] over all instances: as over one process, each sum gathered from every
//! partition's owner.

use super::Cluster;
use super::freshness::At;
use super::sums::{Asked, Known};
use crate::answers::findings::counts::Counts;
use crate::answers::findings::list::{List, Page};
use crate::answers::findings::question::Question;
use crate::answers::reconciliation::{self, Registers, incomplete, whole};
use crate::quality::{all_registers, told};
use crate::questions::work;
use crate::views::View;
use async_trait::async_trait;
use lienthong_contract::pb::projection::v1 as inner;
use lienthong_contract::pb::quality::v1 as pb;
use lienthong_contract::ports::Quality;
use lienthong_contract::status::Failure;
use lienthong_contract::time::from_millis;
use prost_types::Timestamp;

use inner::get_sum_request::Question as Sent;

#[async_trait]
impl Quality for Cluster {
    async fn count_findings(
        &self,
        mut request: pb::CountFindingsRequest,
    ) -> Result<pb::CountFindingsResponse, Failure> {
        told(&mut request.as_of_time)?;
        let (filter, as_of) = (request.filter.as_ref(), request.as_of_time.as_ref());
        let question = Question::read(filter, as_of, &[])?;
        let (reference, links) = (self.reference.now(), self.ties().await?);
        let known = self.registers_for(&question, &links).await?;
        let whole = whole(&known);
        let question = Question::read(filter, as_of, &whole)?;
        let sum = Counts::new(question, reference.clone());
        let asked = Sent::FindingCounts(inner::FindingCountsQuestion {
            request: Some(request),
            whole,
        });
        let (mut counts, at) = self
            .sum_cases(&links, Asked::all(asked, &reference, sum))
            .await?;
        for finding in incomplete(&known) {
            counts.add_alone(&finding);
        }
        Ok(pb::CountFindingsResponse {
            freshness: self.fresh(View::Case, &at).await?,
            ..counts.finish()
        })
    }

    async fn findings(
        &self,
        mut request: pb::ListFindingsRequest,
    ) -> Result<pb::ListFindingsResponse, Failure> {
        told(&mut request.as_of_time)?;
        let page = Page::read(&request, &[])?;
        let (reference, links) = (self.reference.now(), self.ties().await?);
        let known = self.registers_for(page.question(), &links).await?;
        let whole = whole(&known);
        let sum = List::new(Page::read(&request, &whole)?, reference.clone());
        let asked = Sent::Findings(inner::FindingsQuestion {
            request: Some(request),
            whole,
        });
        let (mut list, at) = self
            .sum_cases(&links, Asked::all(asked, &reference, sum))
            .await?;
        for finding in incomplete(&known) {
            list.add_alone(&finding);
        }
        Ok(pb::ListFindingsResponse {
            freshness: self.fresh(View::Case, &at).await?,
            ..list.finish()
        })
    }

    async fn reconciliation(
        &self,
        mut request: pb::GetReconciliationRequest,
    ) -> Result<pb::GetReconciliationResponse, Failure> {
        told(&mut request.as_of_time)?;
        let links = self.ties().await?;
        let known = self.registers(&links, request.clone(), Vec::new()).await?.0;
        let whole = whole(&known.registers);
        let (answer, at) = self.registers(&links, request, whole).await?;
        Ok(pb::GetReconciliationResponse {
            freshness: self.fresh(View::Case, &at).await?,
            ..answer
        })
    }
}

impl Cluster {
    /// Every register, if the question is about them.
    async fn registers_for(
        &self,
        question: &Question,
        links: &Known,
    ) -> Result<Vec<pb::RegisterDay>, Failure> {
        if !question.needs_registers() {
            return Ok(Vec::new());
        }
        let as_of: Option<Timestamp> = Some(from_millis(question.as_of_ms));
        let known = self.registers(links, all_registers(as_of), Vec::new());
        Ok(known.await?.0.registers)
    }

    async fn registers(
        &self,
        links: &Known,
        request: pb::GetReconciliationRequest,
        whole: Vec<pb::RegisterDay>,
    ) -> Result<(pb::GetReconciliationResponse, Vec<At>), Failure> {
        let question = reconciliation::Question::read(&request, &whole)?;
        let asked = Sent::Reconciliation(inner::ReconciliationQuestion {
            request: Some(request),
            whole,
        });
        let sum = Registers::new(question);
        let asked = Asked::all(asked, &self.reference.now(), sum);
        let (sum, at) = self.sum_cases(links, asked).await?;
        Ok((work(move || sum.finish()).await?, at))
    }
}
