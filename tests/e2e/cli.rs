//! The command line: every command that prints data prints JSON too, and says by its exit code
//! how it ended.

use crate::scenario::{CASE, ONESTOP, birth, links};
use lienthong_contract::reason::catalogue;
use lienthong_tests::cli::{Done, run, run_alone};
use lienthong_tests::instance::Instance;

async fn filled() -> Instance {
    let hub = Instance::start().unwrap();
    let positions = hub.tell(&[birth(), links()].concat()).await.unwrap();
    crate::answers::case(&hub, CASE, &positions).await;
    crate::answers::horizontal_json(&hub, &positions).await;
    crate::answers::vertical_json(&hub, &positions).await;
    hub
}

#[tokio::test]
async fn every_command_prints_text_for_people_and_json_for_programs() {
    let hub = filled().await;
    for (command, said, key) in [
        (&["case", CASE][..], "civil_status_registered", "/case/code"),
        (&["horizontal"], "", "/freshness"),
        (&["vertical"], "commune", "/verticalCases"),
        (
            &["performance", "--from", "2026-10-01", "--to", "2026-10-31"],
            "Received",
            "/total",
        ),
        (&["dossiers", "in-work"], "as of", "/asOfTime"),
        (&["clock", ONESTOP], "Due by law", "/clock/dossier"),
        (&["slip", ONESTOP], "form 06", "/entries/0/to"),
        (
            &["register", "H56.15.03", "2026-10-08"],
            "form 07",
            "/lines/0/dossier",
        ),
        (&["lag"], "horizontal", "/lags/0/view"),
        (&["parked"], "nothing is parked", ""),
        (&["rejected"], "", ""),
        (&["catalog", "figures"], "Interconnected", "/all"),
        (&["catalog", "changes"], "no changes", ""),
        (&["explain"], "STATUS_UNKNOWN", "/0/reason"),
        (&["config"], "gateway.listen", "/0/key"),
        (&["views", "verify"], "yes", "/comparisons/0/equal"),
        (&["views", "rebuild", "case"], "case", "/progress/done"),
        (&["log", "positions"], "Digest", "/views/0/digest"),
    ] {
        let text = run(&hub, command).unwrap();
        assert_eq!(text.code, Some(0), "{command:?}: {text:?}");
        assert!(!text.out.trim().is_empty(), "{command:?} prints nothing");
        assert!(text.out.contains(said), "{command:?}: {}", text.out);
        let json = run(&hub, &[command, &["--json"]].concat()).unwrap();
        assert_eq!(json.code, Some(0), "{command:?}: {json:?}");
        let value = json
            .json()
            .unwrap_or_else(|error| panic!("{command:?}: {error}: {json:?}"));
        assert!(
            key.is_empty() || value.pointer(key).is_some(),
            "{command:?}: {value:#}"
        );
    }
}

#[test]
fn every_reason_is_explained() {
    for entry in catalogue() {
        for form in [
            &["explain", entry.name][..],
            &["explain", entry.name, "--json"],
        ] {
            let told = run_alone(form).unwrap();
            assert_eq!(told.code, Some(0), "{told:?}");
            for part in [entry.name, entry.meaning, entry.fix] {
                let escaped = part.replace('"', "\\\"");
                assert!(
                    told.out.contains(part) || told.out.contains(&escaped),
                    "{told:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn the_exit_code_says_how_a_command_ended() {
    let hub = filled().await;
    let ends = |done: &Done, code: i32, said: &str| {
        assert_eq!(done.code, Some(code), "{done:?}");
        assert!(done.err.contains(said), "{done:?}");
        assert!(!done.err.contains("panicked"), "{done:?}");
    };
    ends(
        &run(&hub, &["case", "LT-UNKNOWN"]).unwrap(),
        3,
        "CASE_NOT_FOUND",
    );
    ends(&run(&hub, &["case", "not a code"]).unwrap(), 2, "Fix:");
    ends(
        &run(&hub, &["explain", "NO_SUCH_REASON"]).unwrap(),
        3,
        "NO_SUCH_REASON",
    );
    ends(
        &run(&hub, &["rejected", "show", "7"]).unwrap(),
        3,
        "REJECTED_NOT_FOUND",
    );
    let release = ["parked", "release", "X", "--offset", "1", "--skip"];
    ends(&run(&hub, &release).unwrap(), 3, "PARKED_NOT_FOUND");
    ends(
        &run(&hub, &["horizontal", "--level", "moon"]).unwrap(),
        2,
        "moon",
    );
    ends(
        &run(&hub, &["no-such-command"]).unwrap(),
        2,
        "no-such-command",
    );
    ends(
        &run(&hub, &["config", "--set", "gatway.listen=1"]).unwrap(),
        2,
        "gatway",
    );

    // Port 9 of this machine has no hub.
    let nobody = ["lag", "--gateway", "http://127.0.0.1:9"];
    ends(&run_alone(&nobody).unwrap(), 4, "no hub answers");
    let nobody = ["rejected", "--adapters", "http://127.0.0.1:9"];
    ends(&run_alone(&nobody).unwrap(), 4, "no hub answers");
}

#[test]
fn config_tells_where_each_setting_came_from() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hub.toml");
    std::fs::write(
        &file,
        "[views]\ncheckpoint_every_ms = 250\n[log]\npartitions = 8\n",
    )
    .unwrap();
    let file = file.display().to_string();
    let told = lienthong_tests::cli::run_with(
        &[
            "config",
            "--json",
            "--config",
            &file,
            "--set",
            "log.partitions=2",
        ],
        &[("LIENTHONG_GATEWAY__LISTEN", "127.0.0.1:9999")],
    )
    .unwrap();
    assert_eq!(told.code, Some(0), "{told:?}");
    let settings = told.json().unwrap();
    for (key, value, origin) in [
        ("log.partitions", "2", "flag --set log.partitions"),
        (
            "gateway.listen",
            "127.0.0.1:9999",
            "environment LIENTHONG_GATEWAY__LISTEN",
        ),
        ("views.checkpoint_every_ms", "250", "hub.toml"),
        ("logging.filter", "info", "default"),
    ] {
        let one = settings
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["key"] == key)
            .unwrap_or_else(|| panic!("{key}: {settings:#}"));
        assert_eq!(one["value"].to_string().trim_matches('"'), value, "{one}");
        assert!(one["origin"].as_str().unwrap().contains(origin), "{one}");
    }
}

#[test]
fn completions_and_manual_pages_are_made() {
    for shell in ["bash", "zsh", "fish"] {
        let made = run_alone(&["completions", shell]).unwrap();
        assert_eq!(made.code, Some(0), "{made:?}");
        assert!(made.out.contains("rejected"), "{shell}: {}", made.out);
    }
    let page = run_alone(&["man"]).unwrap();
    assert!(page.out.contains(".TH"), "{page:?}");
    let folder = tempfile::tempdir().unwrap();
    let pages = run_alone(&["man", "--out", &folder.path().display().to_string()]).unwrap();
    assert_eq!(pages.code, Some(0), "{pages:?}");
    let count = std::fs::read_dir(folder.path()).unwrap().count();
    assert!(count > 10, "{count} pages");
}
