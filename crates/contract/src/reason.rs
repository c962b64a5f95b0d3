//! The one catalogue of error reasons: what each means, what to do, and its gRPC and
//! HTTP status. `lienthong explain REASON` prints it.

use tonic::Code;

/// The `ErrorInfo.domain` of every error of the hub.
pub const DOMAIN: &str = "lienthong.vn";

/// Why the hub refused or could not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A message breaks the rules of its contract.
    EventMalformed,
    /// A status code that the mapping table does not know.
    StatusUnknown,
    /// A packet that is not JSON or XML of QCVN 120.
    PacketUnreadable,
    /// A batch without events, or with too many.
    BatchSize,
    /// A request field that is not an event's.
    RequestMalformed,
    /// The log's queue is full.
    LogOverloaded,
    /// The disk of the log is full.
    LogDiskFull,
    /// The log cannot be written or read.
    LogUnavailable,
    /// An event larger than the log takes.
    EventTooLarge,
    /// The hub is shutting down.
    Draining,
    /// No view knows the code.
    CaseNotFound,
    /// The view has not reached the positions asked for.
    ViewNotCaughtUp,
    /// The view is loading its checkpoint.
    ViewLoading,
    /// No instance keeps a partition of the view just now.
    ViewUnowned,
    /// Processes of different versions speak with each other.
    VersionsMixed,
    /// Processes, or partitions of one view, have different reference data.
    ReferenceDiffers,
    /// There is no view of that name.
    ViewUnknown,
    /// The log no longer holds its beginning.
    LogTruncated,
    /// A rebuild or verification of the view is under way.
    RebuildUnderWay,
    /// No dossier is parked there.
    ParkedNotFound,
    /// No rejected message has that number.
    RejectedNotFound,
    /// The rejected message was resubmitted already.
    RejectedResubmitted,
    /// The process asked has no adapter for the rejected message.
    AdapterElsewhere,
    /// No unit, agency or procedure of that code is in the tables on that day.
    ReferenceNotFound,
    /// A stored event that cannot be read; it parks its dossier.
    EventUnreadable,
    /// A stored event of a kind that this version does not know; it parks its dossier.
    EventKindUnknown,
    /// The working calendar has no table of a year that a deadline runs through.
    CalendarMissing,
    /// A stored event whose source status is not in the status tables of the view; it parks its
    /// dossier.
    EventStatusUnknown,
    /// Something that should not happen.
    Internal,
}

/// What the catalogue says of a reason.
pub struct Entry {
    /// The reason.
    pub reason: Reason,
    /// Its name on the wire, UPPER_SNAKE.
    pub name: &'static str,
    /// gRPC status code.
    pub code: Code,
    /// Seconds after which to try again; none: trying again as it is does not help.
    pub retry_after_s: Option<u32>,
    /// What it means.
    pub meaning: &'static str,
    /// What to do.
    pub fix: &'static str,
}

