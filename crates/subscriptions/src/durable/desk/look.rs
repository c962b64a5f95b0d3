//! Tells how subscriptions are and what they gave.

use super::super::Durable;
use super::super::actor::Command;
use super::super::calls::Told;
use super::super::engine::Parked;
use super::super::keeper::Office;
use super::super::kept::Lookup;
use super::super::lag::KeptHere;
use super::super::peers::moving;
use super::super::range::{self, Sources};
use super::super::status::{self, Snapshot};
use super::{Kept, not_found};
use crate::facets::Attribute;
use lienthong_contract::pb::subscription::v1::{
    GetManifestRequest, GetManifestResponse, ListParkedCasesResponse, ParkedCase, ReadRangeRequest,
    SubscriptionStatus,
};
use lienthong_contract::status::Failure;
use lienthong_contract::time::{from_millis, now_millis};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Durable {
    pub(super) async fn status(&self, kept: &Kept) -> Result<SubscriptionStatus, Failure> {
        let snapshot = kept.ask(Command::Status).await?;
        let here = KeptHere {
            lane: kept.office.lane.clone(),
            name: snapshot.subscription.name.clone(),
            ask: kept.ask.clone(),
        };
        self.told(snapshot, &here).await
    }

    async fn told(
        &self,
        snapshot: Snapshot,
        here: &KeptHere,
    ) -> Result<SubscriptionStatus, Failure> {
        let blocks = self.context.handles.blocks.as_ref();
        let lag = self.observer.look(here, now_millis()).await;
        status::status(blocks, snapshot, lag, &self.address).await
    }

    /// Every subscription that is kept here, by name.
    pub(super) async fn all(&self) -> Result<Vec<SubscriptionStatus>, Failure> {
        let mut statuses = BTreeMap::new();
        for here in self.observer.kept() {
            // One that ends meanwhile was deleted or moves, which `complete` finds out.
            if let Ok(snapshot) = super::ask(&here.ask, Command::Status).await {
                let status = self.told(snapshot, &here).await?;
                statuses.insert(here.name, status);
            }
        }
        Ok(statuses.into_values().collect())
    }

    /// What all gateways told, by name; an error if a subscription that is known here is missing,
    /// because nobody keeps it just now.
    pub(super) fn complete(
        &self,
        statuses: Vec<SubscriptionStatus>,
    ) -> Result<Vec<SubscriptionStatus>, Failure> {
        let name = |status: &SubscriptionStatus| {
            let subscription = status.subscription.as_ref();
            subscription.map_or_else(String::new, |of| of.name.clone())
        };
        let statuses: BTreeMap<String, SubscriptionStatus> = statuses
            .into_iter()
            .map(|status| (name(&status), status))
            .collect();
        for place in &self.places {
            let folded = place.lane.folded();
            let mut known = folded.lane.subscriptions.keys();
            if let Some(missing) = known.find(|name| !statuses.contains_key(*name)) {
                return Err(moving(format!("nobody keeps {missing} just now")));
            }
        }
        Ok(statuses.into_values().collect())
    }

    pub(super) async fn parked_here(
        &self,
        kept: Kept,
        most: usize,
    ) -> Result<ListParkedCasesResponse, Failure> {
        let command = |reply| Command::Parked(most, reply);
        let (parked, total) = kept.ask(command).await?;
        let mut cases = Vec::new();
        for parked in parked {
            cases.push(self.parked_case(parked).await);
        }
        Ok(ListParkedCasesResponse {
            cases,
            total: total as u64,
        })
    }

    /// What the event is, is read from the log; an event that retention removed has a number only.
    async fn parked_case(&self, parked: Parked) -> ParkedCase {
        let at = parked.position;
        let read = self
            .context
            .handles
            .blocks
            .block(at.partition, at.offset)
            .await;
        let block = read.ok().flatten();
        let entry = block
            .as_ref()
            .and_then(|block| block.from(at.offset).first())
            .filter(|entry| entry.offset == at.offset);
        let text = |attribute| {
            let first = entry.and_then(|entry| entry.facets.first(attribute));
            first.unwrap_or_default().to_owned()
        };
        ParkedCase {
            partition_key: text(Attribute::PartitionKey),
            sequence: parked.sequence,
            r#type: text(Attribute::Type),
            event_id: text(Attribute::Id),
            source: text(Attribute::Source),
            attempts: parked.failures,
            parked_time: Some(from_millis(parked.parked_ms)),
            reason: parked.reason,
            waiting: parked.waiting as u64,
        }
    }

    pub(super) fn range_here(
        &self,
        office: Arc<Office>,
        request: &ReadRangeRequest,
    ) -> Result<Told, Failure> {
        let folded = office.lane.folded();
        let kept = folded.lane.subscriptions.get(&request.name);
        let kept = kept.ok_or_else(|| not_found(&request.name))?;
        let range = request.first_sequence..=request.last_sequence;
        let lookup = Lookup::new(kept, range)
            .ok_or_else(|| status::not_yet(request.last_sequence, kept.last_sequence))?;
        drop(folded);
        let sources = Sources {
            lane: office.lane.clone(),
            blocks: self.context.handles.blocks.clone(),
            readers: self.readers.clone(),
        };
        Ok(range::stream(sources, lookup))
    }

    pub(super) fn manifest_here(
        &self,
        office: Arc<Office>,
        request: &GetManifestRequest,
    ) -> Result<GetManifestResponse, Failure> {
        let now_ms = now_millis();
        let days = status::days(&request.first_day, &request.last_day, now_ms)?;
        let folded = office.lane.folded();
        let kept = folded.lane.subscriptions.get(&request.name);
        let kept = kept.ok_or_else(|| not_found(&request.name))?;
        let days = status::manifests(kept, days, now_ms);
        Ok(GetManifestResponse { days })
    }
}
