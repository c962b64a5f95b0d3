//! The mapping file: what the columns and activities of a log mean.
//!
//! ```toml
//! source = "urn:lienthong:vn:H56:old-onestop"  # the system that speaks; required
//! adapter = "onestop"            # onestop (default), civil_status, population, specialised
//! dossier_prefix = "OLD-"        # put before every case id to make the dossier code
//! procedure = "1.001193"         # of every event, unless columns.procedure names a column
//! order = "file"                 # or "recorded": send in the order of columns.recorded
//! no_agency = ["EMPTY"]          # cells that, like the empty one, name no agency
//!
//! [columns]                      # in XES: attribute keys; of the trace with "case:" before
//! case = "case_id"               # required
//! activity = "activity"          # required
//! time = "timestamp"             # required
//! sequence = "event_index"       # settles ties; without it the place in the case does
//! agency = "org_group"
//! unit = "desk"
//! level = "org_level"            # level of the row's agency
//! recorded = "recorded_at"
//! procedure = "procedure_code"
//! status = "status"              # status code in the table that status_system names
//! status_system = "DVCQG"
//!
//! [times]                        # not needed for RFC 3339
//! format = "%d/%m/%Y %H:%M:%S"   # strftime
//! zone = "Asia/Ho_Chi_Minh"      # of times that name none
//!
//! [levels]                       # words of columns.level
//! gemeente = "commune"
//!
//! [agencies."Group 1"]           # cell of columns.agency -> agency
//! code = "H56.15.03"
//! level = "commune"
//! name = "..."                   # name, unit_code and parent may be left out
//!
//! [other_agencies]               # agencies not named above; {name} is the cell in capitals,
//! code = "H56.{name}"            # without what is neither letter nor digit
//! level = "commune"
//!
//! [default]                      # activities not named below; left out: they are an error
//! kind = "progress_reported"
//!
//! [events."Confirmation of receipt"]
//! kind = "received"
//! channel_by = { column = "case_channel", values = { Internet = "online", Desk = "desk" } }
//!
//! [events."Work resumed"]
//! kind = "progress_reported"
//! status = { system = "DVCQG", code = "4" }    # of every such event
//!
//! [[case_facts]]                 # told once a case, by columns that are the same on all its rows
//! name = "ended"                 # ends the event's id
//! at = "case_enddate"            # when; an empty cell tells nothing
//! agency = "case_department"     # who acted; may be left out
//! event = { kind = "progress_reported", status = { system = "DVCQG", code = "9" } }
//! ```
//!
//! The arguments of the kinds are those of [`super::EventRule`].

use super::case_facts::CaseFact;
use super::problem::Problem;
use super::rows::Row;
use super::rule::EventRule;
use crate::system::System;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A mapping file as read; see the module for what each key means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// URN of the system that speaks.
    pub source: String,
    /// Name of the adapter.
    #[serde(default = "onestop")]
    pub adapter: String,
    /// Put before every case id.
    #[serde(default)]
    pub dossier_prefix: String,
    /// Procedure code of every event.
    #[serde(default)]
    pub procedure: String,
    /// The order to send in.
    #[serde(default)]
    pub order: Order,
    /// Cells that name no agency.
    #[serde(default)]
    pub no_agency: Vec<String>,
    /// Which column is what.
    pub columns: Columns,
    /// How times are written.
    #[serde(default)]
    pub times: Times,
    /// Words for levels.
    #[serde(default)]
    pub levels: BTreeMap<String, String>,
    /// Agencies by the cell that names them.
    #[serde(default)]
    pub agencies: BTreeMap<String, NamedAgency>,
    /// Agencies not named.
    pub other_agencies: Option<OtherAgencies>,
    /// The event of activities not named.
    pub default: Option<EventRule>,
    /// Events by activity.
    #[serde(default)]
    pub events: BTreeMap<String, EventRule>,
    /// Facts told by columns of the case.
    #[serde(default)]
    pub case_facts: Vec<CaseFact>,
}

/// The order to send in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// As the file has it.
    #[default]
    File,
    /// By the recorded column, then the case, then the index: as the events arrived.
    /// Keeps the whole log in memory.
    Recorded,
}

