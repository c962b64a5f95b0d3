//! The status of a dossier in the terms of the National Public Service Portal, codes 1 to 10.

mod mapping;

use std::fmt;

pub use mapping::{Mapping, Mappings, StatusError, StatusRow};

/// A portal status. The discriminant is the portal's own code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum PortalStatus {
    /// Mới đăng ký: submitted online, not yet accepted.
    Submitted = 1,
    /// Được tiếp nhận: accepted at the one-stop desk.
    Received = 2,
    /// Không được tiếp nhận: refused at intake.
    Refused = 3,
    /// Đang xử lý: in processing.
    Processing = 4,
    /// Yêu cầu bổ sung giấy tờ: a supplement is requested.
    SupplementRequested = 5,
    /// Yêu cầu thực hiện nghĩa vụ tài chính: a payment is requested.
    PaymentRequested = 6,
    /// Công dân yêu cầu rút hồ sơ: withdrawn by the applicant.
    Withdrawn = 7,
    /// Dừng xử lý: processing is stopped.
    Stopped = 8,
    /// Đã xử lý xong: processed, the result lies at the desk.
    Processed = 9,
    /// Đã trả kết quả: the result is with the applicant.
    Returned = 10,
}

/// What the figures of Decision 766/QĐ-TTg count a status as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Before intake: 1.
    Submitted,
    /// Refused at intake: 3.
    Refused,
    /// 2 and 4.
    Processing,
    /// 5, 6 and 8.
    Paused,
    /// 7, 9 and 10.
    Done,
}

impl PortalStatus {
    /// Every status in the order of the codes.
    pub const ALL: [PortalStatus; 10] = [
        PortalStatus::Submitted,
        PortalStatus::Received,
        PortalStatus::Refused,
        PortalStatus::Processing,
        PortalStatus::SupplementRequested,
        PortalStatus::PaymentRequested,
        PortalStatus::Withdrawn,
        PortalStatus::Stopped,
        PortalStatus::Processed,
        PortalStatus::Returned,
    ];

    /// The portal's code, 1 to 10.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The status of a portal code; none outside 1 to 10.
    pub fn from_code(code: u8) -> Option<PortalStatus> {
        PortalStatus::ALL
            .get(usize::from(code).checked_sub(1)?)
            .copied()
    }

    /// The lower-case name used in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            PortalStatus::Submitted => "submitted",
            PortalStatus::Received => "received",
            PortalStatus::Refused => "refused",
            PortalStatus::Processing => "processing",
            PortalStatus::SupplementRequested => "supplement-requested",
            PortalStatus::PaymentRequested => "payment-requested",
            PortalStatus::Withdrawn => "withdrawn",
            PortalStatus::Stopped => "stopped",
            PortalStatus::Processed => "processed",
            PortalStatus::Returned => "returned",
        }
    }

    /// What the figures count the status as.
    pub fn phase(self) -> Phase {
        match self {
            PortalStatus::Submitted => Phase::Submitted,
            PortalStatus::Refused => Phase::Refused,
            PortalStatus::Received | PortalStatus::Processing => Phase::Processing,
            PortalStatus::SupplementRequested
            | PortalStatus::PaymentRequested
            | PortalStatus::Stopped => Phase::Paused,
            PortalStatus::Withdrawn | PortalStatus::Processed | PortalStatus::Returned => {
                Phase::Done
            }
        }
    }

    /// Whether the legal clock stands still: in 5, 6 and 8.
    pub fn clock_stops(self) -> bool {
        self.phase() == Phase::Paused
    }
}

impl fmt::Display for PortalStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
