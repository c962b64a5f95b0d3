//! What a diary proves: everything told, in order, numbered without gaps, and every repetition
//! with its cause.

use super::diary::{Note, Seen, What};
use super::expected::Expected;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

/// Records of a partition within which a source's repeat must be left out, as the contract states.
const WINDOW: u64 = 65_536;

/// What is found of one way of subscribing. All but the counts of what is usual should be 0.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Verdict {
    /// The way.
    pub way: String,
    /// Different events that it must have been told.
    pub must: u64,
    /// Events told, repetitions included.
    pub told: u64,
    /// Different events told; of a durable subscription: told and acknowledged.
    pub different: u64,
    /// Of those that it must have been told, the ones it was not.
    pub lost: u64,
    /// Told though never sent or not wanted.
    pub strangers: u64,
    /// Told before an earlier one of its case, or while that was not acknowledged.
    pub order_breaks: u64,
    /// Repetitions by cause.
    pub repeated: BTreeMap<String, u64>,
    /// Repetitions without a cause.
    pub unexplained: u64,
    /// Sequence numbers that nobody was told.
    pub gaps: u64,
    /// Sequence numbers that stood for two events.
    pub renumbered: u64,
    /// Days whose manifest was compared.
    pub manifests: u64,
    /// Those that differ from what was told.
    pub manifests_different: u64,
    /// Sequence numbers read again by `ReadRange` and compared.
    pub read_again: u64,
    /// Those that were another event, or missing.
    pub read_wrong: u64,
    /// Cases that were parked and let go on.
    pub parked: u64,
    /// Streams opened.
    pub sessions: u64,
    /// Longest time without an event of a way that wants all, while events were acknowledged, in
    /// seconds, by what was done to the hub.
    pub silences_s: BTreeMap<String, f64>,
    /// Messages that told no event, and ends of streams.
    pub heard: BTreeMap<String, u64>,
    /// Anything wrong, in words.
    pub strange: Vec<String>,
}

impl Verdict {
    /// Whether nothing is wrong and something was told.
    pub fn is_clean(&self) -> bool {
        let wrong = self.lost + self.strangers + self.order_breaks + self.unexplained;
        let numbers = self.gaps + self.renumbered + self.manifests_different + self.read_wrong;
        wrong + numbers == 0 && self.strange.is_empty() && self.must > 0
    }

    /// Keeps the first few things that are wrong.
    pub fn say(&mut self, what: String) {
        if self.strange.len() < 8 {
            self.strange.push(what);
        }
    }

    fn repeat(&mut self, cause: &str) {
        *self.repeated.entry(cause.to_owned()).or_default() += 1;
    }
}

/// When the hub was disturbed: what is told twice shortly after may have that cause.
#[derive(Debug, Clone)]
pub struct Outage {
    /// What was done.
    pub what: String,
    /// From then.
    pub from: Instant,
    /// Until then, and what follows of it.
    pub until: Instant,
}

/// How long after a disturbance its consequences may show.
const AFTERMATH: Duration = Duration::from_secs(20);

fn in_outage(outages: &[Outage], from: Instant, until: Instant) -> bool {
    outages
        .iter()
        .any(|outage| from <= outage.until + AFTERMATH && until >= outage.from)
}

/// Why an event lies in the log twice for a subscriber, if the contract allows it.
fn recorded_twice(first: &Seen, again: &Seen) -> Option<&'static str> {
    if first.key != again.key || first.partition != again.partition {
        return Some("recorded under another key");
    }
    (again.offset.abs_diff(first.offset) > WINDOW).then_some("beyond the window")
}

/// Set and order of what was told, however it was told.
struct Order<'a> {
    expected: &'a Expected,
    /// By key, the last first telling.
    last: HashMap<u32, Seen>,
}

impl Order<'_> {
    /// Whether an event told for the first time comes after those of its case that were sent
    /// before.
    fn breaks(&mut self, seen: &Seen) -> bool {
        let Some(before) = self.last.insert(seen.key, *seen) else {
            return false;
        };
        let known_offsets = before.offset != u64::MAX && seen.offset != u64::MAX;
        if known_offsets && (seen.partition != before.partition || seen.offset <= before.offset) {
            return true;
        }
        let place = |event| self.expected.place.get(&event);
        match (place(before.event), place(seen.event)) {
            (Some(before), Some(now)) => before.0 == now.0 && now.1 <= before.1,
            _ => false,
        }
    }
}

