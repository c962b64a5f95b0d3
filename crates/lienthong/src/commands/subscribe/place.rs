//! How far `subscribe` is: in memory, and in a file if one was named.

use crate::events;
use crate::exit::{Exit, Failure};
use lienthong_contract::pb::subscription::v1::{self as pb, Start};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The file is written at most so often while events come in, so that little is told again after
/// a crash and the disk is not busy with it.
const WRITE_EVERY: Duration = Duration::from_millis(200);

/// A place, kept in a file or not.
#[derive(Debug)]
pub struct Place {
    file: Option<PathBuf>,
    /// Where to begin while no token was told.
    from: Start,
    /// The last token told; empty: none yet.
    token: String,
    /// What the file holds.
    kept: String,
    written: Option<Instant>,
}

impl Place {
    /// The place in the file if it is there, else the one asked for, else the end.
    ///
    /// # Errors
    /// [`Exit::Usage`] for a file that cannot be read or is empty.
    pub fn open(file: Option<PathBuf>, from: Option<&str>) -> Result<Self, Failure> {
        let kept = match &file {
            Some(file) => read(file)?,
            None => String::new(),
        };
        Ok(Self {
            file,
            from: events::start(from.unwrap_or("end")),
            token: kept.clone(),
            kept,
            written: None,
        })
    }

    /// Where a stream begins now.
    pub fn start(&self) -> Start {
        match self.token.as_str() {
            "" => self.from.clone(),
            token => Start {
                place: Some(pb::start::Place::Token(token.to_owned())),
            },
        }
    }

    /// Everything up to this token was told; empty: nothing new.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn is_after(&mut self, token: &str) -> Result<(), Failure> {
        if !token.is_empty() {
            token.clone_into(&mut self.token);
        }
        match self.written {
            Some(then) if then.elapsed() < WRITE_EVERY => Ok(()),
            _ => self.keep(),
        }
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&mut self) -> Result<(), Failure> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        if self.token == self.kept {
            return Ok(());
        }
        write(file, &self.token).map_err(|error| Failure::failed(of_file(file, error)))?;
        self.kept.clone_from(&self.token);
        self.written = Some(Instant::now());
        Ok(())
    }
}

/// The token in a file; empty: there is no file.
fn read(file: &Path) -> Result<String, Failure> {
    match std::fs::read_to_string(file) {
        Ok(text) if text.trim().is_empty() => {
            let message = of_file(file, "it is empty. Fix: delete it, or name another");
            Err(Failure::new(Exit::Usage, message))
        }
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Failure::new(Exit::Usage, of_file(file, error))),
    }
}

fn write(file: &Path, token: &str) -> std::io::Result<()> {
    let unfinished = file.with_extension("unfinished");
    let mut out = File::create(&unfinished)?;
    writeln!(out, "{token}")?;
    out.sync_data()?;
    std::fs::rename(unfinished, file)
}

fn of_file(file: &Path, what: impl std::fmt::Display) -> String {
    format!("--token-file {}: {what}", file.display())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_kept_in_its_file_and_taken_up_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("place");
        let mut place = Place::open(Some(file.clone()), Some("beginning")).unwrap();
        assert_eq!(place.start(), events::start("beginning"));
        place.keep().unwrap();
        assert!(!file.exists(), "nothing was told, so nothing is kept");

        place.is_after("one").unwrap();
        place.is_after("two").unwrap();
        place.is_after("").unwrap();
        place.keep().unwrap();
        let again = Place::open(Some(file.clone()), Some("beginning")).unwrap();
        let two = Some(pb::start::Place::Token("two".to_owned()));
        assert_eq!(again.start().place, two);

        std::fs::write(&file, "\n").unwrap();
        let refused = Place::open(Some(file), None).unwrap_err();
        assert_eq!(refused.exit(), Exit::Usage);
        assert!(refused.to_string().starts_with("--token-file"), "{refused}");
    }
}
