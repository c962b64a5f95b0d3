//! Reads the frames of one segment's file in order, in blocks of about 1 MiB, verifying each.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::disk::DiskFile;
use super::format::{self, Check, Found, Frame};
use super::segment::Extent;

/// Bytes read at a time.
pub(super) const BLOCK_BYTES: u64 = 1024 * 1024;

/// A place in a segment's file from which frames are read. Blocking.
pub(super) struct Scan {
    file: Arc<dyn DiskFile>,
    /// Offset of the next frame.
    offset: u64,
    /// How far to read.
    extent: Extent,
    /// The block last read.
    block: Bytes,
    /// Where the block begins in the file.
    block_start: u64,
    /// Where the next frame begins in the block.
    at: usize,
}

/// Why the next frame cannot be had.
#[derive(Debug)]
pub(super) enum Stop {
    /// Reading failed.
    Io(io::Error),
    /// The bytes are no record.
    Bad(&'static str),
    /// Zeros, where nothing was written.
    Nothing,
}

impl Scan {
    /// Begins at a byte of the file, where the frame of `offset` begins.
    pub(super) fn new(file: Arc<dyn DiskFile>, position: u64, offset: u64, extent: Extent) -> Self {
        Self {
            file,
            offset,
            extent,
            block: Bytes::new(),
            block_start: position,
            at: 0,
        }
    }

    /// Offset of the next frame.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Where the next frame begins in the file.
    pub(super) fn position(&self) -> u64 {
        self.block_start + self.at as u64
    }

    /// Lets the scan go on to where the segment has grown.
    pub(super) fn extend(&mut self, extent: Extent) {
        self.extent = extent;
    }

    /// The block that the frame last returned lies in.
    pub(super) fn block(&self) -> &Bytes {
        &self.block
    }

    /// The next frame of the block in memory; `None` if none is whole there.
    pub(super) fn next_in_block(&mut self) -> Result<Option<Frame>, Stop> {
        if self.offset >= self.extent.next_offset || self.at >= self.block.len() {
            return Ok(None);
        }
        match format::decode(&self.block, self.at, self.offset, Check::Crc) {
            Found::Frame(frame) => {
                self.at += frame.len();
                self.offset += 1;
                Ok(Some(frame))
            }
            Found::Partial(_) => Ok(None),
            Found::Nothing => Err(Stop::Nothing),
            Found::Bad(what) => Err(Stop::Bad(what)),
        }
    }

    /// The next frame, read from the file if need be; `None` at the end of the extent.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, Stop> {
        loop {
            if self.offset >= self.extent.next_offset {
                return Ok(None);
            }
            if let Some(frame) = self.next_in_block()? {
                return Ok(Some(frame));
            }
            self.read_on()?;
        }
    }

    /// Reads the block that begins with the next frame, long enough for all of that frame.
    fn read_on(&mut self) -> Result<(), Stop> {
        let from = self.position();
        let left = self.extent.bytes.saturating_sub(from);
        let needed = match format::decode(&self.block, self.at, self.offset, Check::Trusted) {
            Found::Partial(bytes) => bytes as u64,
            _ => format::OVERHEAD as u64,
        };
        if needed > left {
            return Err(if self.extent.next_offset == u64::MAX && left == 0 {
                Stop::Nothing
            } else {
                Stop::Bad("the file ends within the segment")
            });
        }
        let wanted = left.min(BLOCK_BYTES.max(needed)) as usize;
        let mut buffer = self.reusable_buffer(wanted);
        buffer.resize(wanted, 0);
        let read = self.file.read_at(&mut buffer, from).map_err(Stop::Io)?;
        if (read as u64) < needed {
            return Err(Stop::Bad("the file ends within the segment"));
        }
        buffer.truncate(read);
        self.block = buffer.freeze();
        self.block_start = from;
        self.at = 0;
        Ok(())
    }

    /// The memory of the last block if no record of it is kept any more.
    fn reusable_buffer(&mut self, wanted: usize) -> BytesMut {
        self.block_start = self.position();
        self.at = 0;
        let block = std::mem::take(&mut self.block);
        block
            .try_into_mut()
            .unwrap_or_else(|_| BytesMut::with_capacity(wanted))
    }
}
