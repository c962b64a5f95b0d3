//! The catalogue as an operator meets it: tables imported by the command line, figures told with
//! all their parts, nothing lost by a restart, nothing of a bad import taken.

use lienthong_contract::pb::catalog::v1::ResolveUnitRequest;
use lienthong_contract::pb::catalog::v1::catalog_service_client::CatalogServiceClient;
use lienthong_contract::reference::{TableFile, demo_procedure_steps, demo_procedures};
use lienthong_domain::level::Level;
use lienthong_tests::cli::{Done, run};
use lienthong_tests::instance::Instance;
use serde_json::Value;
use std::path::PathBuf;

fn put(hub: &Instance, name: &str, text: &str) -> String {
    let path: PathBuf = hub.scratch().join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn table(hub: &Instance, file: TableFile) -> String {
    put(hub, &file.name, &file.text)
}

fn catalog(hub: &Instance, arguments: &[&str]) -> Done {
    run(hub, &[&["catalog"], arguments].concat()).unwrap()
}

fn json(hub: &Instance, arguments: &[&str]) -> Value {
    let done = catalog(hub, &[arguments, &["--json"]].concat());
    assert_eq!(done.code, Some(0), "{done:?}");
    done.json().unwrap()
}

fn figures(hub: &Instance) -> Value {
    let period = ["--from", "2026-01-01", "--to", "2026-12-31"];
    json(
        hub,
        &[&["figures", "--day", "2026-11-22"], &period[..]].concat(),
    )
}

/// A count of an answer; JSON of messages leaves 0 out.
fn count(answer: &Value, path: &str) -> u64 {
    let told = answer.pointer(path).and_then(Value::as_u64);
    told.unwrap_or(0)
}

const HEAD: &str = "code,name,field_code,field_name,levels,online,limit_amount,limit_unit,same_day_before,legal_basis,from,to,change,replaces";

#[test]
fn imported_procedures_are_counted_once_and_a_restart_keeps_them() {
    let hub = Instance::start().unwrap();
    let empty = figures(&hub);
    assert_eq!(count(&empty, "/all/procedures"), 0);
    let files = [
        table(&hub, demo_procedures()),
        table(&hub, demo_procedure_steps()),
    ];
    let import = |more: &[&'static str]| {
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        json(&hub, &[&["import"], files.as_slice(), more].concat())
    };
    let checked = import(&["--check"]);
    assert_eq!(count(&checked, "/recorded"), 12 + 47);
    assert_eq!(figures(&hub), empty, "a check records nothing");
    let first = import(&[]);
    assert_eq!(count(&first, "/recorded"), 12 + 47);
    assert_eq!(first["referenceVersion"], checked["referenceVersion"]);
    let again = import(&[]);
    assert_eq!(
        (count(&again, "/recorded"), count(&again, "/known")),
        (0, 59)
    );

    let told = figures(&hub);
    for (path, wanted) in [
        ("/all/procedures", 8),
        ("/all/fields", 3),
        ("/all/onlineFull", 6),
        ("/all/onlinePartial", 2),
        ("/all/interconnected", 4),
        ("/all/horizontal", 2),
        ("/all/vertical", 2),
        ("/levels/0/procedures", 6),
        ("/levels/1/procedures", 0),
        ("/levels/2/procedures", 2),
        ("/changes/replaced", 2),
        ("/changes/new", 0),
    ] {
        assert_eq!(count(&told, path), wanted, "{path}: {told:#}");
    }
    assert_eq!(told["referenceVersion"], first["referenceVersion"]);
    let listed = json(&hub, &["changes", "--table", "procedures"]);
    assert_eq!(listed["changes"].as_array().unwrap().len(), 12);

    let hub = hub.restart().unwrap();
    assert_eq!(figures(&hub), told);
    let one = catalog(&hub, &["procedure", "3.000722"]);
    assert!(one.out.contains("replaces 2.002621"), "{one:?}");
    assert!(one.out.contains("vertical"), "{one:?}");
    let all = catalog(&hub, &["procedures", "--day", "2026-11-22", "--limit", "3"]);
    assert!(
        all.out.contains("8 procedures in all; more: --after "),
        "{all:?}"
    );
    let missing = catalog(&hub, &["procedure", "9.999999"]);
    assert_eq!(missing.code, Some(3), "{missing:?}");
}

#[test]
fn a_bad_row_is_refused_by_its_line_column_and_fix_and_nothing_of_the_import_is_taken() {
    let hub = Instance::start().unwrap();
    let good = format!("{HEAD}\n1.009991,Tốt,,,commune,,5,working_days,,,2026-01-01,,new,\n");
    let bad = format!("{HEAD}\n# ours\n1.009992,Xấu,,,commune,,5,weeks,,,2026-01-01,,new,\n");
    let files = [
        put(&hub, "procedures-good.csv", &good),
        put(&hub, "procedures-bad.csv", &bad),
    ];
    let before = figures(&hub);
    let refused = catalog(&hub, &["import", &files[0], &files[1]]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let at = format!("{}:3: column limit_unit: ", files[1]);
    assert!(refused.err.contains(&at), "{refused:?}");
    assert!(
        refused.err.contains("Fix: write working_days"),
        "{refused:?}"
    );
    assert!(refused.err.contains("Nothing of the import"), "{refused:?}");
    assert_eq!(figures(&hub), before);
    let changes = catalog(&hub, &["changes"]);
    assert_eq!(changes.out.trim(), "no changes");
    let unnamed = put(&hub, "2026.csv", &good);
    let unnamed = catalog(&hub, &["import", &unnamed]);
    assert_eq!(unnamed.code, Some(2), "{unnamed:?}");
    assert!(unnamed.err.contains("--table"), "{unnamed:?}");
    let missing = put(&hub, "procedures-short.csv", "code,name\n1.009991,A\n");
    let missing = catalog(&hub, &["import", &missing]);
    assert!(missing.err.contains("column field_code"), "{missing:?}");
}

#[tokio::test]
async fn each_of_the_441_divided_communes_answers_with_its_candidates() {
    let hub = Instance::start().unwrap();
    let reference = lienthong_contract::reference::demo().unwrap();
    let eve = "2025-06-30".parse().unwrap();
    let communes = reference.registry.units().in_force(Level::Commune, eve);
    let mut client = CatalogServiceClient::new(hub.gateway().await.unwrap());
    let (mut known, mut several) = (0, 0);
    for commune in communes {
        let request = ResolveUnitRequest {
            code: commune.code.clone(),
            day: "2025-06-30".to_owned(),
            under_day: "2025-07-01".to_owned(),
        };
        let answer = client.resolve_unit(request).await.unwrap().into_inner();
        match (answer.outcome.as_str(), answer.successors.len()) {
            ("known", 1) => known += 1,
            ("several", 2..) => several += 1,
            other => panic!("{}: {other:?}", commune.code),
        }
    }
    assert_eq!((known, several), (10_033 - 441, 441));
    let days = ["--day", "2025-06-30", "--under", "2026-11-22"];
    let district = catalog(&hub, &[&["unit", "201"], &days[..]].concat());
    assert!(
        district.out.contains("nothing took its place"),
        "{district:?}"
    );
}

#[test]
fn an_agency_that_ends_is_followed_to_the_one_that_took_over() {
    let hub = Instance::start().unwrap();
    let agencies = "code,name,level,unit_code,parent,from,to\nH56.15.03,Trung tâm Phục vụ hành chính công Phường Hàm Rồng,commune,14758,H56,2025-07-01,2026-11-30\n";
    let successions = "old,new,on,kind\nH56.15.03,H56.15.01,2026-12-01,merged\n";
    let files = [
        put(&hub, "agencies.csv.new", agencies),
        put(&hub, "agency_successions.csv", successions),
    ];
    let alone = catalog(&hub, &["import", &files[1]]);
    assert_eq!(alone.code, Some(2), "{alone:?}");
    assert!(alone.err.contains("column old: "), "{alone:?}");
    let both = catalog(&hub, &["import", &files[0], &files[1]]);
    assert_eq!(both.code, Some(0), "{both:?}");
    let days = ["--day", "2026-11-30", "--under", "2026-12-01"];
    let told = json(&hub, &[&["agency", "H56.15.03"], &days[..]].concat());
    assert_eq!(told["outcome"], "known", "{told:#}");
    assert_eq!(told["successors"][0]["code"], "H56.15.01", "{told:#}");
}
