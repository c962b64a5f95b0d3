//! The `CatalogService`: changes recorded and listed, and questions answered from the tables in
//! force, each answer under one version.

use crate::apply::Mode;
use crate::checks;
use crate::render;
use crate::stream::Catalog;
use lienthong_contract::pb::catalog::v1::catalog_service_server::CatalogService;
use lienthong_contract::pb::catalog::v1::{
    ApplyChangesRequest, ApplyChangesResponse, GetCatalogFiguresRequest, GetCatalogFiguresResponse,
    GetProcedureRequest, GetProcedureResponse, ListChangesRequest, ListChangesResponse,
    ListProceduresRequest, ListProceduresResponse, ResolveAgencyRequest, ResolveAgencyResponse,
    ResolveUnitRequest, ResolveUnitResponse,
};
use lienthong_contract::reason::Reason;
use lienthong_contract::reference::{Current, TableName};
use lienthong_contract::status::Failure;
use lienthong_domain::agency::Successors;
use lienthong_domain::code;
use lienthong_domain::level::Level;
use lienthong_domain::unit::Candidates;
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// The service over a catalogue.
pub struct Service {
    catalog: Arc<Catalog>,
    current: Current,
}

impl Service {
    /// A service over this catalogue.
    pub fn new(catalog: Arc<Catalog>) -> Self {
        let current = catalog.current();
        Self { catalog, current }
    }
}

#[async_trait::async_trait]
impl CatalogService for Service {
    async fn apply_changes(
        &self,
        request: Request<ApplyChangesRequest>,
    ) -> Result<Response<ApplyChangesResponse>, Status> {
        let request = request.into_inner();
        let mode = match request.check_only {
            true => Mode::CheckOnly,
            false => Mode::Record,
        };
        let applied = self.catalog.apply(request.changes, mode).await?;
        Ok(Response::new(ApplyChangesResponse {
            recorded: applied.recorded,
            known: applied.known,
            reference_version: applied.reference_version,
        }))
    }

    async fn list_changes(
        &self,
        request: Request<ListChangesRequest>,
    ) -> Result<Response<ListChangesResponse>, Status> {
        let request = request.into_inner();
        let page = checks::page(request.page_size)?;
        let table = Some(request.table.as_str()).filter(|table| !table.is_empty());
        if table.is_some_and(|table| TableName::parse(table).is_none()) {
            let what = format!("{:?} is not a table", request.table);
            let names = TableName::ALL.map(TableName::as_str).join(", ");
            let fix = format!("write one of {names}");
            return Err(Failure::of_field("table", what, &fix).into());
        }
        let listed = self.catalog.list(request.from_offset, page, table).await;
        let (changes, next_offset) = listed.map_err(|error| {
            tracing::error!(%error, "the catalogue log could not be read");
            Failure::new(Reason::LogUnavailable, "the catalogue cannot be read")
        })?;
        Ok(Response::new(ListChangesResponse {
            changes,
            next_offset,
        }))
    }

    async fn resolve_unit(
        &self,
        request: Request<ResolveUnitRequest>,
    ) -> Result<Response<ResolveUnitResponse>, Status> {
        let request = request.into_inner();
        let day = checks::day("day", &request.day)?;
        let under = checks::day_or_none("under_day", &request.under_day)?;
        let well_formed = matches!(request.code.len(), 2 | 3 | 5)
            && request.code.bytes().all(|byte| byte.is_ascii_digit());
        if !well_formed {
            let what = format!("{:?} is not the code of a unit", request.code);
            let fix = "write its 2, 3 or 5 digits, leading zeros included";
            return Err(Failure::of_field("code", what, fix).into());
        }
        let reference = self.current.now();
        let units = reference.registry.units();
        let unit = units.unit_at(&request.code, day);
        let unit = unit.ok_or_else(|| checks::unknown("unit", &request.code, Some(day)))?;
        let mut response = ResolveUnitResponse {
            unit: Some(render::unit(unit)),
            ..ResolveUnitResponse::default()
        };
        if let Some(under) = under {
            check_order(&request.under_day, under < day)?;
            let (outcome, successors) = match units.successors(&request.code, day, under) {
                Candidates::Known(unit) => ("known", vec![unit]),
                Candidates::Ambiguous(units) => ("several", units),
                Candidates::Abolished | Candidates::Unknown => ("abolished", Vec::new()),
            };
            response.outcome = outcome.to_owned();
            response.successors = successors.into_iter().map(render::unit).collect();
        }
        Ok(Response::new(response))
    }

