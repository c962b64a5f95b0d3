//! What sources' own registers say of the dossiers of a case, beside what the hub was told.
//!
//! A line stands for the end of its day at +07:00. A line that was sent twice counts once, the last
//! by order.

use super::Finding;
use hashbrown::HashMap;
use lienthong_domain::event::Kind;
use lienthong_domain::event::detail::{Channel, Register};
use lienthong_domain::misfit::Misfit;
use lienthong_domain::path::day::{day, day_number};
use lienthong_domain::path::{JoinedCase, Step};

const DAY_MS: i64 = 86_400_000;
const OFFSET_MS: i64 = 7 * 3_600_000;

/// One line of a register of a day.
#[derive(Debug, Clone, Copy)]
pub(in crate::answers) struct Line<'a> {
    /// The code as the register has it.
    pub(in crate::answers) code: &'a str,
    /// The dossier's name.
    pub(in crate::answers) dossier: &'a str,
    /// Whose register.
    pub(in crate::answers) source: &'a str,
    /// Which of its registers.
    pub(in crate::answers) register: Register,
    /// Days since 1970-01-01.
    pub(in crate::answers) day: i64,
    /// Lines of the whole register of that day.
    pub(in crate::answers) entries: u32,
    /// Portal status; 0: none told.
    pub(in crate::answers) status: u8,
    agency: &'a str,
    procedure: &'a str,
}

/// What a line is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::answers) enum Agreement {
    /// The source's events say the same, or one of the two says no status.
    Agrees,
    /// They say this status, or 0 for nothing until then.
    Differs(u8),
    /// The source never told of the dossier.
    NeverPublished,
}

/// Registers of days that came whole.
#[derive(Debug, Clone, Default)]
pub struct Whole(HashMap<String, Vec<(Register, i64)>>);

impl Whole {
    /// Adds one.
    pub fn add(&mut self, source: &str, register: Register, day: i64) {
        let of_source = self.0.entry_ref(source).or_default();
        of_source.push((register, day));
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of(&self, source: &str) -> &[(Register, i64)] {
        self.0.get(source).map_or(&[], Vec::as_slice)
    }
}

/// The name of a register in words.
pub(in crate::answers) fn name(register: Register) -> &'static str {
    match register {
        Register::OneStop => "one-stop",
        Register::CivilStatus => "civil-status",
        Register::Portal => "portal",
    }
}

/// The last moment of a day, milliseconds since the Unix epoch.
pub(in crate::answers) fn end_of(day: i64) -> i64 {
    (day + 1) * DAY_MS - OFFSET_MS - 1
}

/// The lines of a case, each once.
pub(in crate::answers) fn lines<'a>(case: &JoinedCase<'a>) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    for entry in &case.entries {
        let Some((register, day, entries)) = entry.detail.register() else {
            continue;
        };
        let mut told = case.told_as.iter();
        let told = told.find(|(fingerprint, _)| *fingerprint == entry.order.fingerprint);
        let line = Line {
            code: told.map_or(entry.dossier, |(_, code)| code),
            dossier: entry.dossier,
            source: entry.source,
            register,
            day,
            entries,
            status: entry.portal_status,
            agency: entry.actor.agency,
            procedure: entry.procedure,
        };
        let place = |line: &Line<'a>| (line.code, line.source, line.register, line.day);
        match lines.iter_mut().find(|known| place(known) == place(&line)) {
            Some(known) => *known = line,
            None => lines.push(line),
        }
    }
    lines.sort_by_key(|line| (line.day, line.code, line.source, line.register));
    lines
}

/// What a line is worth beside the events of its source.
pub(in crate::answers) fn agreement(case: &JoinedCase<'_>, line: &Line<'_>) -> Agreement {
    let ours = |step: &&Step<'_>| (step.dossier, step.source) == (line.dossier, line.source);
    if !case.steps.iter().any(|step| ours(&step)) {
        return Agreement::NeverPublished;
    }
    let until = case.steps.iter().rev().filter(ours);
    let mut until = until.filter(|step| day_number(step.order.occurred_ms) <= line.day);
    let mut any = false;
    let told = until.find_map(|step| {
        any = true;
        status_of(step)
    });
    match told {
        None if !any => Agreement::Differs(0),
        None => Agreement::Agrees,
        Some(_) if line.status == 0 => Agreement::Agrees,
        Some((status, _)) if status == line.status => Agreement::Agrees,
        Some((status, false)) if alike(status, line.status) => Agreement::Agrees,
        Some((status, _)) => Agreement::Differs(status),
    }
}

/// The status that a step gives its dossier, and whether the source said so in a status of its own.
fn status_of(step: &Step<'_>) -> Option<(u8, bool)> {
    let implied = match step.kind {
        _ if step.portal_status != 0 => return Some((step.portal_status, true)),
        Kind::Submitted => 1,
        Kind::Received => 2,
        Kind::RefusedAtIntake => 3,
        Kind::HandedOver
        | Kind::Accepted
        | Kind::Returned
        | Kind::Consulted
        | Kind::SupplementReceived
        | Kind::PaymentMade
        | Kind::Appraised => 4,
        Kind::SupplementRequested => 5,
        Kind::PaymentRequested => 6,
        Kind::Withdrawn => 7,
        Kind::Stopped => 8,
        Kind::ResultIssued => 9,
        Kind::ResultReturned => 10,
        _ => return None,
    };
    Some((implied, false))
}

