//! Groups over the topic's partitions: who is in them, and what they committed.

use super::Config;
use super::cluster::{Cluster, ask};
use super::context::Quiet;
use super::membership::TopicMembership;
use super::settings;
use super::{protocol, unavailable};
use crate::{GroupError, Groups, Member, Membership, Owner};
use async_trait::async_trait;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::topic_partition_list::Offset;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The groups of one log.
pub(super) struct TopicGroups {
    config: Config,
    cluster: Arc<Cluster>,
    /// A client for each group that was asked what it committed: one takes a tenth of a second to
    /// make.
    askers: Mutex<HashMap<String, Arc<BaseConsumer<Quiet>>>>,
}

impl TopicGroups {
    /// The groups over a topic that is there.
    pub(super) fn new(config: Config, cluster: Arc<Cluster>) -> Self {
        Self {
            config,
            cluster,
            askers: Mutex::default(),
        }
    }

    /// The kept client of a group, made at the first question.
    fn asker(&self, group: &str) -> Result<Arc<BaseConsumer<Quiet>>, GroupError> {
        let mut askers = self.askers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asker) = askers.get(group) {
            return Ok(Arc::clone(asker));
        }
        let asker = settings::asker(&self.config, group).create_with_context(Quiet);
        let asker: BaseConsumer<Quiet> = asker.map_err(|error| GroupError::Unavailable {
            group: group.to_owned(),
            what: unavailable(&self.config, &error).to_string(),
        })?;
        let asker = Arc::new(asker);
        askers.insert(group.to_owned(), Arc::clone(&asker));
        Ok(asker)
    }
}

#[async_trait]
impl Groups for TopicGroups {
    async fn join(&self, member: Member) -> Result<Box<dyn Membership>, GroupError> {
        let joined = TopicMembership::join(&self.config, &self.cluster, member)?;
        Ok(Box::new(joined))
    }

    async fn owners(&self, group: &str) -> Result<Vec<Owner>, GroupError> {
        let topic = self.cluster.topic.clone();
        let partitions = self.cluster.partitions;
        let name = group.to_owned();
        let asked = self.cluster.ask(move |client, left| {
            let list = client.fetch_group_list(Some(&name), left)?;
            let group = list.groups().iter().find(|group| group.name() == name);
            Ok(group.map_or_else(Vec::new, |group| {
                let members = group.members().iter();
                members
                    .map(|member| protocol::owner(member, &topic, partitions))
                    .collect()
            }))
        });
        let unavailable = |what| GroupError::Unavailable {
            group: group.to_owned(),
            what,
        };
        let owners: Result<Vec<Owner>, String> =
            asked.await.map_err(unavailable)?.into_iter().collect();
        let mut owners = owners.map_err(|what| GroupError::Refused {
            group: group.to_owned(),
            what,
            fix: "end the programs in this group that are not projectors of this hub, or give the \
                  hub a prefix of its own in log.home"
                .to_owned(),
        })?;
        owners.sort_by(|a, b| a.instance.cmp(&b.instance));
        Ok(owners)
    }

    async fn committed(&self, group: &str) -> Result<Vec<Option<u64>>, GroupError> {
        let asker = self.asker(group)?;
        let topic = self.cluster.topic.clone();
        let partitions = self.cluster.partitions;
        let asked = ask(move |left| -> KafkaResult<Vec<Option<u64>>> {
            let mut wanted = TopicPartitionList::new();
            wanted.add_partition_range(&topic, 0, partitions as i32 - 1);
            let found = asker.committed_offsets(wanted, left)?;
            let offset = |partition: u32| {
                let found = found.find_partition(&topic, partition as i32);
                found.map_or(Ok(None), |found| {
                    found.error()?;
                    Ok(match found.offset() {
                        Offset::Offset(offset) => u64::try_from(offset).ok(),
                        _ => None,
                    })
                })
            };
            (0..partitions).map(offset).collect()
        });
        asked.await.map_err(|what| GroupError::Unavailable {
            group: group.to_owned(),
            what,
        })
    }
}

impl Drop for TopicGroups {
    /// Dropping a consumer can block without a limit.
    fn drop(&mut self) {
        let askers =
            std::mem::take(&mut *self.askers.lock().unwrap_or_else(PoisonError::into_inner));
        if !askers.is_empty() {
            std::thread::spawn(move || drop(askers));
        }
    }
}
