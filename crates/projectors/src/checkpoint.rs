//! A state as rows of a store, and back with proof.
//!
//! ```text
//! row 0            behind a digest of its own: format, view, partition, status tables, position,
//!                  digest of the content, parked keys
//! rows 1 << 32 ..  the vocabulary, a piece for each checkpoint that added to it
//! rows 2 << 32 ..  the parts, one a row
//! ```
//! What is read back counts only if it is of this view, partition, log and status tables, and if the digest
//! computed from its content is the one that was written with it. A state that does not prove
//! itself is thrown away by the caller and made again from the log.

use crate::parking::Parking;
use crate::store::{Error, Row, RowNumber, Store};
use crate::views::keyed::digest_of;
use crate::views::names::{Added, Size};
use crate::views::state::{LastRead, Lost};
use crate::views::stored::{Counts, Parts};
use crate::views::{State, View};
use lienthong_domain::status::Mappings;
use serde::{Deserialize, Serialize};

/// Version of everything stored: facts, rows, digests. Another version does not prove itself.
const FORMAT: u32 = 3;
const VOCABULARY: RowNumber = 1 << 32;
const PARTS: RowNumber = 2 << 32;
/// About how many bytes are handed over at once.
const PIECE_BYTES: usize = 256 << 10;

/// Whose state it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The view.
    pub view: View,
    /// The partition.
    pub partition: u32,
    /// How many partitions the log has.
    pub partitions: u32,
}

/// Why a stored state does not count. It is then made again from the log: none of this is retried.
#[derive(Debug, thiserror::Error)]
pub enum Unproven {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// There is content without a finished checkpoint, or content that does not read.
    #[error("its content does not read: {0}")]
    Content(String),
    /// It was written by another version, or of another view, partition, number of partitions or
    /// other status tables.
    #[error("it is of {0}")]
    Other(String),
    /// The digest of its content is not the one written with it.
    #[error("its digest is {found:032x}, not {written:032x} as written")]
    Digest {
        /// Computed from the content.
        found: u128,
        /// Written with the content.
        written: u128,
    },
}

#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
    view: String,
    partition: u32,
    partitions: u32,
    /// [`Mappings::fingerprint`].
    tables: String,
    next: u64,
    digest: [u8; 16],
    facts: u64,
    keys: u64,
    duplicates: u64,
    names: Size,
    last: Option<LastRead>,
    lost: Option<Lost>,
    parking: Parking,
}

/// The state in a store, proven; none if the store is empty. It counts only if it was read under
/// these status tables.
///
/// # Errors
/// [`Unproven`].
pub fn load(
    store: &mut dyn Store,
    owner: Owner,
    tables: &Mappings,
) -> Result<Option<State>, Unproven> {
    let mut state = State::new(owner.view, 0, tables.clone());
    let mut header: Option<Header> = None;
    let mut fault: Option<Unproven> = None;
    store.load(&mut |number, bytes| {
        let step = match &header {
            None => read_header(number, bytes, owner, tables).map(|read| header = Some(read)),
            Some(_) => put_back(state.facts.parts_mut(), number, bytes),
        };
        fault = step.err();
        fault.is_none()
    })?;
    match (fault, header) {
        (Some(fault), _) => Err(fault),
        (None, None) => Ok(None),
        (None, Some(header)) => prove(state, header).map(Some),
    }
}

fn read_header(
    number: RowNumber,
    bytes: &[u8],
    owner: Owner,
    tables: &Mappings,
) -> Result<Header, Unproven> {
    if number != 0 {
        return Err(Unproven::Content("no checkpoint was finished".to_owned()));
    }
    let bytes = unsealed(bytes)?;
    let read = postcard::take_from_bytes::<u32>(bytes).map(|(format, _)| format);
    if read != Ok(FORMAT) {
        return Err(Unproven::Other("another format".to_owned()));
    }
    let header: Header =
        postcard::from_bytes(bytes).map_err(|error| Unproven::Content(error.to_string()))?;
    let known = (&header.view[..], header.partition, header.partitions);
    if known != (owner.view.name(), owner.partition, owner.partitions) {
        let (view, partition, partitions) = known;
        let other = format!("view {view}, partition {partition} of {partitions}");
        return Err(Unproven::Other(other));
    }
    if header.tables != tables.fingerprint() {
        let (of, now) = (&header.tables, tables.fingerprint());
        let other = format!("the status tables {of}, and those in force are {now}");
        return Err(Unproven::Other(other));
    }
    Ok(header)
}