/// Checks a way whose place the caller keeps.
pub fn stream(expected: &Expected, notes: &[Note]) -> Verdict {
    let mut verdict = Verdict::default();
    let mut first: HashMap<u32, (usize, Seen)> = HashMap::new();
    let mut order = Order {
        expected,
        last: HashMap::new(),
    };
    let mut resumed_from = usize::MAX;
    for (index, note) in notes.iter().enumerate() {
        let seen = match note.what {
            What::Resumed(from) => {
                resumed_from = from;
                continue;
            }
            What::Told(seen) => seen,
            _ => continue,
        };
        verdict.told += 1;
        if !expected.may.contains(&seen.event) {
            verdict.strangers += 1;
            verdict.say(format!("told an event that was not to be told: {seen:?}"));
        }
        match first.get_mut(&seen.event) {
            None => {
                first.insert(seen.event, (index, seen));
                if order.breaks(&seen) {
                    verdict.order_breaks += 1;
                    verdict.say(format!("out of order: {seen:?}"));
                }
            }
            Some((last, before)) if before.offset == seen.offset && before.key == seen.key => {
                // Only what was told after the token was taken may be told again.
                if *last >= resumed_from {
                    verdict.repeat("resumed from an older token");
                } else {
                    verdict.unexplained += 1;
                    verdict.say(format!("told again: {seen:?}"));
                }
                *last = index;
            }
            Some((_, before)) => match recorded_twice(before, &seen) {
                Some(cause) => verdict.repeat(cause),
                None => {
                    verdict.unexplained += 1;
                    verdict.say(format!("a repeat was not left out: {before:?} {seen:?}"));
                }
            },
        }
    }
    sum_up(expected, &first.keys().copied().collect(), &mut verdict);
    verdict
}

/// An acknowledgement may be lost with the connection for so long.
const ON_THE_WAY: Duration = Duration::from_secs(1);

/// Where a sequence number stands with the consumers.
#[derive(Clone, Copy)]
enum State {
    Out { who: u16, at: Instant },
    Done(Instant),
    Failed,
    Forgotten,
    Left,
    LeftSaying,
}

/// What the checker knows of a durable subscription's ways beside the notes.
pub struct Durable<'a> {
    /// How long an event may be out.
    pub ack_timeout: Duration,
    /// Acknowledgements that the hub told to be late.
    pub late: u64,
    /// When the hub was disturbed.
    pub outages: &'a [Outage],
    /// Cases that were let go on leave their failed event out.
    pub skipped: &'a HashSet<u64>,
}

/// Checks a durable subscription over all its consumers.
pub fn durable(expected: &Expected, notes: &[Note], knows: &Durable) -> Verdict {
    let mut verdict = Verdict::default();
    let mut numbers: HashMap<u64, Seen> = HashMap::new();
    let mut states: HashMap<u64, State> = HashMap::new();
    let mut done: HashSet<u64> = HashSet::new();
    // A receipt names one handing out, for ever.
    let mut attempts: HashSet<(u64, u32)> = HashSet::new();
    // The latest attempt told, by number; and who read an earlier one after it, whose answer to
    // that has no effect.
    let mut latest: HashMap<u64, u32> = HashMap::new();
    let mut stale: HashSet<(u16, u64)> = HashSet::new();
    let mut late = knows.late;
    // What each said last, which is lost if his connection ends before it is sent.
    let mut acknowledged: HashMap<u16, VecDeque<(u64, Instant)>> = HashMap::new();
    let mut out: HashMap<u16, HashSet<u64>> = HashMap::new();
    // Of each case the last number that was told for the first time.
    let mut newest: HashMap<u32, u64> = HashMap::new();
    let mut order = Order {
        expected,
        last: HashMap::new(),
    };
    for note in notes {
        let seen = match note.what {
            What::Told(seen) => seen,
            What::Done(number) | What::Failed(number) | What::Forgotten(number)
                if stale.remove(&(note.who, number)) =>
            {
                continue;
            }
            What::Done(number) => {
                done.insert(number);
                states.insert(number, State::Done(note.at));
                let said = acknowledged.entry(note.who).or_default();
                said.push_back((number, note.at));
                while said
                    .front()
                    .is_some_and(|(_, at)| note.at.duration_since(*at) >= ON_THE_WAY)
                {
                    said.pop_front();
                }
                out.entry(note.who).or_default().remove(&number);
                continue;
            }
            What::Failed(number) => {
                states.insert(number, State::Failed);
                out.entry(note.who).or_default().remove(&number);
                continue;
            }
            What::Forgotten(number) => {
                states.insert(number, State::Forgotten);
                out.entry(note.who).or_default().remove(&number);
                continue;
            }
            What::Left => {
                let on_the_way =
                    |(_, at): &(u64, Instant)| note.at.duration_since(*at) < ON_THE_WAY;
                let said = acknowledged.remove(&note.who).unwrap_or_default();
                for (number, at) in said.into_iter().filter(on_the_way) {
                    if matches!(states.get(&number), Some(State::Done(done)) if *done == at) {
                        states.insert(number, State::LeftSaying);
                    }
                }
                for number in out.remove(&note.who).unwrap_or_default() {
                    states.insert(number, State::Left);
                }
                continue;
            }
            What::Resumed(_) => continue,
        };
        verdict.told += 1;
        if !expected.may.contains(&seen.event) {
            verdict.strangers += 1;
            verdict.say(format!("told an event that was not to be told: {seen:?}"));
        }
        if !attempts.insert((seen.sequence, seen.attempt)) {
            verdict.unexplained += 1;
            verdict.say(format!("one attempt, handed out twice: {seen:?}"));
        }
        let latest = latest.entry(seen.sequence).or_default();
        if seen.attempt < *latest {
            stale.insert((note.who, seen.sequence));
            verdict.repeat("a consumer read an earlier attempt after a later one was told");
            continue;
        }
        *latest = seen.attempt;
        let before = states.insert(
            seen.sequence,
            State::Out {
                who: note.who,
                at: note.at,
            },
        );
        out.entry(note.who).or_default().insert(seen.sequence);
        match numbers.get(&seen.sequence) {
            None => {
                numbers.insert(seen.sequence, seen);
                if before_it_is_open(&mut newest, &seen, &done, knows) || order.breaks(&seen) {
                    verdict.order_breaks += 1;
                    verdict.say(format!("out of order: {seen:?}"));
                }
            }
            Some(first) if first.event != seen.event || first.key != seen.key => {
                verdict.renumbered += 1;
                verdict.say(format!("one number, two events: {first:?} {seen:?}"));
            }
            Some(_) => match why_again(before, note, knows) {
                Some(cause) => verdict.repeat(cause),
                // It lay unread for a while; the hub counts from when it was handed out.
                None if matches!(before, Some(State::Done(_))) && late > 0 => {
                    late -= 1;
                    verdict.repeat("acknowledged too late, as the hub told");
                }
                None => {
                    verdict.unexplained += 1;
                    verdict.say(format!("handed out again: {seen:?}"));
                }
            },
        }
    }
    numbered_once(&numbers, &mut verdict);
    let acknowledged = done.iter().filter_map(|number| numbers.get(number));
    let acknowledged = acknowledged.map(|seen| seen.event).collect();
    sum_up(expected, &acknowledged, &mut verdict);
    verdict
}