    async fn resolve_agency(
        &self,
        request: Request<ResolveAgencyRequest>,
    ) -> Result<Response<ResolveAgencyResponse>, Status> {
        let request = request.into_inner();
        let day = checks::day("day", &request.day)?;
        let under = checks::day_or_none("under_day", &request.under_day)?;
        code::check_agency(&request.code)
            .map_err(|error| Failure::of_field("code", error.what, error.fix))?;
        let reference = self.current.now();
        let registry = &reference.registry;
        let agency = registry.agency_at(&request.code, day);
        let agency = agency.ok_or_else(|| checks::unknown("agency", &request.code, Some(day)))?;
        let mut response = ResolveAgencyResponse {
            agency: Some(render::agency(agency)),
            ..ResolveAgencyResponse::default()
        };
        if let Some(under) = under {
            check_order(&request.under_day, under < day)?;
            let found = registry.agency_successors(&request.code, day, under);
            let (outcome, successors) = match found {
                Successors::Known(agency) => ("known", vec![agency]),
                Successors::Several(agencies) => ("several", agencies),
                Successors::Abolished | Successors::Unknown => ("abolished", Vec::new()),
            };
            response.outcome = outcome.to_owned();
            response.successors = successors.into_iter().map(render::agency).collect();
        }
        Ok(Response::new(response))
    }

    async fn list_procedures(
        &self,
        request: Request<ListProceduresRequest>,
    ) -> Result<Response<ListProceduresResponse>, Status> {
        let request = request.into_inner();
        let day = checks::day_or_today("day", &request.day)?;
        let level = checks::level(&request.level)?;
        let page = checks::page(request.page_size)?;
        let reference = self.current.now();
        let all = reference.procedures.in_force(day, level);
        let of_field = |field: &str| request.field_code.is_empty() || request.field_code == field;
        let all: Vec<_> = all.filter(|one| of_field(&one.field)).collect();
        // The token is the code after which to go on: it stays good when the tables change.
        let after = request.page_token.as_str();
        let mut rest = all.iter().filter(|one| one.code.as_str() > after);
        let shown: Vec<_> = rest.by_ref().take(page).collect();
        let more = rest.next().is_some();
        Ok(Response::new(ListProceduresResponse {
            next_page_token: match shown.last() {
                Some(last) if more => last.code.clone(),
                _ => String::new(),
            },
            procedures: shown
                .into_iter()
                .map(|one| render::procedure(one))
                .collect(),
            total: all.len() as u64,
        }))
    }

    async fn get_procedure(
        &self,
        request: Request<GetProcedureRequest>,
    ) -> Result<Response<GetProcedureResponse>, Status> {
        let request = request.into_inner();
        code::check_procedure(&request.code)
            .map_err(|error| Failure::of_field("code", error.what, error.fix))?;
        let reference = self.current.now();
        let versions = reference.procedures.versions_of(&request.code);
        if versions.is_empty() {
            return Err(checks::unknown("procedure", &request.code, None).into());
        }
        Ok(Response::new(GetProcedureResponse {
            versions: versions.iter().map(render::procedure).collect(),
        }))
    }

    async fn get_catalog_figures(
        &self,
        request: Request<GetCatalogFiguresRequest>,
    ) -> Result<Response<GetCatalogFiguresResponse>, Status> {
        let request = request.into_inner();
        let day = checks::day_or_today("day", &request.day)?;
        let level = checks::level(&request.level)?;
        let from = checks::day_or_none("from_day", &request.from_day)?;
        let to = checks::day_or_none("to_day", &request.to_day)?;
        let period = match (from, to) {
            (None, None) => None,
            (Some(from), Some(to)) if from <= to => Some((from, to)),
            _ => {
                let what = "from_day and to_day make no period";
                let fix = "give both, the earlier day in from_day, or neither";
                return Err(Failure::of_field("to_day", what, fix).into());
            }
        };
        let reference = self.current.now();
        let procedures = &reference.procedures;
        let levels: Vec<Level> = match level {
            Some(level) => vec![level],
            None => Level::ALL.to_vec(),
        };
        let line = |level| render::figures(level, &procedures.figures(day, level));
        let changed = period.map(|(from, to)| procedures.changes(from, to, level));
        Ok(Response::new(GetCatalogFiguresResponse {
            levels: levels.into_iter().map(|level| line(Some(level))).collect(),
            all: Some(line(level)),
            changes: changed.as_ref().map(render::changes),
            reference_version: reference.version.clone(),
        }))
    }
}

fn check_order(text: &str, is_before: bool) -> Result<(), Failure> {
    if !is_before {
        return Ok(());
    }
    let what = format!("{text} comes before day");
    Err(Failure::of_field(
        "under_day",
        what,
        "give a day from day on; what was before is not told by successions",
    ))
}
