//! `lienthong export`: figures as an open data set.

use super::performance::Question;
use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::{Exit, Failure};
use crate::opendata::{self, Publication, Written};
use crate::print::{self, Form, table};
use crate::words;
use clap::{Args, Subcommand};
use lienthong_contract::time::now_millis;
use std::path::PathBuf;

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The figures of a period: CSV, its description (CSVW), JSON, and a catalogue (DCAT 3)
    Performance(Box<Performance>),
}

#[derive(Debug, Args)]
struct Performance {
    #[command(flatten)]
    question: Question,
    /// Folder to write into; made if missing, files of the same names are replaced
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// URL of the licence under which the data may be used
    #[arg(long, value_name = "URL")]
    license: String,
    /// Who publishes the data
    #[arg(long, value_name = "NAME")]
    publisher: String,
    /// Where the publisher is found
    #[arg(long, value_name = "URL")]
    publisher_url: Option<String>,
    /// Title of the data set
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// URL of the folder in which the data will be found; without it addresses are relative
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

/// # Errors
/// What the hub answers, or if a file cannot be written.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let What::Performance(arguments) = arguments.what;
    let publication = publication(&arguments)?;
    let request = arguments.question.request()?;
    let mut client = arguments.gateway.performance(shared).await?;
    let answer = client.get_performance(request.clone()).await?.into_inner();
    let files = opendata::write(&arguments.dir, &request, &answer, &publication)?;
    if arguments.form.json {
        return print::json(&files.iter().map(as_json).collect());
    }
    let rows = files.iter().map(|file| {
        let path = arguments.dir.join(file.name).display().to_string();
        [path, words::count(file.bytes as u64), file.sha256.clone()]
    });
    print::out(&table(
        ["File", "Bytes", "SHA-256"],
        &["Bytes"],
        rows.collect(),
    ))
}

fn publication(arguments: &Performance) -> Result<Publication, Failure> {
    let urls = [
        ("--license", Some(&arguments.license)),
        ("--publisher-url", arguments.publisher_url.as_ref()),
        ("--base-url", arguments.base_url.as_ref()),
    ];
    for (flag, url) in urls {
        let is_url = |url: &String| url.starts_with("https://") || url.starts_with("http://");
        if let Some(url) = url.filter(|url| !is_url(url)) {
            let fix = "Fix: write it with its scheme, such as https://example.vn/licence";
            return Err(Failure::new(
                Exit::Usage,
                format!("{flag} {url} is no URL. {fix}"),
            ));
        }
    }
    let question = &arguments.question;
    let title = || {
        let (from, to) = (&question.from, &question.to);
        format!("Administrative procedures from {from} to {to}")
    };
    Ok(Publication {
        title: arguments.title.clone().unwrap_or_else(title),
        publisher: arguments.publisher.clone(),
        publisher_url: arguments.publisher_url.clone(),
        license: arguments.license.clone(),
        base_url: arguments.base_url.clone(),
        issued_ms: now_millis(),
    })
}

fn as_json(file: &Written) -> serde_json::Value {
    serde_json::json!({"name": file.name, "bytes": file.bytes, "sha256": file.sha256})
}
