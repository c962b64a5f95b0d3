//! A land certificate is renewed: land office and tax office of one province, and a payment
//! during which the clock stops. Horizontal: every agency is the province's.

use super::script::{Beat, Part, Role, Says, Script, step, with_status};
use Beat::{Ending, Maybe};
use Part::{Desk, Land, Tax};
use Role::{LandOffice, ProvinceDesk, Tax as TaxOffice};

/// Renewal of a land use certificate; 10 working days.
pub(super) const CERTIFICATE: Script = Script {
    procedure: "1.012783",
    grouped: false,
    desk: ProvinceDesk,
    appointment: 10 * 480,
    beats: &[
        with_status(Desk, ProvinceDesk, Says::Received, (0, 10), "2"),
        Maybe(60, &[step(Desk, ProvinceDesk, Says::Digitised, (5, 30))]),
        with_status(
            Desk,
            ProvinceDesk,
            Says::HandedOver(LandOffice),
            (10, 120),
            "4",
        ),
        step(Land, LandOffice, Says::Accepted(ProvinceDesk), (20, 480)),
        Maybe(
            10,
            &[
                step(Land, LandOffice, Says::Returned(ProvinceDesk), (60, 300)),
                with_status(Desk, ProvinceDesk, Says::SupplementRequested, (10, 60), "5"),
                with_status(
                    Desk,
                    ProvinceDesk,
                    Says::SupplementReceived,
                    (200, 1_400),
                    "4",
                ),
                step(Desk, ProvinceDesk, Says::HandedOver(LandOffice), (5, 60)),
                step(Land, LandOffice, Says::Accepted(ProvinceDesk), (10, 240)),
            ],
        ),
        step(Land, LandOffice, Says::Appraised, (120, 900)),
        // The information transfer slip.
        step(Land, LandOffice, Says::HandedOver(TaxOffice), (10, 120)),
        step(Tax, TaxOffice, Says::Accepted(LandOffice), (30, 600)),
        Maybe(
            25,
            &[
                step(Tax, TaxOffice, Says::Consulted(LandOffice), (30, 240)),
                step(Land, LandOffice, Says::Answered, (60, 700)),
            ],
        ),
        step(
            Tax,
            TaxOffice,
            Says::Result("financial_obligation_notice"),
            (60, 480),
        ),
        step(Tax, TaxOffice, Says::PaymentRequested, (5, 60)),
        Ending(
            4,
            &[with_status(
                Desk,
                ProvinceDesk,
                Says::Withdrawn,
                (300, 900),
                "7",
            )],
        ),
        step(Tax, TaxOffice, Says::PaymentMade, (60, 1_900)),
        step(Tax, TaxOffice, Says::HandedOver(LandOffice), (5, 60)),
        step(Land, LandOffice, Says::Accepted(TaxOffice), (10, 240)),
        Maybe(8, &[step(Land, LandOffice, Says::Extended, (30, 200))]),
        step(Land, LandOffice, Says::Approved, (60, 480)),
        step(Land, LandOffice, Says::Signed, (20, 240)),
        step(Land, LandOffice, Says::ResultIssued, (10, 60)),
        step(Land, LandOffice, Says::HandedOver(ProvinceDesk), (10, 120)),
        with_status(
            Desk,
            ProvinceDesk,
            Says::Accepted(LandOffice),
            (10, 240),
            "9",
        ),
        with_status(Desk, ProvinceDesk, Says::ResultReturned, (20, 900), "10"),
        Maybe(40, &[step(Desk, ProvinceDesk, Says::Rated, (1, 30))]),
    ],
};
