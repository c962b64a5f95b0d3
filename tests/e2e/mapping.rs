//! Status tables that change: a diff names exactly the dossiers that would change, and what it says
//! of the figures is what the views then hold.

use crate::answers::case;
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::pb::operations::v1::{
    DiffSummary, DiffViewsRequest, DossierDifference, ListParkedRequest, ListPositionsRequest,
    StatusChange, VerifyViewsRequest,
};
use lienthong_simulator::system::System;
use lienthong_tests::cli;
use lienthong_tests::facts::{Fact, step};
use lienthong_tests::instance::Instance;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio_stream::StreamExt;

/// Dossiers of each sort.
const EACH: usize = 8;

fn code_of(sort: usize, number: usize) -> String {
    format!("H56.15.03-261008-{:04}", sort * 1_000 + number)
}

/// Dossiers of three sorts: those whose last word is DVCLT 4 (processed), those who passed through
/// it and were returned later, and those of the province's own system.
fn told() -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut say = |sort: usize, number: usize, minute: i64, system: &str, code: &str| {
        let id = format!("{sort}-{number}-{minute}");
        let dossier = code_of(sort, number);
        let fact = Fact::new(System::Onestop, &id, &dossier, minute, step("step"));
        facts.push(fact.by("H56.15.03").status(system, code));
    };
    for number in 0..EACH {
        say(1, number, 0, "DVCLT", "3");
        say(1, number, 30, "DVCLT", "4");
        say(2, number, 0, "DVCLT", "3");
        say(2, number, 60, "DVCLT", "5");
        say(3, number, 0, "DVCLT", "3");
        say(3, number, 90, "MOTCUA_TEST", "k9");
    }
    facts
}

/// A hub with a status table of its own in a file that can be changed.
struct Filled {
    hub: Instance,
    table: PathBuf,
    positions: Vec<Position>,
    _folder: TempDir,
}

fn write_table(path: &Path, rows: &str) {
    std::fs::write(path, format!("system,code,maps_to_dvcqg\n{rows}")).unwrap();
}

async fn filled() -> Filled {
    let folder = TempDir::with_prefix("lienthong-tables-").unwrap();
    let table = folder.path().join("statuses.csv");
    write_table(&table, "MOTCUA_TEST,k9,9\nMOTCUA_TEST,k1,2\n");
    let setting = format!("[{:?}]", table.display().to_string());
    let settings = [("LIENTHONG_REFERENCE__STATUSES", &setting[..])];
    let hub = Instance::start_with(&settings).unwrap();
    let positions = hub.tell(&told()).await.unwrap();
    let filled = Filled {
        hub,
        table,
        positions,
        _folder: folder,
    };
    filled.caught_up().await;
    filled
}

impl Filled {
    async fn caught_up(&self) {
        case(&self.hub, &code_of(1, 0), &self.positions).await;
        crate::answers::horizontal_json(&self.hub, &self.positions).await;
        crate::answers::vertical_json(&self.hub, &self.positions).await;
    }

    async fn diff(&self, changes: &[(&str, &str, u32)]) -> (Vec<DossierDifference>, DiffSummary) {
        let changes = changes.iter().map(|(system, code, maps_to)| StatusChange {
            system: (*system).to_owned(),
            code: (*code).to_owned(),
            maps_to: *maps_to,
        });
        let request = DiffViewsRequest {
            changes: changes.collect(),
            ..DiffViewsRequest::default()
        };
        let mut operations = self.hub.operations().await.unwrap();
        let mut answers = operations.diff_views(request).await.unwrap().into_inner();
        let (mut differences, mut summary) = (Vec::new(), None);
        while let Some(answer) = answers.next().await {
            let answer = answer.unwrap();
            differences.extend(answer.differences);
            summary = answer.summary.or(summary);
        }
        (differences, summary.unwrap())
    }

    /// The mapping version of every partition of every view, and the newest.
    async fn versions(&self) -> Vec<(String, String)> {
        let mut operations = self.hub.operations().await.unwrap();
        let answer = operations.list_positions(ListPositionsRequest {}).await;
        let views = answer.unwrap().into_inner().views.into_iter();
        views
            .map(|one| (one.mapping_version, one.newest_mapping_version))
            .collect()
    }

    /// Restarts the hub with other rows in its own table: the views are made again.
    async fn with_table(self, rows: &str) -> Self {
        let stopped = self.hub.stop().unwrap();
        write_table(&self.table, rows);
        let again = Self {
            hub: stopped.start_again().unwrap(),
            ..self
        };
        again.caught_up().await;
        again
    }
}

fn codes(sort: usize) -> Vec<String> {
    (0..EACH).map(|number| code_of(sort, number)).collect()
}

