//! What is asked of a list of dossiers, and the tokens of its pages.

use crate::answers::entry::Rule;
use crate::answers::read;
use crate::answers::sieve::Filter;
use lienthong_contract::pb::performance::v1::{DossierState, ListDossiersRequest};
use lienthong_contract::status::Failure;
use lienthong_domain::basis::Basis;
use lienthong_domain::clock::Precision;
use siphasher::sip::SipHasher13;
use std::hash::{Hash, Hasher};

/// The most working days that can be looked ahead: more than any procedure's time limit.
const FARTHEST: u32 = 366;

/// In which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum State {
    Overdue,
    /// Due within so many working days.
    DueSoon(u32),
    InWork,
    Paused,
    InFlight,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub(super) state: State,
    pub(super) filter: Filter,
    pub(super) as_of_ms: i64,
    pub(super) basis: Basis,
    pub(super) rule: Rule,
    pub(super) precision: Precision,
    pub(super) page_size: usize,
    /// Only what comes after deadline and code.
    pub(super) after: Option<(i64, String)>,
}

impl Question {
    /// Reads a request. A page token brings the moment of the page before with it.
    ///
    /// # Errors
    /// `REQUEST_MALFORMED`, naming the field.
    pub fn read(request: &ListDossiersRequest) -> Result<Self, Failure> {
        let mut question = Self {
            state: state(request)?,
            filter: Filter::read(request.filter.as_ref())?,
            as_of_ms: read::moment("as_of_time", request.as_of_time.as_ref())?,
            basis: read::basis(request.basis.as_ref())?,
            rule: read::rule(request.deadline)?,
            precision: read::precision(request.precision)?,
            page_size: read::page_size(request.page_size)?,
            after: None,
        };
        if !request.page_token.is_empty() {
            let token = question.read_token(&request.page_token);
            let (as_of_ms, due_ms, code) = token.ok_or_else(read::foreign_token)?;
            if request.as_of_time.is_none() {
                question.as_of_ms = as_of_ms;
            }
            question.after = Some((due_ms, code));
        }
        Ok(question)
    }

    /// The moment at which dossiers are looked at, milliseconds since the Unix epoch.
    pub fn as_of_ms(&self) -> i64 {
        self.as_of_ms
    }

    /// A token for the page after a dossier: a hash that ties it to the question, the moment, and
    /// where the page ended.
    pub(super) fn token(&self, as_of_ms: i64, due_ms: i64, code: &str) -> String {
        let mut hasher = SipHasher13::new();
        let Self {
            state,
            filter,
            basis,
            rule,
            precision,
            ..
        } = self;
        (state, filter, basis, rule, precision).hash(&mut hasher);
        (as_of_ms, due_ms, code).hash(&mut hasher);
        format!("{:016x}.{as_of_ms}.{due_ms}.{code}", hasher.finish())
    }

    fn read_token(&self, token: &str) -> Option<(i64, i64, String)> {
        let mut pieces = token.splitn(4, '.').skip(1);
        let as_of_ms = pieces.next()?.parse().ok()?;
        let due_ms = pieces.next()?.parse().ok()?;
        let code = pieces.next()?;
        let ours = self.token(as_of_ms, due_ms, code) == token;
        ours.then(|| (as_of_ms, due_ms, code.to_owned()))
    }
}

fn state(request: &ListDossiersRequest) -> Result<State, Failure> {
    let refused = |what: String| {
        let fix = "send OVERDUE, DUE_SOON, IN_WORK, PAUSED or IN_FLIGHT";
        Err(Failure::of_field("state", what, fix))
    };
    let soon = request.within_working_days;
    match DossierState::try_from(request.state) {
        Ok(DossierState::Overdue) => Ok(State::Overdue),
        Ok(DossierState::DueSoon) if soon <= FARTHEST => Ok(State::DueSoon(soon)),
        Ok(DossierState::DueSoon) => Err(Failure::of_field(
            "within_working_days",
            format!("{soon} is over {FARTHEST}."),
            "ask for at most 366 working days",
        )),
        Ok(DossierState::InWork) => Ok(State::InWork),
        Ok(DossierState::Paused) => Ok(State::Paused),
        Ok(DossierState::InFlight) => Ok(State::InFlight),
        Ok(DossierState::Unspecified) => refused("it is missing.".to_owned()),
        Ok(ended) => refused(format!("{} cannot be listed.", ended.as_str_name())),
        Err(_) => refused(format!("{} is no state.", request.state)),
    }
}