/// Which column is what.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// Id of the case.
    pub case: String,
    /// What happened.
    pub activity: String,
    /// When it happened.
    pub time: String,
    /// Index in the case, whole numbers from 0.
    pub sequence: Option<String>,
    /// Name of the agency that acted.
    pub agency: Option<String>,
    /// Unit inside the agency.
    pub unit: Option<String>,
    /// Level of the agency.
    pub level: Option<String>,
    /// When the source wrote it down.
    pub recorded: Option<String>,
    /// Procedure code.
    pub procedure: Option<String>,
    /// Status code.
    pub status: Option<String>,
    /// The code table of the status column; no column itself.
    pub status_system: Option<String>,
}

/// How times are written; RFC 3339 when nothing is said.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// A strftime format.
    pub format: Option<String>,
    /// IANA time zone of times that name none.
    pub zone: Option<String>,
}

/// An agency by name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedAgency {
    /// Agency code.
    pub code: String,
    /// `commune`, `district`, `province` or `ministry`; left out: columns.level tells it.
    pub level: Option<String>,
    /// Name; left out: the cell.
    pub name: Option<String>,
    /// GSO code of the unit it serves.
    #[serde(default)]
    pub unit_code: String,
    /// Code of the agency above.
    #[serde(default)]
    pub parent: String,
}

/// Agencies that no entry names.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherAgencies {
    /// Agency code with `{name}` in it.
    pub code: String,
    /// As in [`NamedAgency`].
    pub level: Option<String>,
}

fn onestop() -> String {
    System::Onestop.name().to_owned()
}

impl Mapping {
    /// Reads a mapping file and checks everything that can be checked without the log.
    ///
    /// # Errors
    /// The first problem, with file and line or key.
    pub fn load(path: &Path) -> Result<Self, Problem> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Problem::cell(
                0,
                "",
                error.to_string(),
                "give the path of a readable TOML file",
            )
            .of(path)
        })?;
        Self::parse(&text).map_err(|problem| problem.of(path))
    }

    /// Reads a mapping from text; see [`Mapping::load`].
    ///
    /// # Errors
    /// The first problem, with line or key.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let mapping: Mapping = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map_or(0, |before| before.matches('\n').count() as u64 + 1);
            let what = error.message().trim().replace('\n', " ");
            Problem::cell(
                line,
                "",
                what,
                "write the key as the documentation of mapping files shows",
            )
        })?;
        mapping.check()?;
        Ok(mapping)
    }

    /// The system whose adapter takes the events. One-stop until checked.
    pub fn system(&self) -> System {
        System::parse(&self.adapter).unwrap_or(System::Onestop)
    }

    /// The rule of an activity, if there is one.
    pub fn rule(&self, activity: &str) -> Option<&EventRule> {
        self.events.get(activity).or(self.default.as_ref())
    }

    /// Every column that is read, each once.
    pub fn columns_used(&self) -> Vec<String> {
        let columns = &self.columns;
        let optional = [
            &columns.sequence,
            &columns.agency,
            &columns.unit,
            &columns.level,
            &columns.recorded,
            &columns.procedure,
            &columns.status,
        ];
        let rules = self.events.values().chain(&self.default);
        let mut used: BTreeSet<&str> = [&*columns.case, &columns.activity, &columns.time].into();
        used.extend(optional.into_iter().flatten().map(String::as_str));
        used.extend(rules.flat_map(EventRule::columns));
        used.extend(self.case_facts.iter().flat_map(CaseFact::columns));
        used.into_iter().map(str::to_owned).collect()
    }

    /// The dossier code of a row's case.
    pub(super) fn dossier_code(&self, row: &Row) -> String {
        format!("{}{}", self.dossier_prefix, row.get(&self.columns.case))
    }

    /// The procedure code of a row's events; empty: none told.
    pub(super) fn procedure_of<'r>(&'r self, row: &'r Row) -> &'r str {
        let column = self.columns.procedure.as_deref();
        match column.map(|column| row.get(column)) {
            None | Some("") => &self.procedure,
            Some(cell) => cell,
        }
    }
}
