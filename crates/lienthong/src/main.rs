//! lienthong
fn main() {}
