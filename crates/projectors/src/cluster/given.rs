//! Parts on their way from the instance that keeps them to one that joins them.

use crate::views::keyed::{Fact, Keyed};
use crate::views::names::Size;
use hashbrown::HashSet;
use lienthong_contract::pb::projection::v1 as pb;

/// Parts that were wanted.
pub struct Given {
    /// Those that the other side does not have as they are now, with the vocabulary it lacks.
    pub parts: pb::Parts,
    /// Numbers of all that were wanted and are there.
    pub numbers: HashSet<u32>,
}

impl Given {
    /// Whether the numbers wanted mean the present parts; if not, nothing was given.
    pub fn is_of(&self, wanted: &pb::Wanted) -> bool {
        wanted.epoch == 0 || wanted.epoch == self.parts.epoch
    }
}

/// The parts wanted of a partition in its present epoch.
pub fn give<F: Fact>(keyed: &Keyed<F>, epoch: u64, wanted: &pb::Wanted) -> Given {
    let mut given = Given {
        parts: pb::Parts {
            epoch,
            ..pb::Parts::default()
        },
        numbers: HashSet::new(),
    };
    if !given.is_of(wanted) {
        return given;
    }
    let lengths = wanted.lengths.iter().copied().chain(std::iter::repeat(0));
    let by_number = wanted.numbers.iter().copied().zip(lengths);
    let by_number = by_number.filter(|(part, _)| *part < keyed.count_parts());
    let by_key = wanted.keys.iter().filter_map(|key| keyed.find(key));
    for (number, length) in by_number.chain(by_key.map(|part| (part, 0))) {
        let block = keyed.block(number);
        if given.numbers.insert(number) && block.len() != length as usize {
            given.parts.parts.push(pb::Part {
                number,
                block: block.to_vec().into(),
            });
        }
    }
    // The order of the numbers is the order in which parts are joined.
    given.parts.parts.sort_unstable_by_key(|part| part.number);
    let has = keyed.names().size();
    let known = match wanted.epoch {
        0 => Size::EMPTY,
        _ => Size {
            names: wanted.texts.clamp(Size::EMPTY.names, has.names),
            parties: wanted.parties.clamp(Size::EMPTY.parties, has.parties),
        },
    };
    let added = keyed.names().since(known);
    if !(added.names.is_empty() && added.parties.is_empty()) {
        // Writing plain texts into memory does not fail.
        given.parts.vocabulary = postcard::to_stdvec(&added).unwrap_or_default().into();
    }
    given
}
