//! The levels of the administration.

use std::fmt;

use jiff::civil::{Date, date};

/// The last day on which the district level existed (Law 72/2025/QH15: two tiers from 2025-07-01).
pub const LAST_DAY_OF_DISTRICTS: Date = date(2025, 6, 30);

/// A level of the administration, ordered from the commune upwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Commune, ward or special zone (xã, phường, đặc khu; townships before July 2025).
    Commune,
    /// District, until 2025-06-30 inclusive (huyện, quận, thị xã, thành phố thuộc tỉnh).
    District,
    /// Province or centrally run city.
    Province,
    /// Ministry and other central agencies.
    Ministry,
}

impl Level {
    /// Every level, from the lowest.
    pub const ALL: [Level; 4] = [
        Level::Commune,
        Level::District,
        Level::Province,
        Level::Ministry,
    ];

    /// The lower-case English name that files and answers use.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Commune => "commune",
            Level::District => "district",
            Level::Province => "province",
            Level::Ministry => "ministry",
        }
    }

    /// The level of that lower-case name, if it is one.
    pub fn parse(text: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.as_str() == text)
    }

    /// Whether the level was part of the administration on that day.
    pub fn exists_on(self, day: Date) -> bool {
        self != Level::District || day <= LAST_DAY_OF_DISTRICTS
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
