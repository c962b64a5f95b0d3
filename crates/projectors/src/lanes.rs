//! Every lane of every view, with what answers are joined from.

use crate::joins::index::Index;
use crate::joins::{Ties, ties};
use crate::lane::Lane;
use crate::ledger::tied::Tied;
use crate::runner::Command;
use crate::views::{State, View};
use lienthong_contract::reason::Reason;
use lienthong_contract::reference::Current;
use lienthong_contract::status::Failure;
use lienthong_eventlog::{EventLog, ReadError};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::mpsc;

/// The lanes of one view.
pub struct ViewLanes {
    /// By partition.
    pub lanes: Vec<Arc<Lane>>,
    /// By partition: how to ask the lane's runner.
    pub runners: Vec<mpsc::Sender<Command>>,
    occupied: Occupied,
}

/// A lane with the way to ask its runner.
#[derive(Clone)]
pub struct Running {
    /// The lane.
    pub lane: Arc<Lane>,
    /// Its runner.
    pub runner: mpsc::Sender<Command>,
}

/// The lanes of every view.
pub struct Lanes {
    /// In the order of [`View::ALL`].
    pub views: Vec<ViewLanes>,
    /// Of the case view.
    pub index: Arc<Index>,
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// Levels and areas.
    pub reference: Current,
    /// Rows of the cases that are not plainly one part.
    pub tied: RwLock<Tied>,
    /// The ties found last, with the case view's digest in each partition.
    pub known_ties: Mutex<Option<(Vec<u128>, Arc<Ties>)>>,
}

/// Whether a view is being rebuilt or verified.
#[derive(Default)]
pub struct Occupied(Arc<AtomicBool>);

/// The right to rebuild or verify a view; given back when dropped.
pub struct Busy(Arc<AtomicBool>);

impl Occupied {
    /// Takes the right to rebuild or verify the view.
    ///
    /// # Errors
    /// `REBUILD_UNDER_WAY`.
    pub fn occupy(&self, view: View) -> Result<Busy, Failure> {
        if self.0.swap(true, Ordering::AcqRel) {
            let name = view.name();
            return Err(Failure::new(
                Reason::RebuildUnderWay,
                format!("the view {name} is being rebuilt or verified"),
            )
            .with("view", name));
        }
        Ok(Busy(self.0.clone()))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl ViewLanes {
    /// The lanes of a view.
    pub fn new(lanes: Vec<Arc<Lane>>, runners: Vec<mpsc::Sender<Command>>) -> Self {
        Self {
            lanes,
            runners,
            occupied: Occupied::default(),
        }
    }

    /// The lanes with their runners, by partition.
    pub fn running(&self) -> Vec<Running> {
        let both = self.lanes.iter().zip(&self.runners);
        both.map(|(lane, runner)| Running {
            lane: lane.clone(),
            runner: runner.clone(),
        })
        .collect()
    }
}

impl Lanes {
    /// The lanes of a view.
    pub fn of(&self, view: View) -> &ViewLanes {
        &self.views[view as usize]
    }

    /// Every lane.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Lane>> {
        self.views.iter().flat_map(|view| &view.lanes)
    }

    /// The cases that are not plainly one part; `held` are the case view's states, by partition.
    /// Found again only if one of them has changed.
    pub fn ties(&self, held: &[RwLockReadGuard<'_, State>]) -> Arc<Ties> {
        let digests: Vec<u128> = held.iter().map(|state| state.digest()).collect();
        let known = || {
            self.known_ties
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some((of, ties)) = known().as_ref()
            && *of == digests
        {
            return ties.clone();
        }
        let parts: Vec<_> = held.iter().filter_map(|state| state.case()).collect();
        let found = Arc::new(ties(&self.index, &parts));
        *known() = Some((digests, found.clone()));
        found
    }

    /// That these views have loaded.
    ///
    /// # Errors
    /// `VIEW_LOADING`.
    pub fn check_ready(&self, views: &[View]) -> Result<(), Failure> {
        let mut lanes = views.iter().flat_map(|view| &self.of(*view).lanes);
        match lanes.find(|lane| !lane.is_ready()) {
            None => Ok(()),
            Some(lane) => {
                let (view, partition) = (lane.owner.view.name(), lane.owner.partition);
                Err(Failure::new(
                    Reason::ViewLoading,
                    format!("partition {partition} of the view {view} is loading"),
                )
                .with("view", view)
                .with("partition", partition))
            }
        }
    }

    /// Takes the right to rebuild or verify a view.
    ///
    /// # Errors
    /// `REBUILD_UNDER_WAY`.
    pub fn occupy(&self, view: View) -> Result<Busy, Failure> {
        self.of(view).occupied.occupy(view)
    }
}

/// The view of that name.
///
/// # Errors
/// `VIEW_UNKNOWN`.
pub fn view_named(name: &str) -> Result<View, Failure> {
    View::from_name(name).ok_or_else(|| {
        let known = View::ALL.map(View::name).join(", ");
        Failure::new(
            Reason::ViewUnknown,
            format!("there is no view {name:?}; there are {known}"),
        )
    })
}

/// The views of these names, each once; `all` if none is named.
///
/// # Errors
/// `VIEW_UNKNOWN`.
pub fn views_named(names: &[String], all: &[View]) -> Result<Vec<View>, Failure> {
    if names.is_empty() {
        return Ok(all.to_vec());
    }
    let mut views = Vec::new();
    for name in names {
        let view = view_named(name)?;
        if !views.contains(&view) {
            views.push(view);
        }
    }
    Ok(views)
}

/// What a caller is told of a log that does not read.
pub fn log_failed(error: &ReadError) -> Failure {
    Failure::new(Reason::LogUnavailable, error.to_string())
}
