//! The folders of one partition of one view, numbered: `<views>/<view>/<partition>/<generation>`.
//!
//! A rebuild, a worn store and a failed one are followed by a store in the next folder; the older
//! folder stays until the newer one holds a finished checkpoint. So at any moment at least one
//! folder holds what was last known to be good.

use crate::checkpoint::{self, Owner, Unproven};
use crate::store::{self, Store, StoreKind};
use crate::views::State;
use lienthong_domain::status::Mappings;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use tracing::warn;

/// The folders of one partition of one view.
#[derive(Debug, Clone)]
pub struct Generations {
    dir: PathBuf,
    kind: StoreKind,
    owner: Owner,
}

/// An open store with its number.
pub struct Generation {
    /// Its number.
    pub number: u64,
    /// The store.
    pub store: Box<dyn Store>,
}

/// What was found at the start.
pub struct Found {
    /// The newest state that proved itself, with its store.
    pub proven: Option<(State, Generation)>,
    /// Why the newest folder did not count, if it did not.
    pub thrown_away: Option<String>,
}

impl Generations {
    /// The folders under `dir`, the folder of all views.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn new(dir: &Path, kind: StoreKind, owner: Owner) -> io::Result<Self> {
        let dir = dir
            .join(owner.view.name())
            .join(owner.partition.to_string());
        fs::create_dir_all(&dir)?;
        Ok(Self { dir, kind, owner })
    }

    /// Whose folders they are.
    pub fn owner(&self) -> Owner {
        self.owner
    }

    /// Loads the newest state that proves itself under these status tables and that `fits` the log;
    /// throws every other folder away. `fits` answers why a state does not.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn load(
        &self,
        tables: &Mappings,
        fits: &dyn Fn(&State) -> Result<(), String>,
    ) -> io::Result<Found> {
        let mut found = Found {
            proven: None,
            thrown_away: None,
        };
        let mut numbers = self.numbers()?;
        numbers.sort_unstable();
        for number in numbers.into_iter().rev() {
            if found.proven.is_some() {
                self.destroy(number);
                continue;
            }
            match self.load_one(number, tables, fits) {
                Ok(Some(proven)) => found.proven = Some(proven),
                Ok(None) => self.destroy(number),
                Err(reason) => {
                    let Owner {
                        view, partition, ..
                    } = self.owner;
                    warn!(
                        view = view.name(),
                        partition,
                        number,
                        reason,
                        "a checkpoint does not prove itself and is thrown away; the view is made again from an older one or from the log"
                    );
                    self.destroy(number);
                    found.thrown_away.get_or_insert(reason);
                }
            }
        }
        Ok(found)
    }

    fn load_one(
        &self,
        number: u64,
        tables: &Mappings,
        fits: &dyn Fn(&State) -> Result<(), String>,
    ) -> Result<Option<(State, Generation)>, String> {
        let read = || -> Result<_, Unproven> {
            let mut store = store::open(self.kind, &self.folder(number))?;
            let state = checkpoint::load(store.as_mut(), self.owner, tables)?;
            Ok(state.map(|state| (state, Generation { number, store })))
        };
        let found = read().map_err(|unproven| unproven.to_string())?;
        if let Some((state, _)) = &found {
            fits(state)?;
        }
        Ok(found)
    }

    /// Opens an empty store in the folder after every other.
    ///
    /// # Errors
    /// [`store::Error::Open`].
    pub fn fresh(&self) -> Result<Generation, store::Error> {
        let numbers = self.numbers().map_err(|error| store::Error::Open {
            dir: self.dir.clone(),
            what: error.to_string(),
        })?;
        let number = numbers.into_iter().max().map_or(0, |newest| newest + 1);
        let store = store::open(self.kind, &self.folder(number))?;
        Ok(Generation { number, store })
    }

    /// Removes every folder but the one that holds the last finished checkpoint, if there is one.
    pub fn keep_only(&self, good: Option<u64>) {
        for other in self.numbers().unwrap_or_default() {
            if Some(other) != good {
                self.destroy(other);
            }
        }
    }

    fn folder(&self, number: u64) -> PathBuf {
        self.dir.join(number.to_string())
    }

    fn numbers(&self) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let name = entry?.file_name();
            numbers.extend(name.to_str().and_then(|name| name.parse::<u64>().ok()));
        }
        Ok(numbers)
    }

    fn destroy(&self, number: u64) {
        if let Err(error) = fs::remove_dir_all(self.folder(number)) {
            let Owner {
                view, partition, ..
            } = self.owner;
            warn!(view = view.name(), partition, number, %error,
                "an old checkpoint could not be removed; remove the folder by hand");
        }
    }
}
