//! The screen of `lienthong top`: what is known (`state`), what keys do to it (`keys`), what each
//! panel lists (`panels`, `rows`, `spark`), and how it is laid out (`screen`). Nothing here reads a clock, a
//! terminal or the network.

pub mod keys;
pub mod panels;
mod rows;
pub mod screen;
mod spark;
pub mod state;
#[cfg(test)]
#[path = "top_tests.rs"]
mod tests;
