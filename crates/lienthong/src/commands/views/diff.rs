//! `lienthong views diff`: what changed status tables would change, before any switch.

use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::{Exit, Failure};
use crate::print::{Form, table};
use crate::progress::Progress;
use crate::words::{count, moment};
use clap::Args;
use figment::Figment;
use figment::providers::{Format, Toml};
use lienthong_contract::pb::operations::v1::{
    DiffSummary, DiffViewsRequest, DiffViewsResponse, DossierDifference, DossierFigures,
    DossierOutcome, StatusChange,
};
use lienthong_contract::reference::{TableFile, status_changes};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Arguments of `views diff`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Changes to the status tables: TOML with [[status]] system, code, maps_to (1 to 10, 0: the
    /// meaning is not known), or CSV with the columns of a status table; without it the tables in
    /// force are compared with those that the view was built with
    #[arg(long, value_name = "FILE")]
    with: Option<PathBuf>,
    /// Dossiers shown at most; the figures count all
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

/// A file of changes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    status: Vec<Change>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    system: String,
    code: String,
    maps_to: u32,
}

/// # Errors
/// [`Exit::Usage`] if the file does not read; what the hub answers.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let changes = match &arguments.with {
        None => Vec::new(),
        Some(path) => read(path)?,
    };
    let mut operations = arguments.gateway.operations(shared).await?;
    let request = DiffViewsRequest {
        changes,
        max_differences: arguments.limit,
        partitions: Vec::new(),
    };
    let mut answers = operations.diff_views(request).await?.into_inner();
    let progress = Progress::new();
    let mut whole = DiffViewsResponse::default();
    while let Some(answer) = answers.message().await? {
        if let Some(now) = answer.progress {
            progress.show(&now.view, now.events_done, now.events_total);
            whole.progress = Some(now);
        }
        whole.differences.extend(answer.differences);
        whole.summary = answer.summary.or(whole.summary);
    }
    progress.end();
    let Some(summary) = whole.summary.clone() else {
        let message = "the hub ended the comparison before it was done";
        return Err(Failure::new(Exit::Unavailable, message));
    };
    let name = "lienthong.operations.v1.DiffViewsResponse";
    let form = arguments.form;
    form.print(name, &whole, |whole| text(&whole.differences, &summary))
}

/// The changes in a file, TOML by its name's ending, else CSV.
fn read(path: &Path) -> Result<Vec<StatusChange>, Failure> {
    let usage =
        |error: &dyn std::fmt::Display| Failure::new(Exit::Usage, format!("--with: {error}"));
    let file = TableFile::open(path).map_err(|error| usage(&error))?;
    if path.extension().is_none_or(|ending| ending != "toml") {
        return status_changes(&file).map_err(|error| usage(&error));
    }
    let changes: Changes = Figment::from(Toml::string(&file.text))
        .extract()
        .map_err(|error| {
            let fix = "Fix: write [[status]] with system = \"DVCLT\", code = \"4\", maps_to = 9";
            usage(&format!("{}: {error}. {fix}", file.name))
        })?;
    let changes = changes.status.into_iter().map(|change| StatusChange {
        system: change.system,
        code: change.code,
        maps_to: change.maps_to,
    });
    Ok(changes.collect())
}

fn text(differences: &[DossierDifference], summary: &DiffSummary) -> String {
    let mut parts = vec![
        format!(
            "Status tables {} -> {}: {} dossiers would change",
            summary.mapping_version,
            summary.changed_mapping_version,
            count(summary.differences)
        ),
        figures(summary),
    ];
    if !differences.is_empty() {
        parts.push(dossiers(differences));
    }
    let shown = differences.len() as u64;
    if shown < summary.differences {
        let left = count(summary.differences - shown);
        parts.push(format!("... and {left} more; --limit shows more"));
    }
    if summary.compared_in_parts > 0 {
        parts.push(format!(
            "{} dossiers are tied to others by links and were compared by the parts that lie in one instance; one that lies in several is counted in each.",
            count(summary.compared_in_parts)
        ));
    }
    parts.join("\n\n")
}

