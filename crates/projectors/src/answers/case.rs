//! `GetCase`: one case whole.

use super::places::Places;
use super::{read, wire};
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::pb::procedure::v1 as pb;
use lienthong_contract::status::Failure;
use lienthong_contract::time::from_millis;
use lienthong_domain::basis::Basis;
use lienthong_domain::event::{Kind, Link};
use lienthong_domain::links::{Group, Member};
use lienthong_domain::path::holder::{Holder, holder};
use lienthong_domain::path::openness::{Standing, is_open, standing};
use lienthong_domain::path::waiting::{Waiting, waiting};
use lienthong_domain::path::{JoinedCase, Step, is_step};
use lienthong_domain::reference::Reference;
use std::sync::Arc;

/// One fact of a case with what only the timeline shows.
#[derive(Debug, Clone, Copy)]
pub struct CaseDetail<'a> {
    /// The fact, of whatever kind. `dossier` as the source wrote it, aliases not resolved.
    pub step: Step<'a>,
    /// URN of the source.
    pub source: &'a str,
    /// When the hub took it in, milliseconds since the Unix epoch.
    pub recorded_ms: i64,
    /// Partition of its record.
    pub partition: u32,
    /// Offset of its record.
    pub offset: u64,
    /// Only of `Kind::Linked`.
    pub link: Option<Link<'a>>,
}

/// Everything the views know of one case.
#[derive(Debug, Clone)]
pub struct WholeCase<'a> {
    /// Its dossiers, as [`lienthong_domain::links::resolve`] gave them.
    pub group: Group<'a>,
    /// Every fact of every dossier of the group, once, in any order.
    pub details: Vec<CaseDetail<'a>>,
    /// Codes of dossiers of which an event is parked, as the sources wrote them.
    pub parked: Vec<&'a str>,
}

impl<'a> WholeCase<'a> {
    /// The path of the case, sorted, aliases resolved.
    pub fn path(&self) -> JoinedCase<'a> {
        let facts = self.details.iter().map(|detail| detail.step);
        let mut steps: Vec<Step<'a>> = facts.filter(|step| is_step(step.kind)).collect();
        for step in &mut steps {
            step.dossier = self.group.dossier_of(step.dossier).unwrap_or(step.dossier);
        }
        steps.sort_unstable_by_key(|step| step.order);
        JoinedCase {
            code: self.group.code,
            dossiers: self
                .group
                .dossiers
                .iter()
                .map(|member| member.code)
                .collect(),
            steps,
        }
    }
}

/// Under which agencies and units the case is asked for.
///
/// # Errors
/// `REQUEST_MALFORMED` for a basis that is no day.
pub fn basis(request: &pb::GetCaseRequest) -> Result<Basis, Failure> {
    read::basis(request.basis.as_ref())
}

/// The case as the contract shows it, its levels told under a basis.
pub fn answer(case: &WholeCase<'_>, reference: Arc<Reference>, basis: Basis) -> pb::Case {
    let mut places = Places::new(reference, basis);
    let path = case.path();
    let mut details: Vec<&CaseDetail<'_>> = case.details.iter().collect();
    details.sort_unstable_by_key(|detail| detail.step.order);
    let last_ms = path.steps.last().map_or(0, |step| step.order.occurred_ms);
    let members = case.group.dossiers.iter();
    pb::Case {
        code: path.code.to_owned(),
        interconnection_class: wire::class(places.class(&path.steps)),
        dossiers: members
            .map(|member| dossier(member, case, &path, &details))
            .collect(),
        timeline: details
            .iter()
            .map(|detail| entry(detail, &mut places))
            .collect(),
        holder: holder(&path.steps).map(|holder| held(&holder, last_ms, &mut places)),
        waiting: waiting(&path).iter().map(awaited).collect(),
        open: is_open(&path),
    }
}

/// The holder, and what it has become.
pub(super) fn held(holder: &Holder<'_>, at_ms: i64, places: &mut Places) -> pb::Holder {
    let agency = holder.party.agency;
    pb::Holder {
        successor_agency_codes: places.successors(agency, at_ms),
        ..wire::holder(holder, places.level(agency, at_ms))
    }
}

fn dossier(
    member: &Member<'_>,
    case: &WholeCase<'_>,
    path: &JoinedCase<'_>,
    details: &[&CaseDetail<'_>],
) -> pb::Dossier {
    let is_of = |code: &str| member.code == code || member.aliases.contains(&code);
    let steps: Vec<&Step<'_>> = path
        .steps
        .iter()
        .filter(|s| s.dossier == member.code)
        .collect();
    let procedure = steps.iter().rev().find(|step| !step.procedure.is_empty());
    let status = steps.iter().rev().find(|step| step.portal_status != 0);
    let due = steps
        .iter()
        .rev()
        .filter(|step| sets_deadline(step.kind))
        .find_map(|s| s.due_ms);
    let mut sources: Vec<String> = Vec::new();
    for detail in details.iter().filter(|detail| is_of(detail.step.dossier)) {
        if sources.iter().all(|known| known != detail.source) {
            sources.push(detail.source.to_owned());
        }
    }
    pb::Dossier {
        code: member.code.to_owned(),
        aliases: member
            .aliases
            .iter()
            .map(|alias| (*alias).to_owned())
            .collect(),
        parent_code: member.parent.unwrap_or_default().to_owned(),
        procedure_code: procedure.map_or("", |step| step.procedure).to_owned(),
        portal_status: status.map_or(0, |step| u32::from(step.portal_status)),
        due_time: due.map(from_millis),
        sources,
        open: standing(&path.steps, member.code) == Some(Standing::InWork),
        parked: case.parked.iter().any(|code| is_of(code)),
    }
}

/// Whether a due time of this kind is the dossier's own, and not one exchange's.
fn sets_deadline(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Received | Kind::SupplementReceived | Kind::Extended | Kind::ProgressReported
    )
}

fn entry(detail: &CaseDetail<'_>, places: &mut Places) -> pb::TimelineEntry {
    let step = &detail.step;
    let occurred_ms = step.order.occurred_ms;
    let addresses = matches!(
        step.kind,
        Kind::HandedOver | Kind::Returned | Kind::Consulted
    );
    let actor_level = match step.actor.is_named() {
        true => places.level(step.actor.agency, occurred_ms),
        false => None,
    };
    pb::TimelineEntry {
        position: Some(Position {
            partition: detail.partition,
            offset: detail.offset,
        }),
        occurred_time: Some(from_millis(occurred_ms)),
        recorded_time: Some(from_millis(detail.recorded_ms)),
        kind: step.kind.name().to_owned(),
        dossier_code: step.dossier.to_owned(),
        source: detail.source.to_owned(),
        actor: wire::party(&step.actor),
        actor_level: wire::level(actor_level),
        addressee: wire::party(&step.addressee).filter(|_| addresses),
        portal_status: u32::from(step.portal_status),
        linked_code: detail.link.map_or("", |link| link.code).to_owned(),
    }
}

fn awaited(waiting: &Waiting<'_>) -> pb::Waiting {
    pb::Waiting {
        kind: waiting.awaited.as_str().to_owned(),
        dossier_code: waiting.dossier.to_owned(),
        party: wire::party(&waiting.from),
        since_time: Some(from_millis(waiting.since_ms)),
        due_time: waiting.due_ms.map(from_millis),
    }
}

#[cfg(test)]
#[path = "case_tests.rs"]
mod tests;
