//! The runbooks: a page for each alert and each cause of `lienthong lag`, part of the binary, so that
//! they are at hand on the machine that is ill, and of its version.

use lienthong_telemetry::endpoint::Page;

/// Every page, the most common first. `deploy/runbooks` has no other, and no alert links to another;
/// a test of `deploy/` holds it so.
pub const PAGES: &[Page] = &[
    Page {
        name: "view-late",
        text: include_str!("../../../deploy/runbooks/view-late.md"),
    },
    Page {
        name: "view-stalled",
        text: include_str!("../../../deploy/runbooks/view-stalled.md"),
    },
    Page {
        name: "view-rewound",
        text: include_str!("../../../deploy/runbooks/view-rewound.md"),
    },
    Page {
        name: "view-lost",
        text: include_str!("../../../deploy/runbooks/view-lost.md"),
    },
    Page {
        name: "subscription-late",
        text: include_str!("../../../deploy/runbooks/subscription-late.md"),
    },
    Page {
        name: "subscription-stalled",
        text: include_str!("../../../deploy/runbooks/subscription-stalled.md"),
    },
    Page {
        name: "subscription-disabled",
        text: include_str!("../../../deploy/runbooks/subscription-disabled.md"),
    },
    Page {
        name: "events-parked",
        text: include_str!("../../../deploy/runbooks/events-parked.md"),
    },
    Page {
        name: "source-silent",
        text: include_str!("../../../deploy/runbooks/source-silent.md"),
    },
    Page {
        name: "source-clock",
        text: include_str!("../../../deploy/runbooks/source-clock.md"),
    },
    Page {
        name: "probe-lost",
        text: include_str!("../../../deploy/runbooks/probe-lost.md"),
    },
    Page {
        name: "retention-headroom",
        text: include_str!("../../../deploy/runbooks/retention-headroom.md"),
    },
    Page {
        name: "log-unavailable",
        text: include_str!("../../../deploy/runbooks/log-unavailable.md"),
    },
    Page {
        name: "ingest-failing",
        text: include_str!("../../../deploy/runbooks/ingest-failing.md"),
    },
    Page {
        name: "metrics-missing",
        text: include_str!("../../../deploy/runbooks/metrics-missing.md"),
    },
];
