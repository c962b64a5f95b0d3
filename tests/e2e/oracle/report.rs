//! Tells how many figures were compared, in the test's output and in a file.

use super::compare::Compared;
use std::fmt::Write as _;
use std::io::Write as _;

/// Writes a line that the test runner does not swallow.
pub fn loudly(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Writes `e2e/TITLE.md` in the target folder and a line for each comparison.
pub fn write(title: &str, compared: &[(String, Compared)]) {
    let mut text =
        String::from("| log | figures compared | differing | of which |\n|---|---|---|---|\n");
    for (name, compared) in compared {
        let groups = compared
            .by_group
            .iter()
            .map(|(group, count)| format!("{group} {count}"));
        let groups = groups.collect::<Vec<_>>().join(", ");
        let (figures, wrong) = (compared.figures(), compared.wrong.len());
        let _ = writeln!(text, "| {name} | {figures} | {wrong} | {groups} |");
        loudly(&format!(
            "oracle {name}: {figures} figures compared, {wrong} differ"
        ));
    }
    let own = std::env::current_exe().unwrap();
    let folder = own.ancestors().nth(3).unwrap().join("e2e");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{title}.md")), text).unwrap();
}
