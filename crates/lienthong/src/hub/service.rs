//! Which services a process is.

use lienthong_adapters::System;
use lienthong_projectors::View;
use std::collections::BTreeSet;

/// What one process serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    /// Adapters, views, gateway: the hub whole.
    Whole,
    /// The adapters of these systems.
    Adapters(BTreeSet<System>),
    /// A share of the partitions of these views.
    Projector(BTreeSet<View>),
    /// Callers' questions, put to the projectors.
    Gateway,
}

impl Service {
    /// Whose adapters it serves; none: it has no adapters.
    pub fn systems(&self) -> Option<BTreeSet<System>> {
        match self {
            Self::Whole => Some(System::ALL.into()),
            Self::Adapters(systems) => Some(systems.clone()),
            Self::Projector(_) | Self::Gateway => None,
        }
    }

    /// Whether it takes QCVN 120 packets, as one-stop systems send them.
    pub fn takes_packets(&self) -> bool {
        self.systems()
            .is_some_and(|systems| systems.contains(&System::Onestop))
    }

    /// Whether it answers callers' questions.
    pub fn is_gateway(&self) -> bool {
        matches!(self, Self::Whole | Self::Gateway)
    }

    /// Whether it answers gateways' questions about its share of the views.
    pub fn is_projector(&self) -> bool {
        matches!(self, Self::Projector(_))
    }
}
