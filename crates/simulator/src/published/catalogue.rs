//! Changes of the catalogue, in the cells of its tables.

use super::agencies::EVE;
use super::fields::NAMES;
use super::service::{How, Limit, Service, Version};
use jiff::civil::Date;
use lienthong_contract::pb::catalog::v1::Change;
use lienthong_domain::agency::AgencyRow;
use lienthong_domain::level::Level;

/// What separates the values of a cell that holds several.
const AND: &str = "|";
const BASIS: &str = "Nghị định 61/2018/NĐ-CP, Nghị định 107/2021/NĐ-CP";

/// Changes in the making.
pub(super) struct Sheet {
    scenario: &'static str,
    changes: Vec<Change>,
}

impl Sheet {
    /// None yet; the scenario's name begins every id.
    pub(super) fn new(scenario: &'static str) -> Self {
        Self {
            scenario,
            changes: Vec::new(),
        }
    }

    /// All of them.
    pub(super) fn finish(self) -> Vec<Change> {
        self.changes
    }

    /// An agency.
    pub(super) fn agency(&mut self, row: &AgencyRow<'_>) {
        let cells = [
            ("code", row.code),
            ("name", row.name),
            ("level", row.level),
            ("unit_code", row.unit_code),
            ("parent", row.parent),
            ("from", row.from),
            ("to", row.to),
        ];
        self.add("agencies", "", &cells);
    }

    /// One agency took over from another, on that day.
    pub(super) fn succession(&mut self, old: &str, new: &str, on: &str, kind: &str) {
        let cells = [("old", old), ("new", new), ("on", on), ("kind", kind)];
        self.add("agency_successions", "", &cells);
    }

    /// A procedure with its versions, their steps, and its end.
    pub(super) fn service(&mut self, service: &Service) {
        for version in &service.versions {
            self.version(service, version);
            self.steps(service, version.from);
        }
        if let Some(ended) = service.abolished {
            let ended = ended.to_string();
            let cells = [
                ("code", service.code.as_str()),
                ("from", &ended),
                ("change", "abolished"),
            ];
            self.add("procedures", "abolished", &cells);
        }
    }

    fn version(&mut self, service: &Service, version: &Version) {
        let kind = match version.how {
            How::There => "",
            How::New => "new",
            How::Replaces(_) => "replaced",
            How::Amended => "amended",
        };
        let cells = procedure_cells(service, version);
        let cells: Vec<(&str, &str)> = cells
            .iter()
            .map(|(column, cell)| (*column, cell.as_str()))
            .collect();
        self.add("procedures", kind, &cells);
    }

    fn steps(&mut self, service: &Service, from: Date) {
        let from = from.to_string();
        let desk = service.levels.iter().min().copied();
        let desk = desk.unwrap_or(Level::Commune);
        let mut walk: Vec<(Level, &str, &str)> = vec![(desk, "one-stop", "Tiếp nhận hồ sơ")];
        let others = service.route.iter();
        walk.extend(others.map(|(level, kind)| (*level, *kind, "Giải quyết hồ sơ")));
        if service.route.is_empty() {
            walk.push((desk, "one-stop", "Thẩm định, phê duyệt, ký số"));
        }
        walk.push((desk, "one-stop", "Trả kết quả"));
        for (at, (level, kind, name)) in walk.iter().enumerate() {
            let id = format!("b{}", at + 1);
            let after = if at == 0 {
                String::new()
            } else {
                format!("b{at}")
            };
            let handed = at > 0 && walk[at - 1].1 != *kind;
            let cells = [
                ("procedure_code", service.code.as_str()),
                ("procedure_from", &from),
                ("id", &id),
                ("name", name),
                ("level", level.as_str()),
                ("agency_kind", kind),
                ("leg", "serial"),
                ("after", &after),
                ("expects", if handed { "accepted" } else { "" }),
                ("within_amount", if handed { "1" } else { "" }),
                ("within_unit", if handed { "working_days" } else { "" }),
                ("legal_basis", BASIS),
            ];
            self.add("procedure_steps", "", &cells);
        }
    }

    fn add(&mut self, table: &str, kind: &str, cells: &[(&str, &str)]) {
        let cells = cells.iter();
        self.changes.push(Change {
            id: format!("{}-{}", self.scenario, self.changes.len() + 1),
            table: table.to_owned(),
            cells: cells
                .map(|(column, cell)| ((*column).to_owned(), (*cell).to_owned()))
                .collect(),
            kind: kind.to_owned(),
        });
    }
}

/// The district level ended with the reform: what it settles or works on was in force until then.
fn procedure_cells(service: &Service, version: &Version) -> Vec<(&'static str, String)> {
    let works = service.route.iter().map(|(level, _)| *level);
    let mut levels_at_work = service.levels.iter().copied().chain(works);
    let to = if levels_at_work.any(|level| level == Level::District) {
        EVE
    } else {
        ""
    };
    let [amount, unit, before]: [String; 3] = Limit::cells(version.limit);
    let levels: Vec<&str> = service.levels.iter().map(|level| level.as_str()).collect();
    let (change, replaces) = match &version.how {
        How::There => ("", String::new()),
        How::New => ("new", String::new()),
        How::Replaces(code) => ("replaced", code.clone()),
        How::Amended => ("amended", String::new()),
    };
    vec![
        ("code", service.code.clone()),
        ("name", service.name.clone()),
        ("field_code", format!("LV{:02}", service.field + 1)),
        ("field_name", NAMES[service.field].to_owned()),
        ("levels", levels.join(AND)),
        ("online", service.online.cell().to_owned()),
        ("limit_amount", amount),
        ("limit_unit", unit),
        ("same_day_before", before),
        ("legal_basis", BASIS.to_owned()),
        ("from", version.from.to_string()),
        ("to", to.to_owned()),
        ("change", change.to_owned()),
        ("replaces", replaces),
    ]
}
