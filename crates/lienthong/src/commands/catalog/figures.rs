//! `catalog figures`: counts of a day, and what changed in a period.

use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::print::{Form, table};
use crate::words::count;
use clap::Args;
use lienthong_contract::pb::catalog::v1::{
    CatalogFigures, GetCatalogFiguresRequest, GetCatalogFiguresResponse,
};

#[derive(Debug, Args)]
pub struct Arguments {
    /// The day of the counts, yyyy-MM-dd; without it today
    #[arg(long, value_name = "DAY")]
    day: Option<String>,
    /// First day of the period whose changes are counted
    #[arg(long, value_name = "DAY", requires = "to")]
    from: Option<String>,
    /// Last day of that period
    #[arg(long, value_name = "DAY", requires = "from")]
    to: Option<String>,
    /// Only procedures that this level settles: commune, district, province or ministry
    #[arg(long, value_name = "LEVEL")]
    level: Option<String>,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

/// # Errors
/// What the hub answers.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let mut catalog = arguments.gateway.catalog(shared).await?;
    let request = GetCatalogFiguresRequest {
        day: arguments.day.unwrap_or_default(),
        from_day: arguments.from.unwrap_or_default(),
        to_day: arguments.to.unwrap_or_default(),
        level: arguments.level.unwrap_or_default(),
    };
    let answer = catalog.get_catalog_figures(request).await?.into_inner();
    let name = "lienthong.catalog.v1.GetCatalogFiguresResponse";
    arguments.form.print(name, &answer, text)
}

fn text(answer: &GetCatalogFiguresResponse) -> String {
    let row = |figures: &CatalogFigures| {
        [
            match figures.level.as_str() {
                "" => "all".to_owned(),
                level => level.to_owned(),
            },
            count(figures.procedures),
            count(figures.fields),
            count(figures.online_full),
            count(figures.online_partial),
            count(figures.information),
            count(figures.interconnected),
            count(figures.horizontal),
            count(figures.vertical),
        ]
    };
    let header = [
        "Level",
        "Procedures",
        "Fields",
        "Full online",
        "Partial",
        "Information",
        "Interconnected",
        "Horizontal",
        "Vertical",
    ];
    let mut rows: Vec<_> = answer.levels.iter().map(row).collect();
    if answer.levels.len() > 1 {
        rows.extend(answer.all.iter().map(row));
    }
    let mut parts = vec![table(header, &header[1..], rows)];
    if let Some(changes) = &answer.changes {
        parts.push(format!(
            "Changes: {} new, {} replaced, {} amended, {} abolished",
            changes.new, changes.replaced, changes.amended, changes.abolished
        ));
    }
    parts.push(format!(
        "Reference data: version {}",
        answer.reference_version
    ));
    parts.join("\n\n")
}
