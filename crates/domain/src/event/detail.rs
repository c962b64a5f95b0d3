//! What an event tells beyond who, when and to whom, in 64 bits. Which part means something
//! follows from the kind of the event; what was not told is zero.

/// How a dossier or a result crosses the counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Channel {
    /// At the one-stop desk.
    Desk = 1,
    /// Through a public-service portal.
    Online = 2,
    /// By public post.
    Post = 3,
    /// Handed in by another system.
    System = 4,
}

/// How far a procedure was completed online (Decree 42/2022/ND-CP).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum OnlineLevel {
    /// Partial online service (một phần).
    Partial = 1,
    /// Full online service (toàn trình).
    Full = 2,
}

/// A book that a system keeps of its dossiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Register {
    /// Of a one-stop system.
    OneStop = 1,
    /// Of the civil-status software.
    CivilStatus = 2,
    /// Of a public-service portal.
    Portal = 3,
}

/// A yes or no that an event tells; also what an adapter observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Flag {
    /// The result is an electronic file.
    Electronic = 5,
    /// It is signed digitally.
    Signed = 6,
    /// It was paid online.
    PaidOnline = 7,
    /// The result was digitised, not the papers handed in.
    OfResult = 8,
    /// The appraisal passed, or the party asked agrees.
    Positive = 9,
    /// A letter of apology was sent.
    Apology = 10,
    /// An identity number is a known placeholder.
    PlaceholderIdentity = 16,
    /// An identity number has no known structure.
    MalformedIdentity = 17,
    /// A file of the result is one of those handed in.
    SubmittedFileReturned = 18,
}

/// See the module. Part of the views' digests: the layout must never change.
///
/// ```text
/// 0..3 channel   3..5 online level   5..11 flags   11..14 score   14..16 register
/// 16..20 observations   20..36 day, since 1970-01-01   36..64 entries of the day
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Detail(u64);

const DAYS: u64 = (1 << 16) - 1;
const ENTRIES: u64 = (1 << 28) - 1;

impl Detail {
    /// Nothing told.
    pub const NONE: Detail = Detail(0);

    /// The detail that [`Detail::bits`] gave.
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Everything in one number.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// With the channel and how far online.
    #[must_use]
    pub fn with_channel(self, channel: Option<Channel>, online: Option<OnlineLevel>) -> Self {
        let channel = channel.map_or(0, |channel| channel as u64);
        let online = online.map_or(0, |online| online as u64);
        Self(self.0 | channel | online << 3)
    }

    /// With a yes if `on`.
    #[must_use]
    pub fn with(self, flag: Flag, on: bool) -> Self {
        Self(self.0 | u64::from(on) << flag as u8)
    }

    /// With a rating, 1 to 5.
    #[must_use]
    pub fn with_score(self, score: u32) -> Self {
        Self(self.0 | u64::from(score & 7) << 11)
    }

    /// With the register that an entry is of, its day since 1970-01-01 and how many entries it has.
    #[must_use]
    pub fn with_register(self, register: Register, day: i64, entries: u32) -> Self {
        let day = (day.max(0) as u64).min(DAYS);
        let entries = u64::from(entries).min(ENTRIES);
        Self(self.0 | (register as u64) << 14 | day << 20 | entries << 36)
    }

    /// The channel, if told.
    pub fn channel(self) -> Option<Channel> {
        match self.0 & 7 {
            1 => Some(Channel::Desk),
            2 => Some(Channel::Online),
            3 => Some(Channel::Post),
            4 => Some(Channel::System),
            _ => None,
        }
    }

    /// How far online, if told.
    pub fn online(self) -> Option<OnlineLevel> {
        match self.0 >> 3 & 3 {
            1 => Some(OnlineLevel::Partial),
            2 => Some(OnlineLevel::Full),
            _ => None,
        }
    }

    /// Whether yes was told.
    pub fn is(self, flag: Flag) -> bool {
        self.0 >> flag as u8 & 1 == 1
    }

    /// The rating, 1 to 5; 0: none.
    pub fn score(self) -> u8 {
        (self.0 >> 11 & 7) as u8
    }

    /// The register, its day since 1970-01-01 and how many entries that day has.
    pub fn register(self) -> Option<(Register, i64, u32)> {
        let register = match self.0 >> 14 & 3 {
            1 => Register::OneStop,
            2 => Register::CivilStatus,
            3 => Register::Portal,
            _ => return None,
        };
        let day = (self.0 >> 20 & DAYS) as i64;
        Some((register, day, (self.0 >> 36) as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_put_in_comes_out_and_nothing_else() {
        let detail = Detail::NONE
            .with_channel(Some(Channel::Online), Some(OnlineLevel::Full))
            .with(Flag::Apology, true)
            .with(Flag::Signed, false)
            .with(Flag::SubmittedFileReturned, true)
            .with_score(5)
            .with_register(Register::Portal, 20_000, 77);
        let detail = Detail::from_bits(detail.bits());
        assert_eq!(detail.channel(), Some(Channel::Online));
        assert_eq!(detail.online(), Some(OnlineLevel::Full));
        assert!(detail.is(Flag::Apology) && detail.is(Flag::SubmittedFileReturned));
        assert!(!detail.is(Flag::Signed) && !detail.is(Flag::PlaceholderIdentity));
        assert_eq!(detail.score(), 5);
        assert_eq!(detail.register(), Some((Register::Portal, 20_000, 77)));
        assert_eq!(Detail::NONE.channel(), None);
        assert_eq!(Detail::NONE.register(), None);
    }
}
