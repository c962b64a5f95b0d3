//! Several processes over the same two logs, each with the adapters of some systems.

use crate::double::{Mood, Moody};
use crate::hub::{Hub, approved, bad, position, reason};
use lienthong_adapters::{Config, System};
use lienthong_contract::pb::onestop::v1::ReportEventsRequest;
use lienthong_contract::pb::operations::v1::{
    ListRejectedRequest, ListRejectedResponse, ResubmitRejectedRequest,
};
use prost::Message;
use std::time::Duration;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

fn of(system: System) -> Config {
    Config {
        systems: [system].into(),
        threads: 1,
        ..Config::default()
    }
}

async fn reject(hub: &Hub, id: &str) {
    let events = vec![bad(id)];
    let status = hub
        .onestop()
        .report_events(ReportEventsRequest { events })
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "EVENT_MALFORMED");
}

async fn listed(hub: &Hub) -> ListRejectedResponse {
    hub.rejected()
        .list_rejected(ListRejectedRequest::default())
        .await
        .unwrap()
        .into_inner()
}

/// Asks until the totals that another process wrote have arrived here.
async fn with_total(hub: &Hub, total: u64) -> ListRejectedResponse {
    loop {
        let answer = listed(hub).await;
        let found = answer.totals.get("EVENT_MALFORMED").copied().unwrap_or(0);
        assert!(found <= total, "{found} are counted, {total} were rejected");
        if found == total {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_process_serves_only_the_systems_it_was_given() {
    let (log, kept) = (Moody::new(Mood::Well), Moody::new(Mood::Well));
    let hub = Hub::start_on(of(System::Population), log, kept).await;
    let events = vec![approved("a")];
    let status = hub
        .onestop()
        .report_events(ReportEventsRequest { events })
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    let mut health = HealthClient::new(hub.channel());
    let mut check = async |service: &str| {
        let service = service.to_owned();
        health.check(HealthCheckRequest { service }).await
    };
    for served in [
        "lienthong.population.v1.PopulationAdapterService",
        "lienthong.operations.v1.RejectedService",
    ] {
        assert!(check(served).await.is_ok(), "{served}");
    }
    let not_served = check("lienthong.onestop.v1.OnestopAdapterService").await;
    assert_eq!(not_served.unwrap_err().code(), Code::NotFound);
    hub.stop().await;
}

#[tokio::test]
async fn what_one_process_rejected_is_listed_and_counted_once_by_every_other() {
    let (log, kept) = (Moody::new(Mood::Well), Moody::new(Mood::Well));
    let here = Hub::start_on(of(System::Onestop), log.clone(), kept.clone()).await;
    let there = Hub::start_on(of(System::Onestop), log.clone(), kept.clone()).await;
    reject(&here, "a").await;
    assert_eq!(
        listed(&here).await.totals["EVENT_MALFORMED"],
        1,
        "a process knows what it wrote at once"
    );
    reject(&there, "b").await;
    reject(&here, "c").await;
    for hub in [&here, &there] {
        let answer = with_total(hub, 3).await;
        let told: Vec<_> = answer
            .messages
            .iter()
            .map(|message| (message.number, message.id.as_str()))
            .collect();
        assert_eq!(told, [(1, "a"), (2, "b"), (3, "c")]);
    }

    let corrected = ResubmitRejectedRequest {
        number: 2,
        corrected_content: approved("b").encode_to_vec().into(),
    };
    let answer = here.rejected().resubmit_rejected(corrected.clone()).await;
    position(&answer.unwrap().into_inner().outcomes[0]);
    while listed(&there).await.messages.len() > 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let status = there
        .rejected()
        .resubmit_rejected(corrected)
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "REJECTED_RESUBMITTED");
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn a_message_of_a_system_that_another_process_serves_is_sent_there() {
    let (log, kept) = (Moody::new(Mood::Well), Moody::new(Mood::Well));
    let onestop = Hub::start_on(of(System::Onestop), log.clone(), kept.clone()).await;
    reject(&onestop, "a").await;
    let other = Hub::start_on(of(System::Specialised), log.clone(), kept).await;
    let corrected = ResubmitRejectedRequest {
        number: 1,
        corrected_content: approved("a").encode_to_vec().into(),
    };
    let status = other
        .rejected()
        .resubmit_rejected(corrected.clone())
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::FailedPrecondition, "ADAPTER_ELSEWHERE")
    );
    onestop
        .rejected()
        .resubmit_rejected(corrected)
        .await
        .unwrap();
    onestop.stop().await;
    other.stop().await;
}
