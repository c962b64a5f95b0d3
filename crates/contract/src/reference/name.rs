//! The tables of the reference data: their names, columns and keys.

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TableName {
    /// Agencies by period.
    Agencies,
    /// What became of agencies that ended.
    AgencySuccessions,
    /// Administrative units by period.
    Units,
    /// What became of units that ended.
    UnitSuccessions,
    /// Procedures by version.
    Procedures,
    /// The steps of procedures.
    ProcedureSteps,
    /// Days off and worked days of weekends.
    Calendar,
    /// The status codes of the systems.
    Statuses,
}

impl TableName {
    /// Every table.
    pub const ALL: [TableName; 8] = [
        TableName::Agencies,
        TableName::AgencySuccessions,
        TableName::Units,
        TableName::UnitSuccessions,
        TableName::Procedures,
        TableName::ProcedureSteps,
        TableName::Calendar,
        TableName::Statuses,
    ];

    /// The lower-case name used in changes and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            TableName::Agencies => "agencies",
            TableName::AgencySuccessions => "agency_successions",
            TableName::Units => "units",
            TableName::UnitSuccessions => "unit_successions",
            TableName::Procedures => "procedures",
            TableName::ProcedureSteps => "procedure_steps",
            TableName::Calendar => "calendar",
            TableName::Statuses => "statuses",
        }
    }

    /// The table of that name.
    pub fn parse(text: &str) -> Option<TableName> {
        TableName::ALL
            .into_iter()
            .find(|table| table.as_str() == text)
    }

    /// Its columns; a file must have them all, in any order, and may have others.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            TableName::Agencies => &["code", "name", "level", "unit_code", "parent", "from", "to"],
            TableName::AgencySuccessions => &["old", "new", "on", "kind"],
            TableName::Units => &["code", "level", "name", "parent", "from", "to"],
            TableName::UnitSuccessions => &["old", "new", "on"],
            TableName::Procedures => &[
                "code",
                "name",
                "field_code",
                "field_name",
                "levels",
                "online",
                "limit_amount",
                "limit_unit",
                "same_day_before",
                "legal_basis",
                "from",
                "to",
                "change",
                "replaces",
            ],
            TableName::ProcedureSteps => &[
                "procedure_code",
                "procedure_from",
                "id",
                "name",
                "level",
                "agency_kind",
                "leg",
                "after",
                "expects",
                "within_amount",
                "within_unit",
                "legal_basis",
            ],
            TableName::Calendar => &["date", "kind"],
            TableName::Statuses => &["system", "code", "maps_to_dvcqg"],
        }
    }

    /// The columns that name a row: a change with the same cells in them replaces the row.
    pub fn key(self) -> &'static [&'static str] {
        match self {
            TableName::Agencies | TableName::Units | TableName::Procedures => &["code", "from"],
            TableName::AgencySuccessions | TableName::UnitSuccessions => &["old", "new", "on"],
            TableName::ProcedureSteps => &["procedure_code", "procedure_from", "id"],
            TableName::Calendar => &["date"],
            TableName::Statuses => &["system", "code"],
        }
    }
}
