//! Who takes part, and how much each may be handed yet.

use hashbrown::HashMap;
use std::collections::VecDeque;

#[derive(Debug, Default)]
struct Place {
    share: usize,
    flying: usize,
    /// It stands in the line of those that may be handed something.
    in_line: bool,
}

/// The seats, and the line of those with room.
#[derive(Debug, Default)]
pub(super) struct Seats {
    places: HashMap<u64, Place>,
    line: VecDeque<u64>,
    flying: usize,
}

impl Seats {
    /// Takes a seat, or changes its share.
    pub(super) fn set(&mut self, seat: u64, share: usize) {
        self.places.entry(seat).or_default().share = share;
        self.stand_in_line(seat);
    }

    /// What flew with it lands, too.
    pub(super) fn remove(&mut self, seat: u64) {
        if let Some(place) = self.places.remove(&seat) {
            self.flying -= place.flying;
            self.line.retain(|waiting| *waiting != seat);
        }
    }

    /// Events with all seats.
    pub(super) fn flying(&self) -> usize {
        self.flying
    }

    /// Events with one seat.
    pub(super) fn flying_with(&self, seat: u64) -> usize {
        self.places.get(&seat).map_or(0, |place| place.flying)
    }

    /// The next in line and how many of so many events it takes, so that all in line get alike.
    pub(super) fn next(&mut self, events: usize) -> Option<(u64, usize)> {
        while let Some(seat) = self.line.pop_front() {
            let Some(place) = self.places.get_mut(&seat) else {
                continue;
            };
            place.in_line = false;
            let free = place.share.saturating_sub(place.flying);
            if free > 0 {
                return Some((seat, free.min(events.div_ceil(self.line.len() + 1))));
            }
        }
        None
    }

    /// So many events are with the seat now. It is out of the line until all others had their turn:
    /// see [`Seats::next_round`].
    pub(super) fn took(&mut self, seat: u64, events: usize) {
        if let Some(place) = self.places.get_mut(&seat) {
            place.flying += events;
            self.flying += events;
        }
    }

    /// Seats that took something stand in line again.
    pub(super) fn next_round(&mut self, seats: Vec<u64>) {
        seats.into_iter().for_each(|seat| self.stand_in_line(seat));
    }

    /// An event is no longer with the seat.
    pub(super) fn landed(&mut self, seat: u64) {
        if let Some(place) = self.places.get_mut(&seat) {
            place.flying -= 1;
            self.flying -= 1;
        }
        self.stand_in_line(seat);
    }

    /// Nothing is with anybody.
    pub(super) fn land_all(&mut self) {
        self.flying = 0;
        self.places.values_mut().for_each(|place| place.flying = 0);
        let seats: Vec<u64> = self.places.keys().copied().collect();
        seats.into_iter().for_each(|seat| self.stand_in_line(seat));
    }

    fn stand_in_line(&mut self, seat: u64) {
        if let Some(place) = self.places.get_mut(&seat)
            && !place.in_line
            && place.flying < place.share
        {
            place.in_line = true;
            self.line.push_back(seat);
        }
    }
}
