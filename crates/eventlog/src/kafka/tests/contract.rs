//! The contract, behaviour by behaviour, on a broker.

use super::{brokers, config, opened};
use crate::{EventLog, contract_tests as contract};
use std::sync::Arc;

const LIMIT: usize = 32 * 1024;

/// Runs a behaviour on a fresh topic.
async fn on_a_broker<F>(test: &str, behaviour: impl Fn(Arc<dyn EventLog>) -> F)
where
    F: Future<Output = ()>,
{
    let Some(brokers) = brokers(test) else { return };
    let mut config = config(&brokers);
    config.max_record_bytes = LIMIT;
    behaviour(opened(&config).await.log).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn append_then_read_returns_the_same_bytes_in_order() {
    on_a_broker(
        "append_then_read_returns_the_same_bytes_in_order",
        contract::append_then_read_returns_the_same_bytes_in_order,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_are_in_the_order_given_and_without_gaps() {
    on_a_broker(
        "positions_are_in_the_order_given_and_without_gaps",
        contract::positions_are_in_the_order_given_and_without_gaps,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_partition_is_the_java_clients() {
    on_a_broker(
        "the_partition_is_the_java_clients",
        contract::the_partition_is_the_java_clients,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appending_nothing_changes_nothing() {
    on_a_broker(
        "appending_nothing_changes_nothing",
        contract::appending_nothing_changes_nothing,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_records_can_be_read_at_once() {
    on_a_broker(
        "acknowledged_records_can_be_read_at_once",
        contract::acknowledged_records_can_be_read_at_once,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_at_the_end_waits_and_wakes_up() {
    on_a_broker(
        "a_reader_at_the_end_waits_and_wakes_up",
        contract::a_reader_at_the_end_waits_and_wakes_up,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_read_loses_nothing() {
    on_a_broker(
        "a_cancelled_read_loses_nothing",
        contract::a_cancelled_read_loses_nothing,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_returns_at_most_what_was_asked_for() {
    on_a_broker(
        "a_read_returns_at_most_what_was_asked_for",
        contract::a_read_returns_at_most_what_was_asked_for,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_outside_the_bounds_says_what_can_be_had() {
    on_a_broker(
        "reading_outside_the_bounds_says_what_can_be_had",
        contract::reading_outside_the_bounds_says_what_can_be_had,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_that_does_not_exist_is_refused() {
    on_a_broker(
        "a_partition_that_does_not_exist_is_refused",
        contract::a_partition_that_does_not_exist_is_refused,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_offset_at_a_time_is_the_first_not_before_it() {
    on_a_broker(
        "the_offset_at_a_time_is_the_first_not_before_it",
        contract::the_offset_at_a_time_is_the_first_not_before_it,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_big_batch_is_stored_whole() {
    on_a_broker(
        "a_big_batch_is_stored_whole",
        contract::a_big_batch_is_stored_whole,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_appenders_each_get_their_own_positions() {
    on_a_broker(
        "concurrent_appenders_each_get_their_own_positions",
        contract::concurrent_appenders_each_get_their_own_positions,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_at_any_pace_see_the_same() {
    on_a_broker(
        "readers_at_any_pace_see_the_same",
        contract::readers_at_any_pace_see_the_same,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_is_too_large_is_refused() {
    on_a_broker("a_record_that_is_too_large_is_refused", |log| {
        contract::a_record_that_is_too_large_is_refused(log, LIMIT)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_stores_what_was_accepted_and_refuses_the_rest() {
    on_a_broker(
        "closing_stores_what_was_accepted_and_refuses_the_rest",
        contract::closing_stores_what_was_accepted_and_refuses_the_rest,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiting_reader_is_told_of_the_close() {
    on_a_broker(
        "a_waiting_reader_is_told_of_the_close",
        contract::a_waiting_reader_is_told_of_the_close,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abandoned_append_leaves_no_half_record() {
    on_a_broker(
        "an_abandoned_append_leaves_no_half_record",
        contract::an_abandoned_append_leaves_no_half_record,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_spread_over_all_partitions() {
    on_a_broker(
        "keys_spread_over_all_partitions",
        contract::keys_spread_over_all_partitions,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_is_told() {
    on_a_broker("what_is_kept_is_told", contract::what_is_kept_is_told).await;
}
