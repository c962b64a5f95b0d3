//! Subscriptions whose events are posted.

use super::*;

fn posted(name: &str) -> Subscription {
    Subscription {
        webhook: Some(Webhook {
            url: "https://example.vn/hook".to_owned(),
            ..Webhook::default()
        }),
        ..named(name)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_go_to_the_endpoint_until_it_wants_no_more_and_again_once_resumed() {
    let home = Home::new(2).await;
    let gateway = home.gateway("a").await;
    home.append(40, 0, 40).await;
    gateway.create(posted("hook")).await;
    gateway
        .until("hook", |status| status.settled_sequence == 40)
        .await;
    let refused = consume(gateway.durable.as_ref(), opens("hook", "c")).await;
    let refused = refused.err().unwrap();
    assert_eq!(reason(&refused), "SUBSCRIPTION_HAS_WEBHOOK");
    *home.posts.gone.lock().unwrap() = true;
    home.append(40, 40, 80).await;
    let status = gateway
        .until("hook", |status| {
            status.state() == SubscriptionState::Disabled
        })
        .await;
    assert_eq!(status.why, "the endpoint answered 410");
    // A restart does not begin it again.
    gateway.stop().await;
    let gateway = home.gateway("a").await;
    assert_eq!(
        gateway.status("hook").await.state(),
        SubscriptionState::Disabled
    );
    let resume = || {
        let name = "hook".to_owned();
        let request = ResumeSubscriptionRequest { name };
        gateway.durable.resume(request, From::Client)
    };
    *home.posts.refuses.lock().unwrap() = true;
    assert_eq!(reason(&resume().await.unwrap_err()), "WEBHOOK_REFUSED");
    *home.posts.refuses.lock().unwrap() = false;
    resume().await.unwrap();
    gateway
        .until("hook", |status| status.settled_sequence == 80)
        .await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_secret_signs_what_is_posted_from_then_on() {
    let home = Home::new(1).await;
    let gateway = home.gateway("a").await;
    gateway.create(posted("hook")).await;
    home.append(5, 0, 5).await;
    gateway
        .until("hook", |status| status.settled_sequence == 5)
        .await;
    let request = RotateWebhookSecretRequest {
        name: "hook".to_owned(),
        overlap_s: 60,
    };
    let rotated = gateway.durable.rotate_secret(request, From::Client).await;
    assert_eq!(rotated.unwrap().webhook_secret, "whsec_2");
    home.append(5, 5, 10).await;
    gateway
        .until("hook", |status| status.settled_sequence == 10)
        .await;
    let posted = home.posts.posted.lock().unwrap().clone();
    assert!(
        posted.contains(&(1, 5)) && posted.contains(&(2, 10)),
        "{posted:?}"
    );
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_made_for_an_endpoint_that_does_not_answer_the_challenge() {
    let home = Home::new(1).await;
    let gateway = home.gateway("a").await;
    *home.posts.refuses.lock().unwrap() = true;
    let request = CreateSubscriptionRequest {
        subscription: Some(posted("hook")),
        start: None,
    };
    let refused = gateway.durable.create(request, From::Client).await;
    assert_eq!(reason(&refused.unwrap_err()), "WEBHOOK_REFUSED");
    let listed = gateway
        .durable
        .list(ListSubscriptionsRequest {}, From::Client);
    assert_eq!(listed.await.unwrap().statuses, []);
    gateway.stop().await;
}
