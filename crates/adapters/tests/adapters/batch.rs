//! `ReportEvents` of each system.

use crate::double::{Mood, Moody};
use crate::hub::{
    DOSSIER, Hub, approved, bad, fields, header, is_approved, position, reason, rejection,
};
use lienthong_adapters::Config;
use lienthong_contract::pb::civil_status::v1::{
    self as civil_status, civil_status_adapter_service_client::CivilStatusAdapterServiceClient,
};
use lienthong_contract::pb::event::v1::{self as pb, event::Payload};
use lienthong_contract::pb::onestop::v1::{
    DossierEvent, ReportEventsRequest, ReportEventsResponse, dossier_event,
};
use lienthong_contract::pb::population::v1::{
    self as population, population_adapter_service_client::PopulationAdapterServiceClient,
};
use lienthong_contract::pb::specialised::v1::{
    self as specialised, specialised_adapter_service_client::SpecialisedAdapterServiceClient,
};
use lienthong_contract::time::{now_millis, to_millis};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

async fn report(hub: &Hub, events: Vec<DossierEvent>) -> Result<ReportEventsResponse, Status> {
    let request = ReportEventsRequest { events };
    hub.onestop()
        .report_events(request)
        .await
        .map(tonic::Response::into_inner)
}

#[tokio::test]
async fn an_event_is_stored_at_the_position_answered_with_its_times_apart() {
    let hub = Hub::start().await;
    let before = now_millis();
    let mut request = Request::new(ReportEventsRequest {
        events: vec![approved("e-1")],
    });
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    request
        .metadata_mut()
        .insert("traceparent", traceparent.parse().unwrap());
    let answer = hub
        .onestop()
        .report_events(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.outcomes[0].id, "e-1");
    let (key, event) = hub.stored(&position(&answer.outcomes[0])).await;
    assert_eq!(key, DOSSIER);
    assert_eq!(event.header, Some(header("e-1")));
    assert_eq!(event.adapter, "onestop");
    assert_eq!(event.traceparent, traceparent);
    assert!(is_approved(&event.payload));
    let recorded = to_millis(&event.recorded_time.unwrap()).unwrap();
    assert!((before..=now_millis()).contains(&recorded));
    hub.stop().await;
}

#[tokio::test]
async fn the_same_event_sent_again_is_acknowledged_again() {
    let hub = Hub::start().await;
    let first = report(&hub, vec![approved("e-1")]).await.unwrap();
    let again = report(&hub, vec![approved("e-1")]).await.unwrap();
    let (first, again) = (position(&first.outcomes[0]), position(&again.outcomes[0]));
    assert_eq!(first.partition, again.partition);
    assert!(first.offset < again.offset);
    hub.stop().await;
}

#[tokio::test]
async fn a_status_is_stored_as_told_and_as_mapped() {
    let hub = Hub::start().await;
    let mut event = approved("e-1");
    event.header.as_mut().unwrap().source_status = Some(pb::SourceStatus {
        system: "DVCLT".to_owned(),
        code: "7".to_owned(),
    });
    let answer = report(&hub, vec![event]).await.unwrap();
    let (_, stored) = hub.stored(&position(&answer.outcomes[0])).await;
    assert_eq!(stored.header.unwrap().source_status.unwrap().code, "7");
    let mapped = stored.mapped_status.unwrap();
    assert_eq!(mapped.portal_status, 4);
    assert!(!mapped.mapping_version.is_empty());
    hub.stop().await;
}

#[tokio::test]
async fn a_status_of_one_event_does_not_cling_to_the_next() {
    let hub = Hub::start().await;
    let mut with = approved("e-1");
    with.header.as_mut().unwrap().source_status = Some(pb::SourceStatus {
        system: "DVCQG".to_owned(),
        code: "9".to_owned(),
    });
    let answer = report(&hub, vec![with, approved("e-2")]).await.unwrap();
    let (_, second) = hub.stored(&position(&answer.outcomes[1])).await;
    assert_eq!(second.mapped_status, None);
    hub.stop().await;
}

