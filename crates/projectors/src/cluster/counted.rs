//! An instance's sums from the ledger of a lane.

use super::given::{self, Given};
use crate::answers::{dossiers, performance, register};
use crate::figures::{Tabled, add_lane};
use crate::lane::Lane;
use crate::views::case::CaseFact;
use crate::views::keyed::Keyed;
use lienthong_contract::pb::projection::v1 as pb;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_domain::reference::Reference;
use pb::get_sum_request::Question;
use std::sync::Arc;

/// A lane of the case view as it stands, held so that it does not change.
pub struct Held<'a> {
    /// The lane.
    pub lane: &'a Lane,
    /// Its parts.
    pub keyed: &'a Keyed<CaseFact>,
    /// In which their numbers hold.
    pub epoch: u64,
}

/// Whether a question is answered from ledgers.
pub fn is_of_ledgers(question: &Question) -> bool {
    matches!(
        question,
        Question::Performance(_) | Question::Dossiers(_) | Question::Register(_)
    )
}

/// The parts wanted, and the sum of all others; no sum if the numbers wanted mean other parts now.
///
/// # Errors
/// `REQUEST_MALFORMED`.
pub fn answer(
    held: &Held<'_>,
    wanted: &pb::Wanted,
    question: &Question,
    reference: Arc<Reference>,
) -> Result<(Given, Option<Vec<u8>>), Failure> {
    match question {
        Question::Performance(asked) => {
            let question = performance::Question::read(asked)?;
            let sum = performance::Performance::new(question, reference.clone());
            add_up(held, wanted, sum, &reference)
        }
        Question::Dossiers(asked) => {
            let question = dossiers::Question::read(asked)?;
            let sum = dossiers::Dossiers::new(question, reference.clone())?;
            add_up(held, wanted, sum, &reference)
        }
        Question::Register(asked) => {
            let question = register::Question::read(asked)?;
            let sum = register::Register::new(question, reference.clone());
            add_up(held, wanted, sum, &reference)
        }
        _ => Err(Failure::new(
            Reason::Internal,
            "the question is not answered from ledgers",
        )),
    }
}

fn add_up<S: Tabled>(
    held: &Held<'_>,
    wanted: &pb::Wanted,
    mut sum: S,
    reference: &Reference,
) -> Result<(Given, Option<Vec<u8>>), Failure> {
    let given = given::give(held.keyed, held.epoch, wanted);
    if !given.is_of(wanted) {
        return Ok((given, None));
    }
    let without = given.numbers.iter().copied().collect();
    add_lane(held.lane, held.keyed, reference, &without, &mut sum)?;
    Ok((given, Some(sum.pack())))
}
