//! lienthong-simulator
