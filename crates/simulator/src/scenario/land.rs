//! A land certificate is renewed: land office and tax office of one province, and a payment
//! during which the clock stops. Horizontal: every agency is the province's.

use super::script::{Beat, Part, Role, Says, Script, step, with_status};
use Beat::{Ending, Maybe};
use Part::{Desk, Land, Tax};
use Role::{LandOffice, ProvinceDesk, Tax as TaxOffice};
use Says::*;

/// Renewal of a land use certificate; 10 working days.
pub(super) const CERTIFICATE: Script = Script {
    procedure: "1.012783",
    grouped: false,
    desk: ProvinceDesk,
    appointment: 10 * 480,
    beats: &[
        with_status(Desk, ProvinceDesk, Received, (0, 10), "2"),
        Maybe(60, &[step(Desk, ProvinceDesk, Digitised, (5, 30))]),
        with_status(Desk, ProvinceDesk, HandedOver(LandOffice), (10, 120), "4"),
        step(Land, LandOffice, Accepted(ProvinceDesk), (20, 480)),
        Maybe(
            10,
            &[
                step(Land, LandOffice, Returned(ProvinceDesk), (60, 300)),
                with_status(Desk, ProvinceDesk, SupplementRequested, (10, 60), "5"),
                with_status(Desk, ProvinceDesk, SupplementReceived, (200, 1_400), "4"),
                step(Desk, ProvinceDesk, HandedOver(LandOffice), (5, 60)),
                step(Land, LandOffice, Accepted(ProvinceDesk), (10, 240)),
            ],
        ),
        step(Land, LandOffice, Appraised, (120, 900)),
        // The information transfer slip.
        step(Land, LandOffice, HandedOver(TaxOffice), (10, 120)),
        step(Tax, TaxOffice, Accepted(LandOffice), (30, 600)),
        Maybe(
            25,
            &[
                step(Tax, TaxOffice, Consulted(LandOffice), (30, 240)),
                step(Land, LandOffice, Answered, (60, 700)),
            ],
        ),
        step(
            Tax,
            TaxOffice,
            Result("financial_obligation_notice"),
            (60, 480),
        ),
        step(Tax, TaxOffice, PaymentRequested, (5, 60)),
        Ending(
            4,
            &[
                with_status(Desk, ProvinceDesk, Withdrawn, (300, 900), "7"),
                with_status(Tax, TaxOffice, Withdrawn, (5, 60), "7"),
                with_status(Land, LandOffice, Withdrawn, (5, 60), "7"),
            ],
        ),
        step(Tax, TaxOffice, PaymentMade, (60, 1_900)),
        with_status(Tax, TaxOffice, HandedOver(LandOffice), (5, 60), "9"),
        step(Land, LandOffice, Accepted(TaxOffice), (10, 240)),
        Maybe(8, &[step(Land, LandOffice, Extended, (30, 200))]),
        step(Land, LandOffice, Approved, (60, 480)),
        step(Land, LandOffice, Signed, (20, 240)),
        step(Land, LandOffice, ResultIssued, (10, 60)),
        with_status(Land, LandOffice, HandedOver(ProvinceDesk), (10, 120), "9"),
        with_status(Desk, ProvinceDesk, Accepted(LandOffice), (10, 240), "9"),
        with_status(Desk, ProvinceDesk, ResultReturned, (20, 900), "10"),
        Maybe(40, &[step(Desk, ProvinceDesk, Rated, (1, 30))]),
    ],
};
