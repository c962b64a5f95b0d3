//! Papers and results that exist as files.

use super::Times;
use crate::qcvn120::fact::Fact;
use crate::qcvn120::fields::Fields;
use lienthong_contract::check::Violations;
use lienthong_contract::pb::event::v1::{self as pb, event::Payload};

/// What was digitised: papers handed in, and the result.
pub fn facts(
    record: &Fields<'_>,
    violations: &mut Violations,
    times: &Times,
    latest: i64,
) -> Vec<Fact> {
    let mut facts = Vec::new();
    let papers = record.list(violations, "TaiLieuNop");
    let mut documents = 0;
    for paper in &papers {
        let kept = !paper.flag(violations, "IsDeleted");
        if kept && paper.flag(violations, "DuocSoHoa") {
            documents += 1;
        }
    }
    if documents == 0 && record.flag(violations, "HoSoCoThanhPhanSoHoa") {
        // The record says that there are some, not how many.
        documents = 1;
    }
    if documents > 0 {
        let payload = Payload::Digitised(pb::Digitised {
            documents,
            result: false,
            file_sha256: String::new(),
        });
        facts.push(Fact::new(
            "digitised",
            times.received.unwrap_or(latest),
            payload,
        ));
    }
    let results = result_files(record, violations);
    if results > 0 {
        let payload = Payload::Digitised(pb::Digitised {
            documents: results,
            result: true,
            file_sha256: String::new(),
        });
        facts.push(Fact::new(
            "digitised_result",
            times.finished.unwrap_or(latest),
            payload,
        ));
    }
    facts
}

/// Results that have a file.
pub fn result_files(record: &Fields<'_>, violations: &mut Violations) -> u32 {
    let mut files = 0;
    for result in record.list(violations, "DanhSachGiayToKetQua") {
        if !result.text(violations, "DuongDanTepTinKetQua").is_empty() {
            files += 1;
        }
    }
    files
}
