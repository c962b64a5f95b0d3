//! Which events a subscriber wants: filters read once, then asked for every event.
//!
//! The dialects are those of CloudEvents Subscriptions 1.0 (working draft), section 3.2.4: several
//! attributes of `exact`, `prefix` or `suffix` must all hold, and so must all filters of a list. An
//! attribute with several values holds if one of the values does; one that the event does not have
//! never holds, whatever is asked of it.

mod compile;
mod json;

pub use json::{from_json, to_json};

use crate::facets::{Attribute, Facets};
use compile::Compiling;
use lienthong_contract::pb::event::v1::FieldViolation;
use lienthong_contract::pb::subscription::v1 as pb;
use std::sync::Arc;

/// Filters within filters, at most; the outermost counts as one.
pub const DEEPEST: usize = 16;
/// Filters and attributes of one request, at most, those within others included.
pub const MOST: usize = 256;

/// The filters of one subscriber; cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter(Arc<[Node]>);

/// One filter.
#[derive(Debug, PartialEq, Eq)]
enum Node {
    Text(Text, Vec<(Attribute, Box<str>)>),
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
}

/// What is asked of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    Exact,
    Prefix,
    Suffix,
}

impl Default for Filter {
    fn default() -> Self {
        Self::everything()
    }
}

impl Filter {
    /// The filter that leaves nothing out.
    pub fn everything() -> Self {
        Self(Arc::from([]))
    }

    /// Reads filters, all of which must hold; none: every event. `path` is that of their list, such
    /// as `filters`.
    ///
    /// # Errors
    /// Every field at fault, with its path and what to write instead: an unknown attribute, an
    /// empty value or list, no dialect, more than [`DEEPEST`] or [`MOST`].
    pub fn compile(filters: &[pb::Filter], path: &str) -> Result<Self, Vec<FieldViolation>> {
        let mut compiling = Compiling::default();
        let nodes = compiling.list(filters, path, 1);
        match compiling.violations.is_empty() {
            true => Ok(Self(nodes.into())),
            false => Err(compiling.violations),
        }
    }

    /// Whether an event is wanted.
    pub fn holds(&self, facets: &Facets) -> bool {
        self.0.iter().all(|node| node.holds(facets))
    }

    /// Whether every event is wanted, without looking.
    pub fn is_everything(&self) -> bool {
        self.0.is_empty()
    }
}

impl Node {
    fn holds(&self, facets: &Facets) -> bool {
        match self {
            Node::Text(text, asked) => asked
                .iter()
                .all(|(of, wanted)| facets.of(*of).any(|value| text.holds(value, wanted))),
            Node::All(nodes) => nodes.iter().all(|node| node.holds(facets)),
            Node::Any(nodes) => nodes.iter().any(|node| node.holds(facets)),
            Node::Not(node) => !node.holds(facets),
        }
    }
}

impl Text {
    fn holds(self, value: &str, wanted: &str) -> bool {
        match self {
            Text::Exact => value == wanted,
            Text::Prefix => value.starts_with(wanted),
            Text::Suffix => value.ends_with(wanted),
        }
    }
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
