//! The hub as separate services over one Kafka cluster: every adapter, projector and gateway a
//! real process of the binary, each with a folder of its own, on ports that stay the same over a
//! restart.

pub mod answers;
pub mod asker;
pub mod check;
pub mod law;
pub mod ledger;
pub mod load;
pub mod sender;
pub mod staleness;

use crate::broker::Home;
use crate::http;
use crate::hub;
use crate::kill::Fault;
use crate::process::{Launch, Process};
use crate::tables;
use lienthong_simulator::system::System;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Views that a projector can keep.
pub const VIEWS: [&str; 3] = ["case", "horizontal", "vertical"];
/// Longest wait for a service to be ready.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Takes events in.
    Adapter,
    /// Keeps views.
    Projector,
    /// Answers questions.
    Gateway,
}

impl Kind {
    /// As `lienthong serve` calls it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Adapter => "adapter",
            Kind::Projector => "projector",
            Kind::Gateway => "gateway",
        }
    }
}

/// How roles are spread over processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// A process for each system, and a process for each view.
    EachItsOwn,
    /// A process serves every system, or keeps every view.
    Together,
}

/// How many of each there are.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Adapters of each system.
    pub adapters: usize,
    /// Projector instances of each view.
    pub projectors: usize,
    /// Gateways.
    pub gateways: usize,
    /// How roles are spread over processes.
    pub grouping: Grouping,
}

/// One service of the fleet.
pub struct Service {
    /// What it is.
    pub kind: Kind,
    /// From 1 among those of its kind.
    pub number: usize,
    /// Systems or views; none for a gateway.
    pub roles: Vec<&'static str>,
    launch: Launch,
    process: Option<Process>,
    doors: BTreeMap<String, String>,
}

/// The running services; all killed when dropped.
pub struct Fleet {
    services: Vec<Service>,
    home: Home,
    folder: TempDir,
    environment: BTreeMap<String, String>,
}

/// Where the doors of a hub are, be it one process or a fleet.
#[derive(Debug, Clone, Default)]
pub struct Doors {
    /// Adapters by system.
    pub adapters: BTreeMap<System, Vec<String>>,
    /// Gateways.
    pub gateways: Vec<String>,
    /// The same gateways' events over HTTP, in the same order.
    pub gateways_http: Vec<String>,
}

impl Doors {
    /// The doors of a hub of one process.
    pub fn of_one(addresses: &hub::Addresses) -> Self {
        let adapters = System::ALL.map(|system| (system, vec![addresses.adapters_grpc.clone()]));
        Self {
            adapters: adapters.into(),
            gateways: vec![addresses.gateway.clone()],
            gateways_http: vec![addresses.gateway_http.clone()],
        }
    }
}

impl Fleet {
    /// Starts every service and waits until each is ready. `settings` are further environment
    /// variables of all of them.
    ///
    /// # Errors
    /// If one does not start or does not become ready; its last words are part of the error.
    pub async fn start(
        home: &Home,
        shape: Shape,
        settings: &[(&str, &str)],
    ) -> Result<Self, Fault> {
        let mut fleet = Self::empty(home, settings)?;
        fleet.plan(shape)?;
        for service in &mut fleet.services {
            service.process = Some(service.launch.start()?);
        }
        for index in 0..fleet.services.len() {
            fleet.services[index].settle().await?;
        }
        for service in &fleet.services {
            service.ready().await?;
        }
        Ok(fleet)
    }

    /// A fleet without services; see [`Fleet::add`].
    ///
    /// # Errors
    /// If its folder cannot be made.
    pub fn empty(home: &Home, settings: &[(&str, &str)]) -> io::Result<Self> {
        let folder = TempDir::with_prefix("lienthong-fleet-")?;
        let mut environment = home.environment();
        environment.extend(tables::demo(folder.path())?);
        let mut set = |name: &str, value: String| environment.insert(name.to_owned(), value);
        for door in [
            "ADAPTERS__GRPC_LISTEN",
            "ADAPTERS__HTTP_LISTEN",
            "GATEWAY__LISTEN",
            "GATEWAY__HTTP_LISTEN",
            "METRICS__LISTEN",
            "PROJECTOR__LISTEN",
        ] {
            set(&format!("LIENTHONG_{door}"), "127.0.0.1:0".to_owned());
        }
        // Whoever looks for a fault may ask for more.
        let filter = std::env::var("LIENTHONG_LOGGING__FILTER");
        set(
            "LIENTHONG_LOGGING__FILTER",
            filter.unwrap_or_else(|_| "info".to_owned()),
        );
        for (name, value) in settings {
            set(name, (*value).to_owned());
        }
        Ok(Self {
            services: Vec::new(),
            home: home.clone(),
            folder,
            environment,
        })
    }

