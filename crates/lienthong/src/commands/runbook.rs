//! `lienthong runbook`: the page of an alert or a cause, for a machine without a browser.

use crate::exit::{Exit, Failure};
use crate::print::{Form, json, out, table};
use crate::runbooks::PAGES;
use clap::Args;
use lienthong_telemetry::endpoint::Page;

/// Arguments of `runbook`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A page such as view-late, as alerts and `lienthong lag` name it; without it all are listed
    name: Option<String>,
    #[command(flatten)]
    form: Form,
}

/// # Errors
/// [`Exit::NotFound`] for a page that there is not.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Some(name) = &arguments.name else {
        if arguments.form.json {
            return json(&PAGES.iter().map(as_json).collect());
        }
        let row = |page: &Page| [page.name.to_owned(), title(page).to_owned()];
        return out(&table(
            ["Page", "What it is about"],
            &[],
            PAGES.iter().map(row).collect(),
        ));
    };
    let page = PAGES.iter().find(|page| page.name == name).ok_or_else(|| {
        let fix = "Fix: `lienthong runbook` lists every page";
        Failure::new(Exit::NotFound, format!("there is no page {name}. {fix}"))
    })?;
    if arguments.form.json {
        return json(&as_json(page));
    }
    out(page.text)
}

fn title(page: &Page) -> &'static str {
    let first = page.text.lines().next().unwrap_or_default();
    first.trim_start_matches("# ")
}

fn as_json(page: &Page) -> serde_json::Value {
    serde_json::json!({ "name": page.name, "title": title(page), "text": page.text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_a_title_and_is_found_by_its_name() {
        for page in PAGES {
            assert!(page.text.starts_with("# "), "{}", page.name);
            assert!(!title(page).is_empty(), "{}", page.name);
            let arguments = Arguments {
                name: Some(page.name.to_owned()),
                form: Form { json: true },
            };
            assert!(run(&arguments).is_ok(), "{}", page.name);
        }
    }

    #[test]
    fn an_unknown_page_is_not_found() {
        let arguments = Arguments {
            name: Some("view-early".to_owned()),
            form: Form { json: false },
        };
        let exit = run(&arguments).err().map(|failure| failure.exit());
        assert_eq!(exit, Some(Exit::NotFound));
    }
}