fn figures(summary: &DiffSummary) -> String {
    let before = summary.before.unwrap_or_default();
    let after = summary.after.unwrap_or_default();
    let row = |name: &str, of: fn(&DossierFigures) -> u64| {
        let (was, is) = (of(&before), of(&after));
        let change = is as i64 - was as i64;
        let change = if change == 0 {
            String::new()
        } else {
            format!("{change:+}")
        };
        [name.to_owned(), count(was), count(is), change]
    };
    let rows = vec![
        row("dossiers", |one| one.dossiers),
        row("settled early", |one| one.settled_early),
        row("settled on time", |one| one.settled_on_time),
        row("settled late", |one| one.settled_late),
        row("settled, no deadline", |one| one.settled_without_due),
        row("in work, in time", |one| one.in_time),
        row("in work, overdue", |one| one.overdue),
        row("paused", |one| one.paused),
        row("handed in only", |one| one.submitted),
        row("withdrawn", |one| one.withdrawn),
        row("refused", |one| one.refused),
        row("parked keys", |one| one.parked_keys),
    ];
    let right = ["Before", "After", "Change"];
    table(["Figure", "Before", "After", "Change"], &right, rows)
}

fn dossiers(differences: &[DossierDifference]) -> String {
    let row = |one: &DossierDifference| {
        [
            one.dossier_code.clone(),
            outcome(&one.before),
            outcome(&one.after),
        ]
    };
    let rows = differences.iter().map(row).collect();
    table(["Dossier", "Before", "After"], &[], rows)
}

/// `settled_late [9] ended 2026-05-04 08:00, due ..`.
fn outcome(outcome: &Option<DossierOutcome>) -> String {
    let Some(outcome) = outcome else {
        return "nothing known".to_owned();
    };
    let mut told = outcome.state.clone();
    if outcome.portal_status != 0 {
        told.push_str(&format!(" [{}]", outcome.portal_status));
    }
    if outcome.ended_time.is_some() {
        told.push_str(&format!(" ended {}", moment(&outcome.ended_time)));
    }
    if outcome.told_due_time.is_some() {
        told.push_str(&format!(", due {}", moment(&outcome.told_due_time)));
    }
    if outcome.legal_due_time.is_some() {
        told.push_str(&format!(", by law {}", moment(&outcome.legal_due_time)));
    }
    if outcome.parked {
        told.push_str(" PARKED");
    }
    told
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(name: &str, text: &str) -> Result<Vec<StatusChange>, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        read(&path)
    }

    #[test]
    fn changes_read_alike_from_toml_and_from_a_status_table() {
        let toml = "[[status]]\nsystem = \"DVCLT\"\ncode = \"4\"\nmaps_to = 10\n";
        let csv = "system,code,maps_to_dvcqg\nDVCLT,4,10\n";
        let change = StatusChange {
            system: "DVCLT".to_owned(),
            code: "4".to_owned(),
            maps_to: 10,
        };
        assert_eq!(of("m.toml", toml).unwrap(), vec![change.clone()]);
        assert_eq!(of("m.csv", csv).unwrap(), vec![change]);
    }

    #[test]
    fn a_file_of_changes_that_does_not_read_is_refused_with_its_place_and_the_fix() {
        let wrong = [
            ("m.toml", "[[status]]\nsystem = \"X\"\n", "code"),
            (
                "m.toml",
                "[[status]]\nsystem = \"X\"\ncode = \"1\"\nmaps = 1\n",
                "maps",
            ),
            (
                "m.csv",
                "system,code,maps_to_dvcqg\nX,1,eleven\n",
                "maps_to_dvcqg",
            ),
            ("m.csv", "system,code\nX,1\n", "maps_to_dvcqg"),
        ];
        for (name, text, names) in wrong {
            let refused = of(name, text).unwrap_err();
            assert_eq!(refused.exit(), Exit::Usage);
            let words = refused.to_string();
            assert!(words.contains(names) && words.contains("Fix"), "{words}");
        }
    }
}