/// Every reason. Kept in the order of the enum.
pub const CATALOGUE: &[Entry] = &[
    entry(
        Reason::EventMalformed,
        "EVENT_MALFORMED",
        Code::InvalidArgument,
        None,
        "A message breaks the rules of its contract; the violations name each field.",
        "Correct the fields named and send it again, or `lienthong rejected resubmit` the kept message.",
    ),
    entry(
        Reason::StatusUnknown,
        "STATUS_UNKNOWN",
        Code::InvalidArgument,
        None,
        "The source status is not in the mapping table of its system; the hub never guesses a status.",
        "Use a code of the table, or extend the mapping table and resubmit the rejected message.",
    ),
    entry(
        Reason::PacketUnreadable,
        "PACKET_UNREADABLE",
        Code::InvalidArgument,
        None,
        "The body is not a JSON or XML envelope of QCVN 120:2019.",
        "Send {session, madonvi, service, isUpdating, data: [...]} with the matching Content-Type.",
    ),
    entry(
        Reason::BatchSize,
        "BATCH_SIZE",
        Code::InvalidArgument,
        None,
        "A batch has no event or more than 10,000.",
        "Send between 1 and 10,000 events a call.",
    ),
    entry(
        Reason::RequestMalformed,
        "REQUEST_MALFORMED",
        Code::InvalidArgument,
        None,
        "A field of the request is missing or out of range; the violations name it.",
        "Correct the field named.",
    ),
    entry(
        Reason::LogOverloaded,
        "LOG_OVERLOADED",
        Code::ResourceExhausted,
        Some(1),
        "Events arrive faster than they can be made durable and the bounded queue is full; nothing of the call was acknowledged.",
        "Send again after the delay in RetryInfo; `source` + `id` makes that safe.",
    ),
    entry(
        Reason::LogDiskFull,
        "LOG_DISK_FULL",
        Code::ResourceExhausted,
        Some(30),
        "The disk of the event log is full; nothing of the call was acknowledged.",
        "Free space or shorten retention; the hub goes on by itself once there is space. Senders send again.",
    ),
    entry(
        Reason::LogUnavailable,
        "LOG_UNAVAILABLE",
        Code::Unavailable,
        Some(5),
        "The event log cannot be reached or its disk fails; nothing of the call was acknowledged.",
        "Look at the hub's own log for the I/O error; senders send again.",
    ),
    entry(
        Reason::EventTooLarge,
        "EVENT_TOO_LARGE",
        Code::InvalidArgument,
        None,
        "One event is larger than the log takes.",
        "Send references to files, not their content.",
    ),
    entry(
        Reason::Draining,
        "DRAINING",
        Code::Unavailable,
        Some(5),
        "The hub is shutting down and takes in nothing more.",
        "Send again to the hub after its restart, or to another instance.",
    ),
    entry(
        Reason::CaseNotFound,
        "CASE_NOT_FOUND",
        Code::NotFound,
        None,
        "No event about this code has reached the view.",
        "Check the code; if it was just reported, give its position in `min_positions`; look at `lienthong rejected`.",
    ),
    entry(
        Reason::ViewNotCaughtUp,
        "VIEW_NOT_CAUGHT_UP",
        Code::Unavailable,
        Some(1),
        "The view did not reach `min_positions` within `max_wait_ms`.",
        "Ask again, or look at `lienthong lag` for why the view is late.",
    ),
    entry(
        Reason::ViewLoading,
        "VIEW_LOADING",
        Code::Unavailable,
        Some(1),
        "The view is loading its checkpoint or being rebuilt after it could not prove itself.",
        "Ask again; `lienthong lag` shows the progress.",
    ),
    entry(
        Reason::ViewUnowned,
        "VIEW_UNOWNED",
        Code::Unavailable,
        Some(1),
        "No projector instance keeps a partition that the answer needs, or its instance cannot be reached: it has stopped, or the partition is moving to another.",
        "Ask again; if it lasts, start a projector of that view (`lienthong serve projector`), and look at `lienthong lag`.",
    ),
    entry(
        Reason::VersionsMixed,
        "VERSIONS_MIXED",
        Code::Unavailable,
        Some(5),
        "A gateway and a projector instance are of versions that do not understand each other.",
        "Finish the rolling upgrade: run every gateway and projector with the same version.",
    ),
    entry(
        Reason::ReferenceDiffers,
        "REFERENCE_DIFFERS",
        Code::Unavailable,
        Some(1),
        "What an answer needs lies under different reference data: a gateway and a projector instance have other tables, or partitions of one view were built with other status tables.",
        "Ask again, for a change of the catalogue reaches every process within a moment; if it lasts, give all processes the same reference files, and rebuild the view named (`lienthong views` shows its status tables).",
    ),
    entry(
        Reason::ViewUnknown,
        "VIEW_UNKNOWN",
        Code::InvalidArgument,
        None,
        "There is no view of that name.",
        "Use one of: case, horizontal, vertical.",
    ),
    entry(
        Reason::LogTruncated,
        "LOG_TRUNCATED",
        Code::FailedPrecondition,
        None,
        "Retention has removed the beginning of the log, so a view cannot be rebuilt from it.",
        "Lengthen retention; keep the view's checkpoint, which holds what the log no longer does.",
    ),
    entry(
        Reason::RebuildUnderWay,
        "REBUILD_UNDER_WAY",
        Code::FailedPrecondition,
        None,
        "A rebuild or verification of this view is under way.",
        "Wait for it to end.",
    ),
    entry(
        Reason::ParkedNotFound,
        "PARKED_NOT_FOUND",
        Code::NotFound,
        None,
        "No dossier of that key is parked at that offset.",
        "List with `lienthong parked`; it may have been released already.",
    ),
    entry(
        Reason::RejectedNotFound,
        "REJECTED_NOT_FOUND",
        Code::NotFound,
        None,
        "No rejected message has that number.",
        "List with `lienthong rejected`.",
    ),
    entry(
        Reason::RejectedResubmitted,
        "REJECTED_RESUBMITTED",
        Code::FailedPrecondition,
        None,
        "The rejected message was resubmitted with success already.",
        "Nothing: it is in the event log.",
    ),
    entry(
        Reason::AdapterElsewhere,
        "ADAPTER_ELSEWHERE",
        Code::FailedPrecondition,
        None,
        "The rejected message belongs to a system whose adapter another process serves.",
        "Give --adapters the address of a process that serves that system (`lienthong serve adapter`).",
    ),
    entry(
        Reason::ReferenceNotFound,
        "REFERENCE_NOT_FOUND",
        Code::NotFound,
        None,
        "No unit, agency or procedure of that code is in the reference tables on that day.",
        "Check code and day; add what is missing with `lienthong catalog import`.",
    ),
    entry(
        Reason::EventUnreadable,
        "EVENT_UNREADABLE",
        Code::Internal,
        None,
        "A record of the log is not an event this version can read; its dossier is parked, every other goes on.",
        "Find the writer that bypassed the adapters; then `lienthong parked release KEY --offset N --skip`, or --retry after an upgrade.",
    ),
    entry(
        Reason::EventKindUnknown,
        "EVENT_KIND_UNKNOWN",
        Code::Internal,
        None,
        "A record of the log has a payload that this version does not know; its dossier is parked, every other goes on.",
        "Upgrade this hub, then `lienthong parked release KEY --offset N --retry`.",
    ),
    entry(
        Reason::CalendarMissing,
        "CALENDAR_MISSING",
        Code::FailedPrecondition,
        None,
        "The working calendar has no table of a year that the legal clock of the dossier runs through; the hub never guesses a working day.",
        "Add the year to a calendar file of the setting reference.calendar; `metadata.year` names it.",
    ),
    entry(
        Reason::EventStatusUnknown,
        "EVENT_STATUS_UNKNOWN",
        Code::Internal,
        None,
        "A record of the log has a source status that the view's status tables do not know; its dossier is parked, every other goes on. No status is ever guessed.",
        "Have the system's owner state what the code means and enter it in the status tables; then `lienthong views rebuild VIEW`, which takes the newest tables and lets the dossier go on.",
    ),
    entry(
        Reason::Internal,
        "INTERNAL",
        Code::Internal,
        None,
        "The hub met a state that should not occur.",
        "Report it with the hub's own log of that moment.",
    ),
];

