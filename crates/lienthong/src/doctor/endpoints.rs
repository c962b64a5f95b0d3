//! The doors of a hub: they answer, are ready, and are of this version.

use super::Finding;
use super::http;
use super::running::{PATIENCE, Running};
use crate::client::{connect, rejected, url};
use crate::config::{Home, Settings};
use lienthong_contract::pb::operations::v1::ListRejectedRequest;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio::time::timeout;

const GATEWAY: &str = "gateway";
const ADAPTERS: &str = "adapters";
const METRICS: &str = "metrics";
const VERSION: &str = "version";

/// Every door of the settings.
pub async fn check(settings: &Settings, running: &Result<Running, String>) -> Vec<Finding> {
    let running = match running {
        Ok(running) => running,
        Err(why) => {
            let fix = "start it: lienthong up; or set gateway.listen (LIENTHONG_GATEWAY__LISTEN) \
                       to where it listens";
            return vec![Finding::warn(GATEWAY, why.as_str(), fix)];
        }
    };
    let ms = running.took.as_secs_f64() * 1_000.0;
    let mut found = vec![Finding::ok(GATEWAY, format!("answers within {ms:.0} ms"))];
    found.push(reference(running));
    found.push(gateway_http(settings.gateway.http_listen).await);
    found.push(adapters(settings).await);
    found.extend(metrics(settings.metrics.listen).await);
    found
}

/// Views that were built with other status tables than those in force.
fn reference(running: &Running) -> Finding {
    const CHECK: &str = "status tables";
    let views = &running.positions.views;
    let newest = views
        .iter()
        .map(|view| view.newest_mapping_version.as_str());
    let mut newest: Vec<&str> = newest.filter(|version| !version.is_empty()).collect();
    newest.sort_unstable();
    newest.dedup();
    if newest.len() > 1 {
        let fix = "give every process the same files in the settings `reference.*`, then restart";
        return Finding::fail(CHECK, "processes have different ones", fix);
    }
    let waits = |view: &&lienthong_contract::pb::operations::v1::ViewPosition| {
        !view.mapping_version.is_empty() && view.mapping_version != view.newest_mapping_version
    };
    let mut behind: Vec<&str> = views.iter().filter(waits).map(|view| &*view.view).collect();
    behind.dedup();
    match behind.first() {
        None => Finding::ok(CHECK, "every view has those in force"),
        Some(first) => Finding::warn(
            CHECK,
            format!("newer ones wait for a rebuild of {}", behind.join(", ")),
            format!("lienthong views diff, then lienthong views rebuild {first}"),
        ),
    }
}

async fn gateway_http(address: SocketAddr) -> Finding {
    const CHECK: &str = "gateway over HTTP";
    // Any answer is one: there is no page at the root.
    match http::get(address, "/").await {
        Ok(_) => Finding::ok(CHECK, format!("{address} answers")),
        Err(why) => Finding::fail(
            CHECK,
            format!("{address}: {why}"),
            "set gateway.http_listen to where the gateway listens, or restart it",
        ),
    }
}

async fn adapters(settings: &Settings) -> Finding {
    let at = url(settings.adapters.grpc_listen);
    let asked = async {
        let channel = connect(&at)
            .await
            .map_err(|_| "nobody listens there".to_owned())?;
        let one = ListRejectedRequest {
            page_size: 1,
            ..ListRejectedRequest::default()
        };
        let answer = rejected(channel).list_rejected(one).await;
        answer.map_err(|status| status.message().to_owned())
    };
    let why = match timeout(PATIENCE, asked).await {
        Ok(Ok(_)) => return Finding::ok(ADAPTERS, format!("{at} answer")),
        Ok(Err(why)) => why,
        Err(_) => "no answer in time".to_owned(),
    };
    let found = format!("{at}: {why}");
    let fix = "set adapters.grpc_listen to where they listen, or start them: lienthong";
    match settings.log.home {
        Home::Embedded => Finding::fail(ADAPTERS, found, format!("{fix} up")),
        // They may be on another machine.
        Home::Kafka(_) => Finding::warn(ADAPTERS, found, format!("{fix} serve adapter onestop")),
    }
}

