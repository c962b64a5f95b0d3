//! The answers that add up over cases, as a scan or another process's sum takes them.

use crate::answers::{clockwork, horizontal, list, statistics, vertical};
use crate::joins::scan::Sum;
use lienthong_domain::path::JoinedCase;

impl Sum for list::List {
    fn wants(&self, code: &str) -> bool {
        list::List::wants(self, code)
    }
    fn add(&mut self, case: &JoinedCase<'_>) {
        list::List::add(self, case);
    }
    fn merge(&mut self, other: Self) {
        list::List::merge(self, other);
    }
    fn pack(self) -> Vec<u8> {
        list::List::pack(self)
    }
    fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        list::List::add_packed(self, bytes)
    }
}

impl Sum for statistics::Statistics {
    fn add(&mut self, case: &JoinedCase<'_>) {
        statistics::Statistics::add(self, case);
    }
    fn merge(&mut self, other: Self) {
        statistics::Statistics::merge(self, other);
    }
    fn pack(self) -> Vec<u8> {
        statistics::Statistics::pack(self)
    }
    fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        statistics::Statistics::add_packed(self, bytes)
    }
}

impl Sum for clockwork::Clockwork {
    fn add(&mut self, case: &JoinedCase<'_>) {
        clockwork::Clockwork::add(self, case);
    }
    fn merge(&mut self, other: Self) {
        clockwork::Clockwork::merge(self, other);
    }
    fn pack(self) -> Vec<u8> {
        clockwork::Clockwork::pack(self)
    }
    fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        clockwork::Clockwork::add_packed(self, bytes)
    }
}

impl Sum for horizontal::Horizontal {
    fn add(&mut self, case: &JoinedCase<'_>) {
        horizontal::Horizontal::add(self, case);
    }
    fn merge(&mut self, other: Self) {
        horizontal::Horizontal::merge(self, other);
    }
    fn pack(self) -> Vec<u8> {
        horizontal::Horizontal::pack(self)
    }
    fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        horizontal::Horizontal::add_packed(self, bytes)
    }
}

impl Sum for vertical::Vertical {
    fn add(&mut self, case: &JoinedCase<'_>) {
        vertical::Vertical::add(self, case);
    }
    fn merge(&mut self, other: Self) {
        vertical::Vertical::merge(self, other);
    }
    fn pack(self) -> Vec<u8> {
        vertical::Vertical::pack(self)
    }
    fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        vertical::Vertical::add_packed(self, bytes)
    }
}
