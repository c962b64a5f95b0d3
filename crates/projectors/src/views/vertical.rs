//! The vertical view: who acted when, for the chain of levels.

use super::Applied;
use super::act::Act;
use super::codes::{Codes, MoreCodes};
use super::keyed::{Fact, Keyed};
use super::names::Names;
use lienthong_domain::event::{Event, Kind};
use lienthong_domain::path::{Step, is_step};
use serde::{Deserialize, Serialize};

/// What the vertical view keeps of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerticalFact {
    act: Act,
}

/// Takes an event into its part. A pure function of the state and the event.
pub fn apply(
    state: &mut Keyed<VerticalFact>,
    key: &str,
    offset: u64,
    event: &Event<'_>,
) -> Applied {
    state.take(key, offset, event)
}

impl Fact for VerticalFact {
    fn keeps(kind: Kind) -> bool {
        is_step(kind)
    }

    fn read(event: &Event<'_>, _offset: u64, codes: &mut MoreCodes, names: &mut Names) -> Self {
        let dossier = codes.add(event.dossier);
        Self {
            act: Act::read(event, dossier, names),
        }
    }

    fn act(&self) -> &Act {
        &self.act
    }

    fn step<'a>(&self, codes: Codes<'a>, names: &'a Names) -> Step<'a> {
        self.act.step(codes, names)
    }

    fn canonical(&self, codes: Codes<'_>, names: &Names, to: &mut Vec<u8>) {
        self.act.canonical(codes, names, to);
    }
}
