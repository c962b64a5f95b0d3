//! Questions over the ledgers of the case view: what one process answers about many dossiers.
//!
//! Plain parts are counted from the lanes' ledgers, each on a thread of its own; tied cases from
//! the rows that are kept of them. Both are brought up to where the view stands first, which is
//! little work while [`keep_fresh`] runs beside.

use crate::answers::{dossiers, performance, register};
use crate::joins::scan::Sum;
use crate::lane::Lane;
use crate::lanes::Lanes;
use crate::ledger::marks::Bits;
use crate::ledger::table::{Of, Table};
use crate::ledger::tied::{Standing, Tied};
use crate::ledger::{self, Loose};
use crate::questions::{freshness, hold_alike, positions, work};
use crate::views::case::CaseFact;
use crate::views::keyed::Keyed;
use crate::views::{State, View};
use lienthong_contract::pb::performance::v1 as pb;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time::from_millis;
use lienthong_domain::path::JoinedCase;
use lienthong_domain::reference::Reference;
use std::sync::{Arc, PoisonError, RwLockReadGuard};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often ledgers are brought up to where their lanes stand.
const EVERY: Duration = Duration::from_millis(200);

/// A sum that counts rows as well as cases: the same for both.
pub trait Tabled: Sum {
    /// Takes every dossier of a table.
    fn add_table(&mut self, table: &Table<'_>);
}

/// See `PerformanceService.GetPerformance`.
pub async fn performance(
    lanes: &Arc<Lanes>,
    request: pb::GetPerformanceRequest,
) -> Result<pb::GetPerformanceResponse, Failure> {
    let question = performance::Question::read(&request)?;
    let new = move |reference| Ok(performance::Performance::new(question.clone(), reference));
    let (sum, next) = add_up(lanes, new).await?;
    let answer = work(move || sum.finish()).await?;
    Ok(pb::GetPerformanceResponse {
        freshness: Some(freshness(lanes, View::Case, next).await?),
        ..answer
    })
}

/// See `PerformanceService.ListDossiers`.
pub async fn dossiers(
    lanes: &Arc<Lanes>,
    request: pb::ListDossiersRequest,
) -> Result<pb::ListDossiersResponse, Failure> {
    let question = dossiers::Question::read(&request)?;
    let new = move |reference| dossiers::Dossiers::new(question.clone(), reference);
    let (sum, next) = add_up(lanes, new).await?;
    Ok(pb::ListDossiersResponse {
        freshness: Some(freshness(lanes, View::Case, next).await?),
        ..sum.finish()
    })
}

/// See `PerformanceService.GetRegister`.
pub async fn register(
    lanes: &Arc<Lanes>,
    request: pb::GetRegisterRequest,
) -> Result<pb::GetRegisterResponse, Failure> {
    let question = register::Question::read(&request)?;
    let new = move |reference| Ok(register::Register::new(question.clone(), reference));
    let (sum, next) = add_up(lanes, new).await?;
    Ok(pb::GetRegisterResponse {
        freshness: Some(freshness(lanes, View::Case, next).await?),
        ..sum.finish()
    })
}

/// Requests as a gateway sends them on: the moment that is asked for is the same everywhere.
pub fn with_moment(
    request: pb::GetPerformanceRequest,
) -> Result<(performance::Question, pb::GetPerformanceRequest), Failure> {
    let question = performance::Question::read(&request)?;
    let as_of_time = Some(from_millis(question.as_of_ms()));
    let request = pb::GetPerformanceRequest {
        as_of_time,
        ..request
    };
    Ok((question, request))
}

/// As [`with_moment`].
pub fn list_with_moment(
    request: pb::ListDossiersRequest,
) -> Result<(dossiers::Question, pb::ListDossiersRequest), Failure> {
    let question = dossiers::Question::read(&request)?;
    let as_of_time = Some(from_millis(question.as_of_ms()));
    let request = pb::ListDossiersRequest {
        as_of_time,
        ..request
    };
    Ok((question, request))
}

async fn add_up<S: Tabled + 'static>(
    lanes: &Arc<Lanes>,
    new: impl Fn(Arc<Reference>) -> Result<S, Failure> + Send + Sync + 'static,
) -> Result<(S, Vec<u64>), Failure> {
    lanes.check_ready(&[View::Case])?;
    let lanes = lanes.clone();
    work(move || {
        let held = hold_alike(&lanes, View::Case)?;
        let reference = lanes.reference.now();
        let sum = sum(&lanes, &held, &reference, &new)?;
        Ok((sum, positions(&held)))
    })
    .await?
}

