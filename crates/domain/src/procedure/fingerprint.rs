//! What a version and its steps say, fed into the fingerprint of the tables.

use super::{Change, Online, Procedure};
use crate::clock::TimeLimit;
use crate::table_version::TableVersion;

/// Feeds a version and its steps into a fingerprint.
pub(super) fn add_to(procedure: &Procedure, version: &mut TableVersion) {
    let limit = |limit: &Option<TimeLimit>| match limit {
        None => String::new(),
        Some(limit) => {
            let before = limit.same_day_before.map(|time| time.to_string());
            let before = before.unwrap_or_default();
            format!("{} {} {before}", limit.amount, limit.unit.as_str())
        }
    };
    version.field(&procedure.code);
    version.field(&procedure.name);
    version.field(&procedure.field);
    version.field(&procedure.field_name);
    version.field(&join(procedure.levels.iter().map(|level| level.as_str())));
    version.field(procedure.online.map_or("", Online::as_str));
    version.field(&limit(&procedure.limit));
    version.field(&procedure.legal_basis);
    version.field(&procedure.period.to_string());
    version.field(procedure.change.as_str());
    if let Change::Replaces(code) = &procedure.change {
        version.field(code);
    }
    version.field(if procedure.abolished { "abolished" } else { "" });
    version.field(&procedure.steps.len().to_string());
    for step in &procedure.steps {
        version.field(&step.id);
        version.field(&step.name);
        version.field(step.level.as_str());
        version.field(&step.agency_kind);
        version.field(step.leg.as_str());
        version.field(&join(step.after.iter().map(String::as_str)));
        version.field(step.expects.as_deref().unwrap_or_default());
        version.field(&limit(&step.within));
        version.field(&step.legal_basis);
    }
}

fn join<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    parts.collect::<Vec<_>>().join("|")
}
