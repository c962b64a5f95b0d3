//! The same key on the same partition, whoever writes it.

use crate::partition_for;
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{FutureProducer, FutureRecord};
use std::time::Duration;
use tokio::time::timeout;

/// librdkafka's own `murmur2_random`, which follows the Java client, puts every key where we do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_lie_where_the_kafka_clients_put_them() {
    let mock = MockCluster::new(1).unwrap();
    mock.create_topic("parity", 12, 1).unwrap();
    let mut client = ClientConfig::new();
    client
        .set("bootstrap.servers", mock.bootstrap_servers())
        .set("partitioner", "murmur2_random");
    let producer: FutureProducer = client.create().unwrap();
    let mut keys: Vec<Vec<u8>> = (0..500_u32)
        .map(|i| format!("000.00.{:02}.H{:02}-260102-{i:04}", i % 60, i % 64).into_bytes())
        .collect();
    keys.extend((0..=255_u8).map(|byte| vec![byte; usize::from(byte) % 9]));
    let mut deliveries = Vec::new();
    for key in &keys {
        let record = FutureRecord::to("parity").key(key.as_slice()).payload("");
        match producer.send_result(record) {
            Ok(delivery) => deliveries.push(delivery),
            Err((error, _)) => unreachable!("{error}"),
        }
    }
    for (key, delivery) in keys.iter().zip(deliveries) {
        let delivered = timeout(Duration::from_secs(30), delivery)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        assert_eq!(
            delivered.partition,
            partition_for(key, 12) as i32,
            "{key:?}"
        );
    }
}
