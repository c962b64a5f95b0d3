//! What the hub tells of lag, for `lienthong lag` and `lienthong top`: what of it counts, and how
//! it is written.

pub mod causes;
pub mod judge;
pub mod tables;
pub mod told;
