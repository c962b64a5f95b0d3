//! What the secrets of webhooks are made from.

use crate::config::{Home, Settings};
use crate::exit::{Exit, Failure};
use rand::Rng;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Fewest characters of a key.
const SHORTEST: usize = 32;
/// The file of a key that was made here.
const FILE: &str = "webhook.key";
/// Only the owner reads it.
const MODE: u32 = 0o600;

/// The key of the settings; without one that of the data directory, made once, if the log is there,
/// too. None: several gateways need one that is given to each.
///
/// # Errors
/// [`Exit::Usage`] for a key that is too short; else if the file cannot be read or made.
pub fn of(settings: &Settings) -> Result<Option<Vec<u8>>, Failure> {
    let given = settings.gateway.webhooks.key.0.as_str();
    if !given.is_empty() {
        return long_enough(given, "gateway.webhooks.key").map(Some);
    }
    match settings.log.home {
        Home::Kafka(_) => Ok(None),
        Home::Embedded => kept(&settings.data_dir).map(Some),
    }
}

fn long_enough(key: &str, place: &str) -> Result<Vec<u8>, Failure> {
    if key.len() >= SHORTEST {
        return Ok(key.as_bytes().to_vec());
    }
    let what = format!("{place} has less than {SHORTEST} characters");
    let fix = "Fix: make one with `openssl rand -hex 32`";
    Err(Failure::new(Exit::Usage, format!("{what}. {fix}")))
}

fn kept(dir: &Path) -> Result<Vec<u8>, Failure> {
    let path = dir.join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => make(dir).map_err(|error| {
            Failure::failed(format!("{} cannot be made: {error}", path.display()))
        })?,
        Err(error) => return Err(Failure::failed(format!("{}: {error}", path.display()))),
    };
    long_enough(text.trim_end(), &path.display().to_string())
}

/// Makes a key, whole or not at all.
fn make(dir: &Path) -> std::io::Result<String> {
    std::fs::create_dir_all(dir)?;
    let mut random = [0_u8; 32];
    rand::rng().fill_bytes(&mut random);
    let digits = random.map(|byte| format!("{byte:02x}")).concat();
    let unfinished = dir.join(FILE).with_extension("unfinished");
    let mut options = OpenOptions::new();
    let mut out = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(MODE)
        .open(&unfinished)?;
    writeln!(out, "{digits}")?;
    out.sync_all()?;
    std::fs::rename(unfinished, dir.join(FILE))?;
    File::open(dir)?.sync_all()?;
    Ok(digits)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn settings(dir: &Path, key: &str, home: &str) -> Settings {
        let mut settings = Settings {
            data_dir: dir.to_owned(),
            ..Settings::default()
        };
        settings.log.home = home.parse().unwrap();
        settings.gateway.webhooks.key.0 = key.to_owned();
        settings
    }

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let settings = settings(dir.path(), "", "embedded");
        let made = of(&settings).unwrap().unwrap();
        assert_eq!(made.len(), 64);
        assert_eq!(of(&settings).unwrap().unwrap(), made);
        let file = dir.path().join("webhook.key");
        let mode = std::fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let other = tempfile::tempdir().unwrap();
        let other = of(&self::settings(other.path(), "", "embedded"));
        assert_ne!(other.unwrap().unwrap(), made);
    }

    #[test]
    fn a_key_that_is_given_is_taken_on_any_home_and_a_short_one_refused_without_showing_it() {
        let dir = tempfile::tempdir().unwrap();
        let long = "0123456789abcdef0123456789abcdef";
        for home in ["embedded", "kafka://127.0.0.1:1/x"] {
            let key = of(&settings(dir.path(), long, home)).unwrap();
            assert_eq!(key.unwrap(), long.as_bytes());
            let short = of(&settings(dir.path(), "short-secret", home)).unwrap_err();
            assert_eq!(short.exit(), Exit::Usage);
            let said = short.to_string();
            assert!(said.starts_with("gateway.webhooks.key"), "{said}");
            assert!(!said.contains("short-secret"), "{said}");
        }
        assert!(!dir.path().join("webhook.key").exists());
        let none = settings(dir.path(), "", "kafka://127.0.0.1:1/x");
        assert_eq!(of(&none).unwrap(), None);
    }
}
