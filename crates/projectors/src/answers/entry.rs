//! What the figures need of one dossier, in a few numbers: made once when the dossier changes, and
//! counted in every answer.

use lienthong_domain::event::detail::{Channel, OnlineLevel};
use lienthong_domain::life::{End, Ending, Life, deadline, life};
use lienthong_domain::path::Step;
use lienthong_domain::path::day::{day, day_number};
use lienthong_domain::path::holder::{Holder, holder};
use lienthong_domain::procedure::Online;
use lienthong_domain::reference::Reference;

/// No moment.
const NEVER: i64 = i64::MIN;

/// Where the numbers of [`Entry::flags`] begin.
const TOLD_ONLINE: u32 = 3;
const SERVICE: u32 = 5;
const ENDING: u32 = 7;
/// A yes or no of an entry: the number of its bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Mark {
    /// Open, and the clock stands still.
    Paused = 9,
    /// Papers handed in were digitised.
    PapersDigitised = 10,
    /// The result was digitised.
    ResultDigitised = 11,
    /// The result is electronic.
    Electronic = 12,
    /// The electronic result is digitally signed.
    Signed = 13,
}

/// One dossier after its last step. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// First moment at which something was told.
    pub first_ms: i64,
    /// Last moment at which something was told.
    pub last_ms: i64,
    received_ms: i64,
    told_due_ms: i64,
    legal_due_ms: i64,
    end_ms: i64,
    /// Payments made.
    pub payments: u16,
    /// Of those, online.
    pub payments_online: u16,
    /// Ratings given.
    pub ratings: u16,
    /// Of those, 4 or 5.
    pub satisfied: u16,
    flags: u32,
    /// The year that the calendar lacks; 0: none.
    missing_year: i16,
}

/// Which deadline decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Rule {
    /// The legal one where the catalogue knows a limit, else the one told.
    #[default]
    LegalElseTold,
    /// The one told.
    Told,
    /// The legal one.
    Legal,
}

/// A deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// There is none.
    None,
    /// This moment.
    At(i64),
    /// The clock runs through a year that the calendar lacks.
    NoCalendar(i16),
}

/// A dossier as its steps tell it.
#[derive(Debug, Clone)]
pub struct Look<'a> {
    /// Who received it; of one that nobody received: who acted last. Empty: not told.
    pub agency: &'a str,
    /// Who has it.
    pub holder: Option<Holder<'a>>,
    /// Its life.
    pub life: Life<'a>,
    /// What is counted.
    pub entry: Entry,
}

/// Looks at the steps of ONE dossier, in their order; none without a step.
pub fn look<'a>(steps: &[Step<'a>], reference: &Reference) -> Option<Look<'a>> {
    let acted = steps.iter().rev().map(|step| step.actor.agency);
    let acted = acted.clone().find(|code| !code.is_empty());
    steps.first()?;
    let life = life(steps);
    let agency = match &life.received {
        Some(received) => received.by.agency,
        None => acted.unwrap_or_default(),
    };
    Some(Look {
        agency,
        holder: holder(steps),
        entry: Entry::new(&life, reference),
        life,
    })
}

