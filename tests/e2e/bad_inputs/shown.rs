//! The table of bad inputs as a person reads it.

use super::{Got, Row, Send, Told};
use std::fmt::Write as _;
use std::path::PathBuf;

/// Longest part of the hub's words that the table shows, in characters.
const SAID: usize = 110;

/// Writes the table to `e2e/bad_inputs.md` in the target folder.
pub fn write(rows: &[Row], got: &[Got]) {
    let path = target_folder().join("e2e").join("bad_inputs.md");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, table(rows, got)).unwrap();
    println!("{} bad and wild inputs: {}", rows.len(), path.display());
}

fn table(rows: &[Row], got: &[Got]) -> String {
    let refused = got.iter().filter(|got| !is_taken(&got.told)).count();
    let mut text = format!(
        "# Bad and wild inputs\n\n{} inputs: {refused} refused with their fault named, {} recorded \
         as facts because they are well-formed.\n\n\
         | # | input | sent by | answer | reason | fields named | the hub's words |\n\
         |---|---|---|---|---|---|---|\n",
        rows.len(),
        rows.len() - refused,
    );
    for (number, (row, Got { told, said })) in rows.iter().zip(got).enumerate() {
        let answer = if is_taken(told) {
            format!("{}, recorded", told.answer)
        } else {
            told.answer.clone()
        };
        let wrong = if row.expect == *told {
            ""
        } else {
            " **NOT AS EXPECTED**"
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {answer}{wrong} | {} | {} | {} |",
            number + 1,
            row.name,
            sent_by(&row.send),
            told.reason,
            told.fields.join(", "),
            shortened(said),
        );
    }
    text
}

fn shortened(said: &str) -> String {
    let line = said.replace(['\n', '|'], " ");
    let mut short: String = line.chars().take(SAID).collect();
    if line.chars().count() > SAID {
        short.push('…');
    }
    short
}

fn is_taken(told: &Told) -> bool {
    matches!(told.answer.as_str(), "OK" | "200")
}

fn sent_by(send: &Send) -> String {
    match send {
        Send::Batch(system, _) => format!("gRPC, {} batch", system.name()),
        Send::Stream(system, _) => format!("gRPC, {} stream", system.name()),
        Send::Call(method, _) => format!("gRPC, {method}"),
        Send::Http(request) => {
            let kind = match request.content_type {
                Some("application/json") => "JSON",
                Some("application/xml") => "XML",
                _ => "other",
            };
            format!("QCVN 120, {kind}")
        }
    }
}

/// The folder that cargo builds into: the test runs from `target/PROFILE/deps`.
fn target_folder() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.ancestors().nth(3).unwrap().to_owned()
}
