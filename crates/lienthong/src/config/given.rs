//! A setting given by an environment variable or a flag.

use super::Error;
use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider, Source};
use std::ffi::OsString;

const PREFIX: &str = "LIENTHONG_";
/// Not a setting: where the file is.
const NOT_A_SETTING: [&str; 1] = ["LIENTHONG_CONFIG"];

/// One setting with the place it was given at.
#[derive(Debug, Clone)]
pub struct Given {
    origin: String,
    key: String,
    value: Value,
}

impl Given {
    /// A setting given by a flag of its own, such as `--data-dir`.
    pub fn by_flag(flag: &str, key: &str, value: impl Into<Value>) -> Self {
        Self {
            origin: format!("flag {flag}"),
            key: key.to_owned(),
            value: value.into(),
        }
    }

    /// A setting given as `--set KEY=VALUE`; the value is read as TOML would, else as text.
    ///
    /// # Errors
    /// [`Error::NotASetting`].
    pub fn by_set(text: &str) -> Result<Self, Error> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => Ok(Self {
                origin: format!("flag --set {}", key.trim()),
                key: key.trim().to_owned(),
                value: read(value),
            }),
            _ => Err(Error::NotASetting(format!("--set {text}"))),
        }
    }

    /// The settings among environment variables: `LIENTHONG_GATEWAY__LISTEN` is
    /// `gateway.listen`.
    ///
    /// # Errors
    /// [`Error::NotASetting`] for a variable of ours that is not text.
    pub fn by_environment(
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Vec<Self>, Error> {
        let mut given = Vec::new();
        for (name, value) in variables {
            let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
                continue;
            };
            if NOT_A_SETTING.contains(&name) {
                continue;
            }
            let Some(value) = value.to_str() else {
                return Err(Error::NotASetting(format!("{name} is not UTF-8")));
            };
            given.push(Self {
                origin: format!("environment {name}"),
                key: name[PREFIX.len()..].to_lowercase().replace("__", "."),
                value: read(value),
            });
        }
        Ok(given)
    }
}

fn read(text: &str) -> Value {
    let Ok(value) = text.parse::<Value>();
    value
}

impl Provider for Given {
    fn metadata(&self) -> Metadata {
        Metadata::from(self.origin.clone(), Source::Custom(self.origin.clone()))
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        match figment::util::nest(&self.key, self.value.clone()) {
            Value::Dict(_, dict) => Ok(Profile::Default.collect(dict)),
            _ => Err(figment::Error::from(format!(
                "{} is not the key of a setting",
                self.key
            ))),
        }
    }
}
