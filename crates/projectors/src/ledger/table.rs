//! A table of rows as answers read it.

use super::each_dossier;
use super::marks::Bits;
use super::rows::{Glance, Row, Rows};
use super::tied::Tied;
use crate::answers::symbols::Symbols;
use crate::joins::scan::{empty, fill};
use crate::views::case::CaseFact;
use crate::views::keyed::Keyed;
use crate::views::names::{Name, Names};
use lienthong_domain::path::Step;

/// Rows with what they were made of.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    /// The rows.
    pub rows: &'a Rows,
    /// What its names stand for.
    pub names: &'a Names,
    /// Parts that are left out.
    pub without: &'a Bits,
    /// What the rows were made of.
    pub of: Of<'a>,
}

/// What rows were made of.
#[derive(Clone, Copy)]
pub enum Of<'a> {
    /// Each part as a case of its own.
    Parts(&'a Keyed<CaseFact>),
    /// Tied cases, joined from the parts of every partition.
    Cases(&'a Tied, &'a [&'a Keyed<CaseFact>]),
}

/// A dossier with its steps.
pub struct Walked<'s, 'a> {
    /// The code of its case.
    pub case: &'a str,
    /// Its own code.
    pub dossier: &'a str,
    /// Its steps in their order.
    pub steps: &'s [Step<'a>],
}

impl<'a> Table<'a> {
    /// Every row at a glance, with its number.
    pub fn glances(&self) -> impl Iterator<Item = (usize, &'a Glance)> + use<'a> {
        let without = self.without;
        let all = self.rows.glances();
        all.filter(move |(_, glance)| !without.has(glance.part))
    }

    /// A row by its number.
    pub fn row(&self, at: usize) -> &'a Row {
        self.rows.row(at)
    }

    /// Walks the facts of a row's dossier.
    pub fn walk(&self, at: usize, glance: &Glance, take: &mut dyn FnMut(Walked<'_, 'a>)) {
        let row = self.row(at);
        let mut case = empty();
        let wanted = match self.of {
            Of::Parts(keyed) => {
                let part = keyed.part(glance.part);
                fill(&mut case, keyed, part);
                part.codes().code(row.dossier)
            }
            Of::Cases(tied, parts) => tied.join(glance.part, row.dossier, parts, &mut case),
        };
        each_dossier(&case, |dossier, steps| {
            if dossier == wanted {
                take(Walked {
                    case: case.code,
                    dossier,
                    steps,
                });
            }
        });
    }
}

/// The symbols that an answer gave a table's names.
pub struct Numbers(Vec<u32>);

impl Numbers {
    /// None yet.
    pub fn new(names: &Names) -> Self {
        Self(vec![u32::MAX; names.size().names as usize])
    }

    /// The symbol of a name.
    pub fn of(&mut self, name: Name, names: &Names, symbols: &mut Symbols) -> u32 {
        let known = &mut self.0[name as usize];
        if *known == u32::MAX {
            *known = symbols.number(names.text(name));
        }
        *known
    }
}
