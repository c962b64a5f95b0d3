//! The two groups of interconnected services: birth (Decree 63/2024, at most 3 working days)
//! and death. Vertical: commune, province and ministry take part.

use super::script::{Beat, Part, Role, Says, Script, step, with_status};
use Beat::{Ending, Maybe, Together};
use Part::{Allowance, Desk, Insurance, Population, Registry, Residence};
use Role::{CommuneDesk, CommunePolice, HomeAffairs, PopulationCentre, Registrar, SocialInsurance};
use Says::*;
use lienthong_contract::pb::event::v1::RegistrationKind::{Birth, Death};

const THREE_DAYS: i64 = 3 * 480;

/// Birth, permanent residence, health insurance card of a child under 6.
pub(super) const BIRTH: Script = Script {
    procedure: "2.002621",
    grouped: true,
    desk: CommuneDesk,
    appointment: THREE_DAYS,
    beats: BIRTH_BEATS,
};

/// The same with an identity card, from 2026.
pub(super) const BIRTH_WITH_IDENTITY_CARD: Script = Script {
    procedure: "3.000722",
    ..BIRTH
};

/// Death, removal of residence, funeral allowance.
pub(super) const DEATH: Script = Script {
    procedure: "2.002622",
    grouped: true,
    desk: CommuneDesk,
    appointment: 2 * THREE_DAYS,
    beats: DEATH_BEATS,
};

/// The same under its code of 2026.
pub(super) const DEATH_2026: Script = Script {
    procedure: "2.002913",
    ..DEATH
};

const INTAKE_AND_SUPPLEMENT: &[Beat] = &[
    with_status(Desk, CommuneDesk, SupplementRequested, (10, 120), "5"),
    Ending(
        15,
        &[with_status(Desk, CommuneDesk, Withdrawn, (200, 900), "7")],
    ),
    with_status(Desk, CommuneDesk, SupplementReceived, (60, 900), "4"),
];

const BIRTH_BEATS: &[Beat] = &[
    with_status(Desk, CommuneDesk, Submitted, (0, 5), "1"),
    Ending(
        3,
        &[with_status(
            Desk,
            CommuneDesk,
            RefusedAtIntake,
            (15, 90),
            "3",
        )],
    ),
    with_status(Desk, CommuneDesk, Received, (5, 60), "2"),
    Maybe(12, INTAKE_AND_SUPPLEMENT),
    with_status(Desk, CommuneDesk, HandedOver(Registrar), (5, 30), "4"),
    with_status(Registry, Registrar, Received, (5, 40), "1"),
    step(Registry, Registrar, Accepted(CommuneDesk), (5, 30)),
    with_status(Registry, Registrar, Registered(Birth), (20, 180), "4"),
    step(Population, PopulationCentre, Received, (2, 10)),
    with_status(Population, PopulationCentre, NumberAssigned, (2, 20), "9"),
    Together(&[RESIDENCE_OF_CHILD, INSURANCE_OF_CHILD]),
    with_status(Desk, CommuneDesk, ResultIssued, (10, 60), "9"),
    with_status(Desk, CommuneDesk, ResultReturned, (10, 240), "10"),
    Maybe(30, &[step(Desk, CommuneDesk, Rated, (1, 60))]),
];

const RESIDENCE_OF_CHILD: &[Beat] = &[
    step(Residence, CommunePolice, Received, (5, 60)),
    Maybe(
        6,
        &[
            step(Residence, CommunePolice, Mismatched, (10, 60)),
            step(Residence, CommunePolice, Consulted(CommuneDesk), (10, 60)),
            step(Desk, CommuneDesk, Answered, (60, 400)),
        ],
    ),
    step(Residence, CommunePolice, Verified, (10, 90)),
    with_status(
        Residence,
        CommunePolice,
        ResidenceRegistered,
        (60, 600),
        "9",
    ),
];

const INSURANCE_OF_CHILD: &[Beat] = &[
    step(Insurance, SocialInsurance, Received, (5, 60)),
    step(Insurance, SocialInsurance, Appraised, (60, 420)),
    with_status(
        Insurance,
        SocialInsurance,
        Result("health_insurance_card"),
        (10, 120),
        "9",
    ),
];

const DEATH_BEATS: &[Beat] = &[
    with_status(Desk, CommuneDesk, Submitted, (0, 5), "1"),
    with_status(Desk, CommuneDesk, Received, (5, 60), "2"),
    Maybe(8, INTAKE_AND_SUPPLEMENT),
    with_status(Desk, CommuneDesk, HandedOver(Registrar), (5, 30), "4"),
    with_status(Registry, Registrar, Received, (5, 60), "1"),
    with_status(Registry, Registrar, Registered(Death), (20, 240), "4"),
    step(Registry, Registrar, ExtractIssued(Death), (5, 20)),
    Together(&[
        &[
            step(Residence, CommunePolice, Received, (5, 60)),
            with_status(Residence, CommunePolice, ResidenceRemoved, (60, 500), "9"),
        ],
        // The applicant picks 2, 3 or 4 procedures.
        &[Maybe(70, ALLOWANCE)],
    ]),
    with_status(Desk, CommuneDesk, ResultIssued, (10, 60), "9"),
    with_status(Desk, CommuneDesk, ResultReturned, (10, 480), "10"),
];

const ALLOWANCE: &[Beat] = &[
    step(Desk, CommuneDesk, HandedOver(HomeAffairs), (5, 60)),
    step(Allowance, HomeAffairs, Accepted(CommuneDesk), (30, 480)),
    step(
        Allowance,
        HomeAffairs,
        Consulted(SocialInsurance),
        (10, 120),
    ),
    with_status(Insurance, SocialInsurance, Answered, (120, 960), "9"),
    step(Allowance, HomeAffairs, Appraised, (60, 480)),
    step(Allowance, HomeAffairs, Approved, (30, 240)),
    with_status(
        Allowance,
        HomeAffairs,
        Result("funeral_allowance_decision"),
        (10, 60),
        "9",
    ),
];
