//! Members that come, go and come again.

use super::{brokers, config, fresh, opened};
use crate::kafka::cluster::Cluster;
use crate::kafka::membership::TopicMembership;
use crate::kafka::{Config, Opened, settings};
use crate::{Change, GroupError, Member, Membership, Owner};
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(60);
/// The shortest session that brokers take by default.
const SESSION: Duration = Duration::from_secs(6);

/// A member and the partitions it was told it has.
struct Held {
    membership: Box<dyn Membership>,
    partitions: BTreeSet<u32>,
}

impl Held {
    /// Takes the changes that are there, and those of the next moment.
    async fn take_changes(&mut self) {
        while let Ok(change) = timeout(Duration::from_millis(50), self.membership.next()).await {
            match change.unwrap() {
                Change::Assigned(partitions) => {
                    for partition in partitions {
                        assert!(
                            self.partitions.insert(partition),
                            "given twice: {partition}"
                        );
                    }
                }
                Change::Revoked(partitions) => {
                    for partition in partitions {
                        assert!(self.partitions.remove(&partition), "not had: {partition}");
                    }
                }
            }
        }
    }
}

/// The groups of a fresh topic, and a fresh group.
async fn group(brokers: &str) -> (Opened, String) {
    (opened(&config(brokers)).await, fresh("g"))
}

async fn join(opened: &Opened, group: &str, instance: &str, address: &str) -> Held {
    let member = Member {
        group: group.to_owned(),
        instance: instance.to_owned(),
        address: address.to_owned(),
        session: SESSION,
    };
    Held {
        membership: opened.groups.join(member).await.unwrap(),
        partitions: BTreeSet::new(),
    }
}

/// Waits until the members share all four partitions in these numbers.
async fn shared(members: &mut [&mut Held], numbers: &[usize]) {
    let sharing = async {
        loop {
            for member in members.iter_mut() {
                member.take_changes().await;
            }
            let mut found: Vec<usize> = members.iter().map(|m| m.partitions.len()).collect();
            found.sort_unstable();
            let all: BTreeSet<u32> = members.iter().flat_map(|m| m.partitions.clone()).collect();
            if found == numbers && all.len() == 4 {
                return;
            }
        }
    };
    timeout(PATIENCE, sharing)
        .await
        .expect("the partitions are shared in time");
}

