//! lienthong-adapters
