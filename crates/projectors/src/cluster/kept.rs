//! What a process keeps of the views, as the calls of the cluster see it.

use crate::instance::Instance;
use crate::lane::Lane;
use crate::lanes::Lanes;
use crate::projectors::Projectors;
use crate::views::View;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use std::sync::Arc;

/// The partitions of views that a process keeps; they may come and go.
pub trait Kept: Send + Sync {
    /// One of them.
    fn lane(&self, view: View, partition: u32) -> Option<Arc<Lane>>;
    /// All of them, ordered by view and partition.
    fn lanes(&self) -> Vec<Arc<Lane>>;
}

impl Kept for Lanes {
    fn lane(&self, view: View, partition: u32) -> Option<Arc<Lane>> {
        self.of(view).lanes.get(partition as usize).cloned()
    }

    fn lanes(&self) -> Vec<Arc<Lane>> {
        self.all().cloned().collect()
    }
}

impl Kept for Projectors {
    fn lane(&self, view: View, partition: u32) -> Option<Arc<Lane>> {
        self.lanes.lane(view, partition)
    }

    fn lanes(&self) -> Vec<Arc<Lane>> {
        self.lanes.lanes()
    }
}

impl Kept for Instance {
    fn lane(&self, view: View, partition: u32) -> Option<Arc<Lane>> {
        self.hosted().lane(view, partition)
    }

    fn lanes(&self) -> Vec<Arc<Lane>> {
        self.hosted().lanes()
    }
}

/// A partition that answers questions.
///
/// # Errors
/// `VIEW_UNOWNED` if it is not kept here, `VIEW_LOADING`.
pub fn ready(kept: &dyn Kept, view: View, partition: u32) -> Result<Arc<Lane>, Failure> {
    let lane = any(kept, view, partition)?;
    match lane.is_ready() {
        true => Ok(lane),
        false => Err(of_lane(
            Reason::ViewLoading,
            view,
            partition,
            format!(
                "partition {partition} of the view {} is loading",
                view.name()
            ),
        )),
    }
}

/// A partition, loading or not.
///
/// # Errors
/// `VIEW_UNOWNED`.
pub fn any(kept: &dyn Kept, view: View, partition: u32) -> Result<Arc<Lane>, Failure> {
    kept.lane(view, partition).ok_or_else(|| {
        let name = view.name();
        let message = format!("this instance does not keep partition {partition} of {name}");
        of_lane(Reason::ViewUnowned, view, partition, message)
    })
}

/// A failure that names view and partition.
pub fn of_lane(reason: Reason, view: View, partition: u32, message: String) -> Failure {
    Failure::new(reason, message)
        .with("view", view.name())
        .with("partition", partition)
}
