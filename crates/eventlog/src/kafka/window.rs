//! How many bytes of each partition may wait for the brokers.

use crate::AppendError;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a record costs beyond its key, value and headers, in bytes: the client's message, our
/// entry for it and their allocations.
pub(super) const RECORD_OVERHEAD: usize = 200;

/// The bytes booked for each partition, and their bound.
pub(super) struct Window {
    limit: usize,
    booked: Vec<AtomicUsize>,
}

impl Window {
    /// Nothing booked, at most `limit` bytes for each partition.
    pub(super) fn new(partitions: u32, limit: usize) -> Self {
        let booked = (0..partitions).map(|_| AtomicUsize::new(0)).collect();
        Self { limit, booked }
    }

    /// Books room for a call, given as bytes for each partition, wholly or not at all.
    ///
    /// # Errors
    /// [`AppendError::BatchTooLarge`], [`AppendError::Overloaded`].
    pub(super) fn admit(&self, call: &[usize]) -> Result<(), AppendError> {
        if let Some(size) = call.iter().copied().find(|bytes| *bytes > self.limit) {
            let limit = self.limit;
            return Err(AppendError::BatchTooLarge { size, limit });
        }
        for (partition, (bytes, booked)) in (0..).zip(call.iter().zip(&self.booked)) {
            let before = booked.fetch_add(*bytes, Ordering::Relaxed);
            if *bytes > 0 && before + *bytes > self.limit {
                for (bytes, booked) in call.iter().zip(&self.booked).take(partition + 1) {
                    booked.fetch_sub(*bytes, Ordering::Relaxed);
                }
                return Err(self.overloaded(partition as u32, before));
            }
        }
        Ok(())
    }

    /// Gives back what was booked for a record.
    pub(super) fn release(&self, partition: u32, bytes: usize) {
        if let Some(booked) = self.booked.get(partition as usize) {
            booked.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// What a caller is told whose records the client itself had no room for.
    pub(super) fn full(&self, partition: u32) -> AppendError {
        let booked = self.booked.get(partition as usize);
        let queued = booked.map_or(0, |booked| booked.load(Ordering::Relaxed));
        self.overloaded(partition, queued)
    }

    fn overloaded(&self, partition: u32, queued_bytes: usize) -> AppendError {
        AppendError::Overloaded {
            partition,
            queued_bytes,
            limit: self.limit,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_booked_wholly_or_not_at_all() {
        let window = Window::new(3, 100);
        window.admit(&[60, 0, 100]).unwrap();
        let refused = window
            .admit(&[40, 100, 1])
            .expect_err("partition 2 is full");
        assert!(matches!(
            refused,
            AppendError::Overloaded {
                partition: 2,
                queued_bytes: 100,
                limit: 100
            }
        ));
        window.admit(&[40, 100, 0]).unwrap();
        window.release(2, 100);
        window.admit(&[0, 0, 100]).unwrap();
    }

    #[test]
    fn a_full_partition_does_not_keep_a_call_from_the_others() {
        let window = Window::new(2, 10);
        window.admit(&[10, 0]).unwrap();
        window.admit(&[0, 10]).unwrap();
    }

    #[test]
    fn a_call_that_could_never_be_booked_is_told_so() {
        let window = Window::new(2, 10);
        assert!(matches!(
            window.admit(&[5, 11]),
            Err(AppendError::BatchTooLarge {
                size: 11,
                limit: 10
            })
        ));
        window.admit(&[10, 10]).unwrap();
    }
}
