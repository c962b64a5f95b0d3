//! What commune desks do all day: marriages, for which the police of the same commune may be
//! asked (horizontal), and extracts of civil-status entries (one agency).

use super::script::{Beat, Part, Role, Says, Script, step, with_status};
use Beat::{Ending, Maybe};
use Part::{Desk, Registry, Residence};
use Role::{CommuneDesk, CommunePolice, Registrar};
use Says::*;
use lienthong_contract::pb::event::v1::RegistrationKind::{Birth, Marriage};

/// Registration of a marriage.
pub(super) const MARRIAGE: Script = Script {
    procedure: "1.000894",
    grouped: false,
    desk: CommuneDesk,
    appointment: 3 * 480,
    beats: &[
        with_status(Desk, CommuneDesk, Received, (0, 10), "2"),
        Ending(
            2,
            &[with_status(Desk, CommuneDesk, Withdrawn, (60, 600), "7")],
        ),
        step(Desk, CommuneDesk, Progress("status-4"), (10, 120)),
        Maybe(
            45,
            &[
                step(Desk, CommuneDesk, Consulted(CommunePolice), (10, 60)),
                with_status(Residence, CommunePolice, Answered, (60, 700), "9"),
            ],
        ),
        with_status(Registry, Registrar, Registered(Marriage), (30, 600), "4"),
        with_status(Desk, CommuneDesk, ResultIssued, (10, 60), "9"),
        with_status(Desk, CommuneDesk, ResultReturned, (10, 300), "10"),
    ],
};

/// An extract of a birth entry; the same day, or the next if it came after 15:00.
pub(super) const EXTRACT: Script = Script {
    procedure: "2.000635",
    grouped: false,
    desk: CommuneDesk,
    appointment: 480,
    beats: &[
        with_status(Desk, CommuneDesk, Received, (0, 10), "2"),
        with_status(Registry, Registrar, ExtractIssued(Birth), (15, 240), "4"),
        with_status(Desk, CommuneDesk, ResultReturned, (5, 120), "10"),
    ],
};
