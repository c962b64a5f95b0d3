//! lienthong-telemetry
