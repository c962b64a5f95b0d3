//! Members that come, go and come again.

use super::{brokers, config, fresh, opened};
use crate::{Change, Member};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probe() {
    let Some(brokers) = brokers("probe") else { return };
    let opened = opened(&config(&brokers)).await;
    let group = fresh("g");
    let member = |i: &str, a: &str| Member { group: group.clone(), instance: i.into(), address: a.into(), session: Duration::from_secs(6) };
    let t = std::time::Instant::now();
    let mut a = opened.groups.join(member("a", "127.0.0.1:1")).await.unwrap();
    eprintln!("{:?} {:?}", t.elapsed(), a.next().await);
    eprintln!("{:?} {:?}", t.elapsed(), opened.groups.owners(&group).await);
    a.commit(1, 5);
    a.leave().await;
    eprintln!("{:?} left {:?}", t.elapsed(), opened.groups.owners(&group).await);
    let mut a = opened.groups.join(member("a", "127.0.0.1:2")).await.unwrap();
    eprintln!("{:?} {:?}", t.elapsed(), a.next().await);
    eprintln!("{:?} {:?}", t.elapsed(), opened.groups.owners(&group).await);
    let mut b = opened.groups.join(member("b", "127.0.0.1:3")).await.unwrap();
    eprintln!("{:?} {:?}", t.elapsed(), b.next().await);
    eprintln!("{:?} {:?}", t.elapsed(), a.next().await);
    eprintln!("{:?} {:?}", t.elapsed(), opened.groups.owners(&group).await);
    eprintln!("{:?} {:?}", t.elapsed(), opened.groups.committed(&group).await);
    let _ = Change::Assigned(vec![]);
}
