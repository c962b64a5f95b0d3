//! What the scrape says of messages.
#![allow(clippy::unwrap_used)]

use super::*;

fn topic(name: &str) -> Destination {
    Destination {
        system: "kafka",
        name: name.to_owned(),
    }
}

#[test]
fn a_batch_is_one_operation_of_several_messages() {
    let to = topic("messaging-test.sent");
    sending(&to).done(5, 0.02, None);
    sending(&to).done(2, 0.3, Some("NotEnoughReplicas"));
    let text = crate::meter::scrape().unwrap();
    let good = r#"messaging_destination_name="messaging-test.sent",messaging_operation_name="send",messaging_operation_type="send",messaging_system="kafka"}"#;
    for line in [
        format!("messaging_client_sent_messages_total{{{good} 5\n"),
        format!("messaging_client_operation_duration_seconds_count{{{good} 1\n"),
        format!(r#"messaging_client_sent_messages_total{{error_type="NotEnoughReplicas",{good} 2"#),
    ] {
        assert!(text.contains(&line), "{line} is not in\n{text}");
    }
}

#[test]
fn what_a_consumer_was_given_is_told_by_its_group_and_partition() {
    let from = topic("messaging-test.read");
    let polled = polling(&from, "hub.case", 3);
    polled.done(7, 0.001, None);
    std::thread::sleep(std::time::Duration::from_millis(2));
    polling(&from, "hub.case", 3).done(0, 0.5, None);
    processing(&from, "hub.case", 3).done(7, 0.002, None);
    let text = crate::meter::scrape().unwrap();
    let labels = |operation: &str, kind: &str| {
        format!(
            r#"{{messaging_consumer_group_name="hub.case",messaging_destination_name="messaging-test.read",messaging_destination_partition_id="3",messaging_operation_name="{operation}",messaging_operation_type="{kind}",messaging_system="kafka"}}"#
        )
    };
    let (poll, process) = (labels("poll", "receive"), labels("process", "process"));
    for line in [
        format!("messaging_client_consumed_messages_total{poll} 7\n"),
        format!("messaging_client_operation_duration_seconds_count{poll} 2\n"),
        format!("messaging_process_duration_seconds_count{process} 1\n"),
    ] {
        assert!(text.contains(&line), "{line} is not in\n{text}");
    }
}
