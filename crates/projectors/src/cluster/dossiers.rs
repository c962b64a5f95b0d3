//! Questions about one dossier: its case is put together here, and answered as one process does.

use super::{Cluster, one};
use crate::answers::case::WholeCase;
use crate::answers::{dossier_clock, slip};
use crate::dossiers::{asked_of_clock, asked_of_slip};
use crate::views::View;
use lienthong_contract::pb::performance::v1 as pb;
use lienthong_contract::status::Failure;

impl Cluster {
    /// See `PerformanceService.GetDossierClock`.
    pub(crate) async fn clock_of(
        &self,
        request: pb::GetDossierClockRequest,
    ) -> Result<pb::GetDossierClockResponse, Failure> {
        let (asked, reference) = (asked_of_clock(&request), self.reference.now());
        let answer = move |found: &WholeCase<'_>| dossier_clock::answer(found, &asked, &reference);
        let (clock, at) = one::case(self.from(), request.dossier_code, answer).await?;
        Ok(pb::GetDossierClockResponse {
            clock: Some(clock),
            freshness: self.fresh(View::Case, &at).await?,
        })
    }

    /// See `PerformanceService.GetControlSlip`.
    pub(crate) async fn slip_of(
        &self,
        request: pb::GetControlSlipRequest,
    ) -> Result<pb::GetControlSlipResponse, Failure> {
        let (asked, reference) = (asked_of_slip(&request), self.reference.now());
        let answer = move |found: &WholeCase<'_>| slip::answer(found, &asked, &reference);
        let ((dossier, entries), at) = one::case(self.from(), request.dossier_code, answer).await?;
        Ok(pb::GetControlSlipResponse {
            dossier: Some(dossier),
            entries,
            freshness: self.fresh(View::Case, &at).await?,
        })
    }
}
