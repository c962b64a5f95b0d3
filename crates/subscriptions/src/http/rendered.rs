//! The JSON of recent events, which all streams and pages share: writing it costs more than all
//! else that is done for one of a thousand streams.

use crate::cloudevent::{self, Error};
use crate::source::{Block, Entry};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// Most bytes of JSON that are kept.
const ROOM: usize = 8 * 1024 * 1024;

/// Where an event lies: partition and offset.
type Place = (u32, u64);

/// See the module.
#[derive(Default)]
pub(super) struct Rendered(Mutex<Shelf>);

/// What is kept, the oldest first to go.
#[derive(Default)]
struct Shelf {
    texts: HashMap<Place, Arc<str>>,
    order: VecDeque<Place>,
    bytes: usize,
}

impl Rendered {
    /// The JSON of an entry of a block.
    ///
    /// # Errors
    /// [`Error`], of bytes that the source did not make.
    pub(super) fn of(&self, block: &Block, entry: &Entry) -> Result<Arc<str>, Error> {
        let place = (block.partition, entry.offset);
        if let Some(text) = self.shelf().texts.get(&place) {
            return Ok(Arc::clone(text));
        }
        // Not under the lock: two that ask at once write it twice rather than wait.
        let delivery = entry.delivery.start as usize..entry.delivery.end as usize;
        let text = cloudevent::render(&block.bytes[delivery], Some(&entry.facets), None)?;
        let text: Arc<str> = text.into();
        self.shelf().put(place, Arc::clone(&text));
        Ok(text)
    }

    fn shelf(&self) -> std::sync::MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn put(&mut self, place: Place, text: Arc<str>) {
        self.bytes += text.len();
        match self.texts.insert(place, text) {
            Some(before) => self.bytes -= before.len(),
            None => self.order.push_back(place),
        }
        while self.bytes > ROOM
            && let Some(oldest) = self.order.pop_front()
        {
            let gone = self.texts.remove(&oldest);
            self.bytes -= gone.map_or(0, |text| text.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_when_there_is_no_more_room() {
        let mut shelf = Shelf::default();
        let text: Arc<str> = "x".repeat(ROOM / 4).into();
        for offset in 0..10 {
            shelf.put((0, offset), Arc::clone(&text));
            shelf.put((0, offset), Arc::clone(&text));
            assert!(shelf.bytes <= ROOM);
        }
        assert_eq!(shelf.order, [(0, 6), (0, 7), (0, 8), (0, 9)]);
        assert_eq!(shelf.texts.len(), 4);
        assert_eq!(shelf.bytes, ROOM);
    }
}