/// Whether an earlier event of the case was not acknowledged when this one was told first.
fn before_it_is_open(
    newest: &mut HashMap<u32, u64>,
    seen: &Seen,
    done: &HashSet<u64>,
    knows: &Durable,
) -> bool {
    match newest.insert(seen.key, seen.sequence) {
        Some(before) => {
            before > seen.sequence || !(done.contains(&before) || knows.skipped.contains(&before))
        }
        None => false,
    }
}

/// Why a number was handed out again.
fn why_again(before: Option<State>, note: &Note, knows: &Durable) -> Option<&'static str> {
    // The hub's clock and ours start a little apart.
    let timed_out = |at: Instant| note.at.duration_since(at) * 10 >= knows.ack_timeout * 9;
    match before? {
        State::Failed => Some("negatively acknowledged"),
        State::Forgotten => Some("not acknowledged in time"),
        State::Left => Some("the consumer left"),
        State::LeftSaying => Some("the consumer left with its acknowledgement on the way"),
        State::Out { at, .. } if timed_out(at) => Some("not acknowledged in time"),
        State::Done(at) if timed_out(at) => Some("acknowledged too late"),
        State::Out { at, .. } | State::Done(at) if in_outage(knows.outages, at, note.at) => {
            Some("a gateway ended with the acknowledgement not yet recorded")
        }
        // A consumer whose connection ended notices later than the hub.
        State::Out { who, .. } if who == note.who => Some("the consumer left"),
        State::Out { .. } | State::Done(_) => None,
    }
}

/// Gaps among the numbers, and events that have two.
fn numbered_once(numbers: &HashMap<u64, Seen>, verdict: &mut Verdict) {
    let last = numbers.keys().max().copied().unwrap_or_default();
    let missing = (1..=last).filter(|number| !numbers.contains_key(number));
    verdict.gaps = missing.clone().count() as u64;
    if let Some(number) = missing.clone().next() {
        verdict.say(format!("number {number} was never told"));
    }
    let mut sorted: Vec<&Seen> = numbers.values().collect();
    sorted.sort_by_key(|seen| seen.sequence);
    let mut of_event: HashMap<u32, &Seen> = HashMap::new();
    for seen in sorted {
        let Some(before) = of_event.insert(seen.event, seen) else {
            continue;
        };
        match recorded_twice(before, seen) {
            Some(cause) => verdict.repeat(cause),
            None => {
                verdict.unexplained += 1;
                verdict.say(format!("one event, two numbers: {before:?} {seen:?}"));
            }
        }
    }
}

fn sum_up(expected: &Expected, told: &HashSet<u32>, verdict: &mut Verdict) {
    verdict.must = expected.must.len() as u64;
    verdict.different = told.len() as u64;
    verdict.lost = expected.must.difference(told).count() as u64;
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
