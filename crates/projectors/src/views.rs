//! The views: what each remembers of an event, and how a part takes it in.
//!
//! A part is the set of facts under one record key. Facts enter once for each `source` + `id`
//! and are kept in the order of [`lienthong_domain::event::OrderKey`], so that a part is the same
//! whatever order its events arrived in. Nothing is concluded here: every answer is computed from
//! the facts when a question is asked.

pub mod act;
pub mod arena;
pub mod case;
pub mod changes;
pub mod codes;
pub mod horizontal;
pub mod keyed;
pub mod names;
pub mod part;
pub mod state;
pub mod stored;
pub mod vertical;

pub use state::{Facts, State};

/// The views there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum View {
    /// Cases whole: every fact, and the links between them.
    Case,
    /// Hand-overs between agencies of one level.
    Horizontal,
    /// The chain of levels.
    Vertical,
}

impl View {
    /// Every view.
    pub const ALL: [View; 3] = [View::Case, View::Horizontal, View::Vertical];

    /// The name that operators and requests use.
    pub fn name(self) -> &'static str {
        match self {
            View::Case => "case",
            View::Horizontal => "horizontal",
            View::Vertical => "vertical",
        }
    }

    /// The view of that name.
    pub fn from_name(name: &str) -> Option<View> {
        View::ALL.into_iter().find(|view| view.name() == name)
    }
}

/// What became of an event in a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// A new fact.
    New,
    /// `source` + `id` had taken effect already; nothing changed.
    Duplicate,
    /// The view keeps no fact of this kind.
    LeftOut,
}

#[cfg(test)]
#[path = "views_tests.rs"]
mod tests;
