//! What `PerformanceService` may be asked: periods, filters, bases, states and their combinations.

use super::{Found, MOST_LINES};
use jiff::civil::Date;
use lienthong_contract::pb::event::v1::Channel;
use lienthong_contract::pb::performance::v1::{
    Deadline, DossierFilter, DossierState, GetClockStatisticsRequest, GetControlSlipRequest,
    GetDossierClockRequest, GetPerformanceRequest, GetRegisterRequest, Grouping,
    ListDossiersRequest, Precision,
};
use lienthong_contract::pb::procedure::v1::{Basis, Level, PartyGrain};
use lienthong_contract::status::Failure;
use lienthong_contract::time;
use lienthong_domain::code::{
    Strictness, check_agency, check_dossier, check_procedure, check_source_urn,
};
use lienthong_domain::path::day::{day, day_number};
use prost_types::Timestamp;

/// Most working days ahead that `due soon` may mean.
const MOST_DAYS_AHEAD: u32 = 366;
/// Longest code of a field.
const LONGEST_FIELD: usize = 64;
/// How a day is written.
const DAY_FIX: &str = "write a day as ISO 8601 does, such as 2026-11-22";
/// First day without districts.
const WITHOUT_DISTRICTS: Date = Date::constant(2025, 7, 1);

/// # Errors
/// `REQUEST_MALFORMED`, as every check here. `now_ms`: milliseconds since the Unix epoch.
pub(crate) fn figures(
    request: &GetPerformanceRequest,
    partitions: u32,
    now_ms: i64,
) -> Result<(), Failure> {
    let mut found = Found::default();
    let first = found.day("from_day", &request.from_day);
    let last = found.day("to_day", &request.to_day);
    let as_of = found.moment("as_of_time", request.as_of_time.as_ref());
    if let (Some(first), Some(last)) = (first, last)
        && last < first
    {
        let fix = "give a day that is not before from_day";
        found.add("to_day", format!("{last} is before {first}"), fix);
    }
    if let (Some(first), Some(as_of)) = (first, as_of)
        && as_of < first
    {
        let fix = "give a moment within the period or after it, or leave it out";
        found.add("as_of_time", "it is before from_day", fix);
    }
    found.filter(request.filter.as_ref());
    found.value::<Grouping>("group_by", request.group_by);
    found.value::<Deadline>("deadline", request.deadline);
    found.value::<Precision>("precision", request.precision);
    let basis = found.basis(request.basis.as_ref());
    if let (Some(basis), Some(last)) = (basis, last) {
        found.not_before_the_facts(basis, last.min(as_of.unwrap_or(day(day_number(now_ms)))));
    }
    let by_district = request.group_by == Grouping::District as i32;
    if by_district && basis.is_some_and(|basis| basis >= WITHOUT_DISTRICTS) {
        let fix = "group by province or commune, or take a basis before 2025-07-01";
        found.add("group_by", "there is no district under that basis", fix);
    }
    found.waiting(&request.min_positions, request.max_wait_ms, partitions);
    found.verdict()
}

/// As [`figures`].
pub(crate) fn dossiers(
    request: &ListDossiersRequest,
    partitions: u32,
    now_ms: i64,
) -> Result<(), Failure> {
    use DossierState::{DueSoon, InFlight, InWork, Overdue, Paused, Unspecified};
    let mut found = Found::default();
    let listed = "give DOSSIER_STATE_OVERDUE, _DUE_SOON, _IN_WORK, _PAUSED or _IN_FLIGHT";
    match DossierState::try_from(request.state) {
        Ok(Overdue | DueSoon | InWork | Paused | InFlight) => {}
        Ok(Unspecified) => found.add("state", "it is missing", listed),
        Ok(state) => {
            let name = state.as_str_name();
            found.add("state", format!("{name} cannot be listed"), listed);
        }
        Err(_) => found.unknown_value("state", request.state),
    }
    let ahead = request.within_working_days;
    if ahead > 0 && request.state != DueSoon as i32 {
        let fix = "leave it out, or give DOSSIER_STATE_DUE_SOON as state";
        found.add("within_working_days", "it narrows no other state", fix);
    }
    if ahead > MOST_DAYS_AHEAD {
        let fix = "give 0 to 366 working days";
        found.add("within_working_days", format!("it is {ahead}"), fix);
    }
    found.filter(request.filter.as_ref());
    let as_of = found.moment("as_of_time", request.as_of_time.as_ref());
    if let Some(basis) = found.basis(request.basis.as_ref()) {
        found.not_before_the_facts(basis, as_of.unwrap_or(day(day_number(now_ms))));
    }
    found.value::<Deadline>("deadline", request.deadline);
    found.value::<Precision>("precision", request.precision);
    found.at_most("page_size", request.page_size, MOST_LINES);
    found.waiting(&request.min_positions, request.max_wait_ms, partitions);
    found.verdict()
}

