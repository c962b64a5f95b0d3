//! `RejectedService`: list, look, correct, send again.

use crate::double::{Mood, Moody};
use crate::hub::{Hub, approved, bad, fields, position, reason};
use lienthong_adapters::Config;
use lienthong_contract::pb::onestop::v1::ReportEventsRequest;
use lienthong_contract::pb::operations::v1::{
    GetRejectedRequest, ListRejectedRequest, ListRejectedResponse, ResubmitRejectedRequest,
};
use prost::Message;
use tonic::Code;

async fn reject(hub: &Hub, ids: &[&str]) {
    let events = ids.iter().map(|id| bad(id)).collect();
    hub.onestop()
        .report_events(ReportEventsRequest { events })
        .await
        .unwrap_err();
}

async fn list(hub: &Hub, request: ListRejectedRequest) -> ListRejectedResponse {
    hub.rejected()
        .list_rejected(request)
        .await
        .unwrap()
        .into_inner()
}

fn numbers(listed: &ListRejectedResponse) -> Vec<u64> {
    listed
        .messages
        .iter()
        .map(|message| message.number)
        .collect()
}

#[tokio::test]
async fn rejected_messages_are_listed_by_page_with_totals_by_reason() {
    let hub = Hub::start().await;
    reject(&hub, &["a", "b", "c"]).await;
    let first = list(
        &hub,
        ListRejectedRequest {
            page_size: 2,
            ..Default::default()
        },
    )
    .await;
    assert_eq!(numbers(&first), [1, 2]);
    let message = &first.messages[0];
    assert_eq!(
        (message.adapter.as_str(), message.id.as_str()),
        ("onestop", "a")
    );
    assert_eq!(message.dossier_code, "no dossier");
    assert_eq!(message.reason, "EVENT_MALFORMED");
    assert_eq!(message.violations[0].field, "header.dossier_code");
    assert_eq!(first.totals["EVENT_MALFORMED"], 3);
    let after = ListRejectedRequest {
        after_number: 2,
        ..Default::default()
    };
    assert_eq!(numbers(&list(&hub, after).await), [3]);
    let beyond = ListRejectedRequest {
        after_number: 99,
        ..Default::default()
    };
    assert!(numbers(&list(&hub, beyond).await).is_empty());
    let large = ListRejectedRequest {
        page_size: 1_001,
        ..Default::default()
    };
    let status = hub.rejected().list_rejected(large).await.unwrap_err();
    assert_eq!(
        (fields(&status), status.code()),
        (vec!["page_size".to_owned()], Code::InvalidArgument)
    );
    hub.stop().await;
}

#[tokio::test]
async fn a_rejected_message_is_given_back_as_it_was_sent() {
    let hub = Hub::start().await;
    reject(&hub, &["a"]).await;
    let found = hub
        .rejected()
        .get_rejected(GetRejectedRequest { number: 1 })
        .await
        .unwrap();
    let found = found.into_inner();
    assert_eq!(found.content_type, "lienthong.onestop.v1.DossierEvent");
    assert_eq!(found.content, bad("a").encode_to_vec());
    assert_eq!(found.message.unwrap().number, 1);
    for number in [0, 2, u64::MAX] {
        let asked = GetRejectedRequest { number };
        let status = hub.rejected().get_rejected(asked).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::NotFound, "REJECTED_NOT_FOUND")
        );
    }
    hub.stop().await;
}

#[tokio::test]
async fn a_corrected_message_is_recorded_once_and_leaves_the_list() {
    let hub = Hub::start().await;
    reject(&hub, &["a", "b"]).await;
    let corrected_content: bytes::Bytes = approved("a").encode_to_vec().into();
    let request = ResubmitRejectedRequest {
        number: 1,
        corrected_content,
    };
    let answer = hub
        .rejected()
        .resubmit_rejected(request.clone())
        .await
        .unwrap()
        .into_inner();
    let (_, event) = hub.stored(&position(&answer.outcomes[0])).await;
    assert_eq!(
        (event.adapter.as_str(), event.header.unwrap().id.as_str()),
        ("onestop", "a")
    );

    let status = hub.rejected().resubmit_rejected(request).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(reason(&status), "REJECTED_RESUBMITTED");
    assert_eq!(hub.records().await, 1);
    assert_eq!(
        numbers(&list(&hub, ListRejectedRequest::default()).await),
        [2]
    );
    let all = ListRejectedRequest {
        include_resubmitted: true,
        ..Default::default()
    };
    let all = list(&hub, all).await;
    assert_eq!(numbers(&all), [1, 2]);
    assert!(all.messages[0].resubmitted && !all.messages[1].resubmitted);
    hub.stop().await;
}

#[tokio::test]
async fn a_message_that_is_still_wrong_is_refused_and_not_kept_twice() {
    let hub = Hub::start().await;
    reject(&hub, &["a"]).await;
    let as_it_was = ResubmitRejectedRequest {
        number: 1,
        ..Default::default()
    };
    let status = hub
        .rejected()
        .resubmit_rejected(as_it_was)
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), fields(&status)),
        (
            Code::InvalidArgument,
            vec!["header.dossier_code".to_owned()]
        )
    );
    let rubbish = ResubmitRejectedRequest {
        number: 1,
        corrected_content: vec![0xff; 9].into(),
    };
    let status = hub.rejected().resubmit_rejected(rubbish).await.unwrap_err();
    assert_eq!(fields(&status), ["corrected_content"]);
    assert_eq!(
        numbers(&list(&hub, ListRejectedRequest::default()).await),
        [1]
    );
    assert_eq!(hub.records().await, 0);
    hub.stop().await;
}

#[tokio::test]
async fn a_resubmission_that_the_log_refuses_can_be_tried_again() {
    let log = Moody::new(Mood::Well);
    let hub = Hub::start_on(Config::default(), log.clone(), Moody::new(Mood::Well)).await;
    reject(&hub, &["a"]).await;
    log.set(Mood::Overloaded);
    let corrected_content: bytes::Bytes = approved("a").encode_to_vec().into();
    let request = ResubmitRejectedRequest {
        number: 1,
        corrected_content,
    };
    let status = hub
        .rejected()
        .resubmit_rejected(request.clone())
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "LOG_OVERLOADED");
    log.set(Mood::Well);
    hub.rejected().resubmit_rejected(request).await.unwrap();
    hub.stop().await;
}

#[tokio::test]
async fn what_was_rejected_and_resubmitted_is_known_after_a_restart() {
    let log = Moody::new(Mood::Well);
    let kept = Moody::new(Mood::Well);
    let hub = Hub::start_on(Config::default(), log.clone(), kept.clone()).await;
    reject(&hub, &["a", "b"]).await;
    let corrected_content: bytes::Bytes = approved("b").encode_to_vec().into();
    let request = ResubmitRejectedRequest {
        number: 2,
        corrected_content,
    };
    hub.rejected().resubmit_rejected(request).await.unwrap();
    hub.stop().await;

    let hub = Hub::start_on(Config::default(), log, kept).await;
    let listed = list(&hub, ListRejectedRequest::default()).await;
    assert_eq!(numbers(&listed), [1]);
    assert_eq!(listed.totals["EVENT_MALFORMED"], 2);
    reject(&hub, &["c"]).await;
    assert_eq!(
        numbers(&list(&hub, ListRejectedRequest::default()).await),
        [1, 4]
    );
    hub.stop().await;
}
