//! What the benchmarks share: a load on the adapters' contract, and the report of figures beside
//! their floors.

pub mod codec;
pub mod load;
pub mod report;

/// What a measurement gives, or an error in words.
pub type Outcome<T> = Result<T, crate::kill::Fault>;