#[tokio::test]
async fn a_link_is_stored_under_both_keys_and_acknowledged_under_its_own() {
    let hub = Hub::start().await;
    let linked = DossierEvent {
        header: Some(header("link")),
        payload: Some(dossier_event::Payload::Linked(pb::Linked {
            relation: pb::linked::Relation::Case.into(),
            code: "LT-2026-1".to_owned(),
            revoked: false,
        })),
    };
    let answer = report(&hub, vec![linked, approved("e-2")]).await.unwrap();
    let (key, _) = hub.stored(&position(&answer.outcomes[0])).await;
    assert_eq!(key, DOSSIER);
    let (key, event) = hub.stored(&position(&answer.outcomes[1])).await;
    assert_eq!((key.as_str(), is_approved(&event.payload)), (DOSSIER, true));
    let all = hub.everything().await;
    let mut links: Vec<_> = all
        .iter()
        .filter(|(_, event)| matches!(event.payload, Some(Payload::Linked(_))))
        .collect();
    links.sort_by_key(|(key, _)| key.clone());
    assert_eq!(
        links
            .iter()
            .map(|(key, _)| key.as_str())
            .collect::<Vec<_>>(),
        [DOSSIER, "LT-2026-1"]
    );
    assert_eq!(links[0].1, links[1].1);
    assert_eq!(all.len(), 3);
    hub.stop().await;
}

#[tokio::test]
async fn a_bad_event_is_rejected_alone_and_outcomes_keep_the_order() {
    let hub = Hub::start().await;
    let answer = report(&hub, vec![approved("a"), bad("b"), approved("c")])
        .await
        .unwrap();
    let ids: Vec<_> = answer
        .outcomes
        .iter()
        .map(|outcome| outcome.id.as_str())
        .collect();
    assert_eq!(ids, ["a", "b", "c"]);
    position(&answer.outcomes[0]);
    position(&answer.outcomes[2]);
    let rejection = rejection(&answer.outcomes[1]);
    assert_eq!(rejection.reason, "EVENT_MALFORMED");
    assert_eq!(rejection.rejected_number, 1);
    assert_eq!(rejection.violations[0].field, "header.dossier_code");
    assert!(!rejection.violations[0].fix.is_empty());
    assert_eq!(hub.records().await, 2);
    hub.stop().await;
}

#[tokio::test]
async fn a_batch_without_a_good_event_fails_with_the_path_of_each_field() {
    let hub = Hub::start().await;
    let mut unknown_status = approved("b");
    unknown_status.header.as_mut().unwrap().source_status = Some(pb::SourceStatus {
        system: "DVCQG".to_owned(),
        code: "11".to_owned(),
    });
    let headless = DossierEvent::default();
    let status = report(&hub, vec![bad("a"), unknown_status, headless])
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(reason(&status), "EVENT_MALFORMED");
    assert_eq!(
        fields(&status),
        [
            "events[0].header.dossier_code",
            "events[1].header.source_status",
            "events[2].header"
        ]
    );
    let details = status.get_error_details();
    let metadata = &details.error_info().unwrap().metadata;
    assert_eq!(metadata["first_rejected_number"], "1");
    assert_eq!(metadata["last_rejected_number"], "3");
    assert_eq!(hub.records().await, 0);
    hub.stop().await;
}

#[tokio::test]
async fn a_batch_with_only_an_unknown_status_says_so() {
    let hub = Hub::start().await;
    let mut event = approved("a");
    event.header.as_mut().unwrap().source_status = Some(pb::SourceStatus {
        system: "DVCQG_TEXT".to_owned(),
        code: "interoperating".to_owned(),
    });
    let status = report(&hub, vec![event]).await.unwrap_err();
    assert_eq!(reason(&status), "STATUS_UNKNOWN");
    hub.stop().await;
}

#[tokio::test]
async fn the_status_of_a_large_bad_batch_fits_into_the_headers_of_common_clients() {
    let hub = Hub::start().await;
    let events = (0..5_000).map(|index| bad(&format!("e-{index}"))).collect();
    let status = report(&hub, events).await.unwrap_err();
    assert_eq!(reason(&status), "EVENT_MALFORMED");
    assert!(status.details().len() + status.message().len() < 8 * 1024 * 3 / 4);
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().metadata["violations"], "5000");
    hub.stop().await;
}

