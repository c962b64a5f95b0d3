//! `CapNhatTienDoHoSoMC`: one step of progress.

use super::fact::{Fact, hash};
use super::fields::Fields;
use super::packet::Reading;
use super::people;
use lienthong_contract::pb::event::v1::{ProgressReported, event::Payload};
use lienthong_contract::time::from_millis;

/// Most bytes of a department that stands as the acting unit; a longer one goes to the notes.
const UNIT: usize = 128;

/// The step as a fact. Its free text may speak of a person, so that the label of the step is the
/// status, and the text goes to the protected part.
pub fn facts(record: &Fields<'_>, reading: &mut Reading<'_>) -> Vec<Fact> {
    let status = reading.status(record, "TrangThai");
    let violations = &mut reading.violations;
    let done = record.required(violations, "ThoiDiemXuLy");
    let occurred = if done.is_empty() {
        None
    } else {
        record.time(violations, "ThoiDiemXuLy")
    };
    let started = record.time(violations, "NgayBatDau");
    let due = record.time(violations, "NgayKetThucTheoQuyDinh");
    let department = record.text(violations, "PhongBanXuLy");
    let what = record.text(violations, "NoiDungXuLy");
    let is_unit = department.len() <= UNIT && !department.chars().any(char::is_control);
    let texts: &[&str] = if is_unit {
        &["NoiDungXuLy", "ChucDanh"]
    } else {
        &["NoiDungXuLy", "ChucDanh", "PhongBanXuLy"]
    };
    let protected = people::officer(record, violations, "NguoiXuLy", texts);
    let (Some(occurred_ms), Some((told, _))) = (occurred, status) else {
        return Vec::new();
    };
    let slug = format!(
        "progress_reported:{}:{}",
        told.code,
        hash(&what, &department)
    );
    let payload = Payload::ProgressReported(ProgressReported {
        step: format!("status-{}", told.code),
        started_time: started.map(from_millis),
        due_time: due.map(from_millis),
    });
    vec![Fact {
        status: Some(told),
        unit: if is_unit { department } else { String::new() },
        protected,
        ..Fact::new(slug, occurred_ms, payload)
    }]
}
