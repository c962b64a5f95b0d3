//! `lienthong config`: the settings in force and where each came from.

use crate::cli::Shared;
use crate::exit::Failure;
use crate::print::{Form, json, out, table};
use clap::Args;

/// Arguments of `config`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    form: Form,
}

/// # Errors
/// If the configuration cannot be used.
pub fn run(arguments: &Arguments, shared: &Shared) -> Result<(), Failure> {
    let effective = shared.load(Vec::new())?.effective();
    if arguments.form.json {
        let settings = effective.into_iter().map(
            |one| serde_json::json!({"key": one.key, "value": one.value, "origin": one.origin}),
        );
        return json(&settings.collect());
    }
    let rows = effective.into_iter().map(|one| {
        let value = match one.value {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        [one.key, value, one.origin]
    });
    out(&table(["Setting", "Value", "From"], &[], rows.collect()))
}
