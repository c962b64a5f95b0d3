//! What existing tools find: health and reflection.

use crate::hub::Hub;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::{v1, v1alpha};

const SERVICES: [&str; 5] = [
    "lienthong.onestop.v1.OnestopAdapterService",
    "lienthong.civil_status.v1.CivilStatusAdapterService",
    "lienthong.population.v1.PopulationAdapterService",
    "lienthong.specialised.v1.SpecialisedAdapterService",
    "lienthong.operations.v1.RejectedService",
];

#[tokio::test]
async fn health_tells_of_the_whole_and_of_each_service() {
    let hub = Hub::start().await;
    let mut health = HealthClient::new(hub.channel());
    for service in SERVICES.into_iter().chain([""]) {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let status = health.check(request).await.unwrap().into_inner().status();
        assert_eq!(status, ServingStatus::Serving, "{service}");
    }
    hub.stop().await;
}

#[tokio::test]
async fn reflection_v1_lists_what_is_served_here_and_describes_it() {
    use v1::server_reflection_client::ServerReflectionClient;
    use v1::server_reflection_request::MessageRequest;
    use v1::server_reflection_response::MessageResponse;
    let hub = Hub::start().await;
    let mut client = ServerReflectionClient::new(hub.channel());
    let ask = |asked| v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(asked),
    };
    let requests = [
        ask(MessageRequest::ListServices(String::new())),
        ask(MessageRequest::FileContainingSymbol(SERVICES[0].to_owned())),
    ];
    let stream = tokio_stream::iter(requests);
    let mut answers = client
        .server_reflection_info(stream)
        .await
        .unwrap()
        .into_inner();
    let listed = answers
        .message()
        .await
        .unwrap()
        .unwrap()
        .message_response
        .unwrap();
    let MessageResponse::ListServicesResponse(listed) = listed else {
        panic!("{listed:?}")
    };
    let names: Vec<&str> = listed
        .service
        .iter()
        .map(|service| service.name.as_str())
        .collect();
    for service in SERVICES {
        assert!(names.contains(&service), "{service} in {names:?}");
    }
    assert!(
        !names.iter().any(|name| name.contains("ProcedureQuery")),
        "{names:?}"
    );
    let described = answers
        .message()
        .await
        .unwrap()
        .unwrap()
        .message_response
        .unwrap();
    assert!(matches!(
        described,
        MessageResponse::FileDescriptorResponse(_)
    ));
    drop(answers);
    hub.stop().await;
}

#[tokio::test]
async fn reflection_v1alpha_answers_older_tools() {
    use v1alpha::server_reflection_client::ServerReflectionClient;
    use v1alpha::server_reflection_request::MessageRequest;
    let hub = Hub::start().await;
    let mut client = ServerReflectionClient::new(hub.channel());
    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let stream = tokio_stream::once(request);
    let mut answers = client
        .server_reflection_info(stream)
        .await
        .unwrap()
        .into_inner();
    assert!(
        answers
            .message()
            .await
            .unwrap()
            .unwrap()
            .message_response
            .is_some()
    );
    drop(answers);
    hub.stop().await;
}