fn named(differences: &[DossierDifference]) -> Vec<String> {
    let codes = differences.iter().map(|one| one.dossier_code.clone());
    codes.collect()
}

#[tokio::test]
async fn a_diff_names_exactly_the_dossiers_whose_code_changes_its_meaning() {
    let filled = filled().await;
    let before = filled.versions().await;
    let (differences, said) = filled.diff(&[("DVCLT", "4", 4)]).await;
    assert_eq!(named(&differences), codes(1), "and no other");
    for one in &differences {
        let (was, is) = (one.before.clone().unwrap(), one.after.clone().unwrap());
        assert_eq!((was.portal_status, is.portal_status), (9, 4));
        assert_eq!(was.state, "settled_without_due");
        assert_eq!(is.state, "in_time");
        assert!(was.ended_time.is_some() && is.ended_time.is_none());
    }
    let (was, is) = (said.before.unwrap(), said.after.unwrap());
    assert_eq!(was.dossiers, 3 * EACH as u64);
    assert_eq!(was.settled_without_due, 3 * EACH as u64);
    assert_eq!(is.settled_without_due, 2 * EACH as u64);
    assert_eq!((was.in_time, is.in_time), (0, EACH as u64));
    assert_eq!(filled.versions().await, before, "nothing was switched");

    // Every dossier was received by DVCLT 3, and 4 receives as 2 does.
    let (none, _) = filled.diff(&[("DVCLT", "3", 4)]).await;
    assert_eq!(none, Vec::new());
    let (same, said) = filled.diff(&[("DVCLT", "4", 9)]).await;
    assert_eq!((same, said.differences), (Vec::new(), 0));
    assert_eq!(said.mapping_version, said.changed_mapping_version);
}

#[tokio::test]
async fn what_a_diff_says_of_the_figures_is_what_the_views_then_hold() {
    let filled = filled().await;
    let (differences, said) = filled.diff(&[("MOTCUA_TEST", "k9", 8)]).await;
    assert_eq!(named(&differences), codes(3));
    assert!(
        differences
            .iter()
            .all(|one| one.after.as_ref().unwrap().state == "paused")
    );

    let changed = filled
        .with_table("MOTCUA_TEST,k9,8\nMOTCUA_TEST,k1,2\n")
        .await;
    for (version, newest) in changed.versions().await {
        assert_eq!(version, said.changed_mapping_version);
        assert_eq!(version, newest);
    }
    let shown = case(&changed.hub, &code_of(3, 0), &changed.positions).await;
    assert_eq!((shown.dossiers[0].portal_status, shown.open), (8, true));
    let (none, now) = changed.diff(&[]).await;
    assert_eq!((none, now.before), (Vec::new(), said.after));
    let mut operations = changed.hub.operations().await.unwrap();
    let request = VerifyViewsRequest::default();
    let mut answers = operations.verify_views(request).await.unwrap().into_inner();
    let mut compared = 0;
    while let Some(answer) = answers.next().await {
        for one in answer.unwrap().comparisons {
            assert!(one.equal, "{one:?}");
            compared += 1;
        }
    }
    assert_eq!(compared, 3 * 4);
}

#[tokio::test]
async fn a_code_that_the_table_lost_parks_its_dossiers_until_the_table_has_it_again() {
    let filled = filled().await;
    let (differences, _) = filled.diff(&[("MOTCUA_TEST", "k9", 0)]).await;
    assert_eq!(named(&differences), codes(3));
    assert!(
        differences
            .iter()
            .all(|one| one.after.as_ref().unwrap().parked)
    );

    let lost = filled.with_table("MOTCUA_TEST,k1,2\n").await;
    let mut operations = lost.hub.operations().await.unwrap();
    let request = ListParkedRequest {
        view: "case".to_owned(),
    };
    let parked = operations.list_parked(request.clone()).await.unwrap();
    let parked = parked.into_inner().parked;
    assert_eq!(parked.len(), EACH);
    for one in &parked {
        assert_eq!(one.reason, "EVENT_STATUS_UNKNOWN");
        assert!(one.detail.contains("\"k9\""), "{}", one.detail);
    }
    let stuck = case(&lost.hub, &code_of(3, 0), &lost.positions).await;
    assert!(stuck.dossiers[0].parked && stuck.timeline.len() == 1);
    drop(operations);

    let found = lost.with_table("MOTCUA_TEST,k9,9\n").await;
    let mut operations = found.hub.operations().await.unwrap();
    let parked = operations.list_parked(request).await.unwrap().into_inner();
    assert_eq!(parked.parked, Vec::new());
    let went_on = case(&found.hub, &code_of(3, 0), &found.positions).await;
    assert_eq!(went_on.timeline.len(), 2);
    assert_eq!(went_on.dossiers[0].portal_status, 9);
}

