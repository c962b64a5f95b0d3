//! Memory for a million small blocks that keep growing.
//!
//! A block is written whole at the end of the newest chunk; the place it had before is waste. When
//! there is too much waste the chunk with the least in it is emptied into the newest one and
//! filled again. So memory stays within a known factor of what the blocks need, in whatever order
//! they grow, which a general allocator does not promise.
//!
//! ```text
//! chunk:  [number][length][block][number][length][block] ...
//! places: number -> chunk, offset of the block
//! ```

/// Bytes of a chunk; a larger block has a chunk of its own.
const CHUNK: usize = 1 << 18;
const HEAD: usize = 8;
/// Waste of up to one part in this many of everything is left alone.
const WASTE: usize = 5;

#[derive(Clone, Copy)]
struct Place {
    chunk: u32,
    at: u32,
}

#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    /// Bytes of blocks that are in use, with their heads.
    live: usize,
}

/// Blocks by number, from 0.
#[derive(Default)]
pub struct Arena {
    places: Vec<Place>,
    chunks: Vec<Chunk>,
    /// Chunks that were emptied.
    empty: Vec<u32>,
    /// The chunk being filled.
    newest: Option<u32>,
    /// Bytes in use and bytes written, over all chunks.
    live: usize,
    written: usize,
}

impl Arena {
    /// How many blocks there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// A block. Its number must be less than [`Arena::len`].
    pub fn get(&self, number: u32) -> &[u8] {
        let Place { chunk, at } = self.places[number as usize];
        let bytes = &self.chunks[chunk as usize].bytes;
        let at = at as usize;
        &bytes[at..at + length_at(bytes, at)]
    }

    /// A new block; answers its number.
    pub fn push(&mut self, block: &[u8]) -> u32 {
        let number = self.places.len() as u32;
        let place = self.write(number, block);
        self.places.push(place);
        number
    }

    /// Puts another content into a block.
    pub fn set(&mut self, number: u32, block: &[u8]) {
        self.discard(number);
        self.places[number as usize] = self.write(number, block);
        self.tidy();
    }

    fn discard(&mut self, number: u32) {
        let Place { chunk, at } = self.places[number as usize];
        let chunk = &mut self.chunks[chunk as usize];
        let freed = HEAD + length_at(&chunk.bytes, at as usize);
        chunk.live -= freed;
        self.live -= freed;
    }

    fn write(&mut self, number: u32, block: &[u8]) -> Place {
        let needed = HEAD + block.len();
        let at = match self.newest {
            Some(at) if self.chunks[at as usize].bytes.len() + needed <= CHUNK => at,
            _ => self.open(needed),
        };
        let chunk = &mut self.chunks[at as usize];
        chunk.bytes.extend_from_slice(&number.to_le_bytes());
        chunk
            .bytes
            .extend_from_slice(&(block.len() as u32).to_le_bytes());
        let place = Place {
            chunk: at,
            at: chunk.bytes.len() as u32,
        };
        chunk.bytes.extend_from_slice(block);
        chunk.live += needed;
        self.live += needed;
        self.written += needed;
        place
    }

    /// Opens a chunk with room for so many bytes.
    fn open(&mut self, needed: usize) -> u32 {
        let at = self.empty.pop().unwrap_or_else(|| {
            self.chunks.push(Chunk::default());
            self.chunks.len() as u32 - 1
        });
        let bytes = &mut self.chunks[at as usize].bytes;
        bytes.reserve_exact(needed.max(CHUNK));
        self.newest = Some(at);
        at
    }

    /// Empties chunks until waste is within bounds.
    fn tidy(&mut self) {
        while self.written - self.live > self.written / WASTE + 2 * CHUNK {
            let others = (0..self.chunks.len() as u32).filter(|at| Some(*at) != self.newest);
            let others = others.filter(|at| !self.chunks[*at as usize].bytes.is_empty());
            let share = |at: &u32| {
                let chunk = &self.chunks[*at as usize];
                chunk.live * CHUNK / chunk.bytes.len()
            };
            let Some(emptiest) = others.min_by_key(share) else {
                return;
            };
            self.empty_out(emptiest);
        }
    }

    fn empty_out(&mut self, from: u32) {
        let Chunk { mut bytes, live } = std::mem::take(&mut self.chunks[from as usize]);
        self.live -= live;
        self.written -= bytes.len();
        let mut at = HEAD;
        while at <= bytes.len() {
            let number = number_at(&bytes, at);
            let length = length_at(&bytes, at);
            let place = self.places[number as usize];
            if (place.chunk, place.at as usize) == (from, at) {
                self.places[number as usize] = self.write(number, &bytes[at..at + length]);
            }
            at += length + HEAD;
        }
        if bytes.capacity() == CHUNK {
            bytes.clear();
            self.chunks[from as usize].bytes = bytes;
        }
        self.empty.push(from);
    }
}

/// The number in the head before a block at `at`.
fn number_at(bytes: &[u8], at: usize) -> u32 {
    word(bytes, at - HEAD)
}

/// The length in the head before a block at `at`.
fn length_at(bytes: &[u8], at: usize) -> usize {
    word(bytes, at - HEAD / 2) as usize
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let four = bytes[at..].first_chunk::<4>();
    four.map_or(0, |four| u32::from_le_bytes(*four))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn blocks_keep_their_content_and_waste_stays_within_bounds(
            writes in prop::collection::vec((0..400usize, 0..20_000usize), 1..600),
            large in 0..3usize,
        ) {
            let mut arena = Arena::default();
            let mut blocks: Vec<Vec<u8>> = Vec::new();
            for (number, length) in writes {
                let length = if number < large { length * 40 } else { length };
                let block = vec![length as u8; length];
                if number < blocks.len() {
                    arena.set(number as u32, &block);
                    blocks[number] = block;
                } else {
                    prop_assert_eq!(arena.push(&block) as usize, blocks.len());
                    blocks.push(block);
                }
            }
            prop_assert_eq!(arena.len(), blocks.len());
            let mut live = 0;
            for (number, block) in (0..).zip(&blocks) {
                prop_assert!(arena.get(number) == &block[..]);
                live += block.len() + HEAD;
            }
            prop_assert_eq!(arena.live, live);
            let held: usize = arena.chunks.iter().map(|chunk| chunk.bytes.len()).sum();
            prop_assert_eq!(arena.written, held);
            prop_assert!(held <= live * 5 / 4 + 4 * CHUNK + 20_000 * 40);
        }
    }
}