/// As [`figures`].
pub(crate) fn clock(request: &GetDossierClockRequest, partitions: u32) -> Result<(), Failure> {
    let mut found = Found::default();
    found.dossier(&request.dossier_code);
    found.moment("as_of_time", request.as_of_time.as_ref());
    found.waiting(&request.min_positions, request.max_wait_ms, partitions);
    found.verdict()
}

/// As [`figures`].
pub(crate) fn slip(request: &GetControlSlipRequest, partitions: u32) -> Result<(), Failure> {
    let mut found = Found::default();
    found.dossier(&request.dossier_code);
    found.waiting(&request.min_positions, request.max_wait_ms, partitions);
    found.verdict()
}

/// As [`figures`].
pub(crate) fn register(request: &GetRegisterRequest, partitions: u32) -> Result<(), Failure> {
    let mut found = Found::default();
    if let Err(error) = check_agency(&request.agency_code) {
        found.code("agency_code", &error);
    }
    found.day("day", &request.day);
    found.at_most("page_size", request.page_size, MOST_LINES);
    found.waiting(&request.min_positions, request.max_wait_ms, partitions);
    found.verdict()
}

/// As [`figures`].
pub(crate) fn clock_statistics(
    request: &GetClockStatisticsRequest,
    partitions: u32,
) -> Result<(), Failure> {
    let mut found = Found::default();
    found.value::<PartyGrain>("grain", request.grain);
    found.moments(&request.as_of_times);
    if !request.source.is_empty()
        && let Err(error) = check_source_urn(&request.source)
    {
        found.code("source", &error);
    }
    found.waiting(&request.min_positions, request.max_wait_ms, partitions);
    found.verdict()
}

impl Found {
    /// A required day.
    fn day(&mut self, field: &str, text: &str) -> Option<Date> {
        if text.is_empty() {
            self.add(field, "it is missing", DAY_FIX);
            return None;
        }
        let read = read_day(text);
        if read.is_none() {
            self.add(field, "it is not a day", DAY_FIX);
        }
        read
    }

    /// A moment that may be left out, as the day that holds it at +07:00.
    fn moment(&mut self, field: &str, moment: Option<&Timestamp>) -> Option<Date> {
        let millis = time::to_millis(moment?);
        let known = millis.filter(|millis| (time::EARLIEST_MS..time::LATEST_MS).contains(millis));
        if known.is_none() {
            let fix = "give a time from 2000-01-01 to 2100-12-31";
            self.add(field, "it is not a time that facts can have", fix);
        }
        known.map(|millis| day(day_number(millis)))
    }

    /// The day of a basis; none: as it was, or it is no day.
    pub(crate) fn basis(&mut self, basis: Option<&Basis>) -> Option<Date> {
        let text = basis.map_or("", |basis| basis.units_of.as_str());
        if text.is_empty() {
            return None;
        }
        self.day("basis.units_of", text)
    }

    pub(crate) fn unit(&mut self, field: &str, code: &str) {
        let digits = code.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || !matches!(code.len(), 0 | 2 | 3 | 5) {
            let fix = "give the code of the General Statistics Office: two digits of a province, \
                       three of a district, five of a commune";
            self.add(field, "it is not the code of a unit", fix);
        }
    }

    fn not_before_the_facts(&mut self, basis: Date, last: Date) {
        if basis < last {
            let what = format!("{basis} is before {last}, the last day that is told of");
            let fix = "give that day or a later one, or leave the basis out";
            self.add("basis.units_of", what, fix);
        }
    }

    fn filter(&mut self, filter: Option<&DossierFilter>) {
        let Some(filter) = filter else { return };
        if !filter.agency_code.is_empty()
            && let Err(error) = check_agency(&filter.agency_code)
        {
            self.code("filter.agency_code", &error);
        }
        self.unit("filter.unit_code", &filter.unit_code);
        if !filter.procedure_code.is_empty()
            && let Err(error) = check_procedure(&filter.procedure_code)
        {
            self.code("filter.procedure_code", &error);
        }
        if filter.field_code.len() > LONGEST_FIELD || has_space(&filter.field_code) {
            let fix = "give the code of a field as the catalogue has it, at most 64 bytes";
            self.add("filter.field_code", "it is not the code of a field", fix);
        }
        self.value::<Channel>("filter.channel", filter.channel);
        self.value::<Level>("filter.level", filter.level);
    }

    fn dossier(&mut self, code: &str) {
        if let Err(error) = check_dossier(code, Strictness::Foreign) {
            self.code("dossier_code", &error);
        }
    }

    fn value<E: TryFrom<i32>>(&mut self, field: &str, value: i32) {
        if E::try_from(value).is_err() {
            self.unknown_value(field, value);
        }
    }
}

/// A day of four, two and two digits, and nothing else.
fn read_day(text: &str) -> Option<Date> {
    let read: Date = text.parse().ok()?;
    (read.to_string() == text).then_some(read)
}

fn has_space(text: &str) -> bool {
    text.contains(|letter: char| letter.is_whitespace() || letter.is_control())
}

#[cfg(test)]
#[path = "performance_tests.rs"]
mod tests;
