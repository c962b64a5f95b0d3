//! Which parts of which partition mention which codes, as a gateway knows it.
//!
//! Asked anew with every question, so never older than it; of what the gateway knows already only
//! the news are told. One answer serves every question that began to wait before it was asked for.

use super::directory::Directory;
use super::freshness::At;
use super::mentioned::code_hash;
use super::peer::{Call, PROTOCOL};
use crate::joins::index::{Index, PartId};
use crate::views::View;
use futures_util::future::{FutureExt, try_join_all};
use hashbrown::HashSet;
use lienthong_contract::pb::projection::v1 as pb;
use lienthong_contract::status::Failure;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use tokio::time::Instant;

/// What a gateway knows of the case view's parts.
pub struct Links {
    known: RwLock<Known>,
    /// By partition: when the last answer was asked for, and how far the partition was then.
    asked: Vec<tokio::sync::Mutex<Option<(Instant, At)>>>,
}

/// Parts by the codes they mention.
pub struct Known {
    index: Index,
    partitions: Vec<Partition>,
}

#[derive(Default)]
struct Partition {
    epoch: u64,
    sequence: u64,
    special: HashSet<u32>,
}

impl Links {
    /// Nothing is known yet.
    pub fn new(partitions: u32) -> Self {
        Self {
            known: RwLock::new(Known {
                index: Index::default(),
                partitions: (0..partitions).map(|_| Partition::default()).collect(),
            }),
            asked: (0..partitions).map(|_| Default::default()).collect(),
        }
    }

    /// Brings every partition up to now; how far each is.
    ///
    /// # Errors
    /// `VIEW_UNOWNED`, `VIEW_LOADING`.
    pub async fn refresh(&self, directory: &Directory) -> Result<Vec<At>, Failure> {
        let partitions = 0..self.asked.len() as u32;
        let each = partitions.map(|partition| self.refresh_one(directory, partition).boxed());
        try_join_all(each).await
    }

    async fn refresh_one(&self, directory: &Directory, partition: u32) -> Result<At, Failure> {
        let began = Instant::now();
        let mut last = self.asked[partition as usize].lock().await;
        if let Some((asked, at)) = *last
            && asked >= began
        {
            return Ok(at);
        }
        let asked = Instant::now();
        let at = self.ask(directory, partition).await?;
        *last = Some((asked, at));
        Ok(at)
    }

    async fn ask(&self, directory: &Directory, partition: u32) -> Result<At, Failure> {
        loop {
            let (epoch, sequence) = {
                let known = self.known();
                let known = &known.partitions[partition as usize];
                (known.epoch, known.sequence)
            };
            let request = pb::ListMentionsRequest {
                protocol: PROTOCOL,
                partition,
                epoch,
                sequence,
                from_part: 0,
            };
            let first = page(directory, &request).await?;
            let mut pages = vec![first];
            while let Some(next) = pages.last().filter(|page| page.next_part > 0) {
                let request = pb::ListMentionsRequest {
                    epoch: next.epoch,
                    from_part: next.next_part,
                    ..request
                };
                let next = page(directory, &request).await?;
                pages.push(next);
            }
            // A partition that was replaced between two pages is asked for again.
            if pages.iter().all(|page| page.epoch == pages[0].epoch) {
                return Ok(self.learn(partition, &pages));
            }
        }
    }

    /// Takes in all pages of one answer.
    fn learn(&self, partition: u32, pages: &[pb::ListMentionsResponse]) -> At {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let Known { index, partitions } = &mut *known;
        let ours = &mut partitions[partition as usize];
        if pages[0].from_scratch {
            index.forget(partition);
            ours.special.clear();
        }
        ours.epoch = pages[0].epoch;
        ours.sequence = pages[0].sequence;
        for page in pages {
            for (part, code) in page.parts.iter().zip(&page.codes) {
                let part = PartId {
                    partition,
                    part: *part,
                };
                index.add_hash(*code, part);
            }
            ours.special.extend(&page.special_parts);
        }
        At::new(pages[0].next_offset, pages[0].waiting_since_time.as_ref())
    }

    /// What is known now.
    pub fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn page(
    directory: &Directory,
    request: &pb::ListMentionsRequest,
) -> Result<pb::ListMentionsResponse, Failure> {
    let (partition, request) = (request.partition, *request);
    let call: Call<'_, _> = &move |peer| async move { peer.mentions(request).await }.boxed();
    directory.ask(View::Case, partition, call).await
}

impl Known {
    /// By partition: the epoch in which numbers of parts hold.
    pub fn epochs(&self) -> Vec<u64> {
        self.partitions.iter().map(|one| one.epoch).collect()
    }

    /// The parts that mention a code.
    pub fn parts(&self, code: &str) -> Vec<PartId> {
        self.index.parts_of(code_hash(code))
    }

    /// By partition: the parts that are not plainly one case, for they share a code with another
    /// or have a fact that is not plain. Codes alike in their hash bring in some that are.
    pub fn not_plain(&self) -> Vec<Vec<u32>> {
        let special = |one: &Partition| one.special.iter().copied().collect();
        let mut parts: Vec<Vec<u32>> = self.partitions.iter().map(special).collect();
        for part in self.index.shared().into_iter().flatten() {
            parts[part.partition as usize].push(part.part);
        }
        parts
    }
}