#[tokio::test]
async fn a_batch_is_neither_empty_nor_over_ten_thousand() {
    let hub = Hub::start().await;
    let status = report(&hub, vec![]).await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::InvalidArgument, "BATCH_SIZE")
    );
    let events = (0..10_001)
        .map(|index| approved(&format!("e-{index}")))
        .collect();
    let status = report(&hub, events).await.unwrap_err();
    assert_eq!(reason(&status), "BATCH_SIZE");
    let events = (0..10_000)
        .map(|index| approved(&format!("e-{index}")))
        .collect();
    assert_eq!(report(&hub, events).await.unwrap().outcomes.len(), 10_000);
    hub.stop().await;
}

#[tokio::test]
async fn an_event_too_large_for_the_log_is_refused_alone() {
    let hub = Hub::start().await;
    let mut large = approved("large");
    let note = "x".repeat(3_900);
    large.header.as_mut().unwrap().protected = Some(pb::Protected {
        persons: vec![],
        notes: vec![note; 20],
    });
    let answer = report(&hub, vec![approved("a"), large, approved("c")])
        .await
        .unwrap();
    assert_eq!(rejection(&answer.outcomes[1]).reason, "EVENT_TOO_LARGE");
    for (index, id) in [(0, "a"), (2, "c")] {
        let (_, event) = hub.stored(&position(&answer.outcomes[index])).await;
        assert_eq!(event.header.unwrap().id, id);
    }
    hub.stop().await;
}

#[tokio::test]
async fn what_the_log_refuses_reaches_the_caller_with_a_retry_hint() {
    for (mood, expected, code, retry) in [
        (
            Mood::Overloaded,
            "LOG_OVERLOADED",
            Code::ResourceExhausted,
            true,
        ),
        (
            Mood::DiskFull,
            "LOG_DISK_FULL",
            Code::ResourceExhausted,
            true,
        ),
        (Mood::Broken, "LOG_UNAVAILABLE", Code::Unavailable, true),
        (Mood::Closed, "DRAINING", Code::Unavailable, true),
        (
            Mood::BatchTooLarge,
            "BATCH_SIZE",
            Code::InvalidArgument,
            false,
        ),
    ] {
        let log = Moody::new(mood);
        let hub = Hub::start_on(Config::default(), log, Moody::new(Mood::Well)).await;
        let status = report(&hub, vec![approved("a")]).await.unwrap_err();
        assert_eq!((reason(&status).as_str(), status.code()), (expected, code));
        let details = status.get_error_details();
        let hinted = details
            .retry_info()
            .and_then(|info| info.retry_delay)
            .is_some();
        assert_eq!(hinted, retry, "{expected}");
        assert!(
            !status.message().contains('/'),
            "no path of the hub: {}",
            status.message()
        );
        hub.stop().await;
    }
}

#[tokio::test]
async fn a_rejected_log_that_takes_nothing_does_not_stop_good_events() {
    let hub = Hub::start_on(
        Config::default(),
        Moody::new(Mood::Well),
        Moody::new(Mood::DiskFull),
    )
    .await;
    let answer = report(&hub, vec![approved("a"), bad("b")]).await.unwrap();
    position(&answer.outcomes[0]);
    assert_eq!(rejection(&answer.outcomes[1]).rejected_number, 0);
    hub.stop().await;
}

