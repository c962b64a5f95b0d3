//! PostgreSQL doing the same work: an events table whose trigger keeps the same case
//! view, every commit durable (`synchronous_commit=on`, `fsync=on`: the defaults).

use crate::{Arguments, Outcome};
use lienthong_tests::measure::report::{Report, median};
use lienthong_tests::sample;
use prost::Message;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio_postgres::{Client, NoTls, Statement};

const SCHEMA: &str = "
create table cases (
  code text primary key, events int not null, holder_agency text, holder_unit text,
  status text, first_at bigint not null, last_at bigint not null);
create table events (
  source text not null, id text not null, dossier text not null, agency text, unit text,
  procedure text, status text, occurred_at bigint not null, payload bytea not null,
  position bigserial, primary key (source, id));
create index on events (dossier, occurred_at);
create function apply_event() returns trigger language plpgsql as $$
begin
  insert into cases values (new.dossier, 1, new.agency, new.unit, new.status, new.occurred_at, new.occurred_at)
  on conflict (code) do update set events = cases.events + 1,
    holder_agency = case when excluded.last_at >= cases.last_at then excluded.holder_agency else cases.holder_agency end,
    holder_unit = case when excluded.last_at >= cases.last_at then excluded.holder_unit else cases.holder_unit end,
    status = case when excluded.last_at >= cases.last_at then excluded.status else cases.status end,
    first_at = least(cases.first_at, excluded.first_at), last_at = greatest(cases.last_at, excluded.last_at);
  return null;
end $$;
create trigger apply_event after insert on events for each row execute function apply_event();";

const INSERT: &str = "insert into events (source, id, dossier, agency, unit, procedure, status, occurred_at, payload)
  select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bytea[])
  on conflict do nothing";

/// 64 clients with one event a transaction, then four connections with batches of 256.
pub async fn measure(arguments: &Arguments, report: &mut Report) -> Outcome<()> {
    let server = Server::start()?;
    server.connect().await?.batch_execute(SCHEMA).await?;
    for (clients, batch) in [(64, 1), (4, 256)] {
        let (mut rates, mut p50, mut p99) = (vec![], vec![], vec![]);
        for turn in 0..arguments.repeat {
            let (rate, times) = run(
                &server,
                clients,
                batch,
                &format!("p{clients}-{turn}"),
                arguments.seconds,
            )
            .await?;
            let at =
                |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
            rates.push(rate);
            p50.push(at(0.5));
            p99.push(at(0.99));
        }
        let what = format!("PostgreSQL 15, {clients} clients, {batch} events a transaction");
        report.floor(&what, median(rates), "events/s");
        report.floor(&format!("{what}: p50"), median(p50), "us");
        report.floor(&format!("{what}: p99"), median(p99), "us");
    }
    Ok(())
}

async fn run(
    server: &Server,
    clients: usize,
    batch: usize,
    name: &str,
    seconds: u64,
) -> Outcome<(f64, Vec<Duration>)> {
    let number = Arc::new(AtomicU64::new(0));
    let mut connections = Vec::new();
    for _ in 0..clients {
        let client = server.connect().await?;
        let statement = client.prepare(INSERT).await?;
        connections.push((client, statement));
    }
    let began = Instant::now();
    let end = began + Duration::from_secs(seconds);
    let mut tasks = tokio::task::JoinSet::new();
    for (client, statement) in connections {
        let (number, name) = (number.clone(), name.to_owned());
        tasks.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < end {
                let first = number.fetch_add(batch as u64, Relaxed);
                let start = Instant::now();
                insert(&client, &statement, &name, first..first + batch as u64).await?;
                times.push(start.elapsed());
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done??);
    }
    let rate = (times.len() * batch) as f64 / began.elapsed().as_secs_f64();
    times.sort_unstable();
    Ok((rate, times))
}

async fn insert(
    client: &Client,
    statement: &Statement,
    name: &str,
    numbers: std::ops::Range<u64>,
) -> Outcome<()> {
    let mut rows: [Vec<String>; 7] = Default::default();
    let (mut times, mut payloads) = (Vec::<i64>::new(), Vec::<Vec<u8>>::new());
    for number in numbers {
        let event = sample::event(name, number);
        payloads.push(event.encode_to_vec());
        let header = event.header.unwrap_or_default();
        times.push(header.occurred_time.map_or(0, |time| time.seconds * 1_000));
        let status = header.source_status.unwrap_or_default().code;
        let values = [
            header.source,
            header.id,
            header.dossier_code,
            header.agency_code,
            header.unit_code,
            header.procedure_code,
            status,
        ];
        for (column, value) in rows.iter_mut().zip(values) {
            column.push(value);
        }
    }
    let [source, id, dossier, agency, unit, procedure, status] = &rows;
    client
        .execute(
            statement,
            &[
                source, id, dossier, agency, unit, procedure, status, &times, &payloads,
            ],
        )
        .await?;
    Ok(())
}

/// A PostgreSQL of its own in a temporary folder, on a socket only; stopped when dropped.
struct Server {
    folder: tempfile::TempDir,
    programs: PathBuf,
}

impl Server {
    fn start() -> Outcome<Self> {
        let programs = PathBuf::from("/usr/lib/postgresql/15/bin");
        if !programs.join("initdb").is_file() {
            return Err("PostgreSQL 15 is missing. Fix: apt-get install postgresql-15, or pass --without-postgres".into());
        }
        let folder = tempfile::Builder::new().prefix("lienthong-pg").tempdir()?;
        let server = Self { folder, programs };
        server.own_by_postgres()?;
        server.program("initdb", &["--auth=trust", "--username=bench", "--pgdata"])?;
        let options = format!(
            "-c listen_addresses= -c unix_socket_directories={} -c max_connections=100",
            server.folder.path().display()
        );
        server.program(
            "pg_ctl",
            &[
                "--wait",
                "--log",
                &server.log().display().to_string(),
                "--options",
                &options,
                "start",
                "--pgdata",
            ],
        )?;
        Ok(server)
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// The server refuses to run as root, so root lends it the folder.
    fn own_by_postgres(&self) -> Outcome<()> {
        if is_root() {
            succeed(
                Command::new("chown")
                    .arg("postgres")
                    .arg(self.folder.path()),
            )?;
        }
        Ok(())
    }

    fn program(&self, name: &str, arguments: &[&str]) -> Outcome<()> {
        let path = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command.args(arguments).current_dir(self.folder.path());
        command.arg(self.data());
        succeed(command.stdout(std::process::Stdio::null()))
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    async fn connect(&self) -> Outcome<Client> {
        let socket: &Path = self.folder.path();
        let (client, connection) = tokio_postgres::connect(
            &format!("host={} user=bench dbname=postgres", socket.display()),
            NoTls,
        )
        .await?;
        tokio::spawn(connection);
        Ok(client)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.program("pg_ctl", &["--mode=immediate", "stop", "--pgdata"]) {
            eprintln!("PostgreSQL did not stop: {error}");
        }
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn succeed(command: &mut Command) -> Outcome<()> {
    let status = command.status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{:?} ended with {status}", command.get_program()).into())
    }
}
