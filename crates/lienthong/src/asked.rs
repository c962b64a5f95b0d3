//! What several commands take alike: which dossiers, under which units, by which deadline, until
//! when, and after which positions.

use crate::exit::{Exit, Failure};
use clap::{Args, ValueEnum};
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use lienthong_contract::pb::event::v1::{Channel, Position};
use lienthong_contract::pb::performance::v1::{Deadline, DossierFilter, Precision};
use lienthong_contract::pb::procedure::v1::{Basis, Level};
use lienthong_contract::time::from_millis;
use prost_types::Timestamp;

/// Which dossiers.
#[derive(Debug, Args)]
pub struct Which {
    /// Only dossiers received by this agency, such as H56.15.03
    #[arg(long, value_name = "CODE")]
    agency: Option<String>,
    /// Only dossiers received in this unit and those below it: its GSO code, such as 38
    #[arg(long, value_name = "CODE")]
    pub unit: Option<String>,
    /// Only this procedure; a national code takes in its local forms
    #[arg(long, value_name = "CODE")]
    procedure: Option<String>,
    /// Only procedures of this field
    #[arg(long, value_name = "CODE")]
    field: Option<String>,
    /// Only dossiers that came in by this channel
    #[arg(long)]
    channel: Option<ChannelName>,
    /// Only dossiers received by an agency of this level
    #[arg(long)]
    level: Option<LevelName>,
}

/// A level as the command line names it.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum LevelName {
    Commune,
    District,
    Province,
    Ministry,
}

/// A channel as the command line names it.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ChannelName {
    Desk,
    Online,
    Post,
    System,
}

/// Which deadline decides.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum DeadlineName {
    /// The one that the source told
    Told,
    /// The one of the law and the catalogue
    Legal,
}

/// How finely a moment is compared with a deadline.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum PrecisionName {
    /// By days at +07:00
    Day,
    /// By milliseconds
    Moment,
}

/// Under which units, by which deadline, until when.
#[derive(Debug, Args)]
pub struct Under {
    /// Under the agencies and units of this day, such as 2025-07-01, instead of as it was
    #[arg(long = "under", value_name = "DAY")]
    pub units_of: Option<String>,
    /// Only what had happened until then: a time such as 2026-11-22T17:00:00+07:00, or a day to its end
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// The deadline that decides; without it the legal one, else the one told
    #[arg(long)]
    deadline: Option<DeadlineName>,
    /// What is compared with the deadline; without it days
    #[arg(long)]
    precision: Option<PrecisionName>,
}

/// After which positions to answer.
#[derive(Debug, Args)]
pub struct After {
    /// Wait until the view has read this position, as an adapter acknowledged it; may be repeated
    #[arg(long = "after", value_name = "PARTITION:OFFSET")]
    after: Vec<String>,
}

impl Which {
    /// As the contract says it.
    pub fn filter(&self) -> DossierFilter {
        let code = |given: &Option<String>| given.clone().unwrap_or_default();
        let channel = match self.channel {
            None => Channel::Unspecified,
            Some(ChannelName::Desk) => Channel::Desk,
            Some(ChannelName::Online) => Channel::Online,
            Some(ChannelName::Post) => Channel::Post,
            Some(ChannelName::System) => Channel::System,
        };
        let level = match self.level {
            None => Level::Unspecified,
            Some(LevelName::Commune) => Level::Commune,
            Some(LevelName::District) => Level::District,
            Some(LevelName::Province) => Level::Province,
            Some(LevelName::Ministry) => Level::Ministry,
        };
        DossierFilter {
            agency_code: code(&self.agency),
            unit_code: code(&self.unit),
            procedure_code: code(&self.procedure),
            field_code: code(&self.field),
            channel: channel.into(),
            level: level.into(),
        }
    }
}

impl Under {
    /// As the contract says it; none: as it was.
    pub fn basis(&self) -> Option<Basis> {
        let units_of = self.units_of.clone()?;
        Some(Basis { units_of })
    }

    /// The deadline that decides.
    pub fn deadline(&self) -> Deadline {
        match self.deadline {
            None => Deadline::Unspecified,
            Some(DeadlineName::Told) => Deadline::Told,
            Some(DeadlineName::Legal) => Deadline::Legal,
        }
    }

    /// How finely it is compared.
    pub fn precision(&self) -> Precision {
        match self.precision {
            None => Precision::Unspecified,
            Some(PrecisionName::Day) => Precision::Day,
            Some(PrecisionName::Moment) => Precision::Moment,
        }
    }

    /// Until when, if told.
    ///
    /// # Errors
    /// [`Exit::Usage`] for what is neither a time nor a day.
    pub fn as_of(&self) -> Result<Option<Timestamp>, Failure> {
        self.as_of.as_deref().map(moment).transpose()
    }
}

impl After {
    /// The positions.
    ///
    /// # Errors
    /// [`Exit::Usage`] for what is no position.
    pub fn positions(&self) -> Result<Vec<Position>, Failure> {
        self.after.iter().map(|text| position(text)).collect()
    }
}

/// A time with its offset, or the last millisecond of a day at +07:00.
///
/// # Errors
/// [`Exit::Usage`].
pub fn moment(text: &str) -> Result<Timestamp, Failure> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(from_millis(time.as_millisecond()));
    }
    let zone = TimeZone::fixed(Offset::constant(7));
    let next = text.parse::<Date>().and_then(|day| day.tomorrow());
    let end = next.and_then(|next| next.to_zoned(zone));
    let end = end.map_err(|_| {
        let fix = "Fix: write a time such as 2026-11-22T17:00:00+07:00 or a day such as 2026-11-22";
        Failure::new(Exit::Usage, format!("--as-of {text} is no time. {fix}"))
    })?;
    Ok(from_millis(end.timestamp().as_millisecond() - 1))
}

/// `PARTITION:OFFSET`.
///
/// # Errors
/// [`Exit::Usage`].
pub fn position(text: &str) -> Result<Position, Failure> {
    let parts = text.split_once(':');
    let read = parts.and_then(|(partition, offset)| {
        Some(Position {
            partition: partition.parse().ok()?,
            offset: offset.parse().ok()?,
        })
    });
    read.ok_or_else(|| {
        let fix = "Fix: write PARTITION:OFFSET, such as 2:1042";
        Failure::new(Exit::Usage, format!("--after {text} is no position. {fix}"))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use lienthong_contract::time::to_millis;

    #[test]
    fn a_day_means_until_its_end_at_the_legal_time_and_a_time_means_itself() {
        let told = |text: &str| to_millis(&moment(text).unwrap()).unwrap();
        // 2026-11-23T00:00:00+07:00 is 2026-11-22T17:00:00Z.
        assert_eq!(told("2026-11-22"), told("2026-11-22T17:00:00Z") - 1);
        assert_eq!(
            told("2026-11-22T08:00:00+07:00"),
            told("2026-11-22T01:00:00Z")
        );
        for bad in ["yesterday", "2026-02-30", "22/11/2026"] {
            let failure = moment(bad).unwrap_err();
            assert_eq!(failure.exit(), Exit::Usage);
            assert!(failure.to_string().contains("Fix:"), "{failure}");
        }
    }

    #[test]
    fn a_position_is_a_partition_and_an_offset() {
        let wanted = Position {
            partition: 2,
            offset: 1_042,
        };
        assert_eq!(position("2:1042").unwrap(), wanted);
        assert_eq!(position("2").unwrap_err().exit(), Exit::Usage);
    }
}
