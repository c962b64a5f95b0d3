//! `GetReconciliation`: registers of days as sources submitted them, beside what the sources told.
//!
//! What a register lacks can only be said of one that came whole, and whether it did is known once
//! every case was seen. So whoever asks adds up twice: first to find the whole registers, then with
//! them in the question.

use super::findings::registers::{
    Agreement, Line, Whole, agreement, disagreements, end_of, lines, missing, name,
};
use super::findings::{Finding, question, until};
use super::oldest::Oldest;
use super::packed::{PackedOldest, write};
use crate::answers::read;
use lienthong_contract::pb::event::v1::Register as WireRegister;
use lienthong_contract::pb::quality::v1 as pb;
use lienthong_contract::status::Failure;
use lienthong_domain::event::detail::Register;
use lienthong_domain::misfit::Misfit;
use lienthong_domain::path::JoinedCase;
use lienthong_domain::path::day::{day, number_of};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most disagreements shown.
const MOST_DISAGREEMENTS: usize = 1_000;

/// Which registers are asked for.
#[derive(Debug, Clone)]
pub struct Question {
    /// First and last day, both included, since 1970-01-01.
    days: (i64, i64),
    /// Empty: every source.
    source: String,
    as_of_ms: i64,
    whole: Whole,
}

impl Question {
    /// Reads a request. No days are all days.
    ///
    /// # Errors
    /// `REQUEST_MALFORMED` for a day or a moment that is none.
    pub fn read(
        request: &pb::GetReconciliationRequest,
        whole: &[pb::RegisterDay],
    ) -> Result<Self, Failure> {
        let read = |field: &str, text: &str, none: i64| match text {
            "" => Ok(none),
            text => text.parse().map(number_of).map_err(|_| {
                let fix = "write yyyy-MM-dd, such as 2026-05-01";
                Failure::of_field(field, "it is not a day.", fix)
            }),
        };
        Ok(Self {
            days: (
                read("from_day", &request.from_day, i64::MIN)?,
                read("to_day", &request.to_day, i64::MAX)?,
            ),
            source: request.source.clone(),
            as_of_ms: read::moment("as_of_time", request.as_of_time.as_ref())?,
            whole: question::whole_of(whole),
        })
    }

    fn wants(&self, source: &str, of: i64) -> bool {
        let (from, to) = self.days;
        (from..=to).contains(&of) && (self.source.is_empty() || self.source == source)
    }
}

/// The register of a source of a day: day, source, register.
type Place = (i64, String, u8);

/// What is known of it.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Row {
    lines: u64,
    expected: u64,
    agreeing: u64,
    differing: u64,
    never_published: u64,
    missing: u64,
}

impl Row {
    fn add(&mut self, other: Row) {
        self.lines += other.lines;
        self.expected = self.expected.max(other.expected);
        self.agreeing += other.agreeing;
        self.differing += other.differing;
        self.never_published += other.never_published;
        self.missing += other.missing;
    }

    fn is_whole(&self) -> bool {
        self.lines > 0 && self.lines >= self.expected
    }
}

/// Registers over cases.
#[derive(Debug)]
pub struct Registers {
    question: Question,
    rows: BTreeMap<Place, Row>,
    disagreements: Oldest<pb::RegisterDisagreement>,
}

/// What travels between processes.
#[derive(Serialize, Deserialize)]
struct Packed {
    rows: Vec<(Place, Row)>,
    disagreements: PackedOldest,
}

impl Registers {
    /// Registers of no case yet.
    pub fn new(question: Question) -> Self {
        Self {
            question,
            rows: BTreeMap::new(),
            disagreements: Oldest::new(MOST_DISAGREEMENTS),
        }
    }

    /// Takes a case.
    pub fn add(&mut self, case: &JoinedCase<'_>) {
        if case.entries.is_empty() && self.question.whole.is_empty() {
            return;
        }
        let case = &until(case, self.question.as_of_ms);
        let all = lines(case);
        for line in &all {
            if !self.question.wants(line.source, line.day) {
                continue;
            }
            let mut row = Row {
                lines: 1,
                expected: u64::from(line.entries),
                ..Row::default()
            };
            match agreement(case, line) {
                Agreement::Agrees => row.agreeing = 1,
                Agreement::Differs(_) => row.differing = 1,
                Agreement::NeverPublished => row.never_published = 1,
            }
            self.put((line.day, line.source.to_owned(), line.register as u8), row);
        }
        for one in missing(case, &all, &self.question.whole) {
            if self.question.wants(one.first.source, one.day) {
                let row = Row {
                    missing: 1,
                    ..Row::default()
                };
                self.put(
                    (one.day, one.first.source.to_owned(), one.register as u8),
                    row,
                );
            }
        }
        let asked = |line: &Line<'_>| self.question.wants(line.source, line.day);
        let apart = disagreements(&all).into_iter().enumerate();
        for (nth, (one, other)) in apart.filter(|(_, (one, other))| asked(one) || asked(other)) {
            self.disagreements.offer(one.day, case.code, nth, || {
                disagreement(case.code, &one, &other)
            });
        }
    }

