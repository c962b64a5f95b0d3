//! An event on one line: for a person, or as JSON for a program.

use crate::exit::Failure;
use crate::print::{Reader, lines};
use crate::words::{moment, or_nothing};
use clap::Args;
use lienthong_contract::pb::subscription::v1::Delivery;

/// How events are printed.
#[derive(Debug, Clone, Copy, Args)]
pub struct Lines {
    /// Print each event as JSON on a line of its own (the proto JSON mapping of `Delivery`)
    #[arg(long)]
    pub json: bool,
}

/// The message that is printed.
const DELIVERY: &str = "lienthong.subscription.v1.Delivery";
/// What every type of an event begins and ends with.
const TYPE: (&str, &str) = ("vn.lienthong.dossier.", ".v1");

impl Lines {
    /// Prints events, each on its line; whether the reader is still there.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub fn print(self, deliveries: &[Delivery]) -> Result<Reader, Failure> {
        let told: Result<Vec<_>, _> = match self.json {
            true => deliveries.iter().map(json).collect(),
            false => deliveries.iter().map(|one| Ok(line(one))).collect(),
        };
        lines(&told?)
    }
}

/// An event as JSON on one line.
///
/// # Errors
/// If it cannot be told so.
pub fn json(delivery: &Delivery) -> Result<String, Failure> {
    compact(DELIVERY, delivery)
}

/// When it happened, what, which dossier, which agency, which procedure, and where it lies; of a
/// durable subscription its number first, and which attempt it is.
fn line(delivery: &Delivery) -> String {
    let header = delivery
        .event
        .as_ref()
        .and_then(|event| event.header.clone());
    let header = header.unwrap_or_default();
    let at = delivery.position.unwrap_or_default();
    let kind = delivery.r#type.strip_prefix(TYPE.0);
    let kind = kind.and_then(|kind| kind.strip_suffix(TYPE.1));
    let number = match (delivery.sequence, delivery.attempt) {
        (0, _) => String::new(),
        (sequence, 0 | 1) => format!("{sequence}  "),
        (sequence, attempt) => format!("{sequence} (attempt {attempt})  "),
    };
    format!(
        "{number}{}  {:24}  {:28}  {:12}  {:14}  {}:{}",
        moment(&header.occurred_time),
        kind.unwrap_or(&delivery.r#type),
        header.dossier_code,
        or_nothing(&header.agency_code),
        or_nothing(&header.procedure_code),
        at.partition,
        at.offset,
    )
}

/// JSON of a message on one line, by the proto JSON mapping.
///
/// # Errors
/// If the name is not that of the message.
pub fn compact(name: &str, message: &impl prost::Message) -> Result<String, Failure> {
    let value = lienthong_contract::json::of(name, message).map_err(Failure::failed)?;
    Ok(value.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use lienthong_contract::pb::event::v1::{Event, Header, Position};
    use lienthong_contract::time::from_millis;

    fn delivery() -> Delivery {
        let header = Header {
            dossier_code: "H56.15.03-261122-0001".to_owned(),
            occurred_time: Some(from_millis(1_782_838_800_000)),
            ..Header::default()
        };
        Delivery {
            event: Some(Event {
                header: Some(header),
                ..Event::default()
            }),
            r#type: "vn.lienthong.dossier.received.v1".to_owned(),
            position: Some(Position {
                partition: 3,
                offset: 600,
            }),
            ..Delivery::default()
        }
    }

    #[test]
    fn a_line_names_the_event_and_of_a_durable_subscription_its_number() {
        let words: Vec<String> = line(&delivery())
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        let told = "2026-07-01 00:00:00 received H56.15.03-261122-0001 - - 3:600";
        assert_eq!(words.join(" "), told);
        let again = Delivery {
            sequence: 7,
            attempt: 2,
            ..delivery()
        };
        assert!(line(&again).starts_with("7 (attempt 2)  2026-07-01"));
    }

    #[test]
    fn json_of_an_event_is_one_line() {
        let json = json(&delivery()).unwrap();
        assert!(!json.contains('\n'), "{json}");
        assert!(json.contains(r#""offset":600"#), "{json}");
    }
}
