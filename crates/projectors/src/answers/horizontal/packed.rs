//! Sums on their way between processes.

use super::Horizontal;
use crate::answers::packed::{PackedDurations, PackedOldest, level, read_level, write};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Packed {
    /// Level, province, cases.
    in_work: Vec<(i32, String, u64)>,
    cells: Vec<PackedCell>,
    unaccepted: PackedOldest,
    unanswered: PackedOldest,
    horizontal_cases: u64,
    unassigned_in_work: u64,
}

#[derive(Serialize, Deserialize)]
struct PackedCell {
    from: String,
    to: String,
    level: i32,
    count: u64,
    waiting: PackedDurations,
    processing: PackedDurations,
}

impl Horizontal {
    /// The sums as bytes, for [`Horizontal::add_packed`] of another process.
    pub fn pack(self) -> Vec<u8> {
        let places = &self.places;
        let in_work = self.in_work.iter().map(|((at, province), cases)| {
            let province = places.province_code(*province).to_owned();
            (level(*at), province, *cases)
        });
        let cells = self.cells.iter().map(|((from, to, at), cell)| PackedCell {
            from: places.agency_code(*from).to_owned(),
            to: places.agency_code(*to).to_owned(),
            level: level(*at),
            count: cell.count,
            waiting: PackedDurations::new(&cell.waiting),
            processing: PackedDurations::new(&cell.processing),
        });
        write(&Packed {
            in_work: in_work.collect(),
            cells: cells.collect(),
            unaccepted: PackedOldest::new(self.unaccepted),
            unanswered: PackedOldest::new(self.unanswered),
            horizontal_cases: self.horizontal_cases,
            unassigned_in_work: self.unassigned_in_work,
        })
    }

    /// Takes sums for the same question.
    ///
    /// # Errors
    /// If the bytes do not read.
    pub fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        let packed: Packed = postcard::from_bytes(bytes)?;
        for (at, province, cases) in packed.in_work {
            let province = self.places.province(&province);
            *self.in_work.entry((read_level(at)?, province)).or_default() += cases;
        }
        for cell in packed.cells {
            let from = self.places.agency(&cell.from);
            let to = self.places.agency(&cell.to);
            let key = (from, to, read_level(cell.level)?);
            let into = self.cells.entry(key).or_default();
            into.count += cell.count;
            into.waiting.append(cell.waiting.unpack());
            into.processing.append(cell.processing.unpack());
        }
        packed.unaccepted.add_to(&mut self.unaccepted)?;
        packed.unanswered.add_to(&mut self.unanswered)?;
        self.horizontal_cases += packed.horizontal_cases;
        self.unassigned_in_work += packed.unassigned_in_work;
        Ok(())
    }
}
