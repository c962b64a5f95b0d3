//! What this machine cannot test: said, noted for the end of `make test`, and a failure under CI.

use crate::kill::Fault;
use std::io::Write;
use std::path::Path;

/// Notes `what` in `target/left_out.txt` and says it on standard error, with the way to have it.
///
/// # Errors
/// Under `CI=true`, where nothing is left out; or if the note cannot be written.
pub fn leave_out(what: &str, fix: &str) -> Result<(), Fault> {
    if std::env::var("CI").is_ok_and(|value| value == "true") {
        return Err(format!("{what}: not to be had, and under CI that is a failure. {fix}").into());
    }
    eprintln!("LEFT OUT: {what} ({fix})");
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    std::fs::create_dir_all(&target)?;
    let mut note = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(target.join("left_out.txt"))?;
    writeln!(note, "{what}")?;
    Ok(())
}
