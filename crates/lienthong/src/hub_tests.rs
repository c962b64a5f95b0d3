//! A whole hub in this process, on free ports and in a directory of its own.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::client;
use lienthong_contract::pb::operations::v1::GetLagRequest;
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
