//! `consume` in each language: the hub keeps the place, the program acknowledges what it stored.

use super::expected::Expected;
use super::program::Program;
use super::stored::Stored;
use super::{Language, are_built, hub, report, stored, until};
use lienthong_contract::pb::subscription::v1::subscriptions_client::SubscriptionsClient;
use lienthong_contract::pb::subscription::v1::{
    DayManifest, GetManifestRequest, GetSubscriptionRequest, SubscriptionStatus,
};
use lienthong_domain::path::day::{day, day_number};
use lienthong_tests::instance::Instance;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One program and where it stores.
struct Consumer {
    language: Language,
    subscription: String,
    gateway: String,
    store: PathBuf,
    said: PathBuf,
}

impl Consumer {
    fn of(language: Language, hub: &Instance, subscription: &str) -> Self {
        let name = format!("consume-{subscription}");
        Self {
            language,
            subscription: subscription.to_owned(),
            gateway: hub.hub.addresses.gateway.clone(),
            store: language.store(hub.scratch(), &name),
            said: hub.scratch().join(format!("{language:?}-{name}.out")),
        }
    }

    fn start(&self, flags: &[&str]) -> Program {
        let mut command = self.language.program("consume");
        command.args(["--gateway", &self.gateway, "--name", &self.subscription]);
        command.args(["--create", "--ack-timeout", "2", "--store"]);
        command.arg(&self.store).args(flags);
        Program::start(&mut command, &self.said)
    }

    fn count(&self) -> usize {
        stored::read(&self.store).len()
    }

    /// What it stored, by sequence number.
    fn stored(&self) -> Vec<Stored> {
        let mut stored = stored::read(&self.store);
        stored.sort_by_key(|event| event.sequence);
        stored
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consumers_in_three_languages_prove_by_the_manifest_that_they_have_everything() {
    if !are_built("consumers in Python, Java and TypeScript") {
        return;
    }
    let mut hub = hub(&[]);
    let mut expected = Expected::default();
    report(&hub, 61, 150, &mut expected).await;
    let consumers = Language::ALL.map(|language| {
        let subscription = format!("example-{language:?}").to_lowercase();
        Consumer::of(language, &hub, &subscription)
    });

    for consumer in &consumers {
        let program = consumer.start(&[]);
        until("something is stored", || consumer.count() > 0).await;
        program.kill();
    }
    let programs: Vec<Program> = consumers
        .iter()
        .map(|consumer| consumer.start(&[]))
        .collect();
    for consumer in &consumers {
        until("all is stored", || consumer.count() >= expected.count()).await;
    }
    hub = hub.kill().unwrap().start_again().unwrap();
    report(&hub, 62, 150, &mut expected).await;
    for (consumer, mut program) in consumers.iter().zip(programs) {
        until("the rest is stored", || {
            program.runs();
            consumer.count() >= expected.count()
        })
        .await;
        program.kill();
    }

    let last = expected.count().to_string();
    for consumer in &consumers {
        let who = format!("{:?}", consumer.language);
        let said = consumer
            .start(&["--until-sequence", &last])
            .ends_well()
            .await;
        assert!(
            said.contains("equal") && said.contains("healed=0"),
            "{who}: {said}"
        );
        let stored = consumer.stored();
        let numbers: Vec<u64> = stored.iter().map(|event| event.sequence).collect();
        assert_eq!(
            numbers,
            (1..=stored.len() as u64).collect::<Vec<_>>(),
            "{who}"
        );
        expected.assert_stored(&who, &stored);
        let days = manifest(&hub, &consumer.subscription).await;
        assert_manifest(&who, &days, &stored);

        // A hole in what it stored is found and healed.
        stored::remove(&consumer.store, 40, 70);
        stored::remove(&consumer.store, 100, 100);
        let said = consumer.start(&["--check-only"]).ends_well().await;
        assert!(said.contains("equal"), "{who}: {said}");
        assert_eq!(consumer.stored().len(), stored.len(), "{who}: {said}");
        expected.assert_stored(&who, &consumer.stored());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_languages_share_a_subscription_and_their_parts_add_up_when_one_dies() {
    if !are_built("a subscription shared by Python, Java and TypeScript") {
        return;
    }
    let hub = hub(&[]);
    let mut expected = Expected::default();
    let consumers = Language::ALL.map(|language| Consumer::of(language, &hub, "shared"));
    let mut programs: Vec<Program> = consumers
        .iter()
        .map(|consumer| consumer.start(&[]))
        .collect();
    for turn in 0.. {
        let consumers = status(&hub, "shared").await.consumers;
        if consumers.len() == 3 {
            break;
        }
        assert!(turn < 1_000, "{consumers:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let taken = || -> usize { consumers.iter().map(Consumer::count).sum() };

    report(&hub, 71, 150, &mut expected).await;
    programs.remove(0).kill();
    report(&hub, 72, 150, &mut expected).await;
    until("all is stored", || taken() >= expected.count()).await;
    let mut stored: Vec<Stored> = consumers.iter().flat_map(Consumer::stored).collect();
    // What the one that died stored and did not acknowledge, another has, too.
    stored.sort_by_key(|event| event.sequence);
    stored.dedup_by_key(|event| event.sequence);
    expected.assert_stored("the three", &stored);
    assert_manifest("the three", &manifest(&hub, "shared").await, &stored);
    for (consumer, program) in consumers[1..].iter().zip(programs) {
        assert!(consumer.count() > 0, "{:?}", consumer.language);
        program.kill();
    }
}

async fn status(hub: &Instance, name: &str) -> SubscriptionStatus {
    let mut client = SubscriptionsClient::new(hub.gateway().await.unwrap());
    let name = name.to_owned();
    let asked = client
        .get_subscription(GetSubscriptionRequest { name })
        .await;
    // Not made yet.
    let told = asked.map(|answer| answer.into_inner().status);
    told.unwrap_or_default().unwrap_or_default()
}

/// The manifest of today and of the day before, should it be midnight.
pub async fn manifest(hub: &Instance, name: &str) -> Vec<DayManifest> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let today = day_number(since.as_millis() as i64);
    let request = GetManifestRequest {
        name: name.to_owned(),
        first_day: day(today - 1).to_string(),
        last_day: day(today).to_string(),
    };
    let mut client = SubscriptionsClient::new(hub.gateway().await.unwrap());
    client
        .get_manifest(request)
        .await
        .unwrap()
        .into_inner()
        .days
}

/// Asserts that what is stored makes the hub's count and digest of every day, by the recipe of
/// `DayManifest`.
pub fn assert_manifest(who: &str, days: &[DayManifest], stored: &[Stored]) {
    let counted: u64 = days.iter().map(|day| day.count).sum();
    assert_eq!(counted, stored.len() as u64, "{who}");
    for day in days {
        let of_day = stored.iter().filter(|event| event.day == day.day);
        let digest = of_day.clone().fold(0_u64, |sum, event| {
            let text = format!("{}\n{}\n{}", event.sequence, event.source, event.id);
            let hash = Sha256::digest(text.as_bytes());
            sum.wrapping_add(u64::from_be_bytes(hash[..8].try_into().unwrap()))
        });
        assert_eq!(of_day.count() as u64, day.count, "{who}: {day:?}");
        assert_eq!(format!("{digest:016x}"), day.digest, "{who}: {day:?}");
    }
}
