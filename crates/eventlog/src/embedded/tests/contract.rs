//! The contract, behaviour by behaviour, on small segments and on the default ones.

use std::sync::Arc;

use super::super::{Config, open};
use crate::{EventLog, contract_tests as contract};

const LIMIT: usize = 32 * 1024;

/// Runs a behaviour on a log whose partitions have many segments, and on one as it is by default.
async fn on_both<F>(behaviour: impl Fn(Arc<dyn EventLog>) -> F)
where
    F: Future<Output = ()>,
{
    for segment_bytes in [64 * 1024, 64 * 1024 * 1024] {
        let dir = tempfile::tempdir().unwrap();
        let config = Config {
            segment_bytes,
            max_record_bytes: LIMIT,
            ..Config::new(dir.path())
        };
        behaviour(open(config).unwrap()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn append_then_read_returns_the_same_bytes_in_order() {
    on_both(contract::append_then_read_returns_the_same_bytes_in_order).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_are_in_the_order_given_and_without_gaps() {
    on_both(contract::positions_are_in_the_order_given_and_without_gaps).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_partition_is_the_java_clients() {
    on_both(contract::the_partition_is_the_java_clients).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appending_nothing_changes_nothing() {
    on_both(contract::appending_nothing_changes_nothing).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_records_can_be_read_at_once() {
    on_both(contract::acknowledged_records_can_be_read_at_once).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_at_the_end_waits_and_wakes_up() {
    on_both(contract::a_reader_at_the_end_waits_and_wakes_up).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_read_loses_nothing() {
    on_both(contract::a_cancelled_read_loses_nothing).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_returns_at_most_what_was_asked_for() {
    on_both(contract::a_read_returns_at_most_what_was_asked_for).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_outside_the_bounds_says_what_can_be_had() {
    on_both(contract::reading_outside_the_bounds_says_what_can_be_had).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_that_does_not_exist_is_refused() {
    on_both(contract::a_partition_that_does_not_exist_is_refused).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_offset_at_a_time_is_the_first_not_before_it() {
    on_both(contract::the_offset_at_a_time_is_the_first_not_before_it).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_big_batch_is_stored_whole() {
    on_both(contract::a_big_batch_is_stored_whole).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_appenders_each_get_their_own_positions() {
    on_both(contract::concurrent_appenders_each_get_their_own_positions).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_at_any_pace_see_the_same() {
    on_both(contract::readers_at_any_pace_see_the_same).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_is_too_large_is_refused() {
    on_both(|log| contract::a_record_that_is_too_large_is_refused(log, LIMIT)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_stores_what_was_accepted_and_refuses_the_rest() {
    on_both(contract::closing_stores_what_was_accepted_and_refuses_the_rest).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiting_reader_is_told_of_the_close() {
    on_both(contract::a_waiting_reader_is_told_of_the_close).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abandoned_append_leaves_no_half_record() {
    on_both(contract::an_abandoned_append_leaves_no_half_record).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_spread_over_all_partitions() {
    on_both(contract::keys_spread_over_all_partitions).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_is_told() {
    on_both(contract::what_is_kept_is_told).await;
}
