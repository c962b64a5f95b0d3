//! Tests that start the real binary.
