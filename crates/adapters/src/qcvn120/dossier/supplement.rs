//! Supplements: asked for, and come in.

use crate::qcvn120::fact::{Fact, id_part};
use crate::qcvn120::fields::Fields;
use crate::qcvn120::people;
use lienthong_contract::check::Violations;
use lienthong_contract::pb::event::v1::{self as pb, event::Payload};
use lienthong_contract::time::from_millis;

/// Each supplement asked for, and each that came in. Entries without number and dates are the
/// empty templates that some systems send.
pub fn facts(record: &Fields<'_>, violations: &mut Violations) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (index, entry) in record
        .list(violations, "DanhSachHoSoBoSung")
        .into_iter()
        .enumerate()
    {
        if !entry.says_any(&["HoSoBoSungId", "NgayBoSung", "NgayTiepNhanBoSung"]) {
            continue;
        }
        let supplement_id = entry.text(violations, "HoSoBoSungId");
        let asked = entry.time(violations, "NgayBoSung");
        let came = entry.time(violations, "NgayTiepNhanBoSung");
        let appointment = entry.time(violations, "NgayHenTraMoi");
        let number = if supplement_id.is_empty() {
            index.to_string()
        } else {
            id_part(&supplement_id)
        };
        if asked.is_none() && came.is_none() {
            let fix = "give the time the supplement was asked for";
            violations.add(&entry.path_of("NgayBoSung"), "it is missing", fix);
        }
        if let Some(occurred_ms) = asked {
            let payload = Payload::SupplementRequested(pb::SupplementRequested {
                supplement_id: supplement_id.clone(),
                due_time: None,
            });
            let slug = format!("supplement_requested:{number}");
            facts.push(Fact {
                protected: people::officer(
                    &entry,
                    violations,
                    "NguoiYeuCauBoSung",
                    &["NoiDungBoSung"],
                ),
                ..Fact::new(slug, occurred_ms, payload)
            });
        }
        if let Some(occurred_ms) = came {
            let payload = Payload::SupplementReceived(pb::SupplementReceived {
                supplement_id,
                appointment_time: appointment.map(from_millis),
            });
            let slug = format!("supplement_received:{number}");
            facts.push(Fact {
                protected: people::officer(
                    &entry,
                    violations,
                    "NguoiTiepNhanBoSung",
                    &["ThongTinTiepNhan"],
                ),
                ..Fact::new(slug, occurred_ms, payload)
            });
        }
    }
    facts
}
