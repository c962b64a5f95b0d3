//! The catalogue stream in the embedded log: all or none, once, after a restart, and for several
//! processes at once.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use lienthong_catalog::{Catalog, Service};
use lienthong_contract::pb::catalog::v1::catalog_service_server::CatalogService;
use lienthong_contract::pb::catalog::v1::*;
use lienthong_contract::reference::{Files, TableFile, Tables};
use lienthong_eventlog::{EventLog, embedded};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

fn log(dir: &Path) -> Arc<dyn EventLog> {
    let config = embedded::Config {
        partitions: 1,
        ..embedded::Config::new(dir)
    };
    embedded::open(config).unwrap()
}

fn tables() -> Tables {
    Tables::load(&Files::demo()).unwrap()
}

async fn service(log: &Arc<dyn EventLog>) -> Service {
    let catalog = Catalog::open(log.clone(), tables()).await.unwrap();
    Service::new(Arc::new(catalog))
}

fn change(id: &str, table: &str, kind: &str, cells: &[(&str, &str)]) -> Change {
    let cells = cells.iter();
    Change {
        id: id.to_owned(),
        table: table.to_owned(),
        cells: cells
            .map(|(column, cell)| ((*column).to_owned(), (*cell).to_owned()))
            .collect(),
        kind: kind.to_owned(),
    }
}

fn new_procedure(id: &str, code: &str) -> Change {
    let cells = [
        ("code", code),
        ("name", "Thử"),
        ("levels", "commune"),
        ("from", "2026-12-01"),
    ];
    change(id, "procedures", "new", &cells)
}

fn abolished(id: &str, code: &str) -> Change {
    let cells = [("code", code), ("from", "2026-12-05")];
    change(id, "procedures", "abolished", &cells)
}

async fn apply(service: &Service, changes: &[Change]) -> Result<ApplyChangesResponse, Status> {
    let request = ApplyChangesRequest {
        changes: changes.to_vec(),
        check_only: false,
    };
    let applied = service.apply_changes(Request::new(request)).await;
    applied.map(tonic::Response::into_inner)
}

async fn figures(service: &Service) -> GetCatalogFiguresResponse {
    let request = GetCatalogFiguresRequest {
        day: "2026-12-31".to_owned(),
        from_day: "2026-12-01".to_owned(),
        to_day: "2026-12-31".to_owned(),
        ..GetCatalogFiguresRequest::default()
    };
    let answer = service.get_catalog_figures(Request::new(request)).await;
    answer.unwrap().into_inner()
}

async fn listed(service: &Service) -> Vec<RecordedChange> {
    let request = Request::new(ListChangesRequest::default());
    service
        .list_changes(request)
        .await
        .unwrap()
        .into_inner()
        .changes
}