/// The owners once they are as the members were told.
async fn owners(opened: &Opened, group: &str, members: &[(&str, &str, &BTreeSet<u32>)]) {
    let expected: Vec<Owner> = members
        .iter()
        .map(|(instance, address, held)| Owner {
            instance: (*instance).to_owned(),
            address: (*address).to_owned(),
            partitions: held.iter().copied().collect(),
        })
        .collect();
    let mut found = Vec::new();
    let give_up = Instant::now() + PATIENCE;
    while Instant::now() < give_up {
        found = opened.groups.owners(group).await.unwrap();
        if found == expected {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(found, expected);
}

async fn committed(opened: &Opened, group: &str, expected: &[Option<u64>]) {
    let mut found = Vec::new();
    let give_up = Instant::now() + PATIENCE;
    while Instant::now() < give_up {
        found = opened.groups.committed(group).await.unwrap();
        if found == expected {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_share_the_partitions_and_everyone_can_see_who_has_what() {
    let test = "members_share_the_partitions_and_everyone_can_see_who_has_what";
    let Some(brokers) = brokers(test) else { return };
    let (opened, group) = group(&brokers).await;
    assert_eq!(opened.groups.owners(&group).await.unwrap(), []);
    assert_eq!(opened.groups.committed(&group).await.unwrap(), [None; 4]);

    let mut a = join(&opened, &group, "a", "127.0.0.1:7001").await;
    shared(&mut [&mut a], &[4]).await;
    owners(&opened, &group, &[("a", "127.0.0.1:7001", &a.partitions)]).await;

    let mut b = join(&opened, &group, "b", "127.0.0.1:7002").await;
    shared(&mut [&mut a, &mut b], &[2, 2]).await;
    let mut c = join(&opened, &group, "c", "127.0.0.1:7003").await;
    shared(&mut [&mut a, &mut b, &mut c], &[1, 1, 2]).await;
    owners(
        &opened,
        &group,
        &[
            ("a", "127.0.0.1:7001", &a.partitions),
            ("b", "127.0.0.1:7002", &b.partitions),
            ("c", "127.0.0.1:7003", &c.partitions),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_moves_nothing_and_a_death_moves_its_partitions_after_the_session() {
    let test = "a_restart_moves_nothing_and_a_death_moves_its_partitions_after_the_session";
    let Some(brokers) = brokers(test) else { return };
    let (opened, group) = group(&brokers).await;
    let mut a = join(&opened, &group, "a", "127.0.0.1:7001").await;
    let mut b = join(&opened, &group, "b", "127.0.0.1:7002").await;
    shared(&mut [&mut a, &mut b], &[2, 2]).await;
    let had = a.partitions.clone();

    a.membership.leave().await;
    owners(
        &opened,
        &group,
        &[
            ("a", "127.0.0.1:7001", &had),
            ("b", "127.0.0.1:7002", &b.partitions),
        ],
    )
    .await;
    let mut a = join(&opened, &group, "a", "127.0.0.1:7009").await;
    while a.partitions != had {
        a.take_changes().await;
    }
    let before = b.partitions.clone();
    b.take_changes().await;
    assert_eq!(b.partitions, before);
    owners(
        &opened,
        &group,
        &[
            ("a", "127.0.0.1:7009", &a.partitions),
            ("b", "127.0.0.1:7002", &b.partitions),
        ],
    )
    .await;

    let died = Instant::now();
    drop(a);
    shared(&mut [&mut b], &[4]).await;
    assert!(
        died.elapsed() > SESSION / 2,
        "moved after {:?}",
        died.elapsed()
    );
    owners(&opened, &group, &[("b", "127.0.0.1:7002", &b.partitions)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_members_commit_of_their_own_partitions_is_seen_and_outlives_them() {
    let test = "what_members_commit_of_their_own_partitions_is_seen_and_outlives_them";
    let Some(brokers) = brokers(test) else { return };
    let (opened, group) = group(&brokers).await;
    let mut a = join(&opened, &group, "a", "127.0.0.1:7001").await;
    shared(&mut [&mut a], &[4]).await;
    for offset in 1..=50 {
        a.membership.commit(1, offset);
        a.membership.commit(3, offset * 2);
    }
    a.membership.commit(7, 1);
    committed(&opened, &group, &[None, Some(50), None, Some(100)]).await;
    for offset in 51..60 {
        a.membership.commit(1, offset);
        committed(&opened, &group, &[None, Some(offset), None, Some(100)]).await;
    }
    // A partition that is rebuilt goes back, and so does what tools are to see.
    a.membership.commit(3, 7);
    committed(&opened, &group, &[None, Some(59), None, Some(7)]).await;
    a.membership.commit(0, 5);
    a.membership.commit(1, 60);
    a.membership.leave().await;
    let now = opened.groups.committed(&group).await.unwrap();
    assert_eq!(now, [Some(5), Some(60), None, Some(7)]);

    let mut a = join(&opened, &group, "a", "127.0.0.1:7001").await;
    shared(&mut [&mut a], &[4]).await;
    a.membership.commit(1, 2);
    committed(&opened, &group, &[Some(5), Some(2), None, Some(7)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_with_one_instance_are_told_apart() {
    let test = "two_processes_with_one_instance_are_told_apart";
    let Some(brokers) = brokers(test) else { return };
    let (opened, group) = group(&brokers).await;
    let mut one = join(&opened, &group, "same", "127.0.0.1:7001").await;
    shared(&mut [&mut one], &[4]).await;
    let mut other = join(&opened, &group, "same", "127.0.0.1:7002").await;
    shared(&mut [&mut other], &[4]).await;
    let error = timeout(PATIENCE, async {
        loop {
            if let Err(error) = one.membership.next().await {
                return error;
            }
        }
    });
    let error = error.await.unwrap();
    assert!(
        matches!(&error, GroupError::Refused { what, .. } if what.contains("\"same\"")),
        "{error}"
    );
    assert!(!error.is_retryable());
    owners(
        &opened,
        &group,
        &[("same", "127.0.0.1:7002", &other.partitions)],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_could_not_be_shown_in_the_metadata_is_refused() {
    let test = "a_member_that_could_not_be_shown_in_the_metadata_is_refused";
    let Some(brokers) = brokers(test) else { return };
    let (opened, group) = group(&brokers).await;
    let good = Member {
        group,
        instance: "a".to_owned(),
        address: "127.0.0.1:7001".to_owned(),
        session: SESSION,
    };
    let bad = [
        Member {
            instance: String::new(),
            ..good.clone()
        },
        Member {
            instance: "a/b".to_owned(),
            ..good.clone()
        },
        Member {
            address: String::new(),
            ..good.clone()
        },
        Member {
            address: "a b".to_owned(),
            ..good.clone()
        },
        Member {
            session: Duration::from_millis(10),
            ..good.clone()
        },
    ];
    for member in bad {
        let error = opened.groups.join(member.clone()).await.err();
        assert!(
            matches!(error, Some(GroupError::Refused { .. })),
            "{member:?}"
        );
    }
}

/// A join that comes late, of the same process: the brokers fence the member that has the place.
async fn late_join(config: &Config, member: &Member, mark: &str) {
    let settings = settings::member(config, member, mark);
    let topic = config.topic.clone();
    let joined = tokio::task::spawn_blocking(move || {
        let late: BaseConsumer = settings.create().unwrap();
        late.subscribe(&[&topic]).unwrap();
        let give_up = Instant::now() + PATIENCE;
        while late.assignment().unwrap().count() == 0 {
            assert!(Instant::now() < give_up, "the late join is answered");
            let _ = late.poll(Duration::from_millis(50));
        }
    });
    joined.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_its_own_late_joins_fence_comes_back_every_time() {
    let test = "a_member_that_its_own_late_joins_fence_comes_back_every_time";
    let Some(brokers) = brokers(test) else { return };
    let config = config(&brokers);
    opened(&config).await;
    let cluster = Arc::new(Cluster::new(&config).unwrap());
    let member = Member {
        group: fresh("g"),
        instance: "a".to_owned(),
        address: "127.0.0.1:7001".to_owned(),
        session: SESSION,
    };
    let joined = TopicMembership::join_as("mark", &config, &cluster, member.clone());
    let mut held = Held {
        membership: Box::new(joined.unwrap()),
        partitions: BTreeSet::new(),
    };
    shared(&mut [&mut held], &[4]).await;
    for _ in 0..4 {
        late_join(&config, &member, "mark").await;
        let told = timeout(PATIENCE, held.membership.next()).await;
        let told = told.expect("it is fenced in time").unwrap();
        let all = held.partitions.iter().copied().collect();
        assert_eq!(told, Change::Revoked(all));
        held.partitions.clear();
        shared(&mut [&mut held], &[4]).await;
    }
}
