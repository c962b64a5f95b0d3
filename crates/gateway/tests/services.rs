//! The services as a client meets them: over a socket, with doubles behind the ports.
#![allow(clippy::unwrap_used)]

mod doubles;

use doubles::{Log, Views};
use lienthong_contract::event::Told;
use lienthong_contract::pb::event::v1::{Event, Position, event::Payload, parked_released};
use lienthong_contract::pb::operations::v1::operations_service_client::OperationsServiceClient;
use lienthong_contract::pb::operations::v1::{
    GetLagRequest, ListParkedRequest, ListPositionsRequest, RebuildViewRequest,
    ReleaseParkedRequest, VerifyViewsRequest,
};
use lienthong_contract::pb::performance::v1 as performance;
use lienthong_contract::pb::performance::v1::performance_service_client::PerformanceServiceClient;
use lienthong_contract::pb::procedure::v1::procedure_query_service_client::ProcedureQueryServiceClient;
use lienthong_contract::pb::procedure::v1::{
    GetCaseRequest, GetHorizontalRequest, GetVerticalRequest,
};
use lienthong_gateway::{Beside, Config, Error, Handles, run};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;

struct Hub {
    channel: Channel,
    log: Arc<Log>,
    views: Arc<Views>,
    shutdown: CancellationToken,
    serving: JoinHandle<Result<(), Error>>,
}

async fn hub(log: Log, config: Config) -> Hub {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (log, views) = (Arc::new(log), Arc::new(Views::default()));
    let handles = Handles {
        questions: views.clone(),
        quality: views.clone(),
        operations: views.clone(),
        performance: views.clone(),
        subscription_lags: None,
        watched: None,
        log: log.clone(),
        beside: Beside::default(),
    };
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(run(listener, config, handles, shutdown.clone()));
    let channel = Channel::from_shared(address)
        .unwrap()
        .connect()
        .await
        .unwrap();
    Hub {
        channel,
        log,
        views,
        shutdown,
        serving,
    }
}

async fn ready_hub() -> Hub {
    hub(Log::default(), Config::default()).await
}

fn reason(status: &Status) -> String {
    let info = status.get_details_error_info();
    info.map(|info| info.reason).unwrap_or_default()
}

fn ask(code: &str, offset: u64, max_wait_ms: u32) -> GetCaseRequest {
    GetCaseRequest {
        code: code.to_owned(),
        min_positions: vec![Position {
            partition: 0,
            offset,
        }],
        max_wait_ms,
        ..GetCaseRequest::default()
    }
}

#[tokio::test]
async fn a_question_waits_for_its_positions_in_every_view_it_is_answered_from() {
    let hub = ready_hub().await;
    let mut client = ProcedureQueryServiceClient::new(hub.channel.clone());
    let answer = client.get_case(ask("case-1", 5, 0)).await.unwrap();
    assert_eq!(answer.into_inner().case.unwrap().code, "case-1");
    let request = GetHorizontalRequest {
        min_positions: vec![Position::default()],
        max_wait_ms: 30_000,
        ..GetHorizontalRequest::default()
    };
    client.get_horizontal(request).await.unwrap();
    let default = Duration::from_secs(5);
    let longest = Duration::from_secs(30);
    let expected = [
        ("case", default),
        ("case", longest),
        ("horizontal", longest),
    ];
    let expected = expected.map(|(view, limit)| (view.to_owned(), limit));
    assert_eq!(*hub.views.waits.lock().unwrap(), expected);
}

