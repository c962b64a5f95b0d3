//! The events that are numbered and not settled, in a line for each case.

use crate::source::Ready;
use hashbrown::HashMap;
use lienthong_eventlog::Position;

/// Where an event stands. Only the first of a case is anything but behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Another of its case is before it.
    Behind,
    /// To be handed out next.
    Ready,
    /// To be handed out once it is read again.
    Unread,
    /// With this seat.
    Flying(u64),
    /// How it goes on is not durable yet.
    Recording,
    /// That it is left out is not durable yet.
    Skipping,
    /// Until this time, milliseconds since the epoch.
    Pausing(i64),
    /// Until it is released.
    Parked,
}

#[derive(Debug)]
pub(super) struct Event {
    pub(super) position: Position,
    pub(super) case: u64,
    pub(super) given_ms: i64,
    /// Of the handing out under way, else of the next.
    pub(super) attempt: u32,
    pub(super) stage: Stage,
    /// Nobody answered the attempt before; until the next begins, that it is done still counts.
    pub(super) unanswered: bool,
    /// It is being read again.
    pub(super) reading: bool,
    /// None: to be read again when its turn comes.
    pub(super) payload: Option<Ready>,
    /// The next of its case; 0: none.
    next: u64,
}

/// Why a case does not go on, if so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// It goes on.
    None,
    /// Shortly, so that its events are kept in memory.
    Pause,
    /// For long, so that they are read again.
    LongPause,
    /// Until it is released.
    Parked,
}

impl Hold {
    fn is_long(self) -> bool {
        matches!(self, Hold::LongPause | Hold::Parked)
    }
}

#[derive(Debug)]
struct Case {
    first: u64,
    last: u64,
    count: usize,
    hold: Hold,
}

/// Events and cases. Every operation on one event takes constant time.
#[derive(Debug, Default)]
pub(super) struct Cases {
    events: HashMap<u64, Event>,
    cases: HashMap<u64, Case>,
    /// Events of cases that pause.
    pub(super) pausing: usize,
    /// Events of parked cases.
    pub(super) parked: usize,
    /// Events whose payload is in memory.
    pub(super) loaded: usize,
}

impl Event {
    pub(super) fn new(position: Position, case: u64, given_ms: i64) -> Event {
        Event {
            position,
            case,
            given_ms,
            attempt: 1,
            stage: Stage::Behind,
            unanswered: false,
            reading: false,
            payload: None,
            next: 0,
        }
    }
}

impl Cases {
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    pub(super) fn event(&self, sequence: u64) -> Option<&Event> {
        self.events.get(&sequence)
    }

    pub(super) fn event_mut(&mut self, sequence: u64) -> Option<&mut Event> {
        self.events.get_mut(&sequence)
    }

    pub(super) fn events(&self) -> impl Iterator<Item = (u64, &Event)> {
        self.events
            .iter()
            .map(|(sequence, event)| (*sequence, event))
    }

    /// The first of a case.
    pub(super) fn first_of(&self, case: u64) -> Option<u64> {
        self.cases.get(&case).map(|case| case.first)
    }

    /// The next of the same case.
    pub(super) fn after(&self, sequence: u64) -> Option<u64> {
        let next = self.events.get(&sequence)?.next;
        (next > 0).then_some(next)
    }

    /// Events of a case.
    pub(super) fn count_of(&self, case: u64) -> usize {
        self.cases.get(&case).map_or(0, |case| case.count)
    }

    pub(super) fn hold_of(&self, case: u64) -> Hold {
        self.cases.get(&case).map_or(Hold::None, |case| case.hold)
    }

    /// Puts an event at the end of its case; says whether it is the first. Its payload stays only
    /// if that of all before it does: what is in memory can be handed out without reading anything,
    /// and so makes room for the rest.
    pub(super) fn add(&mut self, sequence: u64, mut event: Event) -> bool {
        let case = self.cases.entry(event.case).or_insert(Case {
            first: sequence,
            last: sequence,
            count: 0,
            hold: Hold::None,
        });
        case.count += 1;
        let is_first = case.first == sequence;
        let before = std::mem::replace(&mut case.last, sequence);
        let hold = case.hold;
        if !is_first && let Some(before) = self.events.get_mut(&before) {
            before.next = sequence;
            if before.payload.is_none() {
                event.payload = None;
            }
        }
        self.loaded += usize::from(event.payload.is_some());
        self.count(hold, 1);
        self.events.insert(sequence, event);
        is_first
    }

    /// Takes the first event of a case out; says which is the first now. Its case goes on.
    pub(super) fn remove_first(&mut self, sequence: u64) -> Option<u64> {
        let event = self.events.remove(&sequence)?;
        self.loaded -= usize::from(event.payload.is_some());
        let case = self.cases.get_mut(&event.case)?;
        let hold = std::mem::replace(&mut case.hold, Hold::None);
        let events = case.count as isize;
        case.count -= 1;
        case.first = event.next;
        if event.next == 0 {
            self.cases.remove(&event.case);
        }
        self.count(hold, -events);
        (event.next > 0).then_some(event.next)
    }

    /// Holds a case or lets it go on; what is held for long leaves memory.
    pub(super) fn set_hold(&mut self, case: u64, hold: Hold) {
        let Some(of) = self.cases.get_mut(&case) else {
            return;
        };
        let before = std::mem::replace(&mut of.hold, hold);
        if before == hold {
            return;
        }
        let (first, events) = (of.first, of.count as isize);
        self.count(before, -events);
        self.count(hold, events);
        if hold.is_long() && !before.is_long() {
            let mut next = first;
            while let Some(event) = self.events.get_mut(&next) {
                self.loaded -= usize::from(event.payload.take().is_some());
                next = event.next;
            }
        }
    }

    /// Puts the payload of the first event of a case back into memory, or of the next if the first
    /// has its own.
    pub(super) fn load(&mut self, sequence: u64, payload: Ready) {
        let Some(event) = self.events.get(&sequence) else {
            return;
        };
        let first = self.cases.get(&event.case).map_or(0, |case| case.first);
        let is_next = |first: &Event| first.payload.is_some() && first.next == sequence;
        if first != sequence && !self.events.get(&first).is_some_and(is_next) {
            return;
        }
        if let Some(event) = self.events.get_mut(&sequence) {
            self.loaded += usize::from(event.payload.is_none());
            event.payload = Some(payload);
        }
    }

    fn count(&mut self, hold: Hold, events: isize) {
        match hold {
            Hold::None => {}
            Hold::Pause | Hold::LongPause => {
                self.pausing = self.pausing.saturating_add_signed(events);
            }
            Hold::Parked => self.parked = self.parked.saturating_add_signed(events),
        }
    }
}
