//! A file system in memory that can fail, fill up, stall, be left by a killed process and lose
//! power.
//!
//! - A power cut keeps what was synced; of the rest each 512-byte sector is kept, lost or torn, a
//!   changed length is kept or lost, and of the changes of names a first part is kept.
//! - A failed sync keeps some sectors, forgets the others for good, and reports the pages clean:
//!   later syncs succeed without writing them, and reads may show either.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use super::super::disk::{Disk, DiskFile};
use super::Dice;

const SECTOR: usize = 512;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Write,
    Sync,
    Name,
}

/// An operation that is to fail.
struct Fault {
    op: Op,
    /// After so many others that it could have been.
    after: u64,
    /// Whether only those on the newest segment count.
    newest_segment: bool,
    kind: ErrorKind,
}

#[derive(Clone)]
pub(super) struct SimDisk {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    moved: Condvar,
}

struct State {
    dice: Dice,
    inodes: HashMap<u64, Inode>,
    names: HashMap<PathBuf, u64>,
    durable_names: HashMap<PathBuf, u64>,
    pending: Vec<(PathBuf, Option<u64>)>,
    next_inode: u64,
    /// Bytes all files may have together.
    capacity: u64,
    faults: Vec<Fault>,
    /// Operations until the machine stops.
    stops_after: Option<u64>,
    stopped: bool,
    /// Whether syncs wait.
    stalled: bool,
    waiting_syncs: usize,
}

#[derive(Clone, Default)]
struct Inode {
    cache: Vec<u8>,
    durable: Vec<u8>,
    dirty: BTreeSet<usize>,
}

impl Inode {
    fn write(&mut self, bytes: &[u8], at: usize) {
        let end = at + bytes.len();
        if self.cache.len() < end {
            self.cache.resize(end, 0);
        }
        self.cache[at..end].copy_from_slice(bytes);
        self.dirty.extend(at / SECTOR..end.div_ceil(SECTOR));
    }

    fn sync(&mut self) {
        self.durable.resize(self.cache.len(), 0);
        for sector in std::mem::take(&mut self.dirty) {
            self.persist(sector, SECTOR);
        }
    }

    /// Copies the first bytes of a sector from the cache to the platter.
    fn persist(&mut self, sector: usize, bytes: usize) {
        let from = sector * SECTOR;
        let to = (from + bytes).min(self.cache.len()).min(self.durable.len());
        if from < to {
            self.durable[from..to].copy_from_slice(&self.cache[from..to]);
        }
    }

    fn fail_sync(&mut self, dice: &mut Dice) {
        self.durable.resize(self.cache.len(), 0);
        for sector in std::mem::take(&mut self.dirty) {
            match dice.roll(3) {
                0 => self.persist(sector, SECTOR),
                1 => {}
                _ => {
                    let from = sector * SECTOR;
                    let to = (from + SECTOR).min(self.cache.len());
                    if from < to {
                        self.cache[from..to].copy_from_slice(&self.durable[from..to]);
                    }
                }
            }
        }
    }

    fn lose_power(&mut self, dice: &mut Dice) {
        if dice.roll(2) == 0 {
            self.durable.resize(self.cache.len(), 0);
        }
        for sector in std::mem::take(&mut self.dirty) {
            match dice.roll(4) {
                0 => {}
                1 => self.persist(sector, 1 + dice.roll(SECTOR as u64 - 1) as usize),
                _ => self.persist(sector, SECTOR),
            }
        }
        self.cache = self.durable.clone();
    }
}

impl SimDisk {
    pub(super) fn new(seed: u64) -> Self {
        Self::with(State {
            dice: Dice(seed),
            inodes: HashMap::new(),
            names: HashMap::new(),
            durable_names: HashMap::new(),
            pending: Vec::new(),
            next_inode: 0,
            capacity: u64::MAX,
            faults: Vec::new(),
            stops_after: None,
            stopped: false,
            stalled: false,
            waiting_syncs: 0,
        })
    }