/// The fields that a refusal names, each with its description.
fn violations(status: &Status) -> Vec<(String, String)> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    let details = status.get_error_details();
    let bad = details.bad_request().unwrap().field_violations.iter();
    bad.map(|one| (one.field.clone(), one.description.clone()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_changes_are_in_force_count_and_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let first = log(dir.path());
    let service_one = service(&first).await;
    let before = figures(&service_one).await;
    let changes = [
        new_procedure("a", "1.009991"),
        new_procedure("b", "1.009992"),
        abolished("c", "1.012781"),
    ];
    let applied = apply(&service_one, &changes).await.unwrap();
    assert_eq!((applied.recorded, applied.known), (3, 0));
    let after = figures(&service_one).await;
    assert_eq!(after.reference_version, applied.reference_version);
    assert_ne!(after.reference_version, before.reference_version);
    let all = |answer: &GetCatalogFiguresResponse| answer.all.clone().unwrap().procedures;
    assert_eq!((all(&before), all(&after)), (8, 9));
    let wanted = CatalogChanges {
        new: 2,
        abolished: 1,
        ..CatalogChanges::default()
    };
    assert_eq!(after.changes, Some(wanted));
    first.close().await.unwrap();
    drop((service_one, first));

    let again = service(&log(dir.path())).await;
    assert_eq!(figures(&again).await, after);
    let changes = listed(&again).await;
    let ids: Vec<_> = changes
        .iter()
        .map(|one| one.change.clone().unwrap().id)
        .collect();
    assert_eq!(ids, ["a", "b", "c"]);
    assert!(changes.iter().all(|one| one.refused.is_empty()));
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_again_takes_effect_once_and_an_id_keeps_its_meaning() {
    let dir = tempfile::tempdir().unwrap();
    let log = log(dir.path());
    let service = service(&log).await;
    let change = new_procedure("a", "1.009991");
    apply(&service, std::slice::from_ref(&change))
        .await
        .unwrap();
    let both = [change, new_procedure("b", "1.009992")];
    let again = apply(&service, &both).await.unwrap();
    assert_eq!((again.recorded, again.known), (1, 1));
    assert_eq!(listed(&service).await.len(), 2);
    let other = new_procedure("a", "1.009993");
    let refused = apply(&service, &[other]).await.unwrap_err();
    assert_eq!(violations(&refused)[0].0, "changes[0].id");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_change_is_named_with_its_field_and_nothing_of_its_batch_is_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let log = log(dir.path());
    let service = service(&log).await;
    let before = figures(&service).await;
    let mut bad = new_procedure("bad", "1.009992");
    bad.cells
        .insert("limit_unit".to_owned(), "weeks".to_owned());
    bad.cells.insert("limit_amount".to_owned(), "3".to_owned());
    let batch = [new_procedure("good", "1.009991"), bad];
    let refused = apply(&service, &batch).await.unwrap_err();
    let (field, description) = violations(&refused).remove(0);
    assert_eq!(field, "changes[1].cells[limit_unit]");
    assert!(
        description.contains("Fix: write working_days"),
        "{description}"
    );
    assert_eq!(figures(&service).await, before);
    assert!(listed(&service).await.is_empty());
    assert_eq!(log.bounds(0).await.unwrap().end, 0);
    for (changes, field) in [
        (Vec::new(), "changes"),
        (vec![new_procedure("a b", "1.009991")], "changes[0].id"),
    ] {
        let refused = apply(&service, &changes).await.unwrap_err();
        assert_eq!(violations(&refused)[0].0, field);
    }
    let check = ApplyChangesRequest {
        changes: vec![new_procedure("good", "1.009991")],
        check_only: true,
    };
    let checked = service.apply_changes(Request::new(check)).await.unwrap();
    assert_eq!(checked.into_inner().recorded, 1);
    assert_eq!(log.bounds(0).await.unwrap().end, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_records_is_soon_in_force_in_another() {
    let dir = tempfile::tempdir().unwrap();
    let log = log(dir.path());
    let (one, two) = (service(&log).await, service(&log).await);
    let applied = apply(&one, &[new_procedure("a", "1.009991")])
        .await
        .unwrap();
    let followed = async {
        while figures(&two).await.reference_version != applied.reference_version {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), followed)
        .await
        .expect("the other process follows");
    // The same row by another id, and the same id: both are told apart.
    let known = apply(&two, &[new_procedure("a", "1.009991")])
        .await
        .unwrap();
    assert_eq!((known.recorded, known.known), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_batches_recorded_at_once_that_contradict_the_first_in_the_log_counts_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let log = log(dir.path());
    for round in 0..5 {
        let (one, two) = (service(&log).await, service(&log).await);
        let code = format!("1.00998{round}");
        let amended = |id: &str| {
            // Both would be the only version of the code.
            let mut change = new_procedure(&format!("{id}{round}"), &code);
            change.cells.insert("name".to_owned(), id.to_owned());
            change
                .cells
                .insert("from".to_owned(), format!("2026-12-0{}", id.len()));
            change
        };
        let (first, second) = (amended("x"), amended("yy"));
        let (first, second) = tokio::join!(
            apply(&one, std::slice::from_ref(&first)),
            apply(&two, std::slice::from_ref(&second))
        );
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
        let lost = first.err().or(second.err()).unwrap();
        // The row at fault is the later of the two, be it the loser's own or not.
        let (field, what) = violations(&lost).remove(0);
        assert!(field.starts_with("changes"), "{field}");
        assert!(what.contains(&format!("{code} is in force")), "{what}");
        let restarted = service(&log).await;
        let version = figures(&restarted).await.reference_version;
        for other in [one, two] {
            let same = async {
                while figures(&other).await.reference_version != version {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            let same = tokio::time::timeout(Duration::from_secs(20), same).await;
            same.expect("all processes agree");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_other_files_what_no_longer_fits_has_no_effect_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let first = log(dir.path());
    let recorded = service(&first).await;
    apply(&recorded, &[new_procedure("a", "1.009991")])
        .await
        .unwrap();
    apply(&recorded, &[new_procedure("b", "1.009992")])
        .await
        .unwrap();
    first.close().await.unwrap();
    drop((recorded, first));

    // The operator's own file now has the procedure of change a.
    let mut files = Files::demo();
    let head = "code,name,field_code,field_name,levels,online,limit_amount,limit_unit,same_day_before,legal_basis,from,to,change,replaces\n";
    files.procedures.push(TableFile {
        name: "ours.csv".to_owned(),
        text: format!("{head}1.009991,Của ta,,,commune,,,,,,2026-01-01,,,\n"),
    });
    let log = log(dir.path());
    let tables = Tables::load(&files).unwrap();
    let catalog = Catalog::open(log, tables).await.unwrap();
    let service = Service::new(Arc::new(catalog));
    let changes = listed(&service).await;
    assert!(
        changes[0].refused.contains("1.009991 is in force"),
        "{changes:?}"
    );
    assert_eq!(changes[1].refused, "");
    assert_eq!(figures(&service).await.all.unwrap().procedures, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_was_never_finished_has_no_effect() {
    use prost::Message;
    let dir = tempfile::tempdir().unwrap();
    let log = log(dir.path());
    let record = |batch: &str, change: Change, size| lienthong_eventlog::Record {
        key: Default::default(),
        value: CatalogRecord {
            change: Some(change),
            batch: batch.to_owned(),
            index: 0,
            size,
            checked_at: 0,
        }
        .encode_to_vec()
        .into(),
        recorded_ms: 1,
    };
    let unfinished = record("cut", new_procedure("a", "1.009991"), 2);
    let alien = lienthong_eventlog::Record {
        value: vec![0xff; 9].into(),
        ..unfinished.clone()
    };
    let whole = record("whole", new_procedure("b", "1.009992"), 1);
    log.append(vec![unfinished, alien, whole]).await.unwrap();
    let service = service(&log).await;
    let changes = listed(&service).await;
    assert!(changes[0].refused.contains("not complete"), "{changes:?}");
    assert_eq!((changes.len(), changes[1].refused.as_str()), (2, ""));
    assert_eq!(figures(&service).await.changes.unwrap().new, 1);
    // Sent again it takes effect.
    apply(&service, &[new_procedure("a", "1.009991")])
        .await
        .unwrap();
    assert_eq!(figures(&service).await.changes.unwrap().new, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_divided_commune_answers_with_candidates_and_an_unknown_one_is_not_found() {
    let dir = tempfile::tempdir().unwrap();
    let service = service(&log(dir.path())).await;
    let ask = |code: &str, day: &str, under: &str| {
        let request = ResolveUnitRequest {
            code: code.to_owned(),
            day: day.to_owned(),
            under_day: under.to_owned(),
        };
        service.resolve_unit(Request::new(request))
    };
    let tables = tables().build().unwrap();
    let (eve, reform) = ("2025-06-30", "2025-07-01");
    let eve_day = eve.parse().unwrap();
    let communes = tables.registry.units();
    let communes = communes.in_force(lienthong_domain::level::Level::Commune, eve_day);
    let (mut known, mut several) = (0, 0);
    for commune in communes {
        let answer = ask(&commune.code, eve, reform).await.unwrap().into_inner();
        match (answer.outcome.as_str(), answer.successors.len()) {
            ("known", 1) => known += 1,
            ("several", 2..) => several += 1,
            other => panic!("{}: {other:?}", commune.code),
        }
    }
    assert_eq!((known, several), (9_592, 441));
    let district = ask("201", eve, reform).await.unwrap().into_inner();
    assert_eq!(district.outcome, "abolished");
    let code = |answer: Result<_, Status>| answer.map(|_| ()).unwrap_err().code();
    assert_eq!(code(ask("201", reform, "").await), Code::NotFound);
    assert_eq!(code(ask("2010", eve, "").await), Code::InvalidArgument);
    assert_eq!(
        code(ask("201", "1/7/2025", "").await),
        Code::InvalidArgument
    );
    assert_eq!(
        code(ask("201", eve, "2024-01-01").await),
        Code::InvalidArgument
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn procedures_are_listed_by_page_and_shown_with_every_version() {
    let dir = tempfile::tempdir().unwrap();
    let service = service(&log(dir.path())).await;
    let mut codes = Vec::new();
    let mut token = String::new();
    loop {
        let request = ListProceduresRequest {
            day: "2026-11-22".to_owned(),
            page_size: 3,
            page_token: token,
            ..ListProceduresRequest::default()
        };
        let page = service.list_procedures(Request::new(request)).await;
        let page = page.unwrap().into_inner();
        assert_eq!(page.total, 8);
        codes.extend(page.procedures.into_iter().map(|one| one.code));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(codes.len(), 8);
    assert!(codes.is_sorted());
    let get = |code: &str| {
        let code = code.to_owned();
        service.get_procedure(Request::new(GetProcedureRequest { code }))
    };
    let versions = get("2.002621.H56").await.unwrap().into_inner().versions;
    let periods: Vec<_> = versions
        .iter()
        .map(|one| (one.from_day.as_str(), one.to_day.as_str()))
        .collect();
    assert_eq!(periods, [("", "2025-06-30"), ("2025-07-01", "2026-08-31")]);
    assert_eq!(versions[1].interconnection, "vertical");
    assert_eq!(versions[1].limit.clone().unwrap().amount, 3);
    assert_eq!(get("9.999999").await.unwrap_err().code(), Code::NotFound);
    assert_eq!(get("x").await.unwrap_err().code(), Code::InvalidArgument);
}