/// Whether two statuses are the same for a register: received and processing are.
pub(in crate::answers) fn alike(one: u8, other: u8) -> bool {
    one == other || (matches!(one, 2 | 4) && matches!(other, 2 | 4))
}

/// Pairs of lines of different registers that have different statuses of one dossier on one day,
/// the first day of each dossier only.
pub(in crate::answers) fn disagreements<'a>(lines: &[Line<'a>]) -> Vec<(Line<'a>, Line<'a>)> {
    let mut found: Vec<(Line<'a>, Line<'a>)> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let other = lines[..at].iter().find(|other| {
            let same = (other.dossier, other.day) == (line.dossier, line.day);
            let told = other.status != 0 && line.status != 0;
            same && told && other.register != line.register && !alike(other.status, line.status)
        });
        let known = found.iter().any(|(known, _)| known.dossier == line.dossier);
        if let Some(other) = other.filter(|_| !known) {
            found.push((*other, *line));
        }
    }
    found
}

/// Every finding about registers: of never published dossiers and different statuses the first day
/// of each register, of what a register lacks every one.
pub(super) fn look<'a>(case: &JoinedCase<'a>, whole: &Whole, found: &mut Vec<Finding<'a>>) {
    let lines = lines(case);
    let mut known: Vec<(Misfit, &str, &str, Register)> = Vec::new();
    for line in &lines {
        let finding = match agreement(case, line) {
            Agreement::Agrees => continue,
            Agreement::NeverPublished => Finding {
                expected: "told to the hub by this source".to_owned(),
                found: format!(
                    "only in its {} register of {}",
                    name(line.register),
                    day(line.day)
                ),
                ..of(line, Misfit::NeverPublished)
            },
            Agreement::Differs(told) => Finding {
                expected: match told {
                    0 => "something told until then".to_owned(),
                    told => format!("status {told} as told"),
                },
                found: format!(
                    "status {} in the {} register of {}",
                    line.status,
                    name(line.register),
                    day(line.day)
                ),
                ..of(line, Misfit::StatusDiffers)
            },
        };
        let about = (finding.misfit, line.dossier, line.source, line.register);
        if !known.contains(&about) {
            known.push(about);
            found.push(finding);
        }
    }
    for (one, other) in disagreements(&lines) {
        found.push(Finding {
            expected: format!(
                "status {} as in the {} register",
                one.status,
                name(one.register)
            ),
            found: format!(
                "status {} in the {} register of {}",
                other.status,
                name(other.register),
                day(other.day)
            ),
            ..of(&other, Misfit::RegistersDisagree)
        });
    }
    for missing in missing(case, &lines, whole) {
        found.push(Finding {
            misfit: Misfit::MissingInRegister,
            dossier: missing.first.dossier,
            procedure: missing.first.procedure,
            source: missing.first.source,
            agency: missing.first.actor.agency,
            expected: format!(
                "in the {} register of {}",
                name(missing.register),
                day(missing.day)
            ),
            found: "not among its lines, which are all there".to_owned(),
            since_ms: end_of(missing.day),
        });
    }
}

/// A dossier that a whole register lacks.
pub(in crate::answers) struct Missing<'a> {
    /// The first step that its source told.
    pub(in crate::answers) first: Step<'a>,
    pub(in crate::answers) register: Register,
    pub(in crate::answers) day: i64,
}

/// What whole registers lack of a case: dossiers that their source first told of on that day.
pub(in crate::answers) fn missing<'a>(
    case: &JoinedCase<'a>,
    lines: &[Line<'a>],
    whole: &Whole,
) -> Vec<Missing<'a>> {
    let mut lacking = Vec::new();
    if whole.is_empty() {
        return lacking;
    }
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for first in &case.steps {
        let whose = (first.dossier, first.source);
        if seen.contains(&whose) {
            continue;
        }
        seen.push(whose);
        let first_day = day_number(first.order.occurred_ms);
        for (register, day) in whole.of(first.source) {
            let listed = |line: &Line<'_>| {
                let place = (line.register, line.day) == (*register, *day);
                place && (line.dossier, line.source) == whose
            };
            let due = *day == first_day && belongs(case, whose, *register);
            if due && !lines.iter().any(listed) {
                lacking.push(Missing {
                    first: *first,
                    register: *register,
                    day: *day,
                });
            }
        }
    }
    lacking
}

/// Whether a dossier belongs into such a register: into a portal's only what came online.
fn belongs(case: &JoinedCase<'_>, whose: (&str, &str), register: Register) -> bool {
    let mut steps = case.steps.iter();
    register != Register::Portal
        || steps.any(|step| {
            (step.dossier, step.source) == whose && step.detail.channel() == Some(Channel::Online)
        })
}

fn of<'a>(line: &Line<'a>, misfit: Misfit) -> Finding<'a> {
    Finding {
        misfit,
        dossier: line.dossier,
        procedure: line.procedure,
        source: line.source,
        agency: line.agency,
        expected: String::new(),
        found: String::new(),
        since_ms: end_of(line.day),
    }
}