    fn with(state: State) -> Self {
        Self {
            shared: Arc::new(Shared {
                state: Mutex::new(state),
                moved: Condvar::new(),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    /// The machine stops at the end of so many further operations.
    pub(super) fn stop_after(&self, operations: u64) {
        self.state().stops_after = Some(operations);
    }

    pub(super) fn has_stopped(&self) -> bool {
        self.state().stopped
    }

    /// Fails one operation of a kind, after so many others of it.
    pub(super) fn fail(&self, op: Op, after: u64, kind: ErrorKind) {
        self.add_fault(Fault {
            op,
            after,
            newest_segment: false,
            kind,
        });
    }

    /// Fails one operation of a kind on the newest segment, after so many others of it there.
    pub(super) fn fail_newest_segment(&self, op: Op, after: u64, kind: ErrorKind) {
        self.add_fault(Fault {
            op,
            after,
            newest_segment: true,
            kind,
        });
    }

    fn add_fault(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// The bytes of a file.
    pub(super) fn read(&self, path: &Path) -> Vec<u8> {
        let state = self.state();
        state.inodes[&state.names[path]].cache.clone()
    }

    /// Gives a file other bytes, durably.
    pub(super) fn replace(&self, path: &Path, bytes: &[u8]) {
        let mut state = self.state();
        let id = state.names[path];
        let inode = state.inodes.get_mut(&id).unwrap();
        inode.cache = bytes.to_vec();
        inode.durable = bytes.to_vec();
        inode.dirty.clear();
    }

    /// No fault is left that has not happened.
    pub(super) fn faults_left(&self) -> usize {
        self.state().faults.len()
    }

    pub(super) fn set_free(&self, bytes: u64) {
        let mut state = self.state();
        state.capacity = state.used() + bytes;
    }

    pub(super) fn set_endless(&self) {
        self.state().capacity = u64::MAX;
    }

    /// Lets syncs wait until the answer is dropped.
    pub(super) fn stall(&self) -> Stall {
        self.set_stalled(true);
        Stall(self.clone())
    }

    fn set_stalled(&self, stalled: bool) {
        self.state().stalled = stalled;
        self.shared.moved.notify_all();
    }

    pub(super) fn waiting_syncs(&self) -> usize {
        self.state().waiting_syncs
    }

    pub(super) fn names(&self, extension: &str) -> Vec<PathBuf> {
        let state = self.state();
        let names = state.names.keys().filter(|p| {
            p.extension().is_some_and(|e| e == extension)
                || p.file_name().is_some_and(|n| n == extension)
        });
        let mut names: Vec<PathBuf> = names.cloned().collect();
        names.sort();
        names
    }

    /// The disk as it is when power returns. Whoever still uses the old one gets errors.
    pub(super) fn power_cut(&self) -> Self {
        let mut state = self.stopped_state();
        let mut dice = Dice(state.dice.roll(u64::MAX));
        let pending = std::mem::take(&mut state.pending);
        let kept = dice.roll(pending.len() as u64 + 1) as usize;
        for change in pending.into_iter().take(kept) {
            apply(&mut state.durable_names, change);
        }
        state.names = state.durable_names.clone();
        let mut ids: Vec<u64> = state.inodes.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            state.inodes.get_mut(&id).unwrap().lose_power(&mut dice);
        }
        Self::with(state)
    }

    /// The disk as the next process finds it when this one was killed: the system lost nothing.
    pub(super) fn kill(&self) -> Self {
        Self::with(self.stopped_state())
    }

    fn stopped_state(&self) -> State {
        let mut state = self.state();
        state.stopped = true;
        state.stalled = false;
        self.shared.moved.notify_all();
        State {
            dice: Dice(state.dice.roll(u64::MAX)),
            inodes: state.inodes.clone(),
            names: state.names.clone(),
            durable_names: state.durable_names.clone(),
            pending: state.pending.clone(),
            next_inode: state.next_inode,
            capacity: state.capacity,
            faults: Vec::new(),
            stops_after: None,
            stopped: false,
            stalled: false,
            waiting_syncs: 0,
        }
    }

    /// The state before an operation, or why it fails. A fault is the caller's to carry out.
    fn begin(
        &self,
        op: Op,
        inode: Option<u64>,
    ) -> io::Result<(MutexGuard<'_, State>, Option<ErrorKind>)> {
        let mut state = self.state();
        if op == Op::Sync {
            state.waiting_syncs += 1;
            while state.stalled && !state.stopped {
                state = self.shared.moved.wait(state).unwrap();
            }
            state.waiting_syncs -= 1;
        }
        if state.stops_after == Some(0) {
            state.stopped = true;
        }
        if state.stopped {
            return Err(io::Error::other("the machine has stopped"));
        }
        if let Some(left) = &mut state.stops_after {
            *left -= 1;
        }
        let newest = inode.is_some() && inode == state.newest_segment();
        let hits = |fault: &Fault| fault.op == op && (newest || !fault.newest_segment);
        let first = state.faults.iter().position(|f| hits(f) && f.after == 0);
        for waiting in state.faults.iter_mut().filter(|f| hits(f)) {
            waiting.after = waiting.after.saturating_sub(1);
        }
        let fault = first.map(|i| state.faults.remove(i).kind);
        Ok((state, fault))
    }

    fn change_names(&self, changes: Vec<(PathBuf, Option<u64>)>) -> io::Result<()> {
        let (mut state, fault) = self.begin(Op::Name, None)?;
        if let Some(kind) = fault {
            return Err(kind.into());
        }
        for change in changes {
            apply(&mut state.names, change.clone());
            state.pending.push(change);
        }
        Ok(())
    }

    fn inode_of(&self, path: &Path) -> io::Result<u64> {
        let state = self.state();
        if state.stopped {
            return Err(io::Error::other("the machine has stopped"));
        }
        state
            .names
            .get(path)
            .copied()
            .ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn file(&self, inode: u64) -> Arc<dyn DiskFile> {
        Arc::new(SimFile {
            disk: self.clone(),
            inode,
        })
    }
}

impl State {
    /// The file of the segment with the highest base offset.
    fn newest_segment(&self) -> Option<u64> {
        let segments = self.names.iter();
        let segments = segments.filter(|(p, _)| p.extension().is_some_and(|e| e == "seg"));
        segments.max().map(|(_, inode)| *inode)
    }

    fn used(&self) -> u64 {
        let named = self.names.values();
        named.map(|id| self.inodes[id].cache.len() as u64).sum()
    }
}

fn apply(names: &mut HashMap<PathBuf, u64>, (path, inode): (PathBuf, Option<u64>)) {
    match inode {
        Some(inode) => names.insert(path, inode),
        None => names.remove(&path),
    };
}

impl Disk for SimDisk {
    fn create_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = self.state();
        let inside = state.names.keys().filter_map(|p| p.strip_prefix(dir).ok());
        let first = inside.filter_map(|p| p.components().next());
        let names: BTreeSet<String> = first
            .map(|c| c.as_os_str().to_string_lossy().into_owned())
            .collect();
        Ok(names.into_iter().collect())
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        if self.inode_of(path).is_ok() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let inode = {
            let mut state = self.state();
            state.next_inode += 1;
            let inode = state.next_inode;
            state.inodes.insert(inode, Inode::default());
            inode
        };
        self.change_names(vec![(path.to_owned(), Some(inode))])?;
        Ok(self.file(inode))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.file(self.inode_of(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let inode = self.inode_of(from)?;
        self.change_names(vec![(to.to_owned(), Some(inode)), (from.to_owned(), None)])
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.inode_of(path)?;
        self.change_names(vec![(path.to_owned(), None)])
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let (mut state, fault) = self.begin(Op::Sync, None)?;
        if let Some(kind) = fault {
            return Err(kind.into());
        }
        let pending = std::mem::take(&mut state.pending);
        for change in pending {
            if change.0.parent() == Some(dir) {
                apply(&mut state.durable_names, change);
            } else {
                state.pending.push(change);
            }
        }
        Ok(())
    }
}

/// While it is there, syncs wait.
pub(super) struct Stall(SimDisk);

impl Drop for Stall {
    fn drop(&mut self) {
        self.0.set_stalled(false);
    }
}

struct SimFile {
    disk: SimDisk,
    inode: u64,
}

impl DiskFile for SimFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.state().inodes[&self.inode].cache.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        let state = self.disk.state();
        if state.stopped {
            return Err(io::Error::other("the machine has stopped"));
        }
        let bytes = &state.inodes[&self.inode].cache;
        let from = (at as usize).min(bytes.len());
        let to = (from + buffer.len()).min(bytes.len());
        buffer[..to - from].copy_from_slice(&bytes[from..to]);
        Ok(to - from)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        let (mut state, fault) = self.disk.begin(Op::Write, Some(self.inode))?;
        let free = state.capacity.saturating_sub(state.used());
        let inode = state.inodes.get_mut(&self.inode).unwrap();
        let room = inode.cache.len() as u64 + free;
        let fits = (room.saturating_sub(at) as usize).min(bytes.len());
        if let Some(kind) = fault {
            inode.write(&bytes[..fits / 2], at as usize);
            return Err(kind.into());
        }
        inode.write(&bytes[..fits], at as usize);
        if fits < bytes.len() {
            return Err(ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let (mut state, fault) = self.disk.begin(Op::Sync, Some(self.inode))?;
        let State { dice, inodes, .. } = &mut *state;
        let inode = inodes.get_mut(&self.inode).unwrap();
        match fault {
            Some(kind) => {
                inode.fail_sync(dice);
                Err(kind.into())
            }
            None => {
                inode.sync();
                Ok(())
            }
        }
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let (mut state, fault) = self.disk.begin(Op::Name, Some(self.inode))?;
        if let Some(kind) = fault {
            return Err(kind.into());
        }
        let inode = state.inodes.get_mut(&self.inode).unwrap();
        inode.cache.resize(len as usize, 0);
        Ok(())
    }
}
