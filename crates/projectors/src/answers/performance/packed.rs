//! Figures on their way between processes.

use super::Performance;
use super::counts::Counts;
use super::groups::Key;
use crate::answers::packed::write;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Packed {
    lines: Vec<(Key, Counts)>,
    missing_years: Vec<i16>,
    may_belong: u64,
}

impl Performance {
    /// The figures as bytes, for [`Performance::add_packed`] of another process.
    pub fn pack(self) -> Vec<u8> {
        write(&Packed {
            lines: self.groups.into_sorted().into_iter().collect(),
            missing_years: self.missing_years.into_iter().collect(),
            may_belong: self.may_belong,
        })
    }

    /// Takes figures that were counted for the same question.
    ///
    /// # Errors
    /// If the bytes do not read.
    pub fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        let packed: Packed = postcard::from_bytes(bytes)?;
        for (key, counts) in packed.lines {
            self.groups.add(key, &counts);
        }
        self.missing_years.extend(packed.missing_years);
        self.may_belong += packed.may_belong;
        Ok(())
    }
}
