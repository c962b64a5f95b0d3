//! The one catalogue of error reasons: what each means, what to do, and its gRPC and
//! HTTP status. `lienthong explain REASON` prints it.

mod intake;
mod subscriptions;
mod views;

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
    /// A resume token that no hub gave, or that lost a part on its way.
    TokenMalformed,
    /// A resume token that was given for another event log: another number of partitions, or other records at its place.
    TokenForeign,
    /// Retention has removed events that come next for this token, sequence number or place.
    PositionGone,
    /// There is no durable subscription of that name.
    SubscriptionNotFound,
    /// A durable subscription of that name, with another content, is there already.
    SubscriptionExists,
    /// The durable subscription is between two gateways, or its gateway has just gone.
    SubscriptionMoving,
    /// The events of this durable subscription go to its webhook, not to consumers.
    SubscriptionHasWebhook,
    /// The durable subscription has no webhook, and so no secret.
    SubscriptionHasNoWebhook,
    /// The webhook's endpoint did not answer the validation event with 2xx and its challenge.
    WebhookRefused,
    /// No case of that key is parked in the durable subscription.
    CaseNotParked,
    /// The durable subscription has not given sequence numbers that far.
    SequenceNotYet,
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

/// Every reason, with what the catalogue says of it.
pub fn catalogue() -> impl Iterator<Item = &'static Entry> {
    let parts = [intake::ENTRIES, views::ENTRIES, subscriptions::ENTRIES];
    parts.into_iter().flatten().chain([&INTERNAL])
}

const INTERNAL: Entry = entry(
    Reason::Internal,
    "INTERNAL",
    Code::Internal,
    None,
    "The hub met a state that should not occur.",
    "Report it with the hub's own log of that moment.",
);

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
        let entry = catalogue().find(|entry| entry.reason == self);
        entry.unwrap_or(&INTERNAL)
    }

    /// Finds a reason by its name on the wire, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        catalogue()
            .find(|entry| entry.name.eq_ignore_ascii_case(name))
            .map(|entry| entry.reason)
    }

    /// The HTTP status that stands for the gRPC code.
    pub fn http_status(self) -> u16 {
        match self.entry().code {
            Code::InvalidArgument => 400,
            Code::NotFound => 404,
            Code::FailedPrecondition | Code::AlreadyExists => 409,
            Code::OutOfRange => 410,
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
    fn every_reason_is_there_once_with_words_of_its_own() {
        let mut names = std::collections::BTreeSet::new();
        let mut reasons = std::collections::BTreeSet::new();
        for entry in catalogue() {
            assert!(reasons.insert(entry.reason as usize), "{}", entry.name);
            assert!(names.insert(entry.name));
            assert!(
                entry.meaning.len() > 20 && entry.fix.len() > 5,
                "{}",
                entry.name
            );
            assert_eq!(Reason::from_name(entry.name), Some(entry.reason));
            assert_eq!(entry.reason.name(), entry.name);
        }
        assert_eq!(reasons.len(), Reason::Internal as usize + 1);
    }

    #[test]
    fn what_can_be_tried_again_says_when() {
        for entry in catalogue() {
            let transient = matches!(entry.code, Code::ResourceExhausted | Code::Unavailable);
            assert_eq!(entry.retry_after_s.is_some(), transient, "{}", entry.name);
        }
    }
}