    fn plan(&mut self, shape: Shape) -> io::Result<()> {
        let systems = System::ALL.map(System::name);
        for roles in spread(&systems, shape.grouping) {
            for _ in 0..shape.adapters {
                self.add(Kind::Adapter, &roles)?;
            }
        }
        for roles in spread(&VIEWS, shape.grouping) {
            for _ in 0..shape.projectors {
                self.add(Kind::Projector, &roles)?;
            }
        }
        for _ in 0..shape.gateways {
            self.add(Kind::Gateway, &[])?;
        }
        Ok(())
    }

    /// Adds a service for these systems or views, not yet running, and gives its number.
    ///
    /// # Errors
    /// If the binary is missing.
    pub fn add(&mut self, kind: Kind, roles: &[&'static str]) -> io::Result<usize> {
        let number = self.count(kind) + 1;
        let name = format!("{}-{number}", kind.name());
        let folder = self.folder.path().join(&name);
        let mut environment = self.environment.clone();
        let data = folder.join("data").display().to_string();
        environment.insert("LIENTHONG_DATA_DIR".into(), data);
        if kind == Kind::Projector {
            environment.insert("LIENTHONG_PROJECTOR__INSTANCE".into(), name);
        }
        let mut arguments = vec!["serve".to_owned(), kind.name().to_owned()];
        arguments.extend(roles.iter().map(|role| role.replace('_', "-")));
        self.services.push(Service {
            kind,
            number,
            roles: roles.to_vec(),
            launch: Launch {
                binary: hub::binary()?,
                folder,
                arguments,
                environment,
            },
            process: None,
            doors: BTreeMap::new(),
        });
        Ok(number)
    }

    /// How many services of a kind there are, running or not.
    pub fn count(&self, kind: Kind) -> usize {
        let of_kind = |service: &&Service| service.kind == kind;
        self.services.iter().filter(of_kind).count()
    }

    /// Where the log is.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The folder of all services, gone with the fleet.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The public doors of every service, running or not.
    pub fn doors(&self) -> Doors {
        let mut doors = Doors::default();
        for service in &self.services {
            match service.kind {
                Kind::Adapter => {
                    for system in System::ALL {
                        if service.roles.contains(&system.name()) {
                            let of_system = doors.adapters.entry(system).or_default();
                            of_system.extend(service.doors.get("adapters_grpc").cloned());
                        }
                    }
                }
                Kind::Gateway => {
                    doors.gateways.extend(service.doors.get("gateway").cloned());
                    let http = service.doors.get("gateway_http").cloned();
                    doors.gateways_http.extend(http);
                }
                Kind::Projector => {}
            }
        }
        doors
    }

    /// Starts a further projector that keeps the same views as the first, and waits until it
    /// listens. Its number is the count of projectors from now on.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn add_projector(&mut self) -> Result<usize, Fault> {
        let roles = self.of(Kind::Projector, 1)?.roles.clone();
        let number = self.add(Kind::Projector, &roles)?;
        self.start_again(Kind::Projector, number).await?;
        Ok(number)
    }

    /// Ends a service at once (SIGKILL).
    ///
    /// # Errors
    /// If there is no such service running.
    pub fn kill(&mut self, kind: Kind, number: usize) -> Result<(), Fault> {
        Ok(self.take(kind, number)?.kill()?)
    }

    /// Drains a service (SIGTERM) and waits for its end.
    ///
    /// # Errors
    /// If there is no such service running, or it does not exit with 0.
    pub async fn stop(&mut self, kind: Kind, number: usize) -> Result<(), Fault> {
        let process = self.take(kind, number)?;
        let code = tokio::task::spawn_blocking(move || process.drain()).await??;
        if code == Some(0) {
            return Ok(());
        }
        let output = self.of(kind, number)?.launch.output();
        let words = crate::process::tail(&output, 8);
        Err(format!("{} {number} exited with {code:?}:\n{words}", kind.name()).into())
    }

