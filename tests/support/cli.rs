//! Runs a command of the real binary against a running hub.

use crate::instance::Instance;
use serde_json::Value;
use std::io;
use std::process::Stdio;

/// What a command did.
#[derive(Debug, Clone)]
pub struct Done {
    /// Exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub out: String,
    /// What it said on standard error.
    pub err: String,
}

impl Done {
    /// The output as JSON.
    ///
    /// # Errors
    /// If it is none.
    pub fn json(&self) -> serde_json::Result<Value> {
        serde_json::from_str(&self.out)
    }
}

/// Runs `lienthong ARGUMENTS`, the hub's addresses given as configuration.
///
/// # Errors
/// If the binary cannot be started.
pub fn run(instance: &Instance, arguments: &[&str]) -> io::Result<Done> {
    let addresses = &instance.hub.addresses;
    let data = instance.data().display().to_string();
    run_with(
        arguments,
        &[
            ("LIENTHONG_DATA_DIR", &data),
            ("LIENTHONG_ADAPTERS__GRPC_LISTEN", &addresses.adapters_grpc),
            ("LIENTHONG_ADAPTERS__HTTP_LISTEN", &addresses.adapters_http),
            ("LIENTHONG_GATEWAY__LISTEN", &addresses.gateway),
            ("LIENTHONG_GATEWAY__HTTP_LISTEN", &addresses.gateway_http),
            ("LIENTHONG_METRICS__LISTEN", &addresses.metrics),
        ],
    )
}

/// Runs `lienthong ARGUMENTS` without any hub.
///
/// # Errors
/// If the binary cannot be started.
pub fn run_alone(arguments: &[&str]) -> io::Result<Done> {
    run_with(arguments, &[])
}

/// Runs `lienthong ARGUMENTS` with environment variables.
///
/// # Errors
/// If the binary cannot be started.
pub fn run_with(arguments: &[&str], environment: &[(&str, &str)]) -> io::Result<Done> {
    let output = crate::hub::command(&crate::hub::binary()?)
        .args(arguments)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()?;
    Ok(Done {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
