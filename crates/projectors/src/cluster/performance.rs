//! The door [`Performance`] of a gateway: plain parts are counted by the instances from their
//! ledgers, tied ones joined here.

use super::sums::Asked;
use super::{Cluster, one};
use crate::answers::{clockwork, dossier_clock, dossiers, performance, register, slip};
use crate::dossiers::{asked_of_clock, asked_of_slip};
use crate::figures::{list_with_moment, with_moment};
use crate::joins::scan::Only;
use crate::questions::work;
use crate::views::View;
use async_trait::async_trait;
use lienthong_contract::pb::performance::v1 as pb;
use lienthong_contract::pb::projection::v1::get_sum_request::Question;
use lienthong_contract::ports::Performance;
use lienthong_contract::status::Failure;

#[async_trait]
impl Performance for Cluster {
    async fn performance(
        &self,
        request: pb::GetPerformanceRequest,
    ) -> Result<pb::GetPerformanceResponse, Failure> {
        let (question, request) = with_moment(request)?;
        let reference = self.reference.now();
        let sum = performance::Performance::new(question, reference.clone());
        let question = Question::Performance(request);
        let asked = Asked::all(question, &reference, sum);
        let (sum, at) = self.sum_cases(&self.ties().await?, asked).await?;
        let answer = work(move || sum.finish()).await?;
        Ok(pb::GetPerformanceResponse {
            freshness: self.fresh(View::Case, &at).await?,
            ..answer
        })
    }

    async fn dossiers(
        &self,
        request: pb::ListDossiersRequest,
    ) -> Result<pb::ListDossiersResponse, Failure> {
        let (question, request) = list_with_moment(request)?;
        let reference = self.reference.now();
        let sum = dossiers::Dossiers::new(question, reference.clone())?;
        let asked = Asked::all(Question::Dossiers(request), &reference, sum);
        let (sum, at) = self.sum_cases(&self.ties().await?, asked).await?;
        Ok(pb::ListDossiersResponse {
            freshness: self.fresh(View::Case, &at).await?,
            ..sum.finish()
        })
    }

    async fn register(
        &self,
        request: pb::GetRegisterRequest,
    ) -> Result<pb::GetRegisterResponse, Failure> {
        let question = register::Question::read(&request)?;
        let reference = self.reference.now();
        let sum = register::Register::new(question, reference.clone());
        let asked = Asked::all(Question::Register(request), &reference, sum);
        let (sum, at) = self.sum_cases(&self.ties().await?, asked).await?;
        Ok(pb::GetRegisterResponse {
            freshness: self.fresh(View::Case, &at).await?,
            ..sum.finish()
        })
    }

    async fn dossier_clock(
        &self,
        request: pb::GetDossierClockRequest,
    ) -> Result<pb::GetDossierClockResponse, Failure> {
        let (reference, asked) = (self.reference.now(), asked_of_clock(&request));
        let (clock, at) = one::case(self.from(), request.dossier_code, move |found| {
            dossier_clock::answer(found, &asked, &reference)
        })
        .await?;
        Ok(pb::GetDossierClockResponse {
            clock: Some(clock),
            freshness: self.fresh(View::Case, &at).await?,
        })
    }

    async fn control_slip(
        &self,
        request: pb::GetControlSlipRequest,
    ) -> Result<pb::GetControlSlipResponse, Failure> {
        let (reference, asked) = (self.reference.now(), asked_of_slip(&request));
        let (slip, at) = one::case(self.from(), request.dossier_code, move |found| {
            slip::answer(found, &asked, &reference)
        })
        .await?;
        let (dossier, entries) = slip;
        Ok(pb::GetControlSlipResponse {
            dossier: Some(dossier),
            entries,
            freshness: self.fresh(View::Case, &at).await?,
        })
    }

    async fn clock_statistics(
        &self,
        request: pb::GetClockStatisticsRequest,
    ) -> Result<pb::GetClockStatisticsResponse, Failure> {
        let question = clockwork::Question::read(&request)?;
        let only = Only {
            source: request.source.clone(),
        };
        let sum = clockwork::Clockwork::new(&question);
        let asked = Asked {
            only,
            ..Asked::all(
                Question::ClockStatistics(request),
                &self.reference.now(),
                sum,
            )
        };
        let (sum, at) = self.sum_cases(&self.ties().await?, asked).await?;
        let answer = work(move || sum.finish()).await?;
        Ok(pb::GetClockStatisticsResponse {
            freshness: self.fresh(View::Case, &at).await?,
            ..answer
        })
    }
}
