//! The picture itself: addresses, what was taken in, lag, and the two tables.

use super::drive::State;
use super::snapshot::Snapshot;
use crate::commands::{horizontal, vertical};
use crate::exit::Failure;
use crate::print::{out, table};
use crate::words::{count, duration};
use console::Term;
use lienthong_contract::pb::operations::v1::ViewLag;
use std::time::Duration;

/// Lines of a table where nobody draws anew.
const LINES: usize = 6;
/// Lines of a picture beside those of its five tables.
const FRAME: usize = 38;
/// Where the terminal is lower than the picture.
const CUT: &str = "… make the terminal taller to see the rest";

/// What every picture has.
pub struct Screen {
    /// Where the hub listens, for a person.
    pub head: String,
    /// URL of a gateway.
    pub gateway: String,
    /// Events in the log when this run began.
    pub events_before: u64,
    /// Where a picture takes the place of the one before; none: one follows the other.
    pub terminal: Option<Term>,
}

impl Screen {
    /// Shows a picture; what could not be asked is said in its place.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub fn show(
        &self,
        snapshot: &Result<Snapshot, Failure>,
        driven: &State,
        first_visible: Option<Duration>,
    ) -> Result<(), Failure> {
        let height = self
            .terminal
            .as_ref()
            .map(|term| usize::from(term.size().0));
        let lines = height.map_or(LINES, |height| {
            (height.saturating_sub(FRAME) / 5).clamp(2, 8)
        });
        let body = match snapshot {
            Ok(snapshot) => picture(snapshot, lines),
            Err(failure) => format!("the hub does not answer this question now: {failure}"),
        };
        let parts = [
            format!("Liên Thông\n{}", self.head),
            self.tries(snapshot.as_ref().ok()),
            self.intake(snapshot.as_ref().ok(), driven, first_visible),
            body,
            driven.outlook(),
        ];
        let parts = parts.iter().filter(|part| !part.is_empty());
        let text = parts.map(String::as_str).collect::<Vec<_>>().join("\n\n");
        match height {
            None => out(&format!("{text}\n")),
            Some(height) => out(&redrawn(&text, height)),
        }
    }

    /// Commands to try beside the demonstration.
    fn tries(&self, snapshot: Option<&Snapshot>) -> String {
        let cases = snapshot
            .map(|snapshot| &snapshot.cases[..])
            .unwrap_or_default();
        let gateway = &self.gateway;
        let line = |code: &String| {
            format!("  draw one case      lienthong case {code} --gateway {gateway}")
        };
        cases.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn intake(
        &self,
        snapshot: Option<&Snapshot>,
        driven: &State,
        first_visible: Option<Duration>,
    ) -> String {
        let mut lines = vec!["Events taken in".to_owned()];
        lines.push(format!("  this run           {}", driven.figures()));
        if let Some(snapshot) = snapshot {
            let rejected: u64 = snapshot.rejected.values().sum();
            let reasons = snapshot.rejected.iter();
            let reasons = reasons.map(|(reason, total)| format!("{reason} {}", count(*total)));
            let reasons = reasons.collect::<Vec<_>>().join(", ");
            lines.push(format!(
                "  in all             {} durable in the log, {} duplicates left out, {} rejected{}",
                count(snapshot.positions.events),
                count(snapshot.positions.duplicates),
                count(rejected),
                if rejected > 0 {
                    format!(" ({reasons})")
                } else {
                    reasons
                }
            ));
        }
        if self.events_before > 0 {
            let before = count(self.events_before);
            lines.push(format!(
                "  continued from     {before} events of earlier runs"
            ));
        }
        if let Some(after) = first_visible {
            let after = after.as_secs_f64();
            lines.push(format!(
                "  first visible      in a view {after:.2} s after the process began"
            ));
        }
        lines.join("\n")
    }
}

/// The text over the picture before: from home, each line erased to its end, what is left
/// below erased, too long lines cut by the terminal itself.
fn redrawn(text: &str, height: usize) -> String {
    let room = height.saturating_sub(1).max(1);
    let mut lines: Vec<&str> = text.lines().take(room).collect();
    if text.lines().count() > room {
        lines.pop();
        lines.push(CUT);
    }
    let lines = lines.join("\u{1b}[K\n");
    format!("\u{1b}[?7l\u{1b}[H{lines}\u{1b}[K\u{1b}[J\u{1b}[?7h")
}

fn picture(snapshot: &Snapshot, lines: usize) -> String {
    let (horizontal, vertical) = (&snapshot.horizontal, &snapshot.vertical);
    [
        format!("Lag of the views\n{}", lag(&snapshot.lags)),
        format!(
            "Horizontal: {} cases, {} hand-overs not taken up, {} consultations not answered\n{}\n{}",
            count(horizontal.horizontal_cases),
            count(horizontal.unaccepted_total),
            count(horizontal.unanswered_total),
            horizontal::in_work(horizontal, lines),
            horizontal::hand_overs(horizontal, lines)
        ),
        format!(
            "Vertical: {} cases\n{}\n{}\n{}",
            count(vertical.vertical_cases),
            vertical::latencies(vertical, lines),
            vertical::transitions(vertical, lines),
            vertical::stuck(vertical)
        ),
    ]
    .join("\n\n")
}

/// One line a view: the largest lag of its partitions, never a mean.
fn lag(lags: &[ViewLag]) -> String {
    let mut views: Vec<&str> = lags.iter().map(|lag| lag.view.as_str()).collect();
    views.dedup();
    let rows = views.into_iter().map(|view| {
        let of_view = || lags.iter().filter(|lag| lag.view == view);
        let slowest = of_view().map(|lag| lag.lag_seconds).fold(0.0, f64::max);
        let mut states: Vec<&str> = of_view().map(|lag| lag.status.as_str()).collect();
        states.sort_unstable();
        states.dedup();
        [
            view.to_owned(),
            duration(slowest * 1_000.0),
            count(of_view().map(|lag| lag.lag_events).sum()),
            states.join(" "),
        ]
    });
    let header = ["View", "Lag", "Events behind", "Status"];
    table(header, &["Lag", "Events behind"], rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_higher_than_the_terminal_is_cut_and_says_so() {
        let drawn = redrawn("1\n2\n3\n4", 3);
        assert!(drawn.contains('1') && drawn.contains(CUT), "{drawn:?}");
        assert!(!drawn.contains('4'), "{drawn:?}");
        assert!(!redrawn("1\n2\n3\n4", 5).contains(CUT));
    }

    #[test]
    fn a_views_lag_is_that_of_its_slowest_partition() {
        let lag_of = |lag_seconds, status: &str| ViewLag {
            view: "case".to_owned(),
            lag_seconds,
            lag_events: 3,
            status: status.to_owned(),
            ..ViewLag::default()
        };
        let told = lag(&[lag_of(0.5, "current"), lag_of(12.0, "behind")]);
        for part in ["12s", " 6", "behind current"] {
            assert!(told.contains(part), "{part:?} is not in\n{told}");
        }
    }
}
