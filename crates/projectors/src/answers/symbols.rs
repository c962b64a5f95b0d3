//! Small numbers for strings that repeat, so that a scan allocates once per distinct string.

use hashbrown::HashMap;

/// Distinct strings, numbered from 0 in the order they were first seen.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    numbers: HashMap<Box<str>, u32>,
    texts: Vec<Box<str>>,
}

impl Symbols {
    /// The number of a string.
    pub(crate) fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        // 2^32 distinct agencies or provinces are beyond any memory.
        let number = self.texts.len() as u32;
        self.numbers.insert(text.into(), number);
        self.texts.push(text.into());
        number
    }

    /// The string of a number that [`Symbols::number`] gave.
    pub(crate) fn text(&self, number: u32) -> &str {
        &self.texts[number as usize]
    }
}
