//! `lienthong explain`: the catalogue of error reasons.

use crate::exit::{Exit, Failure};
use crate::print::{Form, json, out, table};
use clap::Args;
use lienthong_contract::reason::{Entry, Reason, catalogue};

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A reason such as VIEW_NOT_CAUGHT_UP; without it every reason is listed
    reason: Option<String>,
    #[command(flatten)]
    form: Form,
}

/// # Errors
/// [`Exit::NotFound`] for a reason that is not in the catalogue.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Some(name) = &arguments.reason else {
        if arguments.form.json {
            return json(&catalogue().map(as_json).collect());
        }
        let row = |entry: &Entry| [entry.name.to_owned(), entry.meaning.to_owned()];
        let rows = catalogue().map(row).collect();
        return out(&table(["Reason", "What it means"], &[], rows));
    };
    let entry = Reason::from_name(name).map(Reason::entry).ok_or_else(|| {
        let fix = "Fix: `lienthong explain` lists every reason";
        Failure::new(Exit::NotFound, format!("there is no reason {name}. {fix}"))
    })?;
    if arguments.form.json {
        return json(&as_json(entry));
    }
    out(&text(entry))
}

fn text(entry: &Entry) -> String {
    let again = entry.retry_after_s.map_or_else(
        || "does not help as it is".to_owned(),
        |seconds| format!("after {seconds} s"),
    );
    format!(
        "{}\n\n  What it means  {}\n  What to do     {}\n  Sending again  {again}\n  gRPC status    {:?}\n  HTTP status    {}",
        entry.name,
        entry.meaning,
        entry.fix,
        entry.code,
        entry.reason.http_status()
    )
}

fn as_json(entry: &Entry) -> serde_json::Value {
    serde_json::json!({
        "reason": entry.name,
        "meaning": entry.meaning,
        "fix": entry.fix,
        "retryAfterSeconds": entry.retry_after_s,
        "grpcStatus": format!("{:?}", entry.code),
        "httpStatus": entry.reason.http_status(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_explained_with_its_meaning_and_what_to_do() {
        for entry in catalogue() {
            let text = text(entry);
            for part in [entry.name, entry.meaning, entry.fix] {
                assert!(text.contains(part), "{part:?} is not in\n{text}");
            }
        }
    }

    #[test]
    fn every_command_that_an_explanation_names_exists() {
        use clap::CommandFactory;
        let cli = crate::cli::Cli::command();
        for entry in catalogue() {
            for named in entry.fix.split("`lienthong ").skip(1) {
                let name = named.split([' ', '`']).next().unwrap_or_default();
                assert!(
                    cli.find_subcommand(name).is_some(),
                    "{}: there is no command {name}",
                    entry.name
                );
            }
        }
    }

    #[test]
    fn an_unknown_reason_is_not_found() {
        let arguments = Arguments {
            reason: Some("NO_SUCH_REASON".to_owned()),
            form: Form { json: false },
        };
        let exit = run(&arguments).err().map(|failure| failure.exit());
        assert_eq!(exit, Some(Exit::NotFound));
    }
}
