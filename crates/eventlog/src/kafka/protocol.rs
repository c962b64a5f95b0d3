//! What a member of a group shows of itself: Kafka's consumer protocol, as bytes.
//!
//! Source: `ConsumerProtocolSubscription.json` and `ConsumerProtocolAssignment.json` of Apache
//! Kafka, versions 0 to 3. A member's instance is the front of its member id, which a broker makes
//! of a static member's `group.instance.id`, a dash and a UUID; its address is the rack in its
//! subscription: unlike the client id, which a broker keeps from the first process of an instance,
//! it is of the process that is there now. A member never fetches, so that no rack is needed for
//! what racks are for. Behind the address and a space stands a mark that each process makes for
//! itself, so that one that lost its place can see whether another process has it.

use crate::Owner;
use rdkafka::groups::GroupMemberInfo;
use std::collections::BTreeSet;

/// A dash and a UUID.
const ID_TAIL: usize = 37;

/// A member as an owner of partitions of the topic. Without an assignment, as in the middle of a
/// rebalance, it owns none.
///
/// # Errors
/// What is not as a member of this hub has it.
pub(super) fn owner(
    member: &GroupMemberInfo,
    topic: &str,
    partitions: u32,
) -> Result<Owner, String> {
    let assignment = member.assignment().unwrap_or_default();
    let subscription = member.metadata().unwrap_or_default();
    describe(member.id(), subscription, assignment, topic, partitions)
}

/// Whose process holds the place of an instance, as its group shows it at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// Nobody is the instance.
    Nobody,
    /// The process with this mark; empty for a program that makes none.
    Process(String),
    /// Somebody is, but the group does not show who while it gives out partitions anew.
    Hidden,
}

/// Who holds the place of an instance among the members of a group.
pub(super) fn holder(members: &[GroupMemberInfo], instance: &str) -> Holder {
    let shown = members.iter().find_map(|member| {
        let subscription = member.metadata().unwrap_or_default();
        (instance_of(member.id()) == Some(instance)).then_some(subscription)
    });
    match shown {
        None => Holder::Nobody,
        Some([]) => Holder::Hidden,
        Some(subscription) => {
            let rack = rack(subscription).flatten().unwrap_or_default();
            let mark = rack.split_once(' ').map_or("", |(_, mark)| mark);
            Holder::Process(mark.to_owned())
        }
    }
}

/// What a member shows as its rack; an address has no space.
pub(super) fn shown(address: &str, mark: &str) -> String {
    format!("{address} {mark}")
}

fn instance_of(id: &str) -> Option<&str> {
    let end = id.len().checked_sub(ID_TAIL)?;
    let (instance, tail) = id.split_at_checked(end)?;
    (!instance.is_empty() && tail.starts_with('-')).then_some(instance)
}

fn describe(
    id: &str,
    subscription: &[u8],
    assignment: &[u8],
    topic: &str,
    partitions: u32,
) -> Result<Owner, String> {
    let instance = instance_of(id)
        .ok_or_else(|| format!("the member {id:?} has no instance"))?
        .to_owned();
    let address = if subscription.is_empty() {
        None
    } else {
        rack(subscription)
            .ok_or_else(|| format!("the subscription of {instance:?} could not be read"))?
    };
    let owned = if assignment.is_empty() {
        BTreeSet::new()
    } else {
        assigned(assignment, topic)
            .filter(|owned| owned.iter().all(|partition| *partition < partitions))
            .ok_or_else(|| format!("the assignment of {instance:?} could not be read"))?
    };
    let rack = address.unwrap_or_default();
    let address = rack.split_once(' ').map_or(&*rack, |(address, _)| address);
    Ok(Owner {
        instance,
        address: address.to_owned(),
        partitions: owned.into_iter().collect(),
    })
}

/// The partitions of a topic in an assignment.
fn assigned(bytes: &[u8], topic: &str) -> Option<BTreeSet<u32>> {
    let mut bytes = Bytes(bytes);
    let version = bytes.int16()?;
    let owned = bytes.partitions(topic)?;
    bytes.blob()?;
    // Later versions may only add to the end.
    (version >= 0 && (version > 3 || bytes.0.is_empty())).then_some(owned)
}

/// The rack in a subscription; none if it names none.
fn rack(bytes: &[u8]) -> Option<Option<String>> {
    let mut bytes = Bytes(bytes);
    let version = bytes.int16()?;
    let topics = bytes.count()?;
    for _ in 0..topics {
        bytes.string()?;
    }
    bytes.blob()?;
    if version < 3 {
        return (version >= 0).then_some(None);
    }
    bytes.partitions("")?;
    bytes.int32()?;
    bytes.string()
}

/// What is left of the bytes; none is read beyond their end.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn int16(&mut self) -> Option<i16> {
        self.take(2)?.try_into().ok().map(i16::from_be_bytes)
    }

    fn int32(&mut self) -> Option<i32> {
        self.take(4)?.try_into().ok().map(i32::from_be_bytes)
    }

    /// How many elements follow. Each takes at least a byte, so that a count that lies cannot make
    /// the reading long.
    fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.int32()?).ok()?;
        (count <= self.0.len()).then_some(count)
    }

    /// A string, which may be null.
    fn string(&mut self) -> Option<Option<String>> {
        let length = self.int16()?;
        if length == -1 {
            return Some(None);
        }
        let bytes = self.take(usize::try_from(length).ok()?)?;
        String::from_utf8(bytes.to_vec()).ok().map(Some)
    }

    /// Bytes, which may be null.
    fn blob(&mut self) -> Option<()> {
        let length = self.int32()?;
        if length == -1 {
            return Some(());
        }
        self.take(usize::try_from(length).ok()?).map(|_| ())
    }

    /// Topics with their partitions; answers those of one topic.
    fn partitions(&mut self, topic: &str) -> Option<BTreeSet<u32>> {
        let mut found = BTreeSet::new();
        for _ in 0..self.count()? {
            let name = self.string()??;
            for _ in 0..self.count()? {
                let partition = u32::try_from(self.int32()?).ok()?;
                if name == topic {
                    found.insert(partition);
                }
            }
        }
        Some(found)
    }
}

#[cfg(test)]
#[path = "protocol_tests.rs"]
mod tests;
