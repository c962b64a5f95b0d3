//! lienthong-gateway
