//! `subscribe` in each language: the program keeps its own place.

use super::expected::Expected;
use super::program::Program;
use super::{Language, are_built, hub, report, stored, until};
use lienthong_tests::instance::Instance;
use std::path::PathBuf;

/// One language's program and where it stores.
struct Follower {
    language: Language,
    gateway: String,
    store: PathBuf,
    said: PathBuf,
}

impl Follower {
    fn of(language: Language, hub: &Instance, name: &str) -> Self {
        Self {
            language,
            gateway: hub.hub.addresses.gateway.clone(),
            store: language.store(hub.scratch(), name),
            said: hub.scratch().join(format!("{language:?}-{name}.out")),
        }
    }

    fn start(&self, flags: &[&str]) -> Program {
        let mut command = self.language.program("subscribe");
        command.args(["--gateway", &self.gateway, "--store"]);
        command.arg(&self.store).args(flags);
        Program::start(&mut command, &self.said)
    }

    fn count(&self) -> usize {
        stored::read(&self.store).len()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscribers_in_three_languages_miss_nothing_when_they_and_the_hub_are_killed() {
    if !are_built("subscribers in Python, Java and TypeScript") {
        return;
    }
    let mut hub = hub(&[]);
    let mut expected = Expected::default();
    report(&hub, 51, 200, &mut expected).await;
    let followers = Language::ALL.map(|language| Follower::of(language, &hub, "all"));

    // Killed while it catches up, or soon after.
    for follower in &followers {
        let program = follower.start(&[]);
        until("something is stored", || follower.count() > 0).await;
        program.kill();
    }

    // It stays while the hub is killed and comes back, and reads on by itself.
    let mut programs = Vec::new();
    for follower in &followers {
        programs.push(follower.start(&[]));
        until("all is stored", || follower.count() >= expected.count()).await;
    }
    hub = hub.kill().unwrap().start_again().unwrap();
    report(&hub, 52, 200, &mut expected).await;
    for (follower, mut program) in followers.iter().zip(programs) {
        until("the rest is stored", || {
            program.runs();
            follower.count() >= expected.count()
        })
        .await;
        program.kill();
    }

    // What came while it was away, and then the end.
    report(&hub, 53, 50, &mut expected).await;
    for follower in &followers {
        follower
            .start(&["--stop-after-caught-up"])
            .ends_well()
            .await;
        let who = format!("{:?}", follower.language);
        expected.assert_stored(&who, &stored::read(&follower.store));
    }

    // Some of it.
    let everything = stored::read(&followers[0].store);
    let received = "vn.lienthong.dossier.received.v1";
    let wanted = everything.iter().filter(|event| event.kind == received);
    let wanted: Vec<&str> = wanted.map(|event| event.id.as_str()).collect();
    assert!(!wanted.is_empty() && wanted.len() < everything.len());
    for language in Language::ALL {
        let some = Follower::of(language, &hub, "some");
        let filter = format!("type={received}");
        let flags = ["--filter", filter.as_str(), "--stop-after-caught-up"];
        some.start(&flags).ends_well().await;
        let stored = stored::read(&some.store);
        let mut got: Vec<&str> = stored.iter().map(|event| event.id.as_str()).collect();
        let mut wanted = wanted.clone();
        got.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(got, wanted, "{language:?}");
    }
}