    /// Starts a service again on its folder and its ports, and waits until it listens.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn start_again(&mut self, kind: Kind, number: usize) -> Result<(), Fault> {
        let service = self.of_mut(kind, number)?;
        service.process = Some(service.launch.start()?);
        service.settle().await
    }

    /// Waits until a service says that it is ready.
    ///
    /// # Errors
    /// If it does not within two minutes.
    pub async fn ready(&self, kind: Kind, number: usize) -> Result<(), Fault> {
        self.of(kind, number)?.ready().await
    }

    /// The process of a service.
    ///
    /// # Errors
    /// If there is no such service running.
    pub fn process(&self, kind: Kind, number: usize) -> Result<&Process, Fault> {
        let running = self.of(kind, number)?.process.as_ref();
        running.ok_or_else(|| format!("{} {number} does not run", kind.name()).into())
    }

    /// Services that ended though nobody ended them, with their last words.
    pub fn fallen(&mut self) -> Vec<String> {
        let mut fallen = Vec::new();
        for service in &mut self.services {
            let running = service.process.as_mut().is_none_or(Process::is_running);
            if !running {
                let words = crate::process::tail(&service.launch.output(), 8);
                let name = service.kind.name();
                fallen.push(format!(
                    "{name} {} ended by itself:\n{words}",
                    service.number
                ));
            }
        }
        fallen
    }

    /// Drains gateways, projectors and adapters, in this order.
    ///
    /// # Errors
    /// If one does not exit with 0.
    pub async fn drain(mut self) -> Result<(), Fault> {
        for kind in [Kind::Gateway, Kind::Projector, Kind::Adapter] {
            for number in 1..=self.count(kind) {
                if self.of(kind, number)?.process.is_some() {
                    self.stop(kind, number).await?;
                }
            }
        }
        Ok(())
    }

    /// Copies what the services wrote to a folder, to look at after a fault.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep_outputs(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        for service in &self.services {
            let name = format!("{}-{}.out", service.kind.name(), service.number);
            let output: PathBuf = service.launch.output();
            if output.exists() {
                std::fs::copy(output, folder.join(name))?;
            }
        }
        Ok(())
    }

    fn of(&self, kind: Kind, number: usize) -> Result<&Service, Fault> {
        let mut services = self.services.iter();
        services
            .find(|service| service.kind == kind && service.number == number)
            .ok_or_else(|| format!("there is no {} {number}", kind.name()).into())
    }

    fn of_mut(&mut self, kind: Kind, number: usize) -> Result<&mut Service, Fault> {
        let mut services = self.services.iter_mut();
        services
            .find(|service| service.kind == kind && service.number == number)
            .ok_or_else(|| format!("there is no {} {number}", kind.name()).into())
    }

    fn take(&mut self, kind: Kind, number: usize) -> Result<Process, Fault> {
        let running = self.of_mut(kind, number)?.process.take();
        running.ok_or_else(|| format!("{} {number} does not run", kind.name()).into())
    }
}

impl Service {
    /// Waits until the process listens, and has it take the same ports the next time.
    async fn settle(&mut self) -> Result<(), Fault> {
        let Some(process) = &mut self.process else {
            return Err("the service was not started".into());
        };
        process.listening(&self.launch).await?;
        self.doors = process.addresses.clone();
        for (door, setting) in [
            ("adapters_grpc", "LIENTHONG_ADAPTERS__GRPC_LISTEN"),
            ("adapters_http", "LIENTHONG_ADAPTERS__HTTP_LISTEN"),
            ("gateway", "LIENTHONG_GATEWAY__LISTEN"),
            ("gateway_http", "LIENTHONG_GATEWAY__HTTP_LISTEN"),
            ("metrics", "LIENTHONG_METRICS__LISTEN"),
            ("projector", "LIENTHONG_PROJECTOR__LISTEN"),
        ] {
            if let Some(address) = self.doors.get(door) {
                let environment = &mut self.launch.environment;
                environment.insert(setting.to_owned(), address.clone());
            }
        }
        Ok(())
    }

    async fn ready(&self) -> Result<(), Fault> {
        let Some(address) = self.doors.get("metrics") else {
            return Err(format!("{} {} has no probes", self.kind.name(), self.number).into());
        };
        let began = Instant::now();
        let mut last = String::new();
        while began.elapsed() < PATIENCE {
            match http::get(address, "/readyz").await {
                Ok(answer) if answer.status == 200 => return Ok(()),
                Ok(answer) => last = format!("{} {}", answer.status, answer.body),
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let words = crate::process::tail(&self.launch.output(), 8);
        let name = self.kind.name();
        Err(format!("{name} {} is not ready: {last}\n{words}", self.number).into())
    }
}

fn spread(roles: &[&'static str], grouping: Grouping) -> Vec<Vec<&'static str>> {
    match grouping {
        Grouping::EachItsOwn => roles.iter().map(|role| vec![*role]).collect(),
        Grouping::Together => vec![roles.to_vec()],
    }
}