const fn entry(
    reason: Reason,
    name: &'static str,
    code: Code,
    retry_after_s: Option<u32>,
    meaning: &'static str,
    fix: &'static str,
) -> Entry {
    Entry {
        reason,
        name,
        code,
        retry_after_s,
        meaning,
        fix,
    }
}

impl Reason {
    /// The name on the wire, such as `EVENT_MALFORMED`.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// What the catalogue says.
    pub fn entry(self) -> &'static Entry {
        &CATALOGUE[self as usize]
    }

    /// Finds a reason by its name on the wire, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        CATALOGUE
            .iter()
            .find(|entry| entry.name.eq_ignore_ascii_case(name))
            .map(|entry| entry.reason)
    }

    /// The HTTP status that stands for the gRPC code.
    pub fn http_status(self) -> u16 {
        match self.entry().code {
            Code::InvalidArgument => 400,
            Code::NotFound => 404,
            Code::FailedPrecondition => 409,
            Code::ResourceExhausted => 429,
            Code::Unavailable => 503,
            _ => 500,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_stands_at_its_own_place_with_words_of_its_own() {
        let mut names = std::collections::BTreeSet::new();
        for (index, entry) in CATALOGUE.iter().enumerate() {
            assert_eq!(entry.reason as usize, index, "{}", entry.name);
            assert!(names.insert(entry.name));
            assert!(
                entry.meaning.len() > 20 && entry.fix.len() > 5,
                "{}",
                entry.name
            );
            assert_eq!(Reason::from_name(entry.name), Some(entry.reason));
        }
        assert_eq!(CATALOGUE.len(), Reason::Internal as usize + 1);
    }

    #[test]
    fn what_can_be_tried_again_says_when() {
        for entry in CATALOGUE {
            let transient = matches!(entry.code, Code::ResourceExhausted | Code::Unavailable);
            assert_eq!(entry.retry_after_s.is_some(), transient, "{}", entry.name);
        }
    }
}
