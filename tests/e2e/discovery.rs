//! What existing tools ask first: reflection in both versions, and health.

use lienthong_tests::instance::Instance;
use std::collections::BTreeSet;
use tokio_stream::StreamExt;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::{v1, v1alpha};

const OF_ADAPTERS: [&str; 5] = [
    "lienthong.civil_status.v1.CivilStatusAdapterService",
    "lienthong.onestop.v1.OnestopAdapterService",
    "lienthong.operations.v1.RejectedService",
    "lienthong.population.v1.PopulationAdapterService",
    "lienthong.specialised.v1.SpecialisedAdapterService",
];
const OF_GATEWAY: [&str; 6] = [
    "lienthong.catalog.v1.CatalogService",
    "lienthong.operations.v1.OperationsService",
    "lienthong.performance.v1.PerformanceService",
    "lienthong.procedure.v1.ProcedureQueryService",
    "lienthong.quality.v1.QualityService",
    "lienthong.subscription.v1.Subscriptions",
];

#[tokio::test]
async fn reflection_lists_every_service_in_both_versions_and_describes_each() {
    let hub = Instance::start().unwrap();
    let doors = [
        ("adapters", hub.adapters().await.unwrap(), &OF_ADAPTERS[..]),
        ("gateway", hub.gateway().await.unwrap(), &OF_GATEWAY[..]),
    ];
    for (door, channel, services) in doors {
        for (version, listed) in [
            ("v1", list_v1(&channel).await),
            ("v1alpha", list_v1alpha(&channel).await),
        ] {
            let ours: BTreeSet<&str> = listed
                .iter()
                .map(String::as_str)
                .filter(|name| name.starts_with("lienthong."))
                .collect();
            assert_eq!(ours, services.iter().copied().collect(), "{door} {version}");
            assert!(
                listed.contains("grpc.health.v1.Health"),
                "{door} {version}: {listed:?}"
            );
        }
        for service in services {
            let files = describe_v1(&channel, service).await;
            assert!(files > 0, "{door}: {service} has no descriptor");
        }
    }
}

async fn list_v1(channel: &Channel) -> BTreeSet<String> {
    use v1::server_reflection_request::MessageRequest;
    use v1::server_reflection_response::MessageResponse;
    match ask_v1(channel, MessageRequest::ListServices(String::new())).await {
        MessageResponse::ListServicesResponse(list) => list
            .service
            .into_iter()
            .map(|service| service.name)
            .collect(),
        other => panic!("{other:?}"),
    }
}

/// Number of files that describe the symbol.
async fn describe_v1(channel: &Channel, symbol: &str) -> usize {
    use v1::server_reflection_request::MessageRequest;
    use v1::server_reflection_response::MessageResponse;
    match ask_v1(
        channel,
        MessageRequest::FileContainingSymbol(symbol.to_owned()),
    )
    .await
    {
        MessageResponse::FileDescriptorResponse(files) => files.file_descriptor_proto.len(),
        other => panic!("{symbol}: {other:?}"),
    }
}

async fn ask_v1(
    channel: &Channel,
    message: v1::server_reflection_request::MessageRequest,
) -> v1::server_reflection_response::MessageResponse {
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(channel.clone());
    let request = v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(message),
    };
    let answer = client
        .server_reflection_info(tokio_stream::once(request))
        .await
        .unwrap();
    let first = answer.into_inner().next().await.unwrap().unwrap();
    first.message_response.unwrap()
}

async fn list_v1alpha(channel: &Channel) -> BTreeSet<String> {
    use v1alpha::server_reflection_request::MessageRequest;
    use v1alpha::server_reflection_response::MessageResponse;
    let mut client =
        v1alpha::server_reflection_client::ServerReflectionClient::new(channel.clone());
    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let answer = client
        .server_reflection_info(tokio_stream::once(request))
        .await
        .unwrap();
    let first = answer.into_inner().next().await.unwrap().unwrap();
    match first.message_response.unwrap() {
        MessageResponse::ListServicesResponse(list) => list
            .service
            .into_iter()
            .map(|service| service.name)
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn health_is_serving_for_the_server_and_for_each_service_and_unknown_for_others() {
    let hub = Instance::start().unwrap();
    let doors = [
        (hub.adapters().await.unwrap(), &OF_ADAPTERS[..]),
        (hub.gateway().await.unwrap(), &OF_GATEWAY[..]),
    ];
    for (channel, services) in doors {
        let mut health = HealthClient::new(channel);
        for service in std::iter::once("").chain(services.iter().copied()) {
            let request = HealthCheckRequest {
                service: service.into(),
            };
            let answer = health.check(request).await.unwrap().into_inner();
            assert_eq!(answer.status(), ServingStatus::Serving, "{service:?}");
        }
        let request = HealthCheckRequest {
            service: "lienthong.nowhere.v1.NoService".into(),
        };
        let status = health.check(request).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::NotFound);
    }
}

#[tokio::test]
async fn liveness_readiness_and_metrics_answer_over_http() {
    let hub = Instance::start().unwrap();
    let metrics = &hub.hub.addresses.metrics;
    for path in ["/livez", "/readyz"] {
        let answer = lienthong_tests::http::get(metrics, path).await.unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }
    let fact = lienthong_tests::facts::Fact::new(
        lienthong_simulator::system::System::Onestop,
        "a",
        "H56.15.03-261008-0001",
        0,
        lienthong_tests::facts::step("step"),
    );
    hub.tell(&[fact]).await.unwrap();
    let answer = lienthong_tests::http::get(metrics, "/metrics")
        .await
        .unwrap();
    assert_eq!(answer.status, 200);
    for name in [
        "lienthong_projection_lag_seconds",
        "rpc_server_call_duration",
    ] {
        assert!(
            answer.body.contains(name),
            "{name} is missing:\n{}",
            answer.body
        );
    }
}
