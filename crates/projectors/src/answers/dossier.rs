//! One dossier of a case at a moment, and the line that every answer about it begins with.

use super::case::WholeCase;
use super::wire;
use lienthong_contract::pb::performance::v1 as pb;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time::from_millis;
use lienthong_domain::calendar::NoCalendar;
use lienthong_domain::clock::{Duty, Precision, Rules, duty, is_overdue};
use lienthong_domain::life::{Deadline, Ending, Life, deadline, life};
use lienthong_domain::path::Step;
use lienthong_domain::path::day::{day, day_number};
use lienthong_domain::path::holder::{Holder, holder};
use lienthong_domain::procedure::Procedure;
use lienthong_domain::reference::Reference;

/// Which dossier, and when. Owned, so that it can go to where the case is.
#[derive(Debug, Clone)]
pub struct Asked {
    /// A code of the dossier.
    pub code: String,
    /// Only what had happened until then counts, milliseconds since the Unix epoch; none:
    /// everything that was told.
    pub until_ms: Option<i64>,
    /// The moment from which an open dossier is looked at.
    pub now_ms: i64,
}

/// A dossier as its steps tell it.
#[derive(Debug, Clone)]
pub struct Dossier<'a> {
    /// Code of its case.
    pub case: &'a str,
    /// Its own code.
    pub code: &'a str,
    /// Its steps, in their order.
    pub steps: Vec<Step<'a>>,
    /// Its life.
    pub life: Life<'a>,
    /// The moment from which it is looked at.
    pub now_ms: i64,
}

/// Finds the dossier in its case.
///
/// # Errors
/// `CASE_NOT_FOUND` if the code names the case and not a dossier, or if nothing was told of the
/// dossier until then.
pub fn find<'a>(case: &WholeCase<'a>, asked: &Asked) -> Result<Dossier<'a>, Failure> {
    let Some(code) = case.group.dossier_of(&asked.code) else {
        return Err(of_several(case, &asked.code));
    };
    let path = case.path();
    let until = asked.until_ms.unwrap_or(i64::MAX);
    let ours = |step: &Step<'_>| step.dossier == code && step.order.occurred_ms <= until;
    let steps: Vec<Step<'a>> = path.steps.into_iter().filter(ours).collect();
    if steps.is_empty() {
        let message = format!("nothing had been told of {} by then", asked.code);
        return Err(Failure::new(Reason::CaseNotFound, message).with("code", &asked.code));
    }
    let life = life(&steps);
    Ok(Dossier {
        case: path.code,
        code,
        now_ms: asked.now_ms.max(life.last_ms),
        steps,
        life,
    })
}

fn of_several(case: &WholeCase<'_>, code: &str) -> Failure {
    let dossiers = case.group.dossiers.iter();
    let named: Vec<&str> = dossiers.map(|member| member.code).collect();
    let message = format!(
        "{code} names a case; ask for one of its dossiers: {}",
        named.join(", ")
    );
    Failure::new(Reason::CaseNotFound, message).with("code", code)
}

/// That the clock runs through a year without a table.
pub fn no_calendar(lacking: NoCalendar) -> Failure {
    let year = lacking.year;
    let message =
        format!("the working calendar has no table of {year}, through which the clock runs");
    Failure::new(Reason::CalendarMissing, message).with("year", year)
}

impl<'a> Dossier<'a> {
    /// The legal deadline; none: not received, or the catalogue knows no limit.
    ///
    /// # Errors
    /// `CALENDAR_MISSING`.
    pub fn legal<'r>(
        &self,
        reference: &'r Reference,
    ) -> Result<Option<(Deadline<'r>, i64)>, Failure> {
        let Some(legal) = deadline(&self.life, reference) else {
            return Ok(None);
        };
        let due_ms = legal
            .due_ms
            .as_ref()
            .map_err(|lacking| no_calendar(*lacking));
        let due_ms = *due_ms?;
        Ok(Some((legal, due_ms)))
    }

    /// The version of its procedure that it began under.
    pub fn procedure<'r>(&self, reference: &'r Reference) -> Option<&'r Procedure> {
        let began = day(day_number(self.life.received?.at_ms));
        reference.procedures.version_at(self.life.procedure, began)
    }

    /// The line about it; `due_ms` is the deadline that decides.
    pub fn line(&self, due_ms: Option<i64>, reference: &Reference) -> pb::DossierLine {
        let life = &self.life;
        let agency = life.received.map_or("", |received| received.by.agency);
        let open = life.received.is_some() && life.end.is_none();
        let pending = life.pending(due_ms);
        let next = duty(&pending, self.now_ms, &Rules::default());
        pb::DossierLine {
            dossier_code: self.code.to_owned(),
            case_code: self.case.to_owned(),
            procedure_code: life.procedure.to_owned(),
            agency_code: agency.to_owned(),
            holder: holder(&self.steps).map(|holder| self.held(&holder, reference)),
            received_time: life.received.map(|received| from_millis(received.at_ms)),
            due_time: due_ms.map(from_millis),
            told_due_time: life.told_due_ms.map(from_millis),
            state: self.state(due_ms).into(),
            duty: next.filter(|_| open).map(wire_duty),
            successors: Vec::new(),
        }
    }

    fn held(
        &self,
        held: &Holder<'_>,
        reference: &Reference,
    ) -> lienthong_contract::pb::procedure::v1::Holder {
        let on = day(day_number(self.life.last_ms));
        wire::holder(held, reference.registry.level_at(held.party.agency, on))
    }

    /// Only of a dossier that was received.
    fn state(&self, due_ms: Option<i64>) -> pb::DossierState {
        let life = &self.life;
        if life.received.is_none() {
            return pb::DossierState::Unspecified;
        }
        let overdue = due_ms.is_some_and(|due| is_overdue(due, self.now_ms, Precision::Day));
        match life.end.map(|end| end.how) {
            Some(Ending::Settled) => pb::DossierState::Settled,
            Some(Ending::Withdrawn) => pb::DossierState::Withdrawn,
            Some(Ending::Refused) => pb::DossierState::Refused,
            None if life.paused_since().is_some() => pb::DossierState::Paused,
            None if overdue => pb::DossierState::Overdue,
            None => pb::DossierState::InWork,
        }
    }
}

fn wire_duty(duty: Duty) -> pb::Duty {
    pb::Duty {
        kind: duty.what.as_str().to_owned(),
        due_time: duty.until_ms.map(from_millis),
    }
}
