//! The codes of a case: each system has its own for its own dossier.

use super::Plan;
use super::places::{GOVERNMENT_OFFICE, JUSTICE, Place};
use super::script::{Part, Role, Script};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// What a case and its dossiers are called.
pub(super) struct Codes<'a> {
    script: &'a Script,
    place: &'a Place,
    /// Day of intake, `yyMMdd`.
    day: String,
    /// Run and case: equal in all codes of a case, different in all others of that day.
    serial: String,
    /// Begins every event id of the case.
    prefix: String,
}

impl<'a> Codes<'a> {
    pub(super) fn new(
        plan: &Plan,
        script: &'a Script,
        place: &'a Place,
        number: u32,
        start_ms: i64,
    ) -> Self {
        let zone = TimeZone::fixed(Offset::constant(7));
        let start = Timestamp::from_millisecond(start_ms)
            .unwrap_or_default()
            .to_zoned(zone);
        Self {
            script,
            place,
            day: start.strftime("%y%m%d").to_string(),
            serial: format!("{:06}{number:04}", plan.run),
            prefix: format!("{:x}-{}-{number}", plan.seed, plan.run),
        }
    }

    /// The code under which the whole case is known: the portal's where it has one, else
    /// the desk's.
    pub(super) fn case(&self) -> String {
        if self.script.grouped {
            self.code_of(GOVERNMENT_OFFICE)
        } else {
            self.dossier(Part::Desk)
        }
    }

    /// The code of a dossier in the system that keeps it.
    pub(super) fn dossier(&self, part: Part) -> String {
        self.code_of(self.keeper(part))
    }

    /// The number on the paper receipt.
    pub(super) fn receipt(&self) -> String {
        format!("BN-{}-{}", self.place.commune, self.serial)
    }

    /// The code of a case that does not exist, as a slip of the pen makes it.
    pub(super) fn mistaken(&self) -> String {
        format!("{}9", self.case())
    }

    /// URN of the system that keeps a dossier.
    pub(super) fn source(&self, part: Part) -> String {
        let province = &self.place.province_agency;
        match part {
            Part::Desk => format!("urn:lienthong:vn:{province}:onestop"),
            Part::Registry => format!("urn:lienthong:vn:{JUSTICE}:civil-status"),
            Part::Population | Part::Residence => "urn:lienthong:vn:G01:population".to_owned(),
            Part::Insurance => "urn:lienthong:vn:G24:social-insurance".to_owned(),
            Part::Land => format!("urn:lienthong:vn:{province}:land"),
            Part::Tax => "urn:lienthong:vn:G12:tax".to_owned(),
            Part::Allowance => format!("urn:lienthong:vn:{province}:allowances"),
        }
    }

    /// Id of the n-th event of a dossier.
    pub(super) fn event(&self, part: Part, n: u32) -> String {
        format!("{}-{}-{n}", self.prefix, part as u8)
    }

    /// Number of an exchange between two dossiers of the case.
    pub(super) fn exchange(&self, n: u32) -> String {
        format!("{}-{n}", self.serial)
    }

    fn keeper(&self, part: Part) -> &str {
        let role = match part {
            Part::Desk => self.script.desk,
            Part::Registry => return JUSTICE,
            Part::Population => Role::PopulationCentre,
            Part::Residence => Role::CommunePolice,
            Part::Insurance => Role::SocialInsurance,
            Part::Land => Role::LandOffice,
            Part::Tax => Role::Tax,
            Part::Allowance => Role::HomeAffairs,
        };
        self.place.party(role).0
    }

    fn code_of(&self, agency: &str) -> String {
        format!("{agency}-{}-{}", self.day, self.serial)
    }
}
