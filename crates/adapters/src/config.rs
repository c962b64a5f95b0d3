//! What an operator can set about the adapters. The defaults are those of a single machine.

use crate::probe;
use crate::systems::System;
use lienthong_domain::code::Strictness;
use std::collections::BTreeSet;
use std::time::Duration;

/// The settings of all adapters.
#[derive(Debug, Clone)]
pub struct Config {
    /// Whose adapters are served. The default is every system.
    pub systems: BTreeSet<System>,
    /// Which shapes of dossier codes each adapter takes.
    pub dossier_codes: DossierCodes,
    /// Bounds on what may be under way at once.
    pub limits: Limits,
    /// How serving ends.
    pub drain: Drain,
    /// Threads that serve gRPC, each with the connections given to it; at least 1. The default is
    /// one a core.
    pub threads: usize,
    /// The hub's own probes; none are sent by default.
    pub probes: Option<probe::Config>,
}

/// The profile of dossier codes by adapter; [`Strictness::Lenient`] where nothing else is said.
#[derive(Debug, Clone, Copy, Default)]
pub struct DossierCodes {
    /// The one-stop systems over gRPC.
    pub onestop: Strictness,
    /// The civil-status software.
    pub civil_status: Strictness,
    /// The population database.
    pub population: Strictness,
    /// The specialised systems.
    pub specialised: Strictness,
    /// The one-stop systems over QCVN 120 packets.
    pub qcvn120: Strictness,
}

/// Bounds on what may be under way at once. Whoever meets one waits or is refused with a retry
/// hint; nothing grows without end.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest gRPC message and largest packet, in bytes.
    pub message_bytes: usize,
    /// Most events of a stream in one append.
    pub chunk_events: usize,
    /// Bytes after which a stream's append takes no further event.
    pub chunk_bytes: usize,
    /// Most appends of one stream under way at once.
    pub chunks_in_flight: usize,
    /// Most calls under way at once on one connection.
    pub calls_per_connection: u32,
    /// How long a stream waits by itself while the log is overloaded, before it is refused.
    pub overload_patience: Duration,
    /// How long the body of a packet may take to arrive.
    pub packet_patience: Duration,
}

/// How serving ends once it is told to.
#[derive(Debug, Clone)]
pub struct Drain {
    /// Time between saying NOT_SERVING and refusing, for load balancers to notice.
    pub notice: Duration,
    /// Time after that for calls in flight to end before they are cut off.
    pub deadline: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            systems: System::ALL.into(),
            dossier_codes: DossierCodes::default(),
            limits: Limits::default(),
            drain: Drain::default(),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            probes: None,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 16 * 1024 * 1024,
            chunk_events: 1_024,
            chunk_bytes: 1024 * 1024,
            chunks_in_flight: 4,
            calls_per_connection: 1_024,
            overload_patience: Duration::from_secs(10),
            packet_patience: Duration::from_secs(30),
        }
    }
}

impl Default for Drain {
    fn default() -> Self {
        Self {
            notice: Duration::ZERO,
            deadline: Duration::from_secs(10),
        }
    }
}
