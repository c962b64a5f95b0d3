//! The commands of the runbooks, run as they stand against a hub: each ends with a code that the page
//! names, so none has an unknown flag.
//!
//! A block of `sh` may begin with `# needs kafka`; a line `# exits 0 or 6: why` tells the codes of what
//! follows it in the block, otherwise 0. Commands may use $VIEW, $NAME (a subscription), $KEY, $OFFSET,
//! $METRICS, $BROKER and $PREFIX.

use crate::{root, texts};
use lienthong_tests::broker::{self, Home};
use lienthong_tests::cli;
use lienthong_tests::hub;
use lienthong_tests::instance::Instance;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// A command of a page.
struct Line {
    page: String,
    text: String,
    exits: Vec<i32>,
    kafka: bool,
}

fn lines() -> Vec<Line> {
    let mut lines = Vec::new();
    for (page, text) in texts("deploy/runbooks", "md") {
        let (mut inside, mut kafka, mut exits) = (false, false, vec![0]);
        for line in text.lines().map(str::trim) {
            if line.starts_with("```") {
                (inside, kafka, exits) = (line == "```sh", false, vec![0]);
            } else if inside && line == "# needs kafka" {
                kafka = true;
            } else if let Some(codes) = line.strip_prefix("# exits ").filter(|_| inside) {
                let codes = codes.split(':').next().unwrap().split(" or ");
                exits = codes.map(|code| code.parse().expect(&page)).collect();
            } else if inside {
                assert!(!line.starts_with('#'), "{page}: {line}");
                lines.push(Line {
                    page: page.clone(),
                    text: line.to_owned(),
                    exits: exits.clone(),
                    kafka,
                });
            }
        }
    }
    lines
}

/// What the shell of whoever is on call has.
struct Shell<'a> {
    instance: &'a Instance,
    /// The folder of `lienthong` and Kafka's own tools.
    path: &'a Path,
    home: Option<&'a Home>,
}

impl Shell<'_> {
    fn run(&self, line: &Line) {
        let addresses = &self.instance.hub.addresses;
        let path = std::env::var("PATH").unwrap();
        let mut command = hub::command(Path::new("bash"));
        command
            .args(["-c", &line.text])
            .current_dir(self.instance.scratch())
            .env("PATH", format!("{}:{path}", self.path.display()))
            .env("LIENTHONG_DATA_DIR", self.instance.data())
            .env("LIENTHONG_ADAPTERS__GRPC_LISTEN", &addresses.adapters_grpc)
            .env("LIENTHONG_ADAPTERS__HTTP_LISTEN", &addresses.adapters_http)
            .env("LIENTHONG_GATEWAY__LISTEN", &addresses.gateway)
            .env("LIENTHONG_GATEWAY__HTTP_LISTEN", &addresses.gateway_http)
            .env("LIENTHONG_METRICS__LISTEN", &addresses.metrics)
            .env("METRICS", &addresses.metrics)
            .env("VIEW", "case")
            .env("NAME", "on-call")
            .env("KEY", "H56.15.03-261122-0001")
            .env("OFFSET", "0")
            .stdin(Stdio::null());
        if let Some(home) = self.home {
            command.envs(home.environment());
            command.env("BROKER", &home.bootstrap);
            command.env("PREFIX", &home.prefix);
        }
        let done = command.output().unwrap();
        let code = done.status.code().unwrap_or(-1);
        assert!(
            line.exits.contains(&code),
            "{}: {} exits with {code}, not {:?}:\n{}{}",
            line.page,
            line.text,
            line.exits,
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        );
    }
}

/// A folder with `lienthong`, and Kafka's scripts by their names.
fn tools(folder: &Path) {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).unwrap();
    std::os::unix::fs::symlink(hub::binary().unwrap(), folder.join("lienthong")).unwrap();
    let kafka = root().join("deploy/kafka/kafka.sh");
    for name in [
        "kafka-topics.sh",
        "kafka-configs.sh",
        "kafka-consumer-groups.sh",
    ] {
        let script = format!("#!/bin/sh\nexec {} tool {name} \"$@\"\n", kafka.display());
        let file = folder.join(name);
        std::fs::write(&file, script).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn create_subscription(instance: &Instance) {
    let created = cli::run(instance, &["subscriptions", "create", "on-call"]).unwrap();
    assert_eq!(created.code, Some(0), "{}", created.err);
}

#[test]
fn every_command_of_the_runbooks_works_on_a_hub_of_one_process() {
    let instance = Instance::start_up(&[], &[("LIENTHONG_PROBE__EVERY_MS", "200")]).unwrap();
    create_subscription(&instance);
    let path = instance.scratch().join("bin");
    tools(&path);
    let shell = Shell {
        instance: &instance,
        path: &path,
        home: None,
    };
    let lines = lines();
    assert!(lines.len() > 40, "{} commands", lines.len());
    for line in lines.iter().filter(|line| !line.kafka) {
        shell.run(line);
    }
}

#[test]
fn commands_of_the_runbooks_for_kafka_work_on_one() {
    let what = "commands of the runbooks that ask a Kafka";
    let Some(bootstrap) = broker::given(what).unwrap() else {
        return;
    };
    let home = Home::fresh(&bootstrap);
    let settings = home.environment();
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let instance = Instance::start_up(&[], &settings).unwrap();
    let path = instance.scratch().join("bin");
    tools(&path);
    let shell = Shell {
        instance: &instance,
        path: &path,
        home: Some(&home),
    };
    let lines: Vec<Line> = lines().into_iter().filter(|line| line.kafka).collect();
    assert!(lines.len() >= 5, "{} commands", lines.len());
    for line in &lines {
        shell.run(line);
    }
    let groups = Command::new(path.join("kafka-consumer-groups.sh"))
        .args(["--bootstrap-server", &bootstrap, "--list"])
        .output()
        .unwrap();
    let groups = String::from_utf8_lossy(&groups.stdout).into_owned();
    // One process keeps every view itself; what it joins is the group of gateways.
    let of_gateways = home.group("case").replace("projector.case", "gateway");
    assert!(groups.contains(&of_gateways), "{groups}");
}
