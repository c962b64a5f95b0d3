//! The shipped rules, made faster: every duration, and every number that is followed by `# seconds`,
//! is divided by one factor. Nothing else is touched, so what fires here fires there, later.

use lienthong_tests::kill::Fault;
use std::path::Path;

/// Units of durations in PromQL and in rules, in seconds.
const UNITS: [(char, u64); 4] = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];

/// Writes the rules of a folder into another, `factor` times as fast.
///
/// # Errors
/// If they cannot be read or written.
pub fn rules(from: &Path, to: &Path, factor: u64) -> Result<(), Fault> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let text = std::fs::read_to_string(entry.path())?;
        let lines = text.lines().map(|line| faster(line, factor));
        let scaled: String = lines.map(|line| line + "\n").collect();
        std::fs::write(to.join(entry.file_name()), scaled)?;
    }
    Ok(())
}

/// `for: 1m`, `keep_firing_for: 5m`, `[5m]` and `900 # seconds`.
fn faster(line: &str, factor: u64) -> String {
    let trimmed = line.trim_start();
    if let Some((key, value)) = trimmed.split_once(": ")
        && ["for", "keep_firing_for"].contains(&key)
        && let Some(seconds) = seconds(value)
    {
        let indent = &line[..line.len() - trimmed.len()];
        return format!("{indent}{key}: {}", divided(seconds, factor));
    }
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('[') {
        let (inside, behind) = after.split_once(']').unwrap_or((after, ""));
        out += before;
        match seconds(inside) {
            Some(seconds) => out += &format!("[{}]", divided(seconds, factor)),
            None => out += &format!("[{inside}]"),
        }
        rest = behind;
    }
    out += rest;
    let Some((before, behind)) = out.split_once(" # seconds") else {
        return out;
    };
    let digits = before.len() - before.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (before, number) = before.split_at(before.len() - digits);
    match number.parse::<u64>() {
        Ok(number) => format!(
            "{before}{} # seconds{behind}",
            number as f64 / factor as f64
        ),
        Err(_) => out,
    }
}

fn seconds(duration: &str) -> Option<u64> {
    let unit = duration.chars().last()?;
    let (_, length) = UNITS.iter().find(|(known, _)| *known == unit)?;
    let number: u64 = duration.strip_suffix(unit)?.parse().ok()?;
    Some(number * length)
}

/// In milliseconds, at least one.
fn divided(seconds: u64, factor: u64) -> String {
    format!("{}ms", (seconds * 1_000 / factor).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_marked_seconds_are_divided_and_nothing_else_is() {
        for (line, scaled) in [
            ("        for: 1m", "        for: 3000ms"),
            ("    keep_firing_for: 5m", "    keep_firing_for: 15000ms"),
            (
                "sum(rate(x_total[3d])) / y[1h]",
                "sum(rate(x_total[12960000ms])) / y[180000ms]",
            ),
            ("x < 21600 # seconds", "x < 1080 # seconds"),
            ("x > 14.4 * 0.001", "x > 14.4 * 0.001"),
            (
                "{rpc_method=~\"lienthong[.]v1[.].+\"}",
                "{rpc_method=~\"lienthong[.]v1[.].+\"}",
            ),
            ("summary: within 1 s for: 5m", "summary: within 1 s for: 5m"),
        ] {
            assert_eq!(faster(line, 20), scaled);
        }
    }
}