/// What was written behind its own digest.
fn unsealed(bytes: &[u8]) -> Result<&[u8], Unproven> {
    match bytes.split_first_chunk::<16>() {
        Some((seal, rest)) if *seal == digest_of(rest).to_le_bytes() => Ok(rest),
        _ => Err(Unproven::Content("its first row is damaged".to_owned())),
    }
}

fn sealed(bytes: Vec<u8>) -> Vec<u8> {
    let seal = digest_of(&bytes).to_le_bytes();
    [&seal, &bytes[..]].concat()
}

fn put_back(parts: &mut dyn Parts, number: RowNumber, bytes: &[u8]) -> Result<(), Unproven> {
    let unreadable = |what: &dyn std::fmt::Display| Unproven::Content(what.to_string());
    if number >= PARTS {
        let put_back = parts.put_back((number - PARTS) as u32, bytes);
        return put_back.map_err(|damaged| unreadable(&damaged));
    }
    let added: Added = postcard::from_bytes(bytes).map_err(|error| unreadable(&error))?;
    match parts.names_mut().add(&added) {
        true => Ok(()),
        false => Err(unreadable(&"the vocabulary has a gap")),
    }
}

fn prove(mut state: State, header: Header) -> Result<State, Unproven> {
    let parts = state.facts.parts_mut();
    parts.set_duplicates(header.duplicates);
    parts.changes_mut().clear();
    let expected = Counts {
        facts: header.facts,
        keys: header.keys,
        duplicates: header.duplicates,
    };
    if parts.counts() != expected || parts.names().size() != header.names {
        return Err(Unproven::Content("rows are missing".to_owned()));
    }
    state.next = header.next;
    state.last = header.last;
    state.lost = header.lost;
    state.parking = header.parking;
    let (found, written) = (state.digest(), u128::from_le_bytes(header.digest));
    if found != written {
        return Err(Unproven::Digest { found, written });
    }
    Ok(state)
}

/// Begins a checkpoint of the state as it is now: the rows to be put first. The parts follow
/// through [`next_rows`], while the state may go on changing.
///
/// # Errors
/// [`Error::Write`] if they cannot be encoded.
pub fn begin(state: &mut State, owner: Owner, written: Size) -> Result<Vec<Row>, Error> {
    let (digest, counts) = (state.digest(), state.facts.parts().counts());
    let names = state.facts.parts().names();
    let header = Header {
        format: FORMAT,
        view: owner.view.name().to_owned(),
        partition: owner.partition,
        partitions: owner.partitions,
        tables: state.tables.fingerprint().to_owned(),
        next: state.next,
        digest: digest.to_le_bytes(),
        facts: counts.facts,
        keys: counts.keys,
        duplicates: counts.duplicates,
        names: names.size(),
        last: state.last,
        lost: state.lost,
        parking: state.parking.clone(),
    };
    let encode = |encoded: Result<Vec<u8>, postcard::Error>| {
        encoded.map_err(|error| Error::Write(error.to_string()))
    };
    let mut rows = vec![(0, sealed(encode(postcard::to_allocvec(&header))?))];
    if names.size() != written {
        let number = VOCABULARY + u64::from(written.names) + u64::from(written.parties);
        rows.push((
            number,
            encode(postcard::to_allocvec(&names.since(written)))?,
        ));
    }
    state.facts.parts_mut().changes_mut().begin();
    Ok(rows)
}

/// The next rows of the checkpoint that was begun; none: that was all of it.
pub fn next_rows(state: &mut State) -> Vec<Row> {
    let pieces = state.facts.parts_mut().next_pieces(PIECE_BYTES);
    let row = |(part, bytes)| (PARTS + u64::from(part), bytes);
    pieces.into_iter().map(row).collect()
}

#[cfg(test)]
#[path = "checkpoint_tests.rs"]
mod tests;
