//! What Kafka's own tool says of a group.

use lienthong_tests::broker::{Cluster, Home};
use lienthong_tests::fleet::VIEWS;
use lienthong_tests::kill::Fault;
use serde::Serialize;

/// A line of `kafka-consumer-groups.sh --describe`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The view whose group it is.
    pub view: String,
    /// Partition.
    pub partition: u32,
    /// The next offset committed; none: nothing was.
    pub committed: Option<u64>,
    /// The log's end.
    pub end: u64,
    /// Events from the one to the other, as the tool prints it.
    pub lag: Option<u64>,
}

/// Describes the groups of all views at once.
pub async fn describe(cluster: &Cluster, home: &Home) -> Result<Vec<Line>, Fault> {
    let mut arguments = vec!["tool", "kafka-consumer-groups.sh", "--describe"];
    let groups = VIEWS.map(|view| home.group(view));
    for group in &groups {
        arguments.extend(["--group", group]);
    }
    let text = cluster.command(&arguments).await?;
    let lines: Vec<Line> = text
        .lines()
        .filter_map(|line| read(line, &groups))
        .collect();
    let wanted = VIEWS.len() * usize::try_from(home.partitions)?;
    if lines.len() != wanted {
        return Err(format!("the tool told {} of {wanted} lines:\n{text}", lines.len()).into());
    }
    Ok(lines)
}

/// `GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG ...`; none for other lines.
fn read(line: &str, groups: &[String; VIEWS.len()]) -> Option<Line> {
    let mut words = line.split_whitespace();
    let group = words.next()?;
    let at = groups.iter().position(|known| known == group)?;
    let partition = words.nth(1)?.parse().ok()?;
    let committed = words.next()?.parse().ok();
    let end = words.next()?.parse().ok()?;
    Some(Line {
        view: VIEWS[at].to_owned(),
        partition,
        committed,
        end,
        lag: words.next()?.parse().ok(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_tool_is_read_and_its_header_is_not() {
        let groups = ["p.case", "p.horizontal", "p.vertical"].map(str::to_owned);
        let header = "GROUP  TOPIC  PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG  CONSUMER-ID";
        assert_eq!(read(header, &groups), None);
        let line = "p.vertical  p.events.v1  2  1200  1250  50  id-1  /127.0.0.1  client";
        let read_line = read(line, &groups).unwrap();
        assert_eq!(
            (read_line.view.as_str(), read_line.partition),
            ("vertical", 2)
        );
        assert_eq!(
            (read_line.committed, read_line.end, read_line.lag),
            (Some(1_200), 1_250, Some(50))
        );
        let none = read("p.case p.events.v1 0 - 7 - - - -", &groups).unwrap();
        assert_eq!((none.committed, none.end, none.lag), (None, 7, None));
    }
}
