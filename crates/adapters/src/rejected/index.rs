//! What is kept in memory of the rejected log: totals, and which messages were resubmitted.
//!
//! ```text
//!                 next                      own writes, known at once
//!                  |                              v        v
//! [0][1][2][3][4]  (5)  [6: another process]  [7: ours]  [8: ours]
//! followed so far    -------- the follower reads on -------->
//! ```
//! Several processes may write the log. A follower reads all of it in order; a process counts what
//! it wrote itself as soon as it is durable, and the follower then leaves that out.

use lienthong_contract::pb::operations::v1::RejectedRecord;
use lienthong_contract::pb::operations::v1::rejected_record::Record as Told;
use lienthong_eventlog::StoredRecord;
use prost::Message;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What is kept in memory.
#[derive(Default)]
pub struct Index {
    totals: BTreeMap<String, u64>,
    resubmitted: BTreeSet<u64>,
    /// The next offset to be followed.
    next: u64,
    /// Offsets from `next` on that were written by this process and counted already.
    ahead: BTreeSet<u64>,
}

impl Index {
    /// Takes a record of the log, in the order of offsets.
    pub fn follow(&mut self, stored: &StoredRecord) {
        self.next = stored.offset + 1;
        if self.ahead.remove(&stored.offset) {
            return;
        }
        match decode(stored) {
            Some(Told::Rejected(content)) => {
                let reason = content.message.map(|message| message.reason);
                self.count(reason.unwrap_or_default());
            }
            Some(Told::ResubmittedNumber(number)) => {
                self.resubmitted.insert(number);
            }
            None => {
                let offset = stored.offset;
                tracing::warn!(offset, "a record of the rejected log cannot be read");
            }
        }
    }

    /// Takes a message that this process made durable at `offset`.
    pub fn kept(&mut self, offset: u64, reason: String) {
        if self.is_news(offset) {
            self.count(reason);
        }
    }

    /// Takes a resubmission that this process made durable at `offset`.
    pub fn resubmitted(&mut self, offset: u64, number: u64) {
        self.is_news(offset);
        self.resubmitted.insert(number);
    }

    /// Whether the message of that number was resubmitted.
    pub fn is_resubmitted(&self, number: u64) -> bool {
        self.resubmitted.contains(&number)
    }

    /// Messages by reason.
    pub fn totals(&self) -> HashMap<String, u64> {
        let totals = self.totals.iter();
        totals
            .map(|(reason, count)| (reason.clone(), *count))
            .collect()
    }

    /// Notes an offset that was written here; false if the follower was faster.
    fn is_news(&mut self, offset: u64) -> bool {
        offset >= self.next && self.ahead.insert(offset)
    }

    fn count(&mut self, reason: String) {
        *self.totals.entry(reason).or_default() += 1;
    }
}

/// What a record of the rejected log tells; none for bytes of another kind.
pub fn decode(stored: &StoredRecord) -> Option<Told> {
    RejectedRecord::decode(stored.record.value.clone())
        .ok()?
        .record
}

#[cfg(test)]
mod tests {
    use super::*;
    use lienthong_contract::pb::operations::v1::{RejectedContent, RejectedMessage};
    use lienthong_eventlog::Record;

    fn stored(offset: u64, told: Told) -> StoredRecord {
        let record = RejectedRecord { record: Some(told) };
        StoredRecord {
            offset,
            record: Record {
                key: bytes::Bytes::new(),
                value: record.encode_to_vec().into(),
                recorded_ms: 1,
            },
        }
    }

    fn rejected(reason: &str) -> Told {
        let message = RejectedMessage {
            reason: reason.to_owned(),
            ..RejectedMessage::default()
        };
        Told::Rejected(RejectedContent {
            message: Some(message),
            ..RejectedContent::default()
        })
    }

    fn total(index: &Index, reason: &str) -> u64 {
        index.totals().get(reason).copied().unwrap_or(0)
    }

    #[test]
    fn what_this_process_wrote_counts_at_once_and_only_once() {
        let mut index = Index::default();
        index.kept(1, "OURS".to_owned());
        assert_eq!(total(&index, "OURS"), 1);
        index.follow(&stored(0, rejected("THEIRS")));
        index.follow(&stored(1, rejected("OURS")));
        assert_eq!((total(&index, "OURS"), total(&index, "THEIRS")), (1, 1));
        assert!(index.ahead.is_empty());
    }

    #[test]
    fn a_follower_that_is_faster_than_the_acknowledgement_counts_it_instead() {
        let mut index = Index::default();
        index.follow(&stored(0, rejected("OURS")));
        index.kept(0, "OURS".to_owned());
        assert_eq!(total(&index, "OURS"), 1);
        assert!(index.ahead.is_empty());
    }

    #[test]
    fn a_resubmission_by_any_process_is_known() {
        let mut index = Index::default();
        index.follow(&stored(0, Told::ResubmittedNumber(7)));
        index.resubmitted(1, 8);
        assert!(index.is_resubmitted(7) && index.is_resubmitted(8));
        index.follow(&stored(1, Told::ResubmittedNumber(8)));
        assert!(index.ahead.is_empty());
    }
}
