//! Counts the lines that a parser has consumed, for parsers that know only bytes.

use std::io::{BufRead, Read, Result};

/// A reader that knows the line it stands on, 1 at the start.
pub(super) struct Counted<R> {
    inner: R,
    line: u64,
}

impl<R: BufRead> Counted<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, line: 1 }
    }

    pub(super) fn line(&self) -> u64 {
        self.line
    }
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let count = self.inner.read(into)?;
        self.line += newlines(&into[..count]);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        if let Ok(buffer) = self.inner.fill_buf() {
            self.line += newlines(buffer.get(..count).unwrap_or(buffer));
        }
        self.inner.consume(count);
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}
