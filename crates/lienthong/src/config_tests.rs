//! Which source wins, where each value is said to come from, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::settings::Shape;
use super::*;
use std::ffi::OsString;
use std::io::Write;

const EXAMPLE: &str = include_str!("../../../deploy/lienthong.toml");

fn file_with(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn environment(pairs: &[(&str, &str)]) -> Vec<Given> {
    let pairs = pairs
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Given::by_environment(pairs).unwrap()
}

fn refusal(file: &str, given: Vec<Given>) -> String {
    let file = file_with(file);
    let sources = Sources {
        file: Some(file.path().to_owned()),
        given,
    };
    load(sources).expect_err("it must be refused").to_string()
}

#[test]
fn flags_win_over_environment_over_file_over_defaults_and_each_origin_is_told() {
    let file = file_with(
        "data_dir = 'from-file'\n[log]\npartitions = 2\nqueue_bytes = 5000000\n[views]\nstore = 'redb'\n",
    );
    let mut given = environment(&[
        ("LIENTHONG_LOG__PARTITIONS", "3"),
        ("LIENTHONG_DATA_DIR", "from-environment"),
        ("LIENTHONG_CONFIG", "names the file and is no setting"),
        ("LIENTHONG_KAFKA_RUN", "is for the project's scripts"),
        ("PATH", "not ours"),
    ]);
    given.push(Given::by_flag("--data-dir", "data_dir", "from-flag"));
    given.push(Given::by_set("logging.filter=debug").unwrap());
    let loaded = load(Sources {
        file: Some(file.path().to_owned()),
        given,
    })
    .unwrap();

    assert_eq!(loaded.settings.data_dir, Path::new("from-flag"));
    assert_eq!(loaded.settings.log.partitions, 3);
    assert_eq!(loaded.settings.log.queue_bytes, 5_000_000);
    assert_eq!(loaded.settings.views.store, Store::Redb);
    assert_eq!(loaded.settings.logging.filter, "debug");
    assert_eq!(loaded.settings.gateway, Settings::default().gateway);

    let effective = loaded.effective();
    let origin = |key: &str| {
        let found = effective.iter().find(|effective| effective.key == key);
        found.unwrap().origin.clone()
    };
    assert_eq!(origin("data_dir"), "flag --data-dir");
    assert_eq!(origin("logging.filter"), "flag --set logging.filter");
    assert_eq!(
        origin("log.partitions"),
        "environment LIENTHONG_LOG__PARTITIONS"
    );
    assert!(origin("log.queue_bytes").ends_with(".toml"));
    assert_eq!(origin("gateway.listen"), "default");
}

#[test]
fn a_list_and_an_address_can_be_given_by_environment() {
    let given = environment(&[
        ("LIENTHONG_REFERENCE__AGENCIES", "[a.csv, b.csv]"),
        ("LIENTHONG_GATEWAY__LISTEN", "0.0.0.0:0"),
        ("LIENTHONG_ADAPTERS__DOSSIER_CODES__ONESTOP", "foreign"),
    ]);
    let settings = load(Sources { file: None, given }).unwrap().settings;
    assert_eq!(
        settings.reference.agencies,
        [Path::new("a.csv"), Path::new("b.csv")]
    );
    assert_eq!(settings.gateway.listen.to_string(), "0.0.0.0:0");
    assert_eq!(settings.adapters.dossier_codes.onestop, Shape::Foreign);
}

#[test]
fn an_unknown_key_is_refused_by_name_wherever_it_stands() {
    let said = refusal("[gateway]\nlissten = '127.0.0.1:1'\n", Vec::new());
    assert!(said.contains("gateway.lissten"), "{said}");
    assert!(said.contains(".toml"), "{said}");

    let said = refusal("", environment(&[("LIENTHONG_DATADIR", "x")]));
    assert!(said.contains("datadir"), "{said}");
    assert!(said.contains("LIENTHONG_DATADIR"), "{said}");

    let said = refusal("", vec![Given::by_set("nothing.here=1").unwrap()]);
    assert!(said.contains("nothing"), "{said}");
}

#[test]
fn a_value_that_does_not_fit_is_refused_with_its_key_and_origin() {
    let said = refusal("[gateway]\nlisten = 'here'\n", Vec::new());
    assert!(said.contains("gateway.listen"), "{said}");
    let said = refusal("", environment(&[("LIENTHONG_VIEWS__STORE", "papyrus")]));
    assert!(said.contains("views.store"), "{said}");
    assert!(said.contains("LIENTHONG_VIEWS__STORE"), "{said}");
}

#[test]
fn a_named_file_must_exist_and_a_setting_have_a_value() {
    let sources = Sources {
        file: Some(PathBuf::from("there/is/no/such.toml")),
        given: Vec::new(),
    };
    assert!(matches!(load(sources), Err(Error::File { .. })));
    assert!(matches!(
        Given::by_set("gateway.listen"),
        Err(Error::NotASetting(_))
    ));
}

#[test]
fn the_example_file_is_the_defaults() {
    let file = file_with(EXAMPLE);
    let sources = Sources {
        file: Some(file.path().to_owned()),
        given: Vec::new(),
    };
    let loaded = load(sources).unwrap();
    assert_eq!(loaded.settings, Settings::default());
    for effective in loaded.effective() {
        assert_ne!(
            effective.origin, "default",
            "{} is not shown",
            effective.key
        );
    }
}

#[test]
fn the_logs_home_can_be_given_by_its_short_variable_and_says_so() {
    let given = environment(&[("LIENTHONG_LOG", "kafka://a:9092,b:9092/tinh")]);
    let loaded = load(Sources { file: None, given }).unwrap();
    let home = "kafka://a:9092,b:9092/tinh".parse().unwrap();
    assert_eq!(loaded.settings.log.home, home);
    let effective = loaded.effective();
    let shown = effective.iter().find(|one| one.key == "log.home").unwrap();
    assert_eq!(shown.origin, "environment LIENTHONG_LOG");
    assert_eq!(shown.value, "kafka://a:9092,b:9092/tinh");

    let given = environment(&[
        ("LIENTHONG_LOG__HOME", "embedded"),
        ("LIENTHONG_LOG", "kafka://a:9092"),
    ]);
    let settings = load(Sources { file: None, given }).unwrap().settings;
    assert_eq!(settings.log.home, Home::Embedded, "the longer name wins");
}

#[test]
fn a_home_that_is_none_is_refused_with_its_key_its_origin_and_the_form() {
    let said = refusal("", environment(&[("LIENTHONG_LOG", "kafka:a:9092")]));
    for part in ["log.home", "LIENTHONG_LOG", "kafka://HOST:PORT"] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
}

#[test]
fn properties_come_from_every_source_and_their_values_are_never_shown() {
    let file = file_with(
        "[log.kafka.properties]\nsecurity.protocol = 'SASL_SSL'\n'sasl.username' = 'hub-user'\nsocket.keepalive.enable = true\n",
    );
    let secret = file_with("0042\n");
    let path = secret.path().to_str().unwrap();
    let mut given = environment(&[(
        "LIENTHONG_LOG__KAFKA__PROPERTIES__SASL__PASSWORD_FILE",
        path,
    )]);
    given.push(Given::by_set("log.kafka.properties.client.rack=07").unwrap());
    let loaded = load(Sources {
        file: Some(file.path().to_owned()),
        given,
    })
    .unwrap();
    let properties = &loaded.settings.log.kafka.properties.0;
    let expected = [
        ("client.rack", "07"),
        ("sasl.password", "0042"),
        ("sasl.username", "hub-user"),
        ("security.protocol", "SASL_SSL"),
        ("socket.keepalive.enable", "true"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(*properties, expected.into());

    let effective = loaded.effective();
    let shown = effective
        .iter()
        .find(|one| one.key == "log.kafka.properties")
        .unwrap();
    let text = format!("{} {:?}", shown.value, loaded.settings);
    assert!(text.contains("sasl.password"), "{text}");
    for secret in ["0042", "SASL_SSL", "hub-user"] {
        assert!(!text.contains(secret), "{secret} is shown: {text}");
    }
    assert_ne!(shown.origin, "default");
}

#[test]
fn the_key_of_webhooks_is_text_whatever_it_looks_like_and_is_never_shown() {
    let secret = file_with("01234567890123456789012345678901\n");
    let path = secret.path().to_str().unwrap();
    let given = environment(&[("LIENTHONG_GATEWAY__WEBHOOKS__KEY_FILE", path)]);
    let loaded = load(Sources { file: None, given }).unwrap();
    let key = &loaded.settings.gateway.webhooks.key;
    assert_eq!(key.0, "01234567890123456789012345678901");
    let effective = loaded.effective();
    let of = |key: &str| effective.iter().find(|one| one.key == key).unwrap();
    let shown = of("gateway.webhooks.key");
    assert_eq!(shown.value, "(set)");
    assert!(shown.origin.ends_with("KEY_FILE"), "{shown:?}");
    let text = format!("{:?}", loaded.settings);
    assert!(!text.contains("0123456789"), "{text}");

    let said = refusal("[gateway.webhooks]\nkey = 4242424242\n", Vec::new());
    assert!(said.contains("gateway.webhooks.key"), "{said}");
    assert!(!said.contains("4242"), "{said}");
}

#[test]
fn a_variable_that_names_a_file_which_is_not_there_is_refused_by_name() {
    let pair = ("LIENTHONG_LOGGING__FILTER_FILE", "there/is/no/such");
    let pair = (OsString::from(pair.0), OsString::from(pair.1));
    let said = Given::by_environment([pair].into_iter())
        .unwrap_err()
        .to_string();
    assert!(said.contains("LIENTHONG_LOGGING__FILTER_FILE"), "{said}");
    assert!(said.contains("there/is/no/such"), "{said}");
}
