//! `lienthong views` alone: where each view stands and which status tables it was built with.

use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::print::{Form, table};
use crate::words::{count, or_nothing};
use lienthong_contract::pb::operations::v1::{
    ListPositionsRequest, ListPositionsResponse, ViewPosition,
};

/// # Errors
/// What the hub answers.
pub async fn run(gateway: &GatewayAt, form: Form, shared: &Shared) -> Result<(), Failure> {
    let mut operations = gateway.operations(shared).await?;
    let answer = operations.list_positions(ListPositionsRequest {}).await?;
    let name = "lienthong.operations.v1.ListPositionsResponse";
    form.print(name, &answer.into_inner(), text)
}

fn text(answer: &ListPositionsResponse) -> String {
    let header = [
        "View",
        "Partition",
        "At offset",
        "Facts",
        "Status tables",
        "Newer tables",
    ];
    let row = |one: &ViewPosition| {
        [
            one.view.clone(),
            one.partition.to_string(),
            count(one.next_offset),
            count(one.facts),
            or_nothing(&one.mapping_version).to_owned(),
            newer(one).to_owned(),
        ]
    };
    let rows = answer.views.iter().map(row).collect();
    let mut told = table(header, &["Partition", "At offset", "Facts"], rows);
    let waits = answer.views.iter().any(|one| newer(one) != NONE);
    if waits {
        told.push_str(
            "\n\nNewer status tables wait. `lienthong views diff` shows what they would change, `lienthong views rebuild VIEW` takes them.",
        );
    }
    told
}

const NONE: &str = "none";

/// The tables that wait for a rebuild.
fn newer(one: &ViewPosition) -> &str {
    let known = !one.mapping_version.is_empty();
    match known && one.mapping_version != one.newest_mapping_version {
        true => &one.newest_mapping_version,
        false => NONE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_tables_are_said_to_wait_only_where_they_do() {
        let answer = |newest: &str| ListPositionsResponse {
            views: vec![ViewPosition {
                view: "case".to_owned(),
                mapping_version: "00aa".to_owned(),
                newest_mapping_version: newest.to_owned(),
                ..ViewPosition::default()
            }],
            ..ListPositionsResponse::default()
        };
        assert!(!text(&answer("00aa")).contains("wait"));
        let waits = text(&answer("00bb"));
        assert!(
            waits.contains("00bb") && waits.contains("views rebuild"),
            "{waits}"
        );
    }
}
