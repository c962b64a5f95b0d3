//! The vocabulary of one partition: sources, procedures, agencies and units, each text once.
//!
//! Numbers are given in the order of first use, so they differ between a view and its rebuild;
//! nothing that leaves the partition, its digest included, depends on them.

use hashbrown::{DefaultHashBuilder, HashTable};
use lienthong_domain::event::Party;
use std::hash::BuildHasher;

/// Number of a text; 0 is the empty text.
pub type Name = u32;
/// Number of a party; 0 is the unnamed party.
pub type PartyName = u32;

/// Texts and parties by number. Grows only.
#[derive(Clone)]
pub struct Names {
    text: String,
    /// Where each text ends in `text`.
    ends: Vec<u32>,
    /// Agency and unit of each party.
    parties: Vec<(Name, Name)>,
    by_text: HashTable<Name>,
    by_party: HashTable<PartyName>,
    hasher: DefaultHashBuilder,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            text: String::new(),
            ends: vec![0],
            parties: vec![(0, 0)],
            by_text: HashTable::new(),
            by_party: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }
}

impl Names {
    /// The number of a text, given now if it is new.
    pub fn name(&mut self, text: &str) -> Name {
        if text.is_empty() {
            return 0;
        }
        let hash = self.hasher.hash_one(text);
        let (all, ends) = (&self.text, &self.ends);
        if let Some(known) = self
            .by_text
            .find(hash, |name| slice(all, ends, *name) == text)
        {
            return *known;
        }
        let name = self.ends.len() as Name;
        self.text.push_str(text);
        self.ends.push(self.text.len() as u32);
        let (all, ends, hasher) = (&self.text, &self.ends, &self.hasher);
        self.by_text
            .insert_unique(hash, name, |name| hasher.hash_one(slice(all, ends, *name)));
        name
    }

    /// The number of a party, given now if it is new.
    pub fn party(&mut self, party: Party<'_>) -> PartyName {
        if party == Party::default() {
            return 0;
        }
        let hash = self.hasher.hash_one(party);
        if let Some(known) = self
            .by_party
            .find(hash, |name| self.party_of(*name) == party)
        {
            return *known;
        }
        let pair = (self.name(party.agency), self.name(party.unit));
        let name = self.parties.len() as PartyName;
        self.parties.push(pair);
        let (all, ends, parties, hasher) = (&self.text, &self.ends, &self.parties, &self.hasher);
        self.by_party.insert_unique(hash, name, |name| {
            let (agency, unit) = parties[*name as usize];
            hasher.hash_one(Party {
                agency: slice(all, ends, agency),
                unit: slice(all, ends, unit),
            })
        });
        name
    }

    /// The number of a text that was given; of any other, that of the empty text.
    pub fn find(&self, text: &str) -> Name {
        let hash = self.hasher.hash_one(text);
        let same = |name: &Name| self.text(*name) == text;
        self.by_text.find(hash, same).copied().unwrap_or_default()
    }

    /// The text of a number that [`Names::name`] gave.
    pub fn text(&self, name: Name) -> &str {
        slice(&self.text, &self.ends, name)
    }

    /// The party of a number that [`Names::party`] gave.
    pub fn party_of(&self, name: PartyName) -> Party<'_> {
        let (agency, unit) = self.parties[name as usize];
        Party {
            agency: self.text(agency),
            unit: self.text(unit),
        }
    }

    /// How many texts and how many parties there are.
    pub fn size(&self) -> Size {
        Size {
            names: self.ends.len() as u32,
            parties: self.parties.len() as u32,
        }
    }

    /// Whether both numbers were given.
    pub fn holds(&self, name: Name, parties: [PartyName; 2]) -> bool {
        let size = self.size();
        name < size.names && parties.iter().all(|party| *party < size.parties)
    }

    /// What was added since the vocabulary had the given size.
    pub fn since(&self, size: Size) -> Added {
        let names = size.names..self.ends.len() as u32;
        Added {
            names: names.map(|name| self.text(name).to_owned()).collect(),
            parties: self.parties[size.parties as usize..].to_vec(),
        }
    }

    /// Adds what [`Names::since`] gave, under the same numbers. False if the numbers do not fit.
    #[must_use]
    pub fn add(&mut self, added: &Added) -> bool {
        let names = added.names.iter().all(|text| {
            let next = self.ends.len() as Name;
            self.name(text) == next
        });
        names
            && added.parties.iter().all(|(agency, unit)| {
                let next = self.parties.len() as PartyName;
                let known = self.ends.len() as Name;
                if *agency >= known || *unit >= known {
                    return false;
                }
                let (agency, unit) = (self.text(*agency).to_owned(), self.text(*unit).to_owned());
                let party = Party {
                    agency: &agency,
                    unit: &unit,
                };
                self.party(party) == next
            })
    }
}

/// How far the numbers have been given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Size {
    /// Next number of a text.
    pub names: u32,
    /// Next number of a party.
    pub parties: u32,
}

impl Size {
    /// The size of an empty vocabulary, which knows the empty text and the unnamed party.
    pub const EMPTY: Size = Size {
        names: 1,
        parties: 1,
    };
}

/// A piece of a vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Added {
    /// Texts in the order of their numbers.
    pub names: Vec<String>,
    /// Parties in the order of their numbers.
    pub parties: Vec<(Name, Name)>,
}

fn slice<'a>(text: &'a str, ends: &[u32], name: Name) -> &'a str {
    let at = name as usize;
    let from = if at == 0 { 0 } else { ends[at - 1] };
    &text[from as usize..ends[at] as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_number_and_a_number_its_text() {
        let mut names = Names::default();
        let a = names.name("H56.01");
        let b = names.name("H56.02");
        assert_eq!((names.name("H56.01"), names.name("")), (a, 0));
        assert_eq!(
            (names.text(a), names.text(b), names.text(0)),
            ("H56.01", "H56.02", "")
        );
        let party = Party {
            agency: "H56.01",
            unit: "MC",
        };
        let number = names.party(party);
        assert_eq!(
            (names.party(party), names.party_of(number)),
            (number, party)
        );
    }

    #[test]
    fn pieces_put_together_give_the_same_numbers() {
        let mut names = Names::default();
        let before = names.size();
        names.name("urn:a");
        let middle = names.size();
        let party = Party {
            agency: "G01",
            unit: "",
        };
        let number = names.party(party);
        let mut copy = Names::default();
        let first = Names::default().since(before);
        assert!(first.names.is_empty() && copy.add(&first));
        let mut all = names.since(before);
        let late = names.since(middle);
        all.names.truncate(1);
        all.parties.clear();
        assert!(copy.add(&all) && copy.add(&late));
        assert_eq!((copy.party(party), copy.size()), (number, names.size()));
        assert!(!copy.add(&late), "the same piece twice does not fit");
    }
}
