//! `make lag-truth`: how late the hub says that it is, and whose fault, at random moments of a
//! script in which projectors stop, clocks go wrong, subscribers hold and retention removes what is
//! unread; beside the truth, Kafka's own tool and an exporter that interpolates. Exit code 1 where
//! something told is not so.

use clap::{Parser, ValueEnum};
use lienthong_tests::broker::Cluster;
use lienthong_tests::kill::Fault;
use lienthong_tests::lag::report::{self, Report};
use lienthong_tests::lag::run::{Settings, run};
use lienthong_tests::lag::script::Kind;
use std::path::PathBuf;
use std::process::ExitCode;

/// Where the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Home {
    /// One process on the embedded log.
    Embedded,
    /// Separate services on Kafka.
    Kafka,
    /// One after the other.
    Both,
}

/// Judges every answer about lag at random moments against the truth.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where the log is
    #[arg(long, value_enum, default_value_t = Home::Both)]
    home: Home,
    /// How many moments in each home
    #[arg(long, default_value_t = 200)]
    moments: usize,
    /// Decides the moments
    #[arg(long, default_value_t = 20_261_122)]
    seed: u64,
    /// The script in short
    #[arg(long)]
    short: bool,
    /// Where the JSON goes
    #[arg(long, default_value = "target/bench/lag-truth.json")]
    json: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Dropping the run ends every process that it started.
    let ended = tokio::select! {
        ended = judge(&arguments) => ended,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

async fn judge(arguments: &Arguments) -> Result<bool, Fault> {
    let mut reports = Vec::new();
    if arguments.home != Home::Kafka {
        let kind = match arguments.short {
            true => Kind::ShortEmbedded,
            false => Kind::Embedded,
        };
        reports.push(one(arguments, kind, None).await?);
    }
    if arguments.home != Home::Embedded {
        let kind = match arguments.short {
            true => Kind::ShortKafka,
            false => Kind::Kafka,
        };
        let cluster = Cluster::start(1)?;
        reports.push(one(arguments, kind, Some(&cluster)).await?);
    }
    for report in &reports {
        report.show();
    }
    report::write(&arguments.json, &reports)?;
    println!("JSON: {}", arguments.json.display());
    let is_right = reports.iter().all(Report::is_right);
    println!("{}", if is_right { "TRUE" } else { "NOT TRUE" });
    Ok(is_right)
}

async fn one(
    arguments: &Arguments,
    kind: Kind,
    cluster: Option<&Cluster>,
) -> Result<Report, Fault> {
    let settings = Settings {
        kind,
        seed: arguments.seed,
        moments: arguments.moments,
        keep: arguments
            .json
            .with_extension("outputs")
            .join(format!("{kind:?}")),
    };
    let home = cluster.map(Cluster::fresh_home);
    let seen = run(&settings, home.as_ref(), cluster).await?;
    Ok(Report::of(&seen))
}
