//! Rows of dossiers, found by their part, and beside each a glance: what most questions drop it by.
//!
//! ```text
//! part 7 --> row 3 --> row 9        (the dossiers of the part)
//! glances: 0 1 2 [3] 4 ... 9        24 bytes each, read one after the other
//! rows:    0 1 2 [3] 4 ... 9        88 bytes each, read only where a glance does not decide
//! ```

use crate::answers::entry::{Due, Entry, Mark, Rule};
use crate::views::codes::At;
use crate::views::names::Name;

/// No row.
const NONE: u32 = u32::MAX;

/// What is made of a dossier. Names are the table's own.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    /// What is counted.
    pub entry: Entry,
    /// See `Look::agency`.
    pub agency: Name,
    /// Its procedure.
    pub procedure: Name,
    /// The agency that has it.
    pub holder: Name,
    /// Which of the part's dossiers it is.
    pub dossier: At,
}

/// One dossier.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// What is counted.
    pub entry: Entry,
    /// Its procedure.
    pub procedure: Name,
    /// The agency that has it.
    pub holder: Name,
    /// Which of the part's dossiers it is.
    pub dossier: At,
    /// The next row of the same part.
    next: u32,
}

/// How a dossier stands after its last step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Stand {
    /// There is none: the row is free.
    Vacant,
    /// Nobody received it.
    Unreceived,
    /// In work.
    Running,
    /// The clock stands still.
    Paused,
    /// It ended.
    Ended,
}

/// The first look at a row.
#[derive(Debug, Clone, Copy)]
pub struct Glance {
    /// The deadline by [`Rule::LegalElseTold`]; `i64::MAX`: none is known.
    pub due_ms: i64,
    /// The agency by which it is counted.
    pub agency: Name,
    /// Its part.
    pub part: u32,
    /// See [`Entry::day`].
    pub day: i32,
    /// How it stands.
    pub stand: Stand,
}

/// The rows of a table.
#[derive(Default)]
pub struct Rows {
    glances: Vec<Glance>,
    rows: Vec<Row>,
    /// By part: its first row.
    heads: Vec<u32>,
    free: Vec<u32>,
    latest_ms: Option<i64>,
}

impl Rows {
    /// Makes room for so many parts.
    pub fn reserve(&mut self, parts: u32) {
        let parts = parts as usize;
        self.glances.reserve(parts);
        self.rows.reserve(parts);
        self.heads.reserve(parts);
    }

    /// Removes the rows of a part.
    pub fn remove(&mut self, part: u32) {
        let Some(head) = self.heads.get_mut(part as usize) else {
            return;
        };
        let mut at = std::mem::replace(head, NONE);
        while at != NONE {
            self.glances[at as usize].stand = Stand::Vacant;
            self.free.push(at);
            at = self.rows[at as usize].next;
        }
    }

    /// Adds a row to a part; its number.
    pub fn add(&mut self, part: u32, made: Made) -> u32 {
        let part_at = part as usize;
        if self.heads.len() <= part_at {
            self.heads.resize(part_at + 1, NONE);
        }
        let row = Row {
            entry: made.entry,
            procedure: made.procedure,
            holder: made.holder,
            dossier: made.dossier,
            next: self.heads[part_at],
        };
        let glance = glance(part, &made);
        self.latest_ms = self.latest_ms.max(Some(made.entry.last_ms));
        let at = match self.free.pop() {
            Some(at) => {
                self.rows[at as usize] = row;
                self.glances[at as usize] = glance;
                at
            }
            None => {
                self.rows.push(row);
                self.glances.push(glance);
                self.rows.len() as u32 - 1
            }
        };
        self.heads[part_at] = at;
        at
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Every row there is at a glance, with its number.
    pub fn glances(&self) -> impl Iterator<Item = (usize, &Glance)> {
        let all = self.glances.iter().enumerate();
        all.filter(|(_, glance)| glance.stand != Stand::Vacant)
    }

    /// Whether no row ever had a fact after a moment.
    pub fn ends_by(&self, ms: i64) -> bool {
        self.latest_ms.is_none_or(|latest_ms| latest_ms <= ms)
    }

    /// A row by its number.
    pub fn row(&self, at: usize) -> &Row {
        &self.rows[at]
    }
}

fn glance(part: u32, made: &Made) -> Glance {
    let entry = &made.entry;
    let stand = if entry.received_ms().is_none() {
        Stand::Unreceived
    } else if entry.end().is_some() {
        Stand::Ended
    } else if entry.is(Mark::Paused) {
        Stand::Paused
    } else {
        Stand::Running
    };
    Glance {
        due_ms: match entry.due(Rule::LegalElseTold) {
            Due::At(due_ms) => due_ms,
            Due::None | Due::NoCalendar(_) => i64::MAX,
        },
        agency: made.agency,
        part,
        day: entry.day().clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32,
        stand,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dossier_takes_at_most_112_bytes() {
        assert!(size_of::<Row>() + size_of::<Glance>() <= 112);
    }
}
