//! What a follower's lag is called.

/// What a follower's lag is called, by the numbers that metrics use. Of the first seven the larger
/// is the worse; the others are of subscriptions only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Status {
    /// It stood at the log's end within the window.
    Current = 0,
    /// It moves and does not fall further behind.
    CatchingUp = 1,
    /// It has not yet caught up with the log as it was when it started.
    Loading = 2,
    /// It moves, but its lag grew over the window.
    FallingBehind = 3,
    /// It stands before where it stood within the window.
    Rewound = 4,
    /// Records waited during the whole window and none was processed, or it cannot go on.
    Stalled = 5,
    /// Retention removed events that it had not processed.
    Lost = 6,
    /// A person paused it.
    Paused = 7,
    /// It was disabled.
    Disabled = 8,
    /// It has as many parked events as it may.
    Full = 9,
    /// No gateway keeps it now.
    Unkept = 10,
}

impl Status {
    /// Every one, by its number.
    pub const ALL: [Self; 11] = [
        Self::Current,
        Self::CatchingUp,
        Self::Loading,
        Self::FallingBehind,
        Self::Rewound,
        Self::Stalled,
        Self::Lost,
        Self::Paused,
        Self::Disabled,
        Self::Full,
        Self::Unkept,
    ];

    /// The name that operators read.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::CatchingUp => "catching_up",
            Self::Loading => "loading",
            Self::FallingBehind => "falling_behind",
            Self::Rewound => "rewound",
            Self::Stalled => "stalled",
            Self::Lost => "lost",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
            Self::Full => "full",
            Self::Unkept => "unkept",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// The number that metrics use.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_its_number_and_is_known_by_its_name() {
        for (number, status) in (0_u8..).zip(Status::ALL) {
            assert_eq!(status.number(), number);
            assert_eq!(Status::from_name(status.name()), Some(status));
        }
        assert_eq!(Status::from_name("behind"), None);
    }

    #[test]
    fn of_the_statuses_of_views_the_worse_is_the_larger() {
        assert!(Status::ALL.is_sorted());
        assert!(Status::Lost > Status::Stalled && Status::Stalled > Status::FallingBehind);
    }
}
