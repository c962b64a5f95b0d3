//! The codes that a part mentions, each once, in one small block: its record key first, then
//! dossiers, cases and linked codes as they came up.

/// Where a code stands in the block; stable while the part lives.
pub type At = u32;
/// The record key itself.
pub const KEY: At = 0;

/// Codes as length and text, one after the other. A length is one byte, or 255 and four more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codes<'a>(&'a [u8]);

/// Codes to which some may be added.
#[derive(Debug, Clone, Default)]
pub struct MoreCodes(Vec<u8>);

impl<'a> Codes<'a> {
    /// The codes in a block that [`Codes::block`] gave.
    pub fn new(block: &'a [u8]) -> Self {
        Self(block)
    }

    /// Whether the block is whole: at least a key, and every code text.
    pub fn is_whole(self) -> bool {
        let mut at = 0;
        while at < self.0.len() {
            match entry(self.0, at) {
                Some((text, end)) if std::str::from_utf8(text).is_ok() => at = end,
                _ => return false,
            }
        }
        at > 0
    }

    /// The block, to be stored.
    pub fn block(self) -> &'a [u8] {
        self.0
    }

    /// The record key.
    pub fn key(self) -> &'a str {
        self.code(KEY)
    }

    /// The code at a place that [`MoreCodes::add`] gave.
    pub fn code(self, at: At) -> &'a str {
        entry(self.0, at as usize)
            .and_then(|(text, _)| std::str::from_utf8(text).ok())
            .unwrap_or_default()
    }

    /// The place of a code, if the part mentions it.
    pub fn find(self, code: &str) -> Option<At> {
        let mut at = 0;
        while let Some((text, end)) = entry(self.0, at) {
            if text == code.as_bytes() {
                return Some(at as At);
            }
            at = end;
        }
        None
    }

    /// Every code from a place on, with its place; the key is at 0.
    pub fn iter_from(self, from: usize) -> impl Iterator<Item = (At, &'a str)> {
        let mut at = from;
        std::iter::from_fn(move || {
            let (_, end) = entry(self.0, at)?;
            let here = at as At;
            at = end;
            Some((here, self.code(here)))
        })
    }
}

impl MoreCodes {
    /// Takes the place of what was there.
    pub fn start_from(&mut self, codes: Codes<'_>) {
        self.0.clear();
        self.0.extend_from_slice(codes.block());
    }

    /// Begins a new part.
    pub fn start_new(&mut self, key: &str) {
        self.0.clear();
        push(&mut self.0, key);
    }

    /// The codes as they are.
    pub fn codes(&self) -> Codes<'_> {
        Codes(&self.0)
    }

    /// The place of a code, added now if it is new.
    pub fn add(&mut self, code: &str) -> At {
        if let Some(at) = self.codes().find(code) {
            return at;
        }
        let at = self.0.len() as At;
        push(&mut self.0, code);
        at
    }
}

fn push(block: &mut Vec<u8>, code: &str) {
    match u8::try_from(code.len()) {
        Ok(length) if length < u8::MAX => block.push(length),
        _ => {
            block.push(u8::MAX);
            block.extend_from_slice(&(code.len() as u32).to_le_bytes());
        }
    }
    block.extend_from_slice(code.as_bytes());
}

/// The text that begins at `at`, and where it ends.
fn entry(block: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let (length, from) = match *block.get(at)? {
        u8::MAX => {
            let four = block.get(at + 1..at + 5)?;
            (u32::from_le_bytes(four.try_into().ok()?) as usize, at + 5)
        }
        length => (usize::from(length), at + 1),
    };
    Some((block.get(from..from + length)?, from + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stay_where_they_are() {
        let long = "x".repeat(300);
        let mut more = MoreCodes::default();
        more.start_new("LT-1");
        let first = more.add("H56-1");
        let second = more.add(&long);
        assert_eq!((more.add("H56-1"), more.add("LT-1")), (first, KEY));
        let codes = Codes::new(more.codes().block());
        assert!(codes.is_whole());
        let texts = (codes.key(), codes.code(first), codes.code(second));
        assert_eq!(texts, ("LT-1", "H56-1", &long[..]));
        assert_eq!(codes.iter_from(0).count(), 3);
        assert_eq!(codes.iter_from(first as usize).count(), 2);
    }

    #[test]
    fn a_damaged_block_is_not_whole() {
        let mut more = MoreCodes::default();
        more.start_new("LT-1");
        let block = more.codes().block();
        assert!(!Codes::new(&block[..3]).is_whole());
        assert!(!Codes::new(&[]).is_whole());
        assert!(!Codes::new(&[1, 0xff]).is_whole());
    }
}