#[tokio::test]
async fn figures_wait_for_the_case_view_and_bad_requests_never_reach_it() {
    let hub = ready_hub().await;
    let mut client = PerformanceServiceClient::new(hub.channel.clone());
    let mut request = performance::GetPerformanceRequest {
        from_day: "2026-01-01".to_owned(),
        to_day: "2026-01-31".to_owned(),
        min_positions: vec![Position::default()],
        max_wait_ms: 30_000,
        ..performance::GetPerformanceRequest::default()
    };
    let answer = client.get_performance(request.clone()).await.unwrap();
    assert_eq!(answer.into_inner().lines[0].key, "2026-01-01");
    let expected = [("case".to_owned(), Duration::from_secs(30))];
    assert_eq!(*hub.views.waits.lock().unwrap(), expected);

    request.to_day = "2025-12-31".to_owned();
    let status = client.get_performance(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let bad = status.get_details_bad_request().unwrap().field_violations;
    assert_eq!(bad[0].field, "to_day");
    assert!(
        bad[0]
            .description
            .contains("Fix: give a day that is not before from_day")
    );
    assert_eq!(hub.views.waits.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn every_question_of_performance_is_answered_from_the_port() {
    let hub = ready_hub().await;
    let mut client = PerformanceServiceClient::new(hub.channel.clone());
    let overdue = performance::ListDossiersRequest {
        state: performance::DossierState::Overdue.into(),
        ..performance::ListDossiersRequest::default()
    };
    let answer = client.list_dossiers(overdue).await.unwrap();
    assert_eq!(answer.into_inner().total, 7);
    let register = performance::GetRegisterRequest {
        agency_code: "H56.15.03".to_owned(),
        day: "2026-01-31".to_owned(),
        ..performance::GetRegisterRequest::default()
    };
    let answer = client.get_register(register).await.unwrap();
    assert_eq!(answer.into_inner().total, 8);
    let code = "H56.15.03-261008-0975";
    let slip = performance::GetControlSlipRequest {
        dossier_code: code.to_owned(),
        ..performance::GetControlSlipRequest::default()
    };
    let answer = client.get_control_slip(slip).await.unwrap();
    assert_eq!(answer.into_inner().entries.len(), 1);

    let statistics = performance::GetClockStatisticsRequest::default();
    let answer = client.get_clock_statistics(statistics).await.unwrap();
    assert_eq!(answer.into_inner().dossiers, 9);

    let clock = performance::GetDossierClockRequest {
        dossier_code: code.to_owned(),
        ..performance::GetDossierClockRequest::default()
    };
    let status = client.get_dossier_clock(clock).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(reason(&status), "CALENDAR_MISSING");
    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.metadata["year"], "2031");
}

#[tokio::test]
async fn what_cannot_be_answered_says_why_with_a_reason_and_a_retry_hint() {
    let hub = ready_hub().await;
    let mut client = ProcedureQueryServiceClient::new(hub.channel.clone());

    let status = client.get_case(ask("case-9", 5, 0)).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(reason(&status), "CASE_NOT_FOUND");

    let status = client.get_case(ask("case-1", 100, 1)).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(reason(&status), "VIEW_NOT_CAUGHT_UP");
    assert!(status.get_details_retry_info().is_some());

    let status = client.get_case(ask("a code", 5, 30_001)).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let bad = status.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<_> = bad.iter().map(|bad| bad.field.as_str()).collect();
    assert_eq!(fields, ["code", "max_wait_ms"]);

    let request = GetVerticalRequest::default();
    let status = client.get_vertical(request).await.unwrap_err();
    assert_eq!(reason(&status), "VIEW_LOADING");
}

#[tokio::test]
async fn an_operator_sees_the_logs_bounds_beside_the_views_positions() {
    let hub = ready_hub().await;
    let mut client = OperationsServiceClient::new(hub.channel.clone());
    let answer = client
        .list_positions(ListPositionsRequest {})
        .await
        .unwrap();
    let answer = answer.into_inner();
    let ends: Vec<_> = answer.log.iter().map(|bounds| bounds.end_offset).collect();
    assert_eq!(ends, [0, 10, 20, 30]);
    assert_eq!(answer.views[0].next_offset, 5);

    let status = client.get_lag(GetLagRequest {}).await.unwrap_err();
    assert_eq!(reason(&status), "LOG_UNAVAILABLE");
    let view = "nothing".to_owned();
    let status = client
        .list_parked(ListParkedRequest { view })
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "VIEW_UNKNOWN");
}

fn release(
    key: &str,
    parked_offset: u64,
    decision: parked_released::Decision,
) -> ReleaseParkedRequest {
    ReleaseParkedRequest {
        key: key.to_owned(),
        parked_offset,
        decision: decision.into(),
    }
}

#[tokio::test]
async fn a_release_is_recorded_under_the_parked_key_as_an_event_that_can_be_read() {
    let hub = ready_hub().await;
    let mut client = OperationsServiceClient::new(hub.channel.clone());
    let skip = parked_released::Decision::Skip;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let answer = client
            .release_parked(release("parked-1", 7, skip))
            .await
            .unwrap();
        let told = answer.into_inner().position.unwrap();
        let records = hub.log.records.lock().unwrap();
        let (at, record) = records.last().unwrap();
        assert_eq!((told.partition, told.offset), (at.partition, at.offset));
        assert_eq!(&record.key[..], b"parked-1");
        let event = <Event as prost::Message>::decode(record.value.clone()).unwrap();
        let read: Told = prost::Message::decode(record.value.clone()).unwrap();
        let read = lienthong_contract::event::read(&read, &Default::default()).unwrap();
        assert_eq!(read.dossier.as_bytes(), &record.key[..]);
        let told = read.release.unwrap();
        assert!(told.skip && told.parked_offset == 7);
        assert!(matches!(event.payload, Some(Payload::ParkedReleased(_))));
        ids.push(event.header.unwrap().id);
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_release_of_nothing_parked_or_without_a_decision_records_nothing() {
    use parked_released::Decision::{Retry, Unspecified};
    let hub = ready_hub().await;
    let mut client = OperationsServiceClient::new(hub.channel.clone());
    for (request, expected) in [
        (release("parked-1", 8, Retry), "PARKED_NOT_FOUND"),
        (release("parked-2", 7, Retry), "PARKED_NOT_FOUND"),
        (release("", 7, Retry), "REQUEST_MALFORMED"),
        (release("parked-1", 7, Unspecified), "REQUEST_MALFORMED"),
    ] {
        let status = client.release_parked(request).await.unwrap_err();
        assert_eq!(reason(&status), expected);
    }
    assert!(hub.log.records.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_overloaded_log_refuses_a_release_with_a_retry_hint() {
    let log = Log {
        overloaded: true,
        ..Log::default()
    };
    let hub = hub(log, Config::default()).await;
    let mut client = OperationsServiceClient::new(hub.channel.clone());
    let request = release("parked-1", 7, parked_released::Decision::Retry);
    let status = client.release_parked(request).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(reason(&status), "LOG_OVERLOADED");
    assert!(status.get_details_retry_info().is_some());
}

#[tokio::test]
async fn a_stream_of_progress_ends_with_the_error_that_ended_the_work() {
    let hub = ready_hub().await;
    let mut client = OperationsServiceClient::new(hub.channel.clone());
    let request = VerifyViewsRequest::default();
    let mut stream = client.verify_views(request).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    let status = stream.message().await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(reason(&status), "LOG_TRUNCATED");
}

#[tokio::test]
async fn a_drain_says_not_serving_ends_waits_and_streams_and_then_returns() {
    let config = Config {
        drain_wait: Duration::from_millis(300),
        drain_deadline: Duration::from_secs(10),
    };
    let hub = hub(Log::default(), config).await;
    let mut health = HealthClient::new(hub.channel.clone());
    let mut watched = Vec::new();
    for service in [
        "",
        "lienthong.procedure.v1.ProcedureQueryService",
        "lienthong.operations.v1.OperationsService",
        "lienthong.performance.v1.PerformanceService",
        "lienthong.quality.v1.QualityService",
    ] {
        let request = tonic_health::pb::HealthCheckRequest {
            service: service.to_owned(),
        };
        let mut watch = health.watch(request).await.unwrap().into_inner();
        let status = watch.message().await.unwrap().unwrap().status();
        assert_eq!(status, ServingStatus::Serving, "{service:?}");
        watched.push(watch);
    }
    let mut client = OperationsServiceClient::new(hub.channel.clone());
    let request = RebuildViewRequest {
        view: "case".to_owned(),
    };
    let mut rebuild = client.rebuild_view(request).await.unwrap().into_inner();
    assert!(rebuild.message().await.unwrap().is_some());
    let mut asking = ProcedureQueryServiceClient::new(hub.channel.clone());
    let waiting = tokio::spawn(async move { asking.get_case(ask("case-1", 100, 30_000)).await });
    while hub.views.waits.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }

    hub.shutdown.cancel();
    for watch in &mut watched {
        let status = watch.message().await.unwrap().unwrap().status();
        assert_eq!(status, ServingStatus::NotServing);
    }
    assert_eq!(reason(&waiting.await.unwrap().unwrap_err()), "DRAINING");
    assert_eq!(reason(&rebuild.message().await.unwrap_err()), "DRAINING");
    for watch in &mut watched {
        assert!(watch.message().await.unwrap().is_none());
    }
    hub.serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn reflection_of_both_versions_lists_what_is_served_here() {
    let expected = [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "lienthong.operations.v1.OperationsService",
        "lienthong.performance.v1.PerformanceService",
        "lienthong.procedure.v1.ProcedureQueryService",
        "lienthong.quality.v1.QualityService",
    ];
    let hub = ready_hub().await;
    let listed = {
        use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
        use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
        use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
        let mut client = ServerReflectionClient::new(hub.channel.clone());
        let ask = tonic_reflection::pb::v1::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        };
        let asked = client.server_reflection_info(tokio_stream::once(ask));
        let answer = asked.await.unwrap().into_inner().message().await.unwrap();
        match answer.unwrap().message_response.unwrap() {
            MessageResponse::ListServicesResponse(list) => list.service,
            other => panic!("{other:?}"),
        }
    };
    let mut listed: Vec<_> = listed.into_iter().map(|service| service.name).collect();
    listed.sort();
    assert_eq!(listed, expected);
    let listed = {
        use tonic_reflection::pb::v1alpha::server_reflection_client::ServerReflectionClient;
        use tonic_reflection::pb::v1alpha::server_reflection_request::MessageRequest;
        use tonic_reflection::pb::v1alpha::server_reflection_response::MessageResponse;
        let mut client = ServerReflectionClient::new(hub.channel.clone());
        let ask = tonic_reflection::pb::v1alpha::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        };
        let asked = client.server_reflection_info(tokio_stream::once(ask));
        let answer = asked.await.unwrap().into_inner().message().await.unwrap();
        match answer.unwrap().message_response.unwrap() {
            MessageResponse::ListServicesResponse(list) => list.service,
            other => panic!("{other:?}"),
        }
    };
    let mut listed: Vec<_> = listed.into_iter().map(|service| service.name).collect();
    listed.sort();
    assert_eq!(listed, expected);
}