#[tokio::test]
async fn each_other_system_records_under_its_own_name_what_its_contract_has() {
    let hub = Hub::start().await;
    let header = |id: &str| Some(header(id));
    let mut client = CivilStatusAdapterServiceClient::new(hub.channel());
    let registered = pb::CivilStatusRegistered {
        kind: pb::RegistrationKind::Birth.into(),
        book: "01/2026".to_owned(),
        number: "17".to_owned(),
    };
    let request = civil_status::ReportEventsRequest {
        events: vec![civil_status::DossierEvent {
            header: header("cs"),
            payload: Some(civil_status::dossier_event::Payload::CivilStatusRegistered(
                registered,
            )),
        }],
    };
    let civil_status = client
        .report_events(request)
        .await
        .unwrap()
        .into_inner()
        .outcomes;

    let mut client = PopulationAdapterServiceClient::new(hub.channel());
    let request = population::ReportEventsRequest {
        events: vec![population::DossierEvent {
            header: header("pop"),
            payload: Some(population::dossier_event::Payload::PersonalNumberAssigned(
                pb::PersonalNumberAssigned {},
            )),
        }],
    };
    let population = client
        .report_events(request)
        .await
        .unwrap()
        .into_inner()
        .outcomes;

    let mut client = SpecialisedAdapterServiceClient::new(hub.channel());
    let issued = pb::SpecialisedResultIssued {
        kind: "health_insurance_card".to_owned(),
        ..Default::default()
    };
    let request = specialised::ReportEventsRequest {
        events: vec![specialised::DossierEvent {
            header: header("sp"),
            payload: Some(specialised::dossier_event::Payload::SpecialisedResultIssued(issued)),
        }],
    };
    let specialised = client
        .report_events(request)
        .await
        .unwrap()
        .into_inner()
        .outcomes;

    for (outcomes, adapter) in [
        (civil_status, "civil_status"),
        (population, "population"),
        (specialised, "specialised"),
    ] {
        let (_, event) = hub.stored(&position(&outcomes[0])).await;
        assert_eq!(event.adapter, adapter);
        assert!(event.payload.is_some());
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_payload_of_another_system_is_no_payload_here() {
    let hub = Hub::start().await;
    // The population database does not return results; field 39 is not in its contract.
    let foreign = lienthong_contract::pb::onestop::v1::DossierEvent {
        header: Some(header("x")),
        payload: Some(dossier_event::Payload::ResultReturned(
            pb::ResultReturned::default(),
        )),
    };
    let bytes = prost::Message::encode_to_vec(&foreign);
    let event = <population::DossierEvent as prost::Message>::decode(&bytes[..]).unwrap();
    let mut client = PopulationAdapterServiceClient::new(hub.channel());
    let request = population::ReportEventsRequest {
        events: vec![event],
    };
    let status = client.report_events(request).await.unwrap_err();
    assert_eq!(fields(&status), ["events[0].payload"]);
    hub.stop().await;
}

/// Bytes in, bytes out: a call with a body that is no message of the method.
#[derive(Default)]
struct Raw;

impl tonic::codec::Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Raw;
    type Decoder = Raw;

    fn encoder(&mut self) -> Raw {
        Raw
    }

    fn decoder(&mut self) -> Raw {
        Raw
    }
}

impl tonic::codec::Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(
        &mut self,
        item: Vec<u8>,
        to: &mut tonic::codec::EncodeBuf<'_>,
    ) -> Result<(), Status> {
        bytes::BufMut::put_slice(to, &item);
        Ok(())
    }
}

impl tonic::codec::Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(
        &mut self,
        from: &mut tonic::codec::DecodeBuf<'_>,
    ) -> Result<Option<Vec<u8>>, Status> {
        let mut bytes = vec![0; bytes::Buf::remaining(from)];
        bytes::Buf::copy_to_slice(from, &mut bytes);
        Ok(Some(bytes))
    }
}

#[tokio::test]
async fn bytes_that_are_no_message_are_refused_with_a_reason() {
    let limits = lienthong_adapters::Limits {
        message_bytes: 1_000,
        ..Default::default()
    };
    let hub = Hub::start_with(Config {
        limits,
        threads: 1,
        ..Config::default()
    })
    .await;
    let mut client = tonic::client::Grpc::new(hub.channel());
    for (body, expected) in [
        (vec![0xff; 30], "REQUEST_MALFORMED"),
        (vec![0; 2_000], "BATCH_SIZE"),
    ] {
        for method in ["ReportEvents", "StreamEvents"] {
            let path = format!("/lienthong.onestop.v1.OnestopAdapterService/{method}");
            let path = path.parse().unwrap();
            client.ready().await.unwrap();
            let request = Request::new(tokio_stream::once(body.clone()));
            let status = match client.streaming(request, path, Raw).await {
                Ok(answers) => answers.into_inner().message().await.unwrap_err(),
                Err(status) => status,
            };
            assert_eq!(status.code(), Code::InvalidArgument, "{method}: {status:?}");
            assert_eq!(reason(&status), expected, "{method}");
        }
    }
    hub.stop().await;
}
