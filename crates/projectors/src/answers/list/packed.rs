//! A page on its way between processes.

use super::List;
use crate::answers::packed::{message, write};
use lienthong_contract::pb::procedure::v1::CaseSummary;
use prost::Message;

impl List {
    /// The page as bytes, for [`List::add_packed`] of another process.
    pub fn pack(self) -> Vec<u8> {
        let cases = self.page.values().map(Message::encode_to_vec);
        write(&cases.collect::<Vec<_>>())
    }

    /// Takes a page that was collected for the same question.
    ///
    /// # Errors
    /// If the bytes do not read.
    pub fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        let cases: Vec<Vec<u8>> = postcard::from_bytes(bytes)?;
        for case in cases {
            self.keep(message::<CaseSummary>(&case)?);
        }
        Ok(())
    }
}
