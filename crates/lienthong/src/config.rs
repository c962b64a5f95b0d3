//! The configuration: flags over `LIENTHONG_*` environment over `lienthong.toml` over
//! defaults, and for each setting where it came from.

mod given;
mod home;
mod properties;
mod secret;
mod settings;

pub use given::Given;
pub use home::{Cluster, Home};
pub use settings::{Log, LogFormat, Settings, Store};

use figment::providers::{Format, Serialized, Toml};
use figment::{Figment, Metadata};
use std::path::{Path, PathBuf};

/// The file that is read when it exists and no other was named.
const DEFAULT_FILE: &str = "lienthong.toml";
/// Where a value that nobody set is said to come from.
const DEFAULT: &str = "default";
/// A table that is one setting: its keys are not ours.
const TABLE: &str = "log.kafka.properties";

/// Where settings may come from, besides the defaults.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file named by `--config`; none: `lienthong.toml` in the working directory, if
    /// there is one.
    pub file: Option<PathBuf>,
    /// From the environment and from flags, the later over the earlier.
    pub given: Vec<Given>,
}

/// The settings in force and their origins.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What holds.
    pub settings: Settings,
    figment: Figment,
}

/// One setting as `lienthong config` shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    /// Dotted key, such as `gateway.listen`.
    pub key: String,
    /// The value in force.
    pub value: serde_json::Value,
    /// Where it came from: `default`, a file, an environment variable or a flag.
    pub origin: String,
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file named does not exist or cannot be read.
    #[error("{file}: {source}. Fix: name a readable TOML file, or leave --config out")]
    File {
        /// As named.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A variable that names a file with a value, which cannot be read.
    #[error("{variable} names {file}: {source}. Fix: name a readable text file")]
    ValueFile {
        /// The variable.
        variable: String,
        /// As named.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A variable or flag that is not `KEY=VALUE`, or not text.
    #[error("{0}. Fix: write KEY=VALUE, such as gateway.listen=127.0.0.1:7420")]
    NotASetting(String),
    /// Settings that do not exist or do not take that value; one line for each.
    #[error("{0}")]
    Settings(String),
}

/// Reads every source.
///
/// # Errors
/// [`Error`], naming each key at fault.
pub fn load(sources: Sources) -> Result<Loaded, Error> {
    let mut figment = Figment::from(Serialized::defaults(Settings::default()));
    if let Some(file) = file(sources.file)? {
        figment = figment.merge(Toml::file_exact(file));
    }
    for given in sources.given {
        figment = figment.merge(given);
    }
    match figment.extract::<Settings>() {
        Ok(settings) => Ok(Loaded { settings, figment }),
        Err(error) => {
            let lines: Vec<_> = error.into_iter().map(|error| explain(&error)).collect();
            Err(Error::Settings(lines.join("\n")))
        }
    }
}

fn file(named: Option<PathBuf>) -> Result<Option<PathBuf>, Error> {
    let Some(file) = named else {
        let default = Path::new(DEFAULT_FILE);
        return Ok(default.exists().then(|| default.to_owned()));
    };
    match std::fs::File::open(&file) {
        Ok(_) => Ok(Some(file)),
        Err(source) => Err(Error::File { file, source }),
    }
}

fn explain(error: &figment::Error) -> String {
    let origin = error
        .metadata
        .as_ref()
        .map_or_else(String::new, |metadata| {
            format!(" (from {})", describe(metadata))
        });
    let mut key = error.path.join(".");
    if let figment::error::Kind::UnknownField(field, _) = &error.kind
        && error.path.last() != Some(field)
    {
        let dot = if key.is_empty() { "" } else { "." };
        key = format!("{key}{dot}{field}");
    }
    let fix = "Fix: `lienthong config` lists every key with its value";
    format!("{key}: {}{origin}. {fix}", error.kind)
}

fn describe(metadata: &Metadata) -> String {
    match &metadata.source {
        Some(figment::Source::File(path)) => path.display().to_string(),
        Some(figment::Source::Custom(origin)) => origin.clone(),
        _ => DEFAULT.to_owned(),
    }
}

impl Loaded {
    /// Whether nobody set this key.
    pub fn is_default(&self, key: &str) -> bool {
        self.figment
            .find_metadata(key)
            .is_none_or(|metadata| describe(metadata) == DEFAULT)
    }

    /// Every setting in force, by key.
    pub fn effective(&self) -> Vec<Effective> {
        let mut found = Vec::new();
        if let Ok(tree) = serde_json::to_value(&self.settings) {
            flatten("", &tree, &mut found);
        }
        let with_origin = |(key, value): (String, serde_json::Value)| {
            let origin = self.figment.find_metadata(&key).map(describe);
            let origin = origin.unwrap_or_else(|| DEFAULT.to_owned());
            Effective { key, value, origin }
        };
        found.into_iter().map(with_origin).collect()
    }
}

fn flatten(key: &str, value: &serde_json::Value, into: &mut Vec<(String, serde_json::Value)>) {
    let fields = match value {
        serde_json::Value::Object(fields) if key != TABLE => fields,
        _ => return into.push((key.to_owned(), value.clone())),
    };
    for (name, value) in fields {
        let dot = if key.is_empty() { "" } else { "." };
        flatten(&format!("{key}{dot}{name}"), value, into);
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
