//! Papers and results that exist as files.

use super::Times;
use crate::qcvn120::fact::Fact;
use crate::qcvn120::fields::Fields;
use lienthong_contract::check::Violations;
use lienthong_contract::pb::event::v1::{self as pb, Observation, event::Payload};

/// Fewest characters of a file's id; shorter ones are running numbers.
const FILE_ID: usize = 16;

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
        let observed = if returns_a_paper(record, violations) {
            vec![Observation::SubmittedFileReturned]
        } else {
            Vec::new()
        };
        let occurred_ms = times.finished.unwrap_or(latest);
        facts.push(Fact {
            observed,
            ..Fact::new("digitised_result", occurred_ms, payload)
        });
    }
    facts
}

/// Whether a result's file is one of the papers handed in: the same path, or the same id if it is
/// long enough to be that of a file and no running number.
fn returns_a_paper(record: &Fields<'_>, violations: &mut Violations) -> bool {
    let mut papers: Vec<String> = Vec::new();
    for paper in record.list(violations, "TaiLieuNop") {
        papers.push(paper.text(violations, "DuongDanTaiTepTin"));
        papers.push(file_id(paper.text(violations, "TepDinhKemId")));
    }
    papers.retain(|paper| !paper.is_empty());
    let results = record.list(violations, "DanhSachGiayToKetQua").into_iter();
    let mut results = results.flat_map(|result| {
        [
            result.text(violations, "DuongDanTepTinKetQua"),
            file_id(result.text(violations, "GiayToId")),
        ]
    });
    results.any(|result| papers.contains(&result))
}

/// An id that names a file; empty for a running number.
fn file_id(id: String) -> String {
    if id.len() < FILE_ID {
        String::new()
    } else {
        id
    }
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
