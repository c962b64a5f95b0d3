//! Small numbers for parties.

use super::Grain;
use crate::answers::symbols::Symbols;
use hashbrown::HashMap;
use lienthong_contract::pb::event::v1::Party as WireParty;
use lienthong_domain::event::Party;

/// The number of the unnamed party.
pub(in crate::answers) const UNNAMED: u32 = 0;

/// Distinct parties at one grain, numbered in the order they were first seen.
#[derive(Debug)]
pub(in crate::answers) struct Parties {
    grain: Grain,
    texts: Symbols,
    numbers: HashMap<(u32, u32), u32>,
    /// Symbols of agency and unit, by number.
    parties: Vec<(u32, u32)>,
}

impl Parties {
    /// Only the unnamed party.
    pub(in crate::answers) fn new(grain: Grain) -> Self {
        let mut texts = Symbols::default();
        let none = texts.number("");
        Self {
            grain,
            texts,
            numbers: HashMap::from([((none, none), UNNAMED)]),
            parties: vec![(none, none)],
        }
    }

    /// The number of a party. A unit without an agency is unnamed.
    pub(in crate::answers) fn number(&mut self, party: &Party<'_>) -> u32 {
        if !party.is_named() {
            return UNNAMED;
        }
        let unit = match self.grain {
            Grain::Agency => "",
            Grain::Unit => party.unit,
        };
        let key = (self.texts.number(party.agency), self.texts.number(unit));
        let next = self.parties.len() as u32;
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            self.parties.push(key);
        }
        number
    }

    /// The party of a number.
    pub(in crate::answers) fn party(&self, number: u32) -> Party<'_> {
        let (agency, unit) = self.parties[number as usize];
        Party {
            agency: self.texts.text(agency),
            unit: self.texts.text(unit),
        }
    }

    /// The party of a number as a message, the unnamed one as an empty message.
    pub(in crate::answers) fn wire(&self, number: u32) -> WireParty {
        let party = self.party(number);
        WireParty {
            agency_code: party.agency.to_owned(),
            unit_code: party.unit.to_owned(),
        }
    }

    /// Every party, by number.
    pub(in crate::answers) fn iter(&self) -> impl Iterator<Item = Party<'_>> {
        (0..self.parties.len() as u32).map(|number| self.party(number))
    }
}
