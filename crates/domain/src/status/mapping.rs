//! The status codes of the connected systems, mapped to the portal's.
//!
//! The tables disagree between systems, so an event keeps the source's own code, the mapped status
//! and the version of the table that mapped it. A code outside the tables is refused by name.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use super::PortalStatus;
use crate::row::{At, RowError};
use crate::table_version::TableVersion;

/// Most characters of an unknown code or system that an error repeats.
const QUOTED: usize = 24;

/// One line of a status table.
#[derive(Debug, Clone, Copy, Default)]
pub struct StatusRow<'a> {
    /// The system whose code it is, such as `DVCLT`.
    pub system: &'a str,
    /// The system's code, compared letter by letter.
    pub code: &'a str,
    /// The portal code, 1 to 10, or 0 for a code that is known to occur but not what it means.
    pub maps_to: &'a str,
}

/// The table of one system.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    version: String,
    /// `None`: the code is known, its meaning is not.
    table: BTreeMap<String, Option<PortalStatus>>,
}

/// The tables of all systems. A clone shares them: views keep the tables that they were built with.
#[derive(Debug, Clone, Default)]
pub struct Mappings(Arc<Tables>);

#[derive(Debug, Default)]
struct Tables {
    by_system: BTreeMap<String, Mapping>,
    fingerprint: String,
    /// Every code that has a meaning. Views look one up for each event that they read.
    meanings: HashTable<Meaning>,
    hasher: DefaultHashBuilder,
}

#[derive(Debug)]
struct Meaning {
    system: Box<str>,
    code: Box<str>,
    status: PortalStatus,
}

/// Why a code has no portal status. None of these goes away by sending again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatusError {
    /// There is no table for the system.
    #[error(
        "there is no status table for system {system:?}. Fix: use one of {known}, or give the hub that system's table"
    )]
    UnknownSystem {
        /// The system asked for, cut to 24 characters.
        system: String,
        /// The systems that have a table.
        known: String,
    },
    /// The system's table lacks the code.
    #[error(
        "{code:?} is not a status code of {system}. Fix: send one of {known}, or add the code to the table"
    )]
    UnknownCode {
        /// The system.
        system: String,
        /// The code sent, cut to 24 characters.
        code: String,
        /// The codes in the table that have a meaning.
        known: String,
    },
    /// The code is in the table, but nobody has said what it means.
    #[error(
        "{code:?} of {system} is known to occur but its meaning is not. Fix: send one of {known}, or have the system's owner state the meaning and enter it in the table"
    )]
    Unmapped {
        /// The system.
        system: String,
        /// The code.
        code: String,
        /// The codes in the table that have a meaning.
        known: String,
    },
}

impl StatusError {
    /// Always false: the same code is refused until the table changes.
    pub fn is_retryable(&self) -> bool {
        false
    }
}

