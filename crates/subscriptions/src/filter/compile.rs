//! Reads filters and names everything that is wrong with them.

use super::{DEEPEST, MOST, Node, Text};
use crate::facets::Attribute;
use lienthong_contract::pb::event::v1::FieldViolation;
use lienthong_contract::pb::subscription::v1::{self as pb, filter::Dialect};

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Compiling {
    pub(super) violations: Vec<FieldViolation>,
    read: usize,
}

impl Compiling {
    /// Filters at `path[0]`, `path[1]`, ...
    pub(super) fn list(&mut self, filters: &[pb::Filter], path: &str, depth: usize) -> Vec<Node> {
        let numbered = filters.iter().enumerate();
        numbered
            .filter_map(|(at, filter)| self.filter(filter, &format!("{path}[{at}]"), depth))
            .collect()
    }

    fn filter(&mut self, filter: &pb::Filter, path: &str, depth: usize) -> Option<Node> {
        if !self.counts(path) {
            return None;
        }
        if depth > DEEPEST {
            let what = format!("filters lie more than {DEEPEST} deep");
            return self.refuse(path, what, "write it flatter");
        }
        match &filter.dialect {
            None => {
                let fix = "set one of exact, prefix, suffix, all, any, not";
                self.refuse(path, "no dialect is set", fix)
            }
            Some(Dialect::Exact(asked)) => self.text(Text::Exact, asked, &format!("{path}.exact")),
            Some(Dialect::Prefix(asked)) => {
                self.text(Text::Prefix, asked, &format!("{path}.prefix"))
            }
            Some(Dialect::Suffix(asked)) => {
                self.text(Text::Suffix, asked, &format!("{path}.suffix"))
            }
            Some(Dialect::All(filters)) => {
                let nodes = self.some(filters, &format!("{path}.all"), depth)?;
                Some(Node::All(nodes))
            }
            Some(Dialect::Any(filters)) => {
                let nodes = self.some(filters, &format!("{path}.any"), depth)?;
                Some(Node::Any(nodes))
            }
            Some(Dialect::Not(filter)) => {
                let node = self.filter(filter, &format!("{path}.not"), depth + 1)?;
                Some(Node::Not(Box::new(node)))
            }
        }
    }

    fn some(&mut self, filters: &pb::Filters, path: &str, depth: usize) -> Option<Vec<Node>> {
        if filters.filters.is_empty() {
            let fix = "list at least one filter, or leave this one out";
            return self.refuse(&format!("{path}.filters"), "it is empty", fix);
        }
        Some(self.list(&filters.filters, &format!("{path}.filters"), depth + 1))
    }

    fn text(&mut self, text: Text, asked: &pb::Attributes, path: &str) -> Option<Node> {
        if asked.values.is_empty() {
            let fix = "name at least one attribute and its value, or leave this filter out";
            return self.refuse(&format!("{path}.values"), "it is empty", fix);
        }
        // In order, so that the same request is told the same violations.
        let mut named: Vec<_> = asked.values.iter().collect();
        named.sort_unstable();
        let mut read = Vec::with_capacity(named.len());
        for (name, value) in named {
            let path = format!("{path}.values[{name}]");
            if !self.counts(&path) {
                return None;
            }
            match Attribute::of_name(name) {
                None => {
                    let fix = format!("name one of {}", Attribute::names().join(", "));
                    let what = "there is no such attribute";
                    self.refuse::<()>(&path, what, &fix);
                }
                Some(_) if value.is_empty() => {
                    let what = "the value is empty";
                    let fix = "give a value; an attribute that an event lacks never holds";
                    self.refuse::<()>(&path, what, fix);
                }
                Some(attribute) => read.push((attribute, value.as_str().into())),
            }
        }
        Some(Node::Text(text, read))
    }

    /// Counts one more; the one beyond the most is told, those after it are not.
    fn counts(&mut self, path: &str) -> bool {
        self.read += 1;
        if self.read == MOST + 1 {
            let what = format!("there are more than {MOST} filters and attributes");
            self.refuse::<()>(path, what, "ask for less, or open several streams");
        }
        self.read <= MOST
    }

    fn refuse<T>(&mut self, path: &str, what: impl Into<String>, fix: &str) -> Option<T> {
        self.violations.push(FieldViolation {
            field: path.to_owned(),
            description: what.into(),
            fix: fix.to_owned(),
        });
        None
    }
}
