//! Which events: flags for what is asked most often, the JSON form for everything else.

use crate::exit::{Exit, Failure};
use clap::Args;
use lienthong_contract::pb::subscription::v1::filter::Dialect;
use lienthong_contract::pb::subscription::v1::{self as pb, Attributes};
use lienthong_subscriptions::filter::from_json;
use serde_json::Value;
use std::path::Path;

/// Which events. Several values of one flag: any of them; several flags: all of them.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Which events (a flag may be repeated: any of its values)")]
pub struct Filters {
    /// Only this CloudEvents type, such as vn.lienthong.dossier.received.v1
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Only events of this source
    #[arg(long, value_name = "URN")]
    source: Vec<String>,
    /// Only this procedure; a national code takes in its local forms
    #[arg(long, value_name = "CODE")]
    procedure: Vec<String>,
    /// Only procedures of this field
    #[arg(long, value_name = "CODE")]
    field: Vec<String>,
    /// Only events of this agency, such as H56.15.03
    #[arg(long, value_name = "CODE")]
    agency: Vec<String>,
    /// Only hand-overs, returns and consultations to this agency
    #[arg(long, value_name = "CODE")]
    addressee: Vec<String>,
    /// Only events in this unit and those below it: its GSO code, such as 38
    #[arg(long, value_name = "CODE")]
    unit: Vec<String>,
    /// Only events of agencies of this level: commune, district, province or ministry
    #[arg(long, value_name = "LEVEL")]
    level: Vec<String>,
    /// Only interconnected ones: horizontal or vertical
    #[arg(long, value_name = "CLASS")]
    interconnection: Vec<String>,
    /// Only this case, by any of its codes
    #[arg(long, value_name = "CODE")]
    case: Vec<String>,
    /// Only events that came by this channel: desk, online, post or system
    #[arg(long, value_name = "CHANNEL")]
    channel: Vec<String>,
    /// Filters in the JSON of CloudEvents Subscriptions, such as
    /// '[{"not": {"exact": {"level": "commune"}}}]', or @FILE
    #[arg(long, value_name = "JSON")]
    filter: Vec<String>,
}

impl Filters {
    /// As the contract says it.
    ///
    /// # Errors
    /// [`Exit::Usage`] for a `--filter` that cannot be read, with what is wrong where.
    pub fn read(&self) -> Result<Vec<pb::Filter>, Failure> {
        let flags = [
            ("type", &self.types),
            ("source", &self.source),
            ("procedure", &self.procedure),
            ("field", &self.field),
            ("agency", &self.agency),
            ("addressee", &self.addressee),
            ("unit", &self.unit),
            ("level", &self.level),
            ("interconnection", &self.interconnection),
            ("case", &self.case),
            ("channel", &self.channel),
        ];
        let asked = flags.iter().filter(|(_, values)| !values.is_empty());
        let mut filters: Vec<_> = asked.map(|(name, values)| any(name, values)).collect();
        for text in &self.filter {
            filters.extend(told(text)?);
        }
        Ok(filters)
    }
}

/// The attribute has one of these values.
fn any(name: &str, values: &[String]) -> pb::Filter {
    let exact = |value: &String| pb::Filter {
        dialect: Some(Dialect::Exact(Attributes {
            values: [(name.to_owned(), value.clone())].into(),
        })),
    };
    match values {
        [one] => exact(one),
        more => pb::Filter {
            dialect: Some(Dialect::Any(pb::Filters {
                filters: more.iter().map(exact).collect(),
            })),
        },
    }
}

/// A list of filters, or one alone.
fn told(text: &str) -> Result<Vec<pb::Filter>, Failure> {
    let usage = |what: &dyn std::fmt::Display| {
        let fix = r#"Fix: write [{"exact": {"type": "..."}}], or @FILE with such a list"#;
        Failure::new(Exit::Usage, format!("--filter: {what}. {fix}"))
    };
    let json = match text.strip_prefix('@') {
        Some(file) => std::fs::read_to_string(Path::new(file))
            .map_err(|error| usage(&format_args!("{file}: {error}")))?,
        None => text.to_owned(),
    };
    let value: Value = serde_json::from_str(&json).map_err(|error| usage(&error))?;
    let list = match value {
        one @ Value::Object(_) => Value::Array(vec![one]),
        other => other,
    };
    from_json(&list, "--filter").map_err(|violations| {
        let lines = violations.iter().map(|one| {
            let (field, what, fix) = (&one.field, &one.description, &one.fix);
            format!("{field}: {what}. Fix: {fix}")
        });
        Failure::new(Exit::Usage, lines.collect::<Vec<_>>().join("\n"))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use lienthong_subscriptions::filter::to_json;
    use serde_json::json;

    #[test]
    fn values_of_a_flag_are_alternatives_and_flags_must_all_hold() {
        let asked = Filters {
            types: vec!["a".to_owned()],
            agency: vec!["H56".to_owned(), "H38".to_owned()],
            filter: vec![r#"{"not": {"prefix": {"procedure": "1."}}}"#.to_owned()],
            ..Filters::default()
        };
        assert_eq!(
            to_json(&asked.read().unwrap()),
            json!([
                {"exact": {"type": "a"}},
                {"any": [{"exact": {"agency": "H56"}}, {"exact": {"agency": "H38"}}]},
                {"not": {"prefix": {"procedure": "1."}}},
            ])
        );
        assert!(Filters::default().read().unwrap().is_empty());
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_refused_with_its_place_and_a_fix() {
        for (text, part) in [
            ("{", "--filter"),
            (r#"{"exactly": {}}"#, "--filter[0]"),
            ("@there/is/no/such.json", "there/is/no/such.json"),
        ] {
            let asked = Filters {
                filter: vec![text.to_owned()],
                ..Filters::default()
            };
            let refused = asked.read().unwrap_err();
            assert_eq!(refused.exit(), Exit::Usage);
            let said = refused.to_string();
            assert!(said.contains(part) && said.contains("Fix:"), "{said}");
        }
    }
}
