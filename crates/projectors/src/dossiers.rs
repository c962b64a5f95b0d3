//! Questions about ONE dossier, answered from its whole case: by one process from its lanes, and
//! by a gateway from the parts that the instances keep.

use crate::answers::case::WholeCase;
use crate::answers::dossier::Asked;
use crate::answers::{dossier_clock, slip};
use crate::lanes::Lanes;
use crate::questions::one;
use lienthong_contract::pb::performance::v1 as pb;
use lienthong_contract::status::Failure;
use lienthong_contract::time::{now_millis, to_millis};
use lienthong_domain::reference::Reference;
use std::sync::Arc;

/// See `PerformanceService.GetDossierClock`.
pub async fn clock(
    lanes: &Arc<Lanes>,
    request: pb::GetDossierClockRequest,
) -> Result<pb::GetDossierClockResponse, Failure> {
    let asked = asked_of_clock(&request);
    let answer = move |found: &WholeCase<'_>, reference: Arc<Reference>| {
        dossier_clock::answer(found, &asked, &reference)
    };
    let (clock, freshness) = one(lanes, request.dossier_code, answer).await?;
    Ok(pb::GetDossierClockResponse {
        clock: Some(clock),
        freshness: Some(freshness),
    })
}

/// See `PerformanceService.GetControlSlip`.
pub async fn control_slip(
    lanes: &Arc<Lanes>,
    request: pb::GetControlSlipRequest,
) -> Result<pb::GetControlSlipResponse, Failure> {
    let asked = asked_of_slip(&request);
    let answer = move |found: &WholeCase<'_>, reference: Arc<Reference>| {
        slip::answer(found, &asked, &reference)
    };
    let ((dossier, entries), freshness) = one(lanes, request.dossier_code, answer).await?;
    Ok(pb::GetControlSlipResponse {
        dossier: Some(dossier),
        entries,
        freshness: Some(freshness),
    })
}

/// What a clock is asked of: what had happened until a moment, or until now.
pub fn asked_of_clock(request: &pb::GetDossierClockRequest) -> Asked {
    let as_of = request.as_of_time.as_ref().and_then(to_millis);
    let now_ms = as_of.unwrap_or_else(now_millis);
    Asked {
        code: request.dossier_code.clone(),
        until_ms: Some(now_ms),
        now_ms,
    }
}

/// What a slip is asked of: everything that was told.
pub fn asked_of_slip(request: &pb::GetControlSlipRequest) -> Asked {
    Asked {
        code: request.dossier_code.clone(),
        until_ms: None,
        now_ms: now_millis(),
    }
}
