//! The codes that a part mentions, each once, in one small block: its record key first, then
//! dossiers, cases and linked codes as they came up.

/// Where a code stands in the block; stable while the part lives.
pub type At = u32;
/// The record key itself.
pub const KEY: At = 0;
/// No code.
pub const NONE: At = At::MAX;

/// Codes as length and text, one after the other. A length is one byte, or 255 and four more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codes(Box<[u8]>);

impl Codes {
    /// The codes of a new part.
    pub fn new(key: &str) -> Self {
        let mut block = Vec::new();
        push(&mut block, key);
        Self(block.into_boxed_slice())
    }

    /// Reads a block that [`Codes::block`] gave; none if it is not one.
    pub fn from_block(block: &[u8]) -> Option<Self> {
        let mut at = 0;
        while at < block.len() {
            let (text, end) = entry(block, at)?;
            std::str::from_utf8(text).ok()?;
            at = end;
        }
        (at > 0).then(|| Self(block.into()))
    }

    /// The block, to be stored.
    pub fn block(&self) -> &[u8] {
        &self.0
    }

    /// The record key.
    pub fn key(&self) -> &str {
        self.code(KEY)
    }

    /// The code at a place that [`Codes::add`] gave; empty for [`NONE`].
    pub fn code(&self, at: At) -> &str {
        entry(&self.0, at as usize)
            .and_then(|(text, _)| std::str::from_utf8(text).ok())
            .unwrap_or_default()
    }

    /// The place of a code, if the part mentions it.
    pub fn find(&self, code: &str) -> Option<At> {
        let mut at = 0;
        while let Some((text, end)) = entry(&self.0, at) {
            if text == code.as_bytes() {
                return Some(at as At);
            }
            at = end;
        }
        None
    }

    /// The place of a code, added now if it is new, and whether it is.
    pub fn add(&mut self, code: &str) -> (At, bool) {
        if let Some(at) = self.find(code) {
            return (at, false);
        }
        let at = self.0.len() as At;
        let mut block = std::mem::take(&mut self.0).into_vec();
        block.reserve_exact(code.len() + 5);
        push(&mut block, code);
        self.0 = block.into_boxed_slice();
        (at, true)
    }

    /// Every code with its place, the key first.
    pub fn iter(&self) -> impl Iterator<Item = (At, &str)> {
        self.iter_from(0)
    }

    /// Every code from a place on, with its place.
    pub fn iter_from(&self, from: usize) -> impl Iterator<Item = (At, &str)> {
        let mut at = from;
        std::iter::from_fn(move || {
            let (_, end) = entry(&self.0, at)?;
            let here = at as At;
            at = end;
            Some((here, self.code(here)))
        })
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
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn codes_stay_where_they_are_and_come_back_from_their_block() {
        let long = "x".repeat(300);
        let mut codes = Codes::new("LT-1");
        let (first, new) = codes.add("H56-1");
        assert!(new);
        let (second, _) = codes.add(&long);
        assert_eq!(codes.add("H56-1"), (first, false));
        assert_eq!(codes.add("LT-1"), (KEY, false));
        let back = Codes::from_block(codes.block()).unwrap();
        assert_eq!((back.key(), back.code(first), back.code(second)), ("LT-1", "H56-1", &long[..]));
        assert_eq!(back.code(NONE), "");
        assert_eq!(back.iter().count(), 3);
    }

    #[test]
    fn a_damaged_block_is_not_read() {
        let block = Codes::new("LT-1").block().to_vec();
        assert_eq!(Codes::from_block(&block[..3]), None);
        assert_eq!(Codes::from_block(&[]), None);
        assert_eq!(Codes::from_block(&[1, 0xff]), None);
    }
}