fn sum<S: Tabled>(
    lanes: &Lanes,
    held: &[RwLockReadGuard<'_, State>],
    reference: &Arc<Reference>,
    new: &(impl Fn(Arc<Reference>) -> Result<S, Failure> + Sync),
) -> Result<S, Failure> {
    let parts: Vec<&Keyed<CaseFact>> = held.iter().filter_map(|state| state.case()).collect();
    let tied = bring_up_ties(lanes, &parts, reference);
    let tied = &*tied;
    let count = |partition: usize| {
        let mut sum = new(reference.clone())?;
        let lane = &lanes.of(View::Case).lanes[partition];
        add_lane(
            lane,
            parts[partition],
            reference,
            tied.parts(partition),
            &mut sum,
        )?;
        Ok(sum)
    };
    let count = &count;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..parts.len())
            .map(|partition| scope.spawn(move || count(partition)))
            .collect();
        let mut total = new(reference.clone())?;
        total.add_table(&Table {
            rows: tied.rows(),
            names: tied.names(),
            without: &Bits::default(),
            of: Of::Cases(tied, &parts),
        });
        for thread in threads {
            match thread.join() {
                Ok(sum) => total.merge(sum?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(total)
    })
}

/// Adds up the parts of a lane that are cases of their own: all but those `without`.
///
/// # Errors
/// `INTERNAL` of a lane that is not of the case view.
pub fn add_lane<S: Tabled>(
    lane: &Lane,
    keyed: &Keyed<CaseFact>,
    reference: &Reference,
    without: &Bits,
    sum: &mut S,
) -> Result<(), Failure> {
    let ledger = lane
        .ledger()
        .ok_or_else(|| Failure::new(Reason::Internal, "a lane of another view has no ledger"))?;
    let kept = ledger.rows(keyed, reference);
    sum.add_table(&Table {
        rows: &kept.rows,
        names: keyed.names(),
        without,
        of: Of::Parts(keyed),
    });
    Ok(())
}

/// The rows of tied cases as the view stands.
fn bring_up_ties<'a>(
    lanes: &'a Lanes,
    parts: &[&Keyed<CaseFact>],
    reference: &Reference,
) -> RwLockReadGuard<'a, Tied> {
    let ties = &lanes.tied;
    loop {
        {
            let mut tied = ties.write().unwrap_or_else(PoisonError::into_inner);
            let loose = lanes.of(View::Case).lanes.iter().map(|lane| {
                let ledger = lane.ledger();
                ledger.map_or(Loose::All, ledger::Ledger::take_loose)
            });
            let loose = loose.collect();
            let standing = Standing {
                parts,
                index: &lanes.index,
                reference,
            };
            tied.bring_up(standing, loose);
        }
        let tied = ties.read().unwrap_or_else(PoisonError::into_inner);
        // Somebody who holds other reference data may have come between.
        if tied.is_of(reference) {
            return tied;
        }
    }
}

/// Brings every ledger up to where its lane stands, now and again until `shutdown`, so that no
/// question finds much to do.
pub fn keep_fresh(lanes: Arc<Lanes>, shutdown: CancellationToken) {
    every(shutdown, move || {
        for lane in &lanes.of(View::Case).lanes {
            ledger::keep_fresh(lane);
        }
        // While tables are switched there is nothing to bring up; the next round does.
        let ready = lanes.check_ready(&[View::Case]);
        if let Ok(held) = ready.and_then(|()| hold_alike(&lanes, View::Case)) {
            let parts: Vec<_> = held.iter().filter_map(|state| state.case()).collect();
            drop(bring_up_ties(&lanes, &parts, &lanes.reference.now()));
        }
    });
}

/// As [`keep_fresh`], of lanes that come and go and whose ties are another's to know.
pub fn keep_lanes_fresh(
    lanes: impl Fn() -> Vec<Arc<Lane>> + Send + Sync + 'static,
    shutdown: CancellationToken,
) {
    every(shutdown, move || {
        for lane in lanes() {
            ledger::keep_fresh(&lane);
        }
    });
}

fn every(shutdown: CancellationToken, refresh: impl Fn() + Send + Sync + 'static) {
    let refresh = Arc::new(refresh);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            let refresh = refresh.clone();
            if let Err(failure) = work(move || refresh()).await {
                tracing::warn!(%failure.message, "ledgers could not be brought up; questions do it");
            }
        }
    });
}

impl Sum for performance::Performance {
    fn add(&mut self, case: &JoinedCase<'_>) {
        performance::Performance::add(self, case);
    }
    fn merge(&mut self, other: Self) {
        performance::Performance::merge(self, other);
    }
    fn pack(self) -> Vec<u8> {
        performance::Performance::pack(self)
    }
    fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        performance::Performance::add_packed(self, bytes)
    }
}

impl Sum for dossiers::Dossiers {
    fn add(&mut self, case: &JoinedCase<'_>) {
        dossiers::Dossiers::add(self, case);
    }
    fn merge(&mut self, other: Self) {
        dossiers::Dossiers::merge(self, other);
    }
    fn pack(self) -> Vec<u8> {
        dossiers::Dossiers::pack(self)
    }
    fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        dossiers::Dossiers::add_packed(self, bytes)
    }
}

impl Sum for register::Register {
    fn add(&mut self, case: &JoinedCase<'_>) {
        register::Register::add(self, case);
    }
    fn merge(&mut self, other: Self) {
        register::Register::merge(self, other);
    }
    fn pack(self) -> Vec<u8> {
        register::Register::pack(self)
    }
    fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        register::Register::add_packed(self, bytes)
    }
}

impl Tabled for performance::Performance {
    fn add_table(&mut self, table: &Table<'_>) {
        performance::Performance::add_table(self, table);
    }
}

impl Tabled for dossiers::Dossiers {
    fn add_table(&mut self, table: &Table<'_>) {
        dossiers::Dossiers::add_table(self, table);
    }
}

impl Tabled for register::Register {
    fn add_table(&mut self, table: &Table<'_>) {
        register::Register::add_table(self, table);
    }
}

#[cfg(test)]
#[path = "figures_tests.rs"]
mod tests;