impl Entry {
    fn new(life: &Life<'_>, reference: &Reference) -> Self {
        let legal = deadline(life, reference);
        let (legal_due_ms, missing_year) = match legal.as_ref().map(|legal| legal.due_ms) {
            None => (NEVER, 0),
            Some(Ok(due_ms)) => (due_ms, 0),
            Some(Err(lacking)) => (NEVER, lacking.year),
        };
        let deeds = life.deeds;
        let mut flags = 0;
        let mut received_ms = NEVER;
        if let Some(received) = &life.received {
            received_ms = received.at_ms;
            flags |= received.channel.map_or(0, |channel| channel as u32);
            flags |= received.online.map_or(0, |online| online as u32) << TOLD_ONLINE;
            let version = legal.map(|legal| legal.procedure).or_else(|| {
                let on = day(day_number(received_ms));
                reference.procedures.version_at(life.procedure, on)
            });
            let service = match version.and_then(|version| version.online) {
                Some(Online::Full) => Some(OnlineLevel::Full),
                Some(Online::Partial) => Some(OnlineLevel::Partial),
                Some(Online::Information) => None,
                None => received.online,
            };
            flags |= service.map_or(0, |service| service as u32) << SERVICE;
        }
        let ending = life.end.map_or(0, |end| match end.how {
            Ending::Settled => 1,
            Ending::Withdrawn => 2,
            Ending::Refused => 3,
        });
        flags |= ending << ENDING;
        let marks = [
            (
                Mark::Paused,
                life.end.is_none() && life.paused_since().is_some(),
            ),
            (Mark::PapersDigitised, deeds.papers_digitised),
            (Mark::ResultDigitised, deeds.result_digitised),
            (Mark::Electronic, deeds.electronic),
            (Mark::Signed, deeds.signed),
        ];
        for (mark, on) in marks {
            flags |= u32::from(on) << mark as u32;
        }
        Self {
            first_ms: life.first_ms,
            last_ms: life.last_ms,
            received_ms,
            told_due_ms: life.told_due_ms.unwrap_or(NEVER),
            legal_due_ms,
            end_ms: life.end.map_or(NEVER, |end| end.at_ms),
            payments: deeds.payments,
            payments_online: deeds.payments_online,
            ratings: deeds.ratings,
            satisfied: deeds.satisfied,
            flags,
            missing_year,
        }
    }

    /// When it was received, if it was.
    pub fn received_ms(&self) -> Option<i64> {
        some(self.received_ms)
    }

    /// The day by which agency, unit and procedure are looked up: of reception, or of the first
    /// step of a dossier that nobody received.
    pub fn day(&self) -> i64 {
        day_number(self.received_ms().unwrap_or(self.first_ms))
    }

    /// The deadline that the source told.
    pub fn told_due_ms(&self) -> Option<i64> {
        some(self.told_due_ms)
    }

    /// The deadline that decides.
    pub fn due(&self, rule: Rule) -> Due {
        let legal = match (self.missing_year, some(self.legal_due_ms)) {
            (0, None) => Due::None,
            (0, Some(due_ms)) => Due::At(due_ms),
            (year, _) => Due::NoCalendar(year),
        };
        let told = self.told_due_ms().map_or(Due::None, Due::At);
        match rule {
            Rule::Told => told,
            Rule::Legal => legal,
            Rule::LegalElseTold if legal == Due::None => told,
            Rule::LegalElseTold => legal,
        }
    }

    /// How it ended, if it did.
    pub fn end(&self) -> Option<End> {
        let how = match self.flags >> ENDING & 3 {
            1 => Ending::Settled,
            2 => Ending::Withdrawn,
            3 => Ending::Refused,
            _ => return None,
        };
        Some(End {
            at_ms: self.end_ms,
            how,
        })
    }

    /// By which channel it was received, if told.
    pub fn channel(&self) -> Option<Channel> {
        match self.flags & 7 {
            1 => Some(Channel::Desk),
            2 => Some(Channel::Online),
            3 => Some(Channel::Post),
            4 => Some(Channel::System),
            _ => None,
        }
    }

    /// How far online it was received, if told.
    pub fn told_online(&self) -> Option<OnlineLevel> {
        online(self.flags >> TOLD_ONLINE & 3)
    }

    /// How far its service is online: the catalogue's word, else the dossier's.
    pub fn service(&self) -> Option<OnlineLevel> {
        online(self.flags >> SERVICE & 3)
    }

    /// Whether a mark is set.
    pub fn is(&self, mark: Mark) -> bool {
        self.flags >> mark as u32 & 1 == 1
    }
}

fn some(ms: i64) -> Option<i64> {
    (ms != NEVER).then_some(ms)
}

fn online(number: u32) -> Option<OnlineLevel> {
    match number {
        1 => Some(OnlineLevel::Partial),
        2 => Some(OnlineLevel::Full),
        _ => None,
    }
}
