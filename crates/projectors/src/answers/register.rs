//! `GetRegister`: form 07 of Circular 03/2025/TT-VPCP, the dossiers that an agency received on a
//! day, in the order of reception.

use super::dossier::Dossier;
use super::packed::{message, write};
use super::read;
use crate::ledger::each_dossier;
use crate::ledger::rows::Stand;
use crate::ledger::table::{Table, Walked};
use lienthong_contract::pb::event::v1::Channel as WireChannel;
use lienthong_contract::pb::performance::v1 as pb;
use lienthong_contract::status::Failure;
use lienthong_contract::time::{from_millis, now_millis};
use lienthong_domain::event::detail::Channel;
use lienthong_domain::life::{Ending, life};
use lienthong_domain::path::JoinedCase;
use lienthong_domain::path::day::{day_number, number_of};
use lienthong_domain::reference::Reference;
use prost::Message;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    agency: String,
    /// Number of the day.
    day: i64,
    page_size: usize,
    /// Only what was received after a moment and code.
    after: Option<(i64, String)>,
}

impl Question {
    /// Reads a request.
    ///
    /// # Errors
    /// `REQUEST_MALFORMED`, naming the field.
    pub fn read(request: &pb::GetRegisterRequest) -> Result<Self, Failure> {
        if request.agency_code.is_empty() {
            return Err(Failure::of_field(
                "agency_code",
                "it is missing.",
                "send the code of the agency that received the dossiers",
            ));
        }
        let mut question = Self {
            agency: request.agency_code.clone(),
            day: number_of(read::day("day", &request.day)?),
            page_size: read::page_size(request.page_size)?,
            after: None,
        };
        if !request.page_token.is_empty() {
            let token = question.read_token(&request.page_token);
            question.after = Some(token.ok_or_else(read::foreign_token)?);
        }
        Ok(question)
    }

    fn token(&self, received_ms: i64, code: &str) -> String {
        let mut hasher = SipHasher13::new();
        (&self.agency, self.day, received_ms, code).hash(&mut hasher);
        format!("{:016x}.{received_ms}.{code}", hasher.finish())
    }

    fn read_token(&self, token: &str) -> Option<(i64, String)> {
        let mut pieces = token.splitn(3, '.').skip(1);
        let received_ms = pieces.next()?.parse().ok()?;
        let code = pieces.next()?;
        (self.token(received_ms, code) == token).then(|| (received_ms, code.to_owned()))
    }
}

/// Collects one page.
#[derive(Debug)]
pub struct Register {
    question: Question,
    reference: Arc<Reference>,
    now_ms: i64,
    /// By reception, code of the dossier and of its case; one more than a page holds.
    page: BTreeMap<(i64, String, String), pb::RegisterLine>,
    total: u64,
}

#[derive(Serialize, Deserialize)]
struct Packed {
    page: Vec<(i64, Vec<u8>)>,
    total: u64,
}

impl Register {
    /// A page with no dossier yet.
    pub fn new(question: Question, reference: Arc<Reference>) -> Self {
        Self {
            question,
            reference,
            now_ms: now_millis(),
            page: BTreeMap::new(),
            total: 0,
        }
    }

    /// Takes a case.
    pub fn add(&mut self, case: &JoinedCase<'_>) {
        each_dossier(case, |dossier, steps| {
            let walked = Walked {
                case: case.code,
                dossier,
                steps,
            };
            self.add_walked(&walked);
        });
    }

    /// Takes the dossiers of a table.
    pub fn add_table(&mut self, table: &Table<'_>) {
        let agency = table.names.find(&self.question.agency);
        if agency == 0 {
            return;
        }
        for (at, glance) in table.glances() {
            let same = glance.agency == agency && i64::from(glance.day) == self.question.day;
            if same && glance.stand != Stand::Unreceived {
                table.walk(at, glance, &mut |walked| self.add_walked(&walked));
            }
        }
    }

