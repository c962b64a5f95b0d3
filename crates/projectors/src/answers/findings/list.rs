//! `ListFindings`: findings one by one, the oldest first, a page at a time.

use super::question::Question;
use super::{Finding, Look, findings};
use crate::answers::packed::{message, write};
use crate::answers::read;
use crate::answers::sieve::Fits;
use lienthong_contract::pb::quality::v1 as pb;
use lienthong_contract::status::Failure;
use lienthong_contract::time::from_millis;
use lienthong_domain::path::JoinedCase;
use lienthong_domain::reference::Reference;
use prost::Message;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use std::collections::BTreeMap;
use std::hash::Hasher;
use std::sync::Arc;

/// Where a finding stands among all: by moment, dossier, kind, and what tells it from others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Key(i64, String, u8, String, String, String);

/// A page that is asked for.
#[derive(Debug, Clone)]
pub struct Page {
    question: Question,
    size: usize,
    /// Only findings after this one.
    after: Option<Key>,
}

impl Page {
    /// Reads a request. Every page of a list is of the moment of its first.
    ///
    /// # Errors
    /// `REQUEST_MALFORMED` for a filter or a moment that does not read, a page size over 1,000, and
    /// a page token that was not given for the same filter.
    pub fn read(
        request: &pb::ListFindingsRequest,
        whole: &[pb::RegisterDay],
    ) -> Result<Self, Failure> {
        let as_of = request.as_of_time.as_ref();
        let question = Question::read(request.filter.as_ref(), as_of, whole)?;
        let mut page = Self {
            question,
            size: read::page_size(request.page_size)?,
            after: None,
        };
        if !request.page_token.is_empty() {
            let token = page.read_token(&request.page_token);
            let (as_of_ms, after) = token.ok_or_else(read::foreign_token)?;
            page.question.as_of_ms = as_of_ms;
            page.after = Some(after);
        }
        Ok(page)
    }

    /// What is asked.
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// A hash that ties the rest to the filter, the moment and the last finding.
    fn token(&self, last: &Key) -> String {
        let body = write(&(self.question.as_of_ms, last));
        let mut token = format!("{:016x}.", self.hash(&body));
        for byte in &body {
            token.push_str(&format!("{byte:02x}"));
        }
        token
    }

    fn hash(&self, body: &[u8]) -> u64 {
        let asked = &self.question;
        let mut hasher = SipHasher13::new();
        hasher.write_u8(asked.misfit.map_or(0, |misfit| misfit as u8));
        let unit = asked.unit.as_ref().map_or("", |(code, _)| code.as_str());
        let basis = format!("{:?}", asked.basis);
        for text in [&asked.source, &asked.agency, &asked.procedure, unit, &basis] {
            hasher.write(text.as_bytes());
            hasher.write_u8(0);
        }
        hasher.write(body);
        hasher.finish()
    }

    fn read_token(&self, token: &str) -> Option<(i64, Key)> {
        let (hash, digits) = token.split_once('.')?;
        let digits = digits.as_bytes().chunks(2);
        let bytes = digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        let body: Vec<u8> = bytes.collect::<Option<_>>()?;
        let ours = format!("{:016x}", self.hash(&body)) == hash;
        ours.then(|| postcard::from_bytes(&body).ok()).flatten()
    }
}

/// Collects one page.
#[derive(Debug)]
pub struct List {
    page: Page,
    reference: Arc<Reference>,
    /// The first after `after`, one more than a page holds.
    kept: BTreeMap<Key, pb::Finding>,
    total: u64,
}

impl List {
    /// A page with no finding yet.
    pub fn new(page: Page, reference: Arc<Reference>) -> Self {
        Self {
            page,
            reference,
            kept: BTreeMap::new(),
            total: 0,
        }
    }

    /// Takes a case.
    pub fn add(&mut self, case: &JoinedCase<'_>) {
        let look = Look {
            reference: &self.reference,
            as_of_ms: self.page.question.as_of_ms,
            whole: &self.page.question.whole,
        };
        for finding in findings(case, look) {
            self.offer(&finding, case.code);
        }
    }

    /// Takes a finding that belongs to no dossier.
    pub fn add_alone(&mut self, finding: &Finding<'_>) {
        self.offer(finding, "");
    }

    fn offer(&mut self, finding: &Finding<'_>, case: &str) {
        let registry = &self.reference.registry;
        if self.page.question.fits(finding, registry) != Fits::Yes {
            return;
        }
        self.total += 1;
        let key = Key(
            finding.since_ms,
            finding.dossier.to_owned(),
            finding.misfit as u8,
            finding.source.to_owned(),
            finding.expected.clone(),
            finding.found.clone(),
        );
        self.keep(key, || pb::Finding {
            kind: finding.misfit.name().to_owned(),
            dossier_code: finding.dossier.to_owned(),
            case_code: case.to_owned(),
            source: finding.source.to_owned(),
            agency_code: finding.agency.to_owned(),
            expected: finding.expected.clone(),
            found: finding.found.clone(),
            since_time: Some(from_millis(finding.since_ms)),
        });
    }

    fn keep(&mut self, key: Key, finding: impl FnOnce() -> pb::Finding) {
        let before = self.page.after.as_ref().is_some_and(|after| key <= *after);
        let full = self.kept.len() > self.page.size;
        let last = self.kept.last_key_value().map(|(last, _)| last);
        if before || (full && last.is_some_and(|last| key >= *last)) {
            return;
        }
        self.kept.insert(key, finding());
        if self.kept.len() > self.page.size + 1 {
            self.kept.pop_last();
        }
    }

    /// Takes the page of another scan for the same question.
    pub fn merge(&mut self, other: List) {
        self.total += other.total;
        for (key, finding) in other.kept {
            self.keep(key, || finding);
        }
    }

    /// The page as bytes, for [`List::add_packed`] of another process.
    pub fn pack(self) -> Vec<u8> {
        let kept = self.kept.into_iter();
        let kept = kept.map(|(key, finding)| (key, finding.encode_to_vec()));
        write(&(self.total, kept.collect::<Vec<_>>()))
    }

    /// Takes a page that was packed.
    ///
    /// # Errors
    /// If the bytes do not read.
    pub fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        let (total, kept): (u64, Vec<(Key, Vec<u8>)>) = postcard::from_bytes(bytes)?;
        self.total += total;
        for (key, bytes) in kept {
            let finding = message::<pb::Finding>(&bytes)?;
            self.keep(key, || finding);
        }
        Ok(())
    }

    /// The page. Freshness is the caller's.
    pub fn finish(mut self) -> pb::ListFindingsResponse {
        let more = self.kept.len() > self.page.size;
        if more {
            self.kept.pop_last();
        }
        let last = self.kept.last_key_value().filter(|_| more);
        let next_page_token = last.map_or_else(String::new, |(key, _)| self.page.token(key));
        pb::ListFindingsResponse {
            findings: self.kept.into_values().collect(),
            next_page_token,
            total: self.total,
            freshness: None,
        }
    }
}
