//! Groups in memory. Members share evenly, a partition moves only if it must, and a test says what
//! goes wrong.

use async_trait::async_trait;
use lienthong_eventlog::{Change, GroupError, Groups, Member, Membership, Owner};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;

type Told = Result<Change, GroupError>;

#[derive(Default)]
struct Group {
    /// By instance.
    members: BTreeMap<String, Seat>,
    committed: BTreeMap<u32, u64>,
}

struct Seat {
    member: Member,
    tell: mpsc::UnboundedSender<Told>,
    has: BTreeSet<u32>,
}

#[derive(Default)]
struct Inner {
    groups: BTreeMap<String, Group>,
    /// By instance: what its next attempts to join are answered.
    refusals: BTreeMap<String, Vec<GroupError>>,
    /// Every change told, by instance.
    changes: BTreeMap<String, Vec<Change>>,
}

#[derive(Clone)]
pub struct MemoryGroups {
    partitions: u32,
    inner: Arc<Mutex<Inner>>,
}

struct Place {
    groups: MemoryGroups,
    group: String,
    instance: String,
    told: mpsc::UnboundedReceiver<Told>,
}

impl Seat {
    fn tell(&self, changes: &mut BTreeMap<String, Vec<Change>>, change: Change) {
        let of_instance = changes.entry(self.member.instance.clone()).or_default();
        of_instance.push(change.clone());
        // A member that has gone is told nothing.
        let _ = self.tell.send(Ok(change));
    }
}

impl MemoryGroups {
    pub fn new(partitions: u32) -> Arc<Self> {
        Arc::new(Self {
            partitions,
            inner: Arc::default(),
        })
    }

    /// The instance's session ends: its partitions go to the others.
    pub fn expire(&self, instance: &str) {
        let mut inner = self.inner.lock().unwrap();
        let Inner {
            groups, changes, ..
        } = &mut *inner;
        for group in groups.values_mut() {
            group.members.remove(instance);
            self.balance(group, changes);
        }
    }

    /// The next attempts of the instance to join are answered with these errors, the last first.
    pub fn refuse(&self, instance: &str, errors: Vec<GroupError>) {
        let mut inner = self.inner.lock().unwrap();
        inner.refusals.insert(instance.to_owned(), errors);
    }

    /// Tells a member whatever is said.
    pub fn tell(&self, group: &str, instance: &str, told: Told) {
        let inner = self.inner.lock().unwrap();
        let seat = &inner.groups[group].members[instance];
        seat.tell.send(told).unwrap();
    }

    /// What an instance was told of all its groups.
    pub fn changes(&self, instance: &str) -> Vec<Change> {
        let inner = self.inner.lock().unwrap();
        inner.changes.get(instance).cloned().unwrap_or_default()
    }

    pub fn committed_of(&self, group: &str, partition: u32) -> Option<u64> {
        let inner = self.inner.lock().unwrap();
        let group = inner.groups.get(group)?;
        group.committed.get(&partition).copied()
    }

    /// Gives every partition a member; what a member has beyond its share goes to others.
    fn balance(&self, group: &mut Group, changes: &mut BTreeMap<String, Vec<Change>>) {
        let count = group.members.len() as u32;
        if count == 0 {
            return;
        }
        let most = self.partitions.div_ceil(count) as usize;
        let least = (self.partitions / count) as usize;
        let mut full = self.partitions % count;
        let mut free: BTreeSet<u32> = (0..self.partitions).collect();
        let mut shares = BTreeMap::new();
        for (instance, seat) in &group.members {
            let few = match full > 0 && seat.has.len() >= most {
                true => {
                    full -= 1;
                    most
                }
                false => least,
            };
            let keeps: BTreeSet<u32> = seat.has.iter().copied().take(few).collect();
            free.retain(|partition| !keeps.contains(partition));
            shares.insert(instance.clone(), keeps);
        }
        for partition in free {
            let least = shares.values_mut().min_by_key(|share| share.len());
            least.unwrap().insert(partition);
        }
        for (instance, seat) in &mut group.members {
            let share = shares.remove(instance).unwrap();
            let gone: Vec<u32> = seat.has.difference(&share).copied().collect();
            if !gone.is_empty() {
                seat.tell(changes, Change::Revoked(gone));
            }
            let new: Vec<u32> = share.difference(&seat.has).copied().collect();
            seat.has = share;
            if !new.is_empty() {
                seat.tell(changes, Change::Assigned(new));
            }
        }
    }
}

#[async_trait]
impl Groups for MemoryGroups {
    async fn join(&self, member: Member) -> Result<Box<dyn Membership>, GroupError> {
        let mut inner = self.inner.lock().unwrap();
        let Inner {
            groups,
            refusals,
            changes,
        } = &mut *inner;
        let refusal = refusals.get_mut(&member.instance).and_then(Vec::pop);
        if let Some(error) = refusal {
            return Err(error);
        }
        let (tell, told) = mpsc::unbounded_channel();
        let (name, instance) = (member.group.clone(), member.instance.clone());
        let group = groups.entry(name.clone()).or_default();
        let known = group.members.remove(&instance);
        let seat = Seat {
            member,
            tell,
            has: known.map(|seat| seat.has).unwrap_or_default(),
        };
        // Comes back to its own, or learns at once that there is nothing for it yet.
        let has: Vec<u32> = seat.has.iter().copied().collect();
        if !has.is_empty() || group.members.len() as u32 >= self.partitions {
            seat.tell(changes, Change::Assigned(has));
        }
        group.members.insert(instance.clone(), seat);
        self.balance(group, changes);
        drop(inner);
        Ok(Box::new(Place {
            groups: self.clone(),
            group: name,
            instance,
            told,
        }))
    }

    async fn owners(&self, group: &str) -> Result<Vec<Owner>, GroupError> {
        let inner = self.inner.lock().unwrap();
        let members = inner.groups.get(group).map(|group| group.members.values());
        let owner = |seat: &Seat| Owner {
            instance: seat.member.instance.clone(),
            address: seat.member.address.clone(),
            partitions: seat.has.iter().copied().collect(),
        };
        Ok(members.into_iter().flatten().map(owner).collect())
    }

    async fn committed(&self, group: &str) -> Result<Vec<Option<u64>>, GroupError> {
        let of = |partition| self.committed_of(group, partition);
        Ok((0..self.partitions).map(of).collect())
    }
}

#[async_trait]
impl Membership for Place {
    async fn next(&mut self) -> Result<Change, GroupError> {
        match self.told.recv().await {
            Some(told) => told,
            // Another process has the seat now, or the session ended.
            None => std::future::pending().await,
        }
    }

    fn commit(&self, partition: u32, next_offset: u64) {
        let mut inner = self.groups.inner.lock().unwrap();
        let group = inner.groups.get_mut(&self.group).unwrap();
        let seat = group.members.get(&self.instance);
        if seat.is_some_and(|seat| seat.has.contains(&partition)) {
            group.committed.insert(partition, next_offset);
        }
    }

    async fn leave(self: Box<Self>) {}
}