async fn metrics(address: SocketAddr) -> Vec<Finding> {
    let fix = "set metrics.listen to where the hub serves them, or restart it";
    let ready = match http::get(address, "/readyz").await {
        Ok(answer) if answer.status == 200 => {
            Finding::ok(METRICS, format!("{address} answers, and says it is ready"))
        }
        Ok(answer) => Finding::warn(
            METRICS,
            format!("{address} says {}: {}", answer.status, answer.text.trim()),
            "wait until the views have loaded: lienthong lag --watch",
        ),
        Err(why) => return vec![Finding::fail(METRICS, format!("{address}: {why}"), fix)],
    };
    match http::get(address, "/metrics").await {
        Ok(answer) if answer.status == 200 => vec![ready, version(&answer.text)],
        Ok(answer) => {
            let found = format!("{address}/metrics says {}", answer.status);
            vec![ready, Finding::fail(METRICS, found, fix)]
        }
        Err(why) => vec![
            ready,
            Finding::fail(METRICS, format!("{address}: {why}"), fix),
        ],
    }
}

/// The version in a scrape against this program's.
fn version(scrape: &str) -> Finding {
    let ours = env!("CARGO_PKG_VERSION");
    let told = scrape
        .lines()
        .find(|line| line.starts_with("target_info{"))
        .and_then(|line| line.split_once("service_version=\""))
        .and_then(|(_, rest)| rest.split_once('"'));
    match told {
        Some((version, _)) if version == ours => Finding::ok(
            VERSION,
            format!("the hub is {ours}, and so is this program"),
        ),
        Some((version, _)) => Finding::warn(
            VERSION,
            format!("the hub is {version}, this program is {ours}"),
            "restart the hub with this version, or use the program of its own",
        ),
        None => Finding::warn(
            VERSION,
            format!("the hub does not tell its version; this program is {ours}"),
            "restart the hub with this version",
        ),
    }
}

/// Where metrics and traces are sent, if they are.
pub async fn otlp(settings: &Settings) -> Option<Finding> {
    const CHECK: &str = "OTLP endpoint";
    let told = &settings.telemetry.otlp_endpoint;
    let endpoint = match told.is_empty() {
        false => told.clone(),
        true => std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT").ok()?,
    };
    let fix = "start the collector, or correct telemetry.otlp_endpoint \
               (OTEL_EXPORTER_OTLP_ENDPOINT), such as http://127.0.0.1:4317";
    let uri = endpoint.parse::<hyper::Uri>().ok();
    let Some((host, port)) = uri.as_ref().and_then(|uri| {
        let port = uri.port_u16().unwrap_or(4_317);
        Some((uri.host()?.to_owned(), port))
    }) else {
        return Some(Finding::fail(CHECK, format!("{endpoint} is no URL"), fix));
    };
    let host = host.trim_matches(['[', ']']).to_owned();
    Some(
        match timeout(PATIENCE, TcpStream::connect((host, port))).await {
            Ok(Ok(_)) => Finding::ok(CHECK, format!("{endpoint} takes connections")),
            Ok(Err(error)) => Finding::fail(CHECK, format!("{endpoint}: {error}"), fix),
            Err(_) => Finding::fail(CHECK, format!("{endpoint}: no answer in time"), fix),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::*;

    #[test]
    fn the_version_is_read_from_the_scrape() {
        let scrape = |version: &str| {
            format!(
                "# HELP x\ntarget_info{{service_name=\"lienthong\",service_version=\"{version}\"}} 1\n"
            )
        };
        let ours = version(&scrape(env!("CARGO_PKG_VERSION")));
        assert_eq!(ours.outcome, Outcome::Ok);
        let other = version(&scrape("9.9.9"));
        assert_eq!(other.outcome, Outcome::Warn);
        assert!(other.found.contains("9.9.9"), "{other:?}");
        assert_eq!(version("").outcome, Outcome::Warn);
    }

    #[tokio::test]
    async fn a_collector_that_is_not_there_is_told_with_the_setting() {
        let mut settings = Settings::default();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|bound| bound.local_addr())
            .map_or(9, |address| address.port());
        settings.telemetry.otlp_endpoint = format!("http://127.0.0.1:{port}");
        let finding = otlp(&settings).await;
        assert!(
            finding
                .as_ref()
                .is_some_and(|one| one.outcome == Outcome::Fail
                    && one.fix.contains("telemetry.otlp_endpoint")),
            "{finding:?}"
        );
    }
}
