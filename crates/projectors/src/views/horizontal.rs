//! The horizontal view: the path of every dossier with its exchanges and deadlines, for hand-overs
//! between agencies of one level.

use super::Applied;
use super::act::{Act, due_bytes, reference};
use super::codes::{Codes, MoreCodes};
use super::keyed::{Fact, Keyed};
use super::names::Names;
use lienthong_domain::event::{Event, Kind};
use lienthong_domain::path::{Step, is_step};
use serde::{Deserialize, Serialize};

/// What the horizontal view keeps of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HorizontalFact {
    act: Act,
    reference: u64,
    due_ms: Option<i64>,
}

/// Takes an event into its part. A pure function of the state and the event.
pub fn apply(
    state: &mut Keyed<HorizontalFact>,
    key: &str,
    offset: u64,
    event: &Event<'_>,
) -> Applied {
    state.take(key, offset, event)
}

impl Fact for HorizontalFact {
    fn keeps(kind: Kind) -> bool {
        is_step(kind)
    }

    fn read(event: &Event<'_>, _offset: u64, codes: &mut MoreCodes, names: &mut Names) -> Self {
        let dossier = codes.add(event.dossier);
        Self {
            act: Act::read(event, dossier, names),
            reference: reference(event.reference),
            due_ms: event.due_ms,
        }
    }

    fn act(&self) -> &Act {
        &self.act
    }

    fn step<'a>(&self, codes: Codes<'a>, names: &'a Names) -> Step<'a> {
        Step {
            reference: self.reference,
            due_ms: self.due_ms,
            ..self.act.step(codes, names)
        }
    }

    fn canonical(&self, codes: Codes<'_>, names: &Names, to: &mut Vec<u8>) {
        self.act.canonical(codes, names, to);
        to.extend_from_slice(&self.reference.to_le_bytes());
        to.extend_from_slice(&due_bytes(self.due_ms));
    }
}
