//! `ListCases`: cases in the order of their codes, a page at a time.

mod packed;

use super::case::held;
use super::places::Places;
use super::{read, wire};
use lienthong_contract::pb::procedure::v1 as pb;
use lienthong_contract::status::Failure;
use lienthong_contract::time::from_millis;
use lienthong_domain::basis::Basis;
use lienthong_domain::interconnection::Class;
use lienthong_domain::path::JoinedCase;
use lienthong_domain::path::holder::holder;
use lienthong_domain::path::openness::is_open;
use lienthong_domain::reference::Reference;
use siphasher::sip::SipHasher13;
use std::collections::BTreeMap;
use std::hash::Hasher;
use std::sync::Arc;

const USUAL_PAGE: usize = 50;
const LARGEST_PAGE: usize = 1_000;

/// Which cases are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    class: Option<Class>,
    holder_agency: String,
    open_only: bool,
    basis: Basis,
    page_size: usize,
    /// Only cases after this code; empty: from the first.
    after: String,
}

impl Question {
    /// Reads a request.
    ///
    /// # Errors
    /// `REQUEST_MALFORMED` for an unknown class, a page size over 1,000, and a page token
    /// that was not given for the same filters.
    pub fn read(request: &pb::ListCasesRequest) -> Result<Self, Failure> {
        let class = pb::InterconnectionClass::try_from(request.interconnection_class)
            .map_err(|_| unknown_class(request.interconnection_class))?;
        let page_size = match request.page_size as usize {
            0 => USUAL_PAGE,
            size if size <= LARGEST_PAGE => size,
            size => return Err(too_large(size)),
        };
        let mut question = Self {
            class: wire::read_class(class),
            holder_agency: request.holder_agency_code.clone(),
            open_only: request.open_only,
            basis: read::basis(request.basis.as_ref())?,
            page_size,
            after: String::new(),
        };
        if !request.page_token.is_empty() {
            question.after = question.read_token(&request.page_token)?;
        }
        Ok(question)
    }

    /// A token for the page after `code`: a hash that ties it to the filters, and the code.
    fn token(&self, code: &str) -> String {
        let mut hasher = SipHasher13::new();
        hasher.write_u8(self.class.map_or(0, |class| wire::class(class) as u8));
        hasher.write_u8(u8::from(self.open_only));
        if let Basis::UnitsOf(day) = self.basis {
            hasher.write(day.to_string().as_bytes());
        }
        hasher.write(self.holder_agency.as_bytes());
        hasher.write_u8(0);
        hasher.write(code.as_bytes());
        format!("{:016x}.{code}", hasher.finish())
    }

    fn read_token(&self, token: &str) -> Result<String, Failure> {
        let code = token.split_once('.').map(|(_, code)| code);
        match code.filter(|code| self.token(code) == token) {
            Some(code) => Ok(code.to_owned()),
            None => Err(Failure::of_field(
                "page_token",
                "it was not given by this call for the same filters.",
                "send next_page_token of the answer before, with that request's filters, or leave it empty for the first page",
            )),
        }
    }
}

/// Collects one page.
#[derive(Debug)]
pub struct List {
    question: Question,
    places: Places,
    /// The smallest codes, one more than a page holds: it shows that there is a next page.
    page: BTreeMap<String, pb::CaseSummary>,
}

impl List {
    /// A page with no case yet.
    pub fn new(question: Question, reference: Arc<Reference>) -> Self {
        Self {
            places: Places::new(reference, question.basis),
            question,
            page: BTreeMap::new(),
        }
    }

    /// Whether a case of this code could still be on the page, whatever else is true of it.
    pub fn wants(&self, code: &str) -> bool {
        let full = self.page.len() > self.question.page_size;
        let last = self.page.last_key_value().map(|(code, _)| code.as_str());
        code > self.question.after.as_str() && !(full && last.is_some_and(|last| code >= last))
    }

    /// Takes a case.
    pub fn add(&mut self, case: &JoinedCase<'_>) {
        let (Some(first), Some(last)) = (case.steps.first(), case.steps.last()) else {
            return;
        };
        if !self.wants(case.code) {
            return;
        }
        let open = is_open(case);
        let class = self.places.class(&case.steps);
        let holder = holder(&case.steps);
        let agency = holder.map_or("", |holder| holder.party.agency);
        let last_ms = last.order.occurred_ms;
        let told_as = self.places.at(agency, last_ms).agency;
        let told_as = self.places.agency_code(told_as);
        let asked = &self.question;
        let fits = (open || !asked.open_only)
            && asked.class.is_none_or(|asked| asked == class)
            && (asked.holder_agency.is_empty() || asked.holder_agency == told_as);
        if !fits {
            return;
        }
        let summary = pb::CaseSummary {
            code: case.code.to_owned(),
            interconnection_class: wire::class(class),
            dossiers: case.dossiers.len() as u32,
            events: case.steps.len() as u32,
            holder: holder.map(|holder| held(&holder, last_ms, &mut self.places)),
            open,
            first_time: Some(from_millis(first.order.occurred_ms)),
            last_time: Some(from_millis(last_ms)),
        };
        self.keep(summary);
    }

    /// Takes the page that another partition's scan collected for the same question.
    pub fn merge(&mut self, other: List) {
        for summary in other.page.into_values() {
            self.keep(summary);
        }
    }

    /// The page; its freshness is the caller's.
    pub fn finish(mut self) -> pb::ListCasesResponse {
        let more = self.page.len() > self.question.page_size;
        if more {
            self.page.pop_last();
        }
        let last = self.page.last_key_value().filter(|_| more);
        let next_page_token = last.map_or_else(String::new, |(code, _)| self.question.token(code));
        pb::ListCasesResponse {
            cases: self.page.into_values().collect(),
            next_page_token,
            freshness: None,
        }
    }

    fn keep(&mut self, summary: pb::CaseSummary) {
        self.page.insert(summary.code.clone(), summary);
        if self.page.len() > self.question.page_size + 1 {
            self.page.pop_last();
        }
    }
}

fn unknown_class(number: i32) -> Failure {
    Failure::of_field(
        "interconnection_class",
        format!("{number} is no interconnection class."),
        "send a value of InterconnectionClass, or leave it out for all",
    )
}

fn too_large(size: usize) -> Failure {
    Failure::of_field(
        "page_size",
        format!("{size} is over {LARGEST_PAGE}."),
        "ask for at most 1000 cases and follow next_page_token",
    )
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
