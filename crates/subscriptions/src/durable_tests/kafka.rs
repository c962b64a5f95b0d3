//! Several gateways.
