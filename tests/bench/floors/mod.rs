//! The floors: what the machine itself allows.

pub mod collector;
pub mod disk;
pub mod echo;
pub mod fanout;
pub mod memory;
