//! A page on its way between processes.

use super::Dossiers;
use crate::answers::packed::{message, write};
use lienthong_contract::pb::performance::v1::DossierLine;
use prost::Message;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Packed {
    /// With the deadline by which each is ordered.
    page: Vec<(i64, Vec<u8>)>,
    total: u64,
    orphans: u64,
    may_belong: u64,
}

impl Dossiers {
    /// The page as bytes, for [`Dossiers::add_packed`] of another process.
    pub fn pack(self) -> Vec<u8> {
        let page = self.page.iter();
        write(&Packed {
            page: page
                .map(|((due_ms, ..), line)| (*due_ms, line.encode_to_vec()))
                .collect(),
            total: self.total,
            orphans: self.orphans,
            may_belong: self.may_belong,
        })
    }

    /// Takes a page that was collected for the same question.
    ///
    /// # Errors
    /// If the bytes do not read.
    pub fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        let packed: Packed = postcard::from_bytes(bytes)?;
        for (due_ms, line) in packed.page {
            self.keep(due_ms, message::<DossierLine>(&line)?);
        }
        self.total += packed.total;
        self.orphans += packed.orphans;
        self.may_belong += packed.may_belong;
        Ok(())
    }
}
