//! lienthong-projectors
