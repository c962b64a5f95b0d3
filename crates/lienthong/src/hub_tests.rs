//! A whole hub in this process, on free ports and in a directory of its own.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::client;
use lienthong_contract::pb::operations::v1::GetLagRequest;
use lienthong_contract::pb::subscription::v1 as pb;
use lienthong_contract::pb::subscription::v1::consume_request::Message as Said;
use lienthong_contract::pb::subscription::v1::going_away::Why;
use lienthong_contract::reference::Files;
use std::path::Path;

fn settings(dir: &Path) -> Settings {
    let mut settings = Settings {
        data_dir: dir.to_owned(),
        ..Settings::default()
    };
    let free = "127.0.0.1:0".parse().unwrap();
    settings.adapters.grpc_listen = free;
    settings.adapters.http_listen = free;
    settings.gateway.listen = free;
    settings.gateway.http_listen = free;
    settings.metrics.listen = free;
    settings
}

async fn started(dir: &Path) -> Result<(Hub, Addresses), Failure> {
    let settings = settings(dir);
    let listeners = Listeners::bind(&settings, &Service::Whole).await?;
    let addresses = listeners.addresses()?;
    let hub = start(&settings, &Service::Whole, listeners, Files::default()).await?;
    Ok((hub, addresses))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_is_ready_once_loaded_answers_and_after_its_drain_another_takes_its_place() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let (hub, addresses) = started(dir.path()).await.unwrap();
        hub.loading().await;
        while !hub.readiness.is_ready() {
            tokio::task::yield_now().await;
        }
        let gateway = client::connect(&client::url(addresses.gateway.unwrap()))
            .await
            .unwrap();
        let lag = client::operations(gateway)
            .get_lag(GetLagRequest {})
            .await
            .unwrap();
        let lags = lag.into_inner().lags;
        assert_eq!(
            lags.len(),
            3 * 4,
            "three views of four partitions: {lags:?}"
        );
        let readiness = hub.readiness.clone();
        hub.drain().await.unwrap();
        assert!(!readiness.is_ready());
        assert!(
            client::connect(&client::url(addresses.gateway.unwrap()))
                .await
                .is_err()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_hub_on_the_same_directory_is_refused_with_a_fix() {
    let dir = tempfile::tempdir().unwrap();
    let (hub, _) = started(dir.path()).await.unwrap();
    let refused = started(dir.path()).await.err().unwrap().to_string();
    assert!(refused.contains("in use by another process"), "{refused}");
    hub.drain().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_taken_is_refused_by_its_setting() {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = settings(dir.path());
    let listeners = Listeners::bind(&settings, &Service::Whole).await.unwrap();
    settings.gateway.listen = listeners.addresses().unwrap().gateway.unwrap();
    let refused = Listeners::bind(&settings, &Service::Whole)
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(refused.starts_with("gateway.listen"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_file_that_is_wrong_keeps_the_hub_from_starting() {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = settings(dir.path());
    settings.reference.statuses = vec![dir.path().join("nowhere.csv")];
    let listeners = Listeners::bind(&settings, &Service::Whole).await.unwrap();
    let refused = start(&settings, &Service::Whole, listeners, Files::default())
        .await
        .err()
        .unwrap();
    assert_eq!(refused.exit(), crate::exit::Exit::Usage);
    assert!(
        refused.to_string().starts_with("reference.statuses"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_of_its_own_is_refused_on_the_embedded_log_with_words() {
    let dir = tempfile::tempdir().unwrap();
    let settings = settings(dir.path());
    let service = Service::Adapters([lienthong_adapters::System::Onestop].into());
    let listeners = Listeners::bind(&settings, &service).await.unwrap();
    assert!(listeners.gateway.is_none() && listeners.projector.is_none());
    let refused = start(&settings, &service, listeners, Files::default()).await;
    let refused = refused.err().unwrap();
    assert_eq!(refused.exit(), crate::exit::Exit::Usage);
    for part in ["log.home", "lienthong up", "kafka://"] {
        assert!(refused.to_string().contains(part), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_process_with_the_onestop_adapter_listens_for_packets() {
    let dir = tempfile::tempdir().unwrap();
    let settings = settings(dir.path());
    for (system, packets) in [
        (lienthong_adapters::System::Onestop, true),
        (lienthong_adapters::System::Population, false),
    ] {
        let service = Service::Adapters([system].into());
        let listeners = Listeners::bind(&settings, &service).await.unwrap();
        let addresses = listeners.addresses().unwrap();
        assert_eq!(addresses.adapters_http.is_some(), packets, "{system:?}");
        let told = serde_json::to_value(addresses).unwrap();
        assert_eq!(told.get("adapters_http").is_some(), packets, "{told}");
        assert!(told.get("gateway").is_none(), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_sends_streams_on_with_a_token_and_consumers_without_losing_what_they_settled() {
    let dir = tempfile::tempdir().unwrap();
    let (hub, addresses) = started(dir.path()).await.unwrap();
    let gateway = client::url(addresses.gateway.unwrap());
    let mut client = client::subscriptions(client::connect(&gateway).await.unwrap());
    let create = pb::CreateSubscriptionRequest {
        subscription: Some(pb::Subscription {
            name: "kept".to_owned(),
            ..pb::Subscription::default()
        }),
        start: None,
    };
    client.create_subscription(create).await.unwrap();
    let stream = client.subscribe(pb::SubscribeRequest::default()).await;
    let mut stream = stream.unwrap().into_inner();
    let open = pb::Open {
        name: "kept".to_owned(),
        ..pb::Open::default()
    };
    let said = pb::ConsumeRequest {
        message: Some(Said::Open(open)),
    };
    // The client's side stays open: it is the hub that ends.
    let said = tokio_stream::StreamExt::chain(tokio_stream::once(said), tokio_stream::pending());
    let mut consumed = client.consume(said).await.unwrap().into_inner();
    let drained = tokio::spawn(hub.drain());

    let mut away = None;
    while let Some(told) = stream.message().await.unwrap() {
        if let Some(pb::subscribe_response::Message::GoingAway(told)) = told.message {
            away = Some(told);
        }
    }
    let away = away.unwrap();
    assert_eq!(away.why(), Why::Draining);
    assert!(!away.token.is_empty());
    let mut sent_on = None;
    while let Some(told) = consumed.message().await.unwrap() {
        if let Some(pb::consume_response::Message::GoingAway(told)) = told.message {
            sent_on = Some(told.why());
        }
    }
    assert_eq!(sent_on, Some(Why::Draining));
    drained.await.unwrap().unwrap();

    let (hub, addresses) = started(dir.path()).await.unwrap();
    let gateway = client::url(addresses.gateway.unwrap());
    let mut client = client::subscriptions(client::connect(&gateway).await.unwrap());
    let start = pb::start::Place::Token(away.token);
    let again = pb::SubscribeRequest {
        start: Some(pb::Start { place: Some(start) }),
        ..pb::SubscribeRequest::default()
    };
    let mut again = client.subscribe(again).await.unwrap().into_inner();
    assert!(again.message().await.unwrap().is_some());
    drop(again);
    let listed = client.list_subscriptions(pb::ListSubscriptionsRequest {});
    assert_eq!(listed.await.unwrap().into_inner().statuses.len(), 1);
    hub.drain().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_of_subscriptions_that_does_not_fit_is_refused_by_its_name() {
    type Spoil = fn(&mut Settings);
    let spoil: [(&str, Spoil); 4] = [
        ("gateway.session_timeout_ms", |settings| {
            settings.gateway.session_timeout_ms = 10;
        }),
        ("gateway.stream_max_age_s", |settings| {
            settings.gateway.stream_max_age_s = 0;
        }),
        ("gateway.cors_origins", |settings| {
            settings.gateway.cors_origins = vec!["portal.example/".to_owned()];
        }),
        ("gateway.webhooks.key", |settings| {
            settings.gateway.webhooks.key.0 = "short".to_owned();
        }),
    ];
    let dir = tempfile::tempdir().unwrap();
    for (name, spoil) in spoil {
        let mut settings = settings(dir.path());
        spoil(&mut settings);
        let listeners = Listeners::bind(&settings, &Service::Whole).await.unwrap();
        let refused = start(&settings, &Service::Whole, listeners, Files::default()).await;
        let refused = refused.err().unwrap();
        assert_eq!(refused.exit(), crate::exit::Exit::Usage, "{refused}");
        assert!(refused.to_string().starts_with(name), "{refused}");
    }
}