    fn add_walked(&mut self, walked: &Walked<'_, '_>) {
        let life = life(walked.steps);
        let Some(received) = life.received else {
            return;
        };
        let asked = &self.question;
        if received.by.agency != asked.agency || day_number(received.at_ms) != asked.day {
            return;
        }
        self.total += 1;
        if !self.wants(received.at_ms) {
            return;
        }
        let settled = life.end.filter(|end| end.how == Ending::Settled);
        let (returned, channel) = (life.returned, received.channel);
        let dossier = Dossier {
            case: walked.case,
            code: walked.dossier,
            steps: walked.steps.to_vec(),
            now_ms: self.now_ms.max(life.last_ms),
            life,
        };
        let legal = dossier.legal(&self.reference).ok().flatten();
        let due_ms = legal.map(|(_, due_ms)| due_ms).or(dossier.life.told_due_ms);
        let line = pb::RegisterLine {
            dossier: Some(dossier.line(due_ms, &self.reference)),
            channel: wire_channel(channel),
            settled_time: settled.map(|end| from_millis(end.at_ms)),
            returned_time: returned.map(|(at_ms, _)| from_millis(at_ms)),
            return_channel: wire_channel(returned.and_then(|(_, channel)| channel)),
        };
        self.keep(received.at_ms, line);
    }

    fn wants(&self, received_ms: i64) -> bool {
        let full = self.page.len() > self.question.page_size;
        let last = self
            .page
            .last_key_value()
            .map(|((last_ms, ..), _)| *last_ms);
        !(full && last.is_some_and(|last_ms| received_ms > last_ms))
    }

    fn keep(&mut self, received_ms: i64, line: pb::RegisterLine) {
        let of = line.dossier.as_ref();
        let (code, case) = of.map_or(("", ""), |of| (&of.dossier_code, &of.case_code));
        let after = self.question.after.as_ref();
        let is_after =
            after.is_none_or(|(after_ms, last)| (received_ms, code) > (*after_ms, last.as_str()));
        if !is_after {
            return;
        }
        let key = (received_ms, code.to_owned(), case.to_owned());
        self.page.insert(key, line);
        if self.page.len() > self.question.page_size + 1 {
            self.page.pop_last();
        }
    }

    /// Takes everything that another sum has taken.
    pub fn merge(&mut self, other: Register) {
        self.total += other.total;
        for ((received_ms, ..), line) in other.page {
            self.keep(received_ms, line);
        }
    }

    /// The page as bytes, for [`Register::add_packed`] of another process.
    pub fn pack(self) -> Vec<u8> {
        let page = self.page.iter();
        let page = page.map(|((received_ms, ..), line)| (*received_ms, line.encode_to_vec()));
        write(&Packed {
            page: page.collect(),
            total: self.total,
        })
    }

    /// Takes a page that was collected for the same question.
    ///
    /// # Errors
    /// If the bytes do not read.
    pub fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        let packed: Packed = postcard::from_bytes(bytes)?;
        for (received_ms, line) in packed.page {
            self.keep(received_ms, message::<pb::RegisterLine>(&line)?);
        }
        self.total += packed.total;
        Ok(())
    }

    /// The page; its freshness is the caller's.
    pub fn finish(mut self) -> pb::GetRegisterResponse {
        let more = self.page.len() > self.question.page_size;
        if more {
            self.page.pop_last();
        }
        let last = self.page.last_key_value().filter(|_| more);
        let next_page_token = last.map_or_else(String::new, |((received_ms, code, _), _)| {
            self.question.token(*received_ms, code)
        });
        pb::GetRegisterResponse {
            lines: self.page.into_values().collect(),
            next_page_token,
            total: self.total,
            freshness: None,
        }
    }
}

fn wire_channel(channel: Option<Channel>) -> i32 {
    let wire = match channel {
        None => WireChannel::Unspecified,
        Some(Channel::Desk) => WireChannel::Desk,
        Some(Channel::Online) => WireChannel::Online,
        Some(Channel::Post) => WireChannel::Post,
        Some(Channel::System) => WireChannel::System,
    };
    wire.into()
}