impl Mappings {
    /// Reads the tables. Refuses an empty system or code, a code given twice for one system, and a
    /// target that is not 0 to 10.
    pub fn new(rows: &[StatusRow<'_>]) -> Result<Mappings, RowError> {
        let mut tables: BTreeMap<String, BTreeMap<String, Option<PortalStatus>>> = BTreeMap::new();
        for (index, row) in rows.iter().enumerate() {
            let at = At(index);
            let system = at.text("system", row.system)?;
            let code = at.text("code", row.code)?;
            let target = target(at, row.maps_to)?;
            if tables
                .entry(system)
                .or_default()
                .insert(code, target)
                .is_some()
            {
                let what = format!("{} of {} is given twice", row.code, row.system);
                return Err(at.error("code", what, "keep one of the two rows"));
            }
        }
        Ok(Self::of(tables))
    }

    fn of(tables: BTreeMap<String, BTreeMap<String, Option<PortalStatus>>>) -> Self {
        let mut all = TableVersion::default();
        let mut by_system = BTreeMap::new();
        let (mut meanings, hasher) = (HashTable::new(), DefaultHashBuilder::default());
        let hash = |one: &Meaning| hasher.hash_one((&*one.system, &*one.code));
        for (system, table) in tables {
            for (code, status) in &table {
                let Some(status) = *status else { continue };
                let meaning = Meaning {
                    system: system.as_str().into(),
                    code: code.as_str().into(),
                    status,
                };
                meanings.insert_unique(hash(&meaning), meaning, hash);
            }
            let version = version_of(&system, &table);
            all.field(&version);
            by_system.insert(system, Mapping { version, table });
        }
        Self(Arc::new(Tables {
            by_system,
            fingerprint: all.finish(),
            meanings,
            hasher,
        }))
    }

    /// These tables with other meanings for some codes, new codes and new systems. Refuses what
    /// [`Mappings::new`] refuses.
    ///
    /// # Errors
    /// The first row that is wrong.
    pub fn changed(&self, rows: &[StatusRow<'_>]) -> Result<Mappings, RowError> {
        let changes = Mappings::new(rows)?;
        let own = self.0.by_system.iter();
        let mut tables: BTreeMap<String, BTreeMap<String, Option<PortalStatus>>> = own
            .map(|(system, mapping)| (system.clone(), mapping.table.clone()))
            .collect();
        for (system, mapping) in &changes.0.by_system {
            let table = tables.entry(system.clone()).or_default();
            table.extend(mapping.table.clone());
        }
        Ok(Self::of(tables))
    }

    /// Fingerprint of all tables, 16 hexadecimal digits: equal tables, equal fingerprint.
    pub fn fingerprint(&self) -> &str {
        &self.0.fingerprint
    }

    /// The portal status of a system's code.
    ///
    /// # Errors
    /// `UnknownSystem`, `UnknownCode` or `Unmapped`; never a guess.
    pub fn map(&self, system: &str, code: &str) -> Result<PortalStatus, StatusError> {
        let hash = self.0.hasher.hash_one((system, code));
        let is_it = |one: &Meaning| &*one.code == code && &*one.system == system;
        if let Some(known) = self.0.meanings.find(hash, is_it) {
            return Ok(known.status);
        }
        let Some(mapping) = self.0.by_system.get(system) else {
            return Err(StatusError::UnknownSystem {
                system: quoted(system),
                known: self.systems().join(", "),
            });
        };
        match mapping.table.get(code) {
            Some(Some(status)) => Ok(*status),
            Some(None) => Err(StatusError::Unmapped {
                system: system.to_owned(),
                code: code.to_owned(),
                known: mapping.codes().join(", "),
            }),
            None => Err(StatusError::UnknownCode {
                system: system.to_owned(),
                code: quoted(code),
                known: mapping.codes().join(", "),
            }),
        }
    }

    /// The version of a system's table: 16 hexadecimal digits, a fingerprint of its rows, so that
    /// the table of one system can change without touching the others'.
    pub fn version(&self, system: &str) -> Option<&str> {
        self.0
            .by_system
            .get(system)
            .map(|mapping| mapping.version.as_str())
    }

    /// The table of one system.
    pub fn mapping(&self, system: &str) -> Option<&Mapping> {
        self.0.by_system.get(system)
    }

    /// The systems that have a table, in order of name.
    pub fn systems(&self) -> Vec<&str> {
        self.0.by_system.keys().map(String::as_str).collect()
    }
}

impl Mapping {
    /// The version of the table, as [`Mappings::version`] gives it.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The codes that have a meaning, by portal status and then by code.
    pub fn codes(&self) -> Vec<&str> {
        let mut codes: Vec<(PortalStatus, &str)> = self
            .table
            .iter()
            .filter_map(|(code, status)| Some(((*status)?, code.as_str())))
            .collect();
        codes.sort_unstable();
        codes.into_iter().map(|(_, code)| code).collect()
    }
}

fn target(at: At, text: &str) -> Result<Option<PortalStatus>, RowError> {
    match text.parse::<u8>() {
        Ok(0) => Ok(None),
        Ok(code) if PortalStatus::from_code(code).is_some() => Ok(PortalStatus::from_code(code)),
        _ => Err(at.error(
            "maps_to_dvcqg",
            format!("{text:?} is not a portal status"),
            "write 1 to 10, or 0 if the meaning of the code is unknown",
        )),
    }
}

fn version_of(system: &str, table: &BTreeMap<String, Option<PortalStatus>>) -> String {
    let mut version = TableVersion::default();
    version.field(system);
    for (code, status) in table {
        version.field(code);
        version.field(status.map_or("0", PortalStatus::as_str));
    }
    version.finish()
}

fn quoted(text: &str) -> String {
    text.chars().take(QUOTED).collect()
}
