//! A setting given by an environment variable or a flag.
//!
//! `LIENTHONG_LOG` is another name of `LIENTHONG_LOG__HOME`. A variable that ends in `_FILE`
//! names a file that holds the value, so that a secret need not stand in the environment.

use super::Error;
use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider, Source};
use std::ffi::OsString;
use std::net::SocketAddr;

const PREFIX: &str = "LIENTHONG_";
/// Not settings: where the file is, and what the project's scripts and tests tell each other,
/// which they may export beside settings.
const NOT_A_SETTING: [&str; 4] = [
    "LIENTHONG_CONFIG",
    "LIENTHONG_KAFKA_RUN",
    "LIENTHONG_TEST_KAFKA",
    "LIENTHONG_JAVA_TOPIC",
];
/// The short name of a setting, and its key.
const HOME: (&str, &str) = ("LIENTHONG_LOG", "log.home");
/// What the name of a variable ends in that names a file.
const FILE: &str = "_FILE";
/// Settings whose values are text however they look, by what their keys begin with: a password may
/// be all digits.
const TEXT: [&str; 2] = ["log.kafka.properties.", "gateway.webhooks.key"];

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

    /// The addresses among flags: name, key, and the value if it was given.
    pub fn addresses(flags: &[(&str, &str, Option<SocketAddr>)]) -> Vec<Self> {
        let given = flags.iter().filter_map(|(flag, key, address)| {
            let address = address.as_ref()?;
            Some(Self::by_flag(flag, key, address.to_string()))
        });
        given.collect()
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
                value: read(key.trim(), value),
            }),
            _ => Err(Error::NotASetting(format!("--set {text}"))),
        }
    }

    /// The settings among environment variables: `LIENTHONG_GATEWAY__LISTEN` is
    /// `gateway.listen`.
    ///
    /// # Errors
    /// [`Error::NotASetting`] for a variable of ours that is not text, [`Error::ValueFile`] for one
    /// that names a file which cannot be read.
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
            given.push(Self::by_variable(name, value)?);
        }
        // Two names of one setting: the longer wins, in whatever order the system tells them.
        given.sort_by(|one, other| one.origin.cmp(&other.origin));
        Ok(given)
    }

    fn by_variable(name: &str, value: &str) -> Result<Self, Error> {
        let origin = format!("environment {name}");
        let key_of = |name: &str| match name {
            name if name == HOME.0 => HOME.1.to_owned(),
            name => name[PREFIX.len()..].to_lowercase().replace("__", "."),
        };
        let Some(of_file) = name.strip_suffix(FILE) else {
            let key = key_of(name);
            let value = read(&key, value);
            return Ok(Self { origin, key, value });
        };
        let content = std::fs::read_to_string(value).map_err(|source| Error::ValueFile {
            variable: name.to_owned(),
            file: value.into(),
            source,
        })?;
        let key = key_of(of_file);
        let value = read(&key, content.trim_end_matches(['\r', '\n']));
        Ok(Self { origin, key, value })
    }
}

fn read(key: &str, text: &str) -> Value {
    if TEXT.iter().any(|text| key.starts_with(text)) {
        return Value::from(text);
    }
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
