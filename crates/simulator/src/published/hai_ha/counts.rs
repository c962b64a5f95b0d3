//! How many dossiers of each kind there are.

use crate::published::population::{Counts, Intake};
use crate::published::service::Online;

/// At the district's centre.
pub(super) const CENTRE: Counts = Counts {
    received: &[
        Intake {
            of: Online::Full,
            online: 6_000,
            desk: 800,
            post: 42,
        },
        Intake {
            of: Online::Partial,
            online: 2_500,
            desk: 900,
            post: 0,
        },
        Intake {
            of: Online::Information,
            online: 0,
            desk: 1_900,
            post: 0,
        },
    ],
    digitised: 10_800,
    settled: 12_034,
    carried_over: 412,
    on_day: 1_500,
    late: 0,
    electronic: 9_000,
    signed: 8_950,
    result_digitised: 2_000,
    withdrawn: 57,
    refused: 31,
    in_work: 388,
    overdue: 0,
    paused: 44,
    before: 150,
    after: 90,
};

/// At the commune desks together.
pub(super) const COMMUNES: Counts = Counts {
    received: &[
        Intake {
            of: Online::Full,
            online: 2_300,
            desk: 2,
            post: 8,
        },
        Intake {
            of: Online::Partial,
            online: 1_041,
            desk: 2,
            post: 4,
        },
        Intake {
            of: Online::Not,
            online: 0,
            desk: 1,
            post: 0,
        },
    ],
    digitised: 3_000,
    settled: 3_335,
    carried_over: 40,
    on_day: 600,
    late: 0,
    electronic: 3_000,
    signed: 2_990,
    result_digitised: 200,
    withdrawn: 9,
    refused: 6,
    in_work: 41,
    overdue: 0,
    paused: 7,
    before: 60,
    after: 30,
};

/// At the centre of the district beside it.
pub(super) const NEIGHBOUR: Counts = Counts {
    received: &[Intake {
        of: Online::Full,
        online: 150,
        desk: 60,
        post: 0,
    }],
    digitised: 100,
    settled: 200,
    carried_over: 10,
    on_day: 20,
    late: 15,
    electronic: 100,
    signed: 90,
    result_digitised: 10,
    withdrawn: 4,
    refused: 2,
    in_work: 10,
    overdue: 2,
    paused: 2,
    before: 0,
    after: 0,
};
