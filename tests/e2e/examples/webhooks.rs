//! Receivers of webhooks, which verify every request with the published Standard Webhooks libraries.

use super::consume::assert_manifest;
use super::expected::Expected;
use super::program::Program;
use super::{PATIENCE, are_built, built, consume, hub, report, stored, until};
use lienthong_contract::pb::subscription::v1::subscriptions_client::SubscriptionsClient;
use lienthong_contract::pb::subscription::v1::{
    CreateSubscriptionRequest, GetSubscriptionRequest, RotateWebhookSecretRequest, Subscription,
    SubscriptionState, SubscriptionStatus, Webhook,
};
use lienthong_tests::instance::Instance;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use tonic::transport::Channel;

const SETTINGS: [(&str, &str); 2] = [
    ("LIENTHONG_GATEWAY__WEBHOOKS__ALLOW_PRIVATE", "true"),
    ("LIENTHONG_GATEWAY__WEBHOOKS__ALLOW_HTTP", "true"),
];

/// A receiver in one language.
struct Receiver {
    language: &'static str,
    store: PathBuf,
    secret: PathBuf,
    said: PathBuf,
    port: String,
}

impl Receiver {
    fn of(language: &'static str, scratch: &Path) -> Self {
        let ending = if language == "python" {
            "sqlite"
        } else {
            "jsonl"
        };
        Self {
            language,
            store: scratch.join(format!("{language}-received.{ending}")),
            secret: scratch.join(format!("{language}.secret")),
            said: scratch.join(format!("{language}-receiver.out")),
            port: "0".to_owned(),
        }
    }

    /// Starts it and gives its address; the next start has the same.
    async fn start(&mut self, flags: &[&str]) -> (Program, String) {
        let folder = built("webhook").join(self.language);
        let mut command = match self.language {
            "python" => Command::new(folder.join(".venv/bin/python")),
            _ => Command::new("node"),
        };
        command.arg(match self.language {
            "python" => "receiver.py",
            _ => "receiver.js",
        });
        command
            .args(["--port", &self.port, "--secret-file"])
            .arg(&self.secret);
        command
            .arg("--store")
            .arg(&self.store)
            .args(flags)
            .current_dir(folder);
        let mut program = Program::start(&mut command, &self.said);
        let url = program.line(|line| line.starts_with("http://")).await;
        let port = url.trim_end_matches('/').rsplit(':').next().unwrap();
        self.port = port.to_owned();
        (program, url)
    }

    fn add_secret(&self, secret: &str) {
        assert!(secret.starts_with("whsec_"), "{secret}");
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.secret);
        writeln!(file.unwrap(), "{secret}").unwrap();
    }

    fn count(&self) -> usize {
        stored::read(&self.store).len()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_in_python_verifies_and_keeps_every_webhook() {
    receives_everything("python").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_in_javascript_verifies_and_keeps_every_webhook() {
    receives_everything("javascript").await;
}

async fn receives_everything(language: &'static str) {
    if !are_built(&format!("webhooks to a receiver in {language}")) {
        return;
    }
    let mut hub = hub(&SETTINGS);
    let mut receiver = Receiver::of(language, hub.scratch());
    let (program, url) = receiver.start(&[]).await;
    // Nothing is there to be posted until the secret is in its file.
    receiver.add_secret(&create(&hub, &url).await);
    let mut expected = Expected::default();
    report(&hub, 91, 40, &mut expected).await;
    until("webhooks arrive", || receiver.count() > 0).await;
    // Both are killed while events are under way; what was posted without an answer comes again.
    program.kill();
    let (program, _) = receiver.start(&[]).await;
    hub = hub.kill().unwrap().start_again().unwrap();
    report(&hub, 92, 20, &mut expected).await;
    until("every webhook arrived", || {
        receiver.count() >= expected.count()
    })
    .await;

    // The new secret signs, and the old one beside it.
    let name = "example".to_owned();
    let rotate = RotateWebhookSecretRequest {
        name,
        overlap_s: 60,
    };
    let rotated = client(&hub)
        .await
        .rotate_webhook_secret(rotate)
        .await
        .unwrap();
    let new = rotated.into_inner().webhook_secret;
    report(&hub, 93, 10, &mut expected).await;
    until("the old secret still holds", || {
        receiver.count() >= expected.count()
    })
    .await;
    std::fs::remove_file(&receiver.secret).unwrap();
    receiver.add_secret(&new);
    report(&hub, 94, 10, &mut expected).await;
    until("the new secret holds", || {
        receiver.count() >= expected.count()
    })
    .await;

    let mut received = stored::read(&receiver.store);
    expected.assert_stored(language, &received);
    received.sort_by_key(|event| event.sequence);
    let numbers: Vec<u64> = received.iter().map(|event| event.sequence).collect();
    assert_eq!(numbers, (1..=received.len() as u64).collect::<Vec<_>>());
    assert_manifest(
        language,
        &consume::manifest(&hub, "example").await,
        &received,
    );

    // It wants no more.
    program.kill();
    let (program, _) = receiver.start(&["--gone"]).await;
    report(&hub, 95, 5, &mut Expected::default()).await;
    let status = disabled(&hub).await;
    assert!(status.why.contains("410"), "{status:?}");
    assert_eq!(receiver.count(), expected.count());
    drop(program);
}

async fn client(hub: &Instance) -> SubscriptionsClient<Channel> {
    SubscriptionsClient::new(hub.gateway().await.unwrap())
}

/// Makes the subscription and gives its secret.
async fn create(hub: &Instance, url: &str) -> String {
    let webhook = Webhook {
        url: url.to_owned(),
        ..Webhook::default()
    };
    let subscription = Subscription {
        name: "example".to_owned(),
        webhook: Some(webhook),
        ..Subscription::default()
    };
    let request = CreateSubscriptionRequest {
        subscription: Some(subscription),
        start: None,
    };
    let made = client(hub)
        .await
        .create_subscription(request)
        .await
        .unwrap();
    made.into_inner().webhook_secret
}

/// Waits until the subscription is disabled.
async fn disabled(hub: &Instance) -> SubscriptionStatus {
    let began = Instant::now();
    loop {
        let name = "example".to_owned();
        let asked = GetSubscriptionRequest { name };
        let told = client(hub).await.get_subscription(asked).await.unwrap();
        let status = told.into_inner().status.unwrap();
        if status.state() == SubscriptionState::Disabled {
            return status;
        }
        assert!(began.elapsed() < PATIENCE, "{status:?}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
