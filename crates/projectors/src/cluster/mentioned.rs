//! What came to be mentioned in a partition of the case view, in order, so that a gateway that
//! knows the rest is told only what is new.
//!
//! ```text
//! epoch e   kept:   | 17 | 18 | 19 | 20 |     next sequence: 21
//!           asked after 18: 19, 20     asked after 9, or of another epoch: everything from scratch
//! ```
//! Only the last of it is kept. Whoever asks for more is given the whole partition.

use crate::views::keyed::{Mention, digest_of};
use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};

/// What is kept at most. A gateway falls behind by so many between two questions only if about a
/// hundred thousand dossiers came in meanwhile.
const MOST_KEPT: usize = 1 << 18;

/// Something new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// A part mentions a code for the first time.
    Mention(Mention),
    /// A part is special from now on.
    Special(u32),
}

/// The news of one lane.
pub struct Mentioned {
    epoch: u64,
    /// Sequence of the first that is kept.
    first: u64,
    kept: VecDeque<News>,
    keeps: bool,
}

impl Mentioned {
    /// Nothing yet, in a new epoch. If it does not keep news, everything is always told from
    /// scratch.
    pub fn new(keeps: bool) -> Self {
        Self {
            epoch: new_epoch(),
            first: 0,
            kept: VecDeque::new(),
            keeps,
        }
    }

    /// In which epoch the numbers of parts hold; never 0.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Everything has been told up to here.
    pub fn sequence(&self) -> u64 {
        self.first + self.kept.len() as u64
    }

    /// The parts are others from now on.
    pub fn renew(&mut self) {
        *self = Self::new(self.keeps);
    }

    /// Codes that came to be mentioned and parts that became special.
    pub fn add(&mut self, mentions: &[Mention], special: &[u32]) {
        let mentions = mentions.iter().map(|mention| News::Mention(*mention));
        let special = special.iter().map(|part| News::Special(*part));
        if !self.keeps {
            self.first += (mentions.len() + special.len()) as u64;
            return;
        }
        self.kept.extend(mentions.chain(special));
        let surplus = self.kept.len().saturating_sub(MOST_KEPT);
        self.kept.drain(..surplus);
        self.first += surplus as u64;
    }

    /// The news after a sequence; none if not all of it is kept.
    pub fn since(&self, epoch: u64, sequence: u64) -> Option<impl Iterator<Item = News> + '_> {
        let known = epoch == self.epoch && sequence >= self.first && sequence <= self.sequence();
        known.then(|| {
            let skipped = (sequence - self.first) as usize;
            self.kept.iter().skip(skipped).copied()
        })
    }
}

/// The hash by which processes tell each other codes: under fixed keys, so the same in all.
pub fn code_hash(code: &str) -> u64 {
    digest_of(code.as_bytes()) as u64
}

/// A number that no other state of a lane has, here or elsewhere.
fn new_epoch() -> u64 {
    RandomState::new().hash_one(()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mention(part: u32) -> Mention {
        Mention { part, code: 0 }
    }

    #[test]
    fn news_are_told_once_and_from_scratch_to_whoever_missed_some() {
        let mut told = Mentioned::new(true);
        let epoch = told.epoch();
        told.add(&[mention(0), mention(1)], &[1]);
        let since = |told: &Mentioned, epoch, sequence| {
            told.since(epoch, sequence).map(|news| news.count())
        };
        assert_eq!(since(&told, epoch, 0), Some(3));
        assert_eq!(since(&told, epoch, 2), Some(1));
        assert_eq!(since(&told, epoch, 3), Some(0));
        assert_eq!(since(&told, epoch, 4), None);
        assert_eq!(since(&told, epoch ^ 1, 3), None);
        let many: Vec<Mention> = (0..MOST_KEPT as u32).map(mention).collect();
        told.add(&many, &[]);
        assert_eq!(since(&told, epoch, 2), None, "some of it is gone");
        assert_eq!(since(&told, epoch, 3), Some(MOST_KEPT));
        told.renew();
        assert_eq!(since(&told, epoch, 0), None);
    }

    #[test]
    fn a_lane_that_keeps_no_news_tells_everything_from_scratch_once_there_is_any() {
        let mut told = Mentioned::new(false);
        told.add(&[mention(0)], &[]);
        assert!(told.since(told.epoch(), 0).is_none());
        assert_eq!(
            told.since(told.epoch(), 1).map(|news| news.count()),
            Some(0)
        );
    }
}
