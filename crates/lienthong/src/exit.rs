//! How a command ends otherwise than well: what it says and its exit code.

use std::fmt;
use std::process::ExitCode;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// The exit codes, as `--help` documents them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Anything that is none of the following.
    Failed = 1,
    /// An argument, a setting or a request is not well-formed.
    Usage = 2,
    /// What was asked for does not exist.
    NotFound = 3,
    /// The hub cannot be reached or asks to try again.
    Unavailable = 4,
    /// A verification found a difference.
    Different = 5,
    /// Something that was looked at needs a hand.
    NeedsHand = 6,
}

/// Why a command ended: its code and what to tell the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// A failure in words.
    pub fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self {
            exit,
            message: message.to_string(),
        }
    }

    /// A failure that nothing better is known of.
    pub fn failed(message: impl fmt::Display) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// The code to end with.
    pub fn code(&self) -> ExitCode {
        ExitCode::from(self.exit as u8)
    }

    /// Which kind of end.
    #[cfg(test)]
    pub fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<crate::config::Error> for Failure {
    fn from(error: crate::config::Error) -> Self {
        Self::new(Exit::Usage, error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::failed(error)
    }
}

impl From<Status> for Failure {
    /// `REASON: message`, a line for each field, and where to read on.
    fn from(status: Status) -> Self {
        let exit = match status.code() {
            Code::InvalidArgument => Exit::Usage,
            Code::NotFound => Exit::NotFound,
            Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded => {
                Exit::Unavailable
            }
            _ => Exit::Failed,
        };
        let details = status.get_error_details();
        let Some(info) = details.error_info() else {
            return Self::new(exit, format!("{:?}: {}", status.code(), status.message()));
        };
        let mut lines = vec![format!("{}: {}", info.reason, status.message())];
        if let Some(bad) = details.bad_request() {
            let fields = bad.field_violations.iter();
            lines.extend(fields.map(|bad| format!("  {}: {}", bad.field, bad.description)));
        }
        if let Some(delay) = details.retry_info().and_then(|info| info.retry_delay) {
            lines.push(format!("  try again in {} s", delay.as_secs()));
        }
        lines.push(format!("  see: lienthong explain {}", info.reason));
        Self::new(exit, lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lienthong_contract::reason::Reason;
    use lienthong_contract::status::Failure as Refusal;

    #[test]
    fn a_bad_field_is_printed_with_its_path_its_fix_and_where_to_read_on() {
        let refusal = Refusal::of_field("code", "it is empty.", "give a case code");
        let failure = Failure::from(Status::from(refusal));
        assert_eq!(failure.exit(), Exit::Usage);
        assert_eq!(
            failure.to_string(),
            "REQUEST_MALFORMED: code: it is empty.\n  code: it is empty. Fix: give a case code\n  \
             see: lienthong explain REQUEST_MALFORMED"
        );
    }

    #[test]
    fn each_kind_of_end_has_its_own_code() {
        for (reason, exit) in [
            (Reason::CaseNotFound, Exit::NotFound),
            (Reason::ViewLoading, Exit::Unavailable),
            (Reason::LogOverloaded, Exit::Unavailable),
            (Reason::RebuildUnderWay, Exit::Failed),
            (Reason::BatchSize, Exit::Usage),
        ] {
            let status = Status::from(Refusal::new(reason, "so it is"));
            assert_eq!(Failure::from(status).exit(), exit, "{}", reason.name());
        }
        assert_eq!(
            Failure::from(Status::unknown("no details")).to_string(),
            "Unknown: no details"
        );
    }
}