    fn put(&mut self, place: Place, row: Row) {
        self.rows.entry(place).or_default().add(row);
    }

    /// Takes the registers of another scan for the same question.
    pub fn merge(&mut self, other: Registers) {
        for (place, row) in other.rows {
            self.put(place, row);
        }
        self.disagreements.merge(other.disagreements);
    }

    /// The registers as bytes, for [`Registers::add_packed`] of another process.
    pub fn pack(self) -> Vec<u8> {
        write(&Packed {
            rows: self.rows.into_iter().collect(),
            disagreements: PackedOldest::new(self.disagreements),
        })
    }

    /// Takes registers that were packed.
    ///
    /// # Errors
    /// If the bytes do not read.
    pub fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        let packed: Packed = postcard::from_bytes(bytes)?;
        for (place, row) in packed.rows {
            self.put(place, row);
        }
        packed.disagreements.add_to(&mut self.disagreements)
    }

    /// The answer. Freshness is the caller's. Says what registers lack only if the question held
    /// those that came whole.
    pub fn finish(self) -> pb::GetReconciliationResponse {
        let (disagreements, disagreements_total) = self.disagreements.into_parts();
        let rows = self.rows.into_iter().map(|((of, source, register), row)| {
            let missing = row.is_whole().then_some(row.missing);
            pb::RegisterDay {
                source,
                register: wire_register(register).into(),
                day: day(of).to_string(),
                lines: row.lines,
                expected_lines: row.expected,
                agreeing: row.agreeing,
                differing: row.differing,
                never_published: row.never_published,
                missing_in_register: missing,
            }
        });
        pb::GetReconciliationResponse {
            registers: rows.collect(),
            disagreements,
            disagreements_total,
            freshness: None,
        }
    }
}

/// Of these registers those that came whole.
pub fn whole(registers: &[pb::RegisterDay]) -> Vec<pb::RegisterDay> {
    let mut whole = registers.to_vec();
    whole.retain(|one| one.lines > 0 && one.lines >= one.expected_lines);
    whole
}

/// A finding for each of these registers that did not come whole.
pub fn incomplete(registers: &[pb::RegisterDay]) -> Vec<Finding<'_>> {
    let short = registers
        .iter()
        .filter(|one| one.lines < one.expected_lines);
    let found = short.filter_map(|one| {
        let register = read_register(one.register())?;
        let of = one.day.parse().map(number_of).ok()?;
        let which = format!("the {} register of {}", name(register), one.day);
        Some(Finding {
            misfit: Misfit::RegisterIncomplete,
            dossier: "",
            procedure: "",
            source: &one.source,
            agency: "",
            expected: format!("{} lines of {which}", one.expected_lines),
            found: format!("{} lines", one.lines),
            since_ms: end_of(of),
        })
    });
    found.collect()
}

/// None: unspecified.
pub(super) fn read_register(register: WireRegister) -> Option<Register> {
    match register {
        WireRegister::Unspecified => None,
        WireRegister::OneStop => Some(Register::OneStop),
        WireRegister::CivilStatus => Some(Register::CivilStatus),
        WireRegister::Portal => Some(Register::Portal),
    }
}

/// The numbers are those of the contract.
fn wire_register(register: u8) -> WireRegister {
    WireRegister::try_from(i32::from(register)).unwrap_or_default()
}

fn disagreement(case: &str, one: &Line<'_>, other: &Line<'_>) -> pb::RegisterDisagreement {
    let said = |line: &Line<'_>| pb::RegisterStatus {
        source: line.source.to_owned(),
        register: wire_register(line.register as u8).into(),
        portal_status: u32::from(line.status),
    };
    pb::RegisterDisagreement {
        dossier_code: one.dossier.to_owned(),
        case_code: case.to_owned(),
        day: day(one.day).to_string(),
        one: Some(said(one)),
        other: Some(said(other)),
    }
}