#[tokio::test]
async fn the_command_line_reads_changes_from_a_file_and_shows_what_they_do() {
    let filled = filled().await;
    let file = filled.table.with_file_name("mapping.toml");
    let change = "[[status]]\nsystem = \"DVCLT\"\ncode = \"4\"\nmaps_to = 10\n";
    std::fs::write(&file, change).unwrap();
    let file = file.display().to_string();
    let told = cli::run(&filled.hub, &["views", "diff", "--with", &file, "--json"]).unwrap();
    assert_eq!(told.code, Some(0), "{told:?}");
    let json = told.json().unwrap();
    assert_eq!(json["summary"]["differences"], EACH, "{json:#}");
    let after = &json["differences"][0]["after"];
    assert_eq!(after["portalStatus"], 10, "{json:#}");
    let told = cli::run(&filled.hub, &["views", "diff", "--with", &file]).unwrap();
    assert!(format!("{told:?}").contains(&code_of(1, 0)), "{told:?}");

    let listed = cli::run(&filled.hub, &["views", "--json"]).unwrap();
    assert_eq!(listed.code, Some(0), "{listed:?}");
    let views = listed.json().unwrap()["views"].clone();
    assert_eq!(views.as_array().map(Vec::len), Some(12), "{views:#}");

    std::fs::write(
        &file,
        "[[status]]\nsystem = \"DVCLT\"\ncode = \"4\"\nmaps_to = 11\n",
    )
    .unwrap();
    let refused = cli::run(&filled.hub, &["views", "diff", "--with", &file]).unwrap();
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(
        format!("{refused:?}").contains("changes[0].maps_to"),
        "{refused:?}"
    );
}

/// A command that succeeds.
fn done(hub: &Instance, arguments: &[&str]) {
    let ran = cli::run(hub, arguments).unwrap();
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

impl Filled {
    /// Changes one code of DVCLT through the catalogue.
    fn import(&self, name: &str, maps_to: u32) {
        let file = self.table.with_file_name("statuses-dvclt.csv");
        write_table(&file, &format!("DVCLT,4,{maps_to}\n"));
        let file = file.display().to_string();
        done(&self.hub, &["catalog", "import", &file, "--name", name]);
    }

    fn rebuild(&self) {
        for view in ["case", "horizontal", "vertical"] {
            done(&self.hub, &["views", "rebuild", view]);
        }
    }

    async fn parked(&self) -> usize {
        let mut operations = self.hub.operations().await.unwrap();
        let request = ListParkedRequest {
            view: "case".to_owned(),
        };
        let parked = operations.list_parked(request).await.unwrap();
        parked.into_inner().parked.len()
    }
}

#[tokio::test]
async fn a_change_of_the_catalogue_waits_until_the_views_are_rebuilt() {
    let filled = filled().await;
    let (differences, said) = filled.diff(&[("DVCLT", "4", 4)]).await;
    let first = code_of(1, 0);
    let status = async |filled: &Filled| {
        let case = case(&filled.hub, &first, &[]).await;
        (case.dossiers[0].portal_status, case.open)
    };
    filled.import("other", 4);
    assert_eq!(status(&filled).await, (9, false), "nothing moves by itself");
    let waits = |versions: Vec<(String, String)>| {
        let all = versions.len();
        let waits = versions.into_iter().filter(|(own, newest)| own != newest);
        (waits.count(), all)
    };
    assert_eq!(waits(filled.versions().await), (12, 12));
    let (waiting, now) = filled.diff(&[]).await;
    assert_eq!((waiting, now.after), (differences, said.after));

    filled.rebuild();
    assert_eq!(status(&filled).await, (4, true));
    assert_eq!(waits(filled.versions().await), (0, 12));
    let (none, now) = filled.diff(&[]).await;
    assert_eq!((none, now.before), (Vec::new(), said.after));

    // A restart goes on from the checkpoints: they are of the tables that the catalogue has.
    let Filled {
        hub,
        table,
        positions,
        _folder,
    } = filled;
    let filled = Filled {
        hub: hub.restart().unwrap(),
        table,
        positions,
        _folder,
    };
    filled.caught_up().await;
    assert_eq!(status(&filled).await, (4, true));
    let output = filled.hub.output().unwrap();
    assert!(!output.contains("does not prove itself"), "{output}");

    filled.import("unknown", 0);
    assert_eq!(filled.parked().await, 0);
    filled.rebuild();
    assert_eq!(filled.parked().await, EACH);
    filled.import("back", 9);
    filled.rebuild();
    assert_eq!(filled.parked().await, 0);
    assert_eq!(status(&filled).await, (9, false));
    done(&filled.hub, &["views", "verify"]);
}
