//! What a request may ask: every bound of the contract, each violation with its field and fix.

pub(crate) mod performance;

use lienthong_contract::pb::event::v1::{FieldViolation, Position};
use lienthong_contract::pb::operations::v1::DiffViewsRequest;
use lienthong_contract::pb::procedure::v1::{
    GetCaseRequest, GetHorizontalRequest, GetPathStatisticsRequest, GetVerticalRequest,
    InterconnectionClass, Level, ListCasesRequest, PartyGrain,
};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time;
use lienthong_domain::code::{
    CodeError, Strictness, check_agency, check_case_code, check_dossier, check_procedure,
    check_source_urn,
};
use prost_types::Timestamp;

/// Longest wait for `min_positions`, in milliseconds.
const LONGEST_WAIT_MS: u32 = 30_000;
/// Most cases a page, and most chains.
const MOST_LINES: u32 = 1_000;
/// Most moments of `GetPathStatistics`.
const MOST_MOMENTS: usize = 100;
/// Most differences and changes of `DiffViews`.
const MOST_DIFFERENCES: u32 = 10_000;
const MOST_CHANGES: usize = 10_000;

/// # Errors
/// `REQUEST_MALFORMED`, as every check here.
pub(crate) fn case(request: &GetCaseRequest, partitions: u32) -> Result<(), Failure> {
    let mut found = Found::default();
    // A case, a dossier or an alias: whichever grammar takes it.
    if let Err(error) = check_case_code(&request.code)
        && check_dossier(&request.code, Strictness::Foreign).is_err()
    {
        found.code("code", &error);
    }
    found.waiting(&request.min_positions, request.max_wait_ms, partitions);
    found.basis(request.basis.as_ref());
    found.verdict()
}

pub(crate) fn cases(request: &ListCasesRequest) -> Result<(), Failure> {
    let mut found = Found::default();
    if InterconnectionClass::try_from(request.interconnection_class).is_err() {
        found.unknown_value("interconnection_class", request.interconnection_class);
    }
    if !request.holder_agency_code.is_empty()
        && let Err(error) = check_agency(&request.holder_agency_code)
    {
        found.code("holder_agency_code", &error);
    }
    found.at_most("page_size", request.page_size, MOST_LINES);
    found.basis(request.basis.as_ref());
    found.verdict()
}

pub(crate) fn horizontal(request: &GetHorizontalRequest, partitions: u32) -> Result<(), Failure> {
    let mut found = Found::default();
    if Level::try_from(request.level).is_err() {
        found.unknown_value("level", request.level);
    }
    let province = &request.province_code;
    let two_digits = province.len() == 2 && province.bytes().all(|byte| byte.is_ascii_digit());
    if !province.is_empty() && !two_digits {
        found.add(
            "province_code",
            "it is not the code of a province",
            "give the two digits of the General Statistics Office, such as 01, or leave it empty",
        );
    }
    found.waiting(&request.min_positions, request.max_wait_ms, partitions);
    found.basis(request.basis.as_ref());
    found.verdict()
}

pub(crate) fn vertical(request: &GetVerticalRequest, partitions: u32) -> Result<(), Failure> {
    let mut found = Found::default();
    if !request.procedure_code.is_empty()
        && let Err(error) = check_procedure(&request.procedure_code)
    {
        found.code("procedure_code", &error);
    }
    found.at_most("chains", request.chains, MOST_LINES);
    found.waiting(&request.min_positions, request.max_wait_ms, partitions);
    found.basis(request.basis.as_ref());
    found.verdict()
}

pub(crate) fn path_statistics(
    request: &GetPathStatisticsRequest,
    partitions: u32,
) -> Result<(), Failure> {
    let mut found = Found::default();
    if PartyGrain::try_from(request.grain).is_err() {
        found.unknown_value("grain", request.grain);
    }
    found.moments(&request.as_of_times);
    if !request.source.is_empty()
        && let Err(error) = check_source_urn(&request.source)
    {
        found.code("source", &error);
    }
    found.waiting(&request.min_positions, request.max_wait_ms, partitions);
    found.basis(request.basis.as_ref());
    found.verdict()
}

pub(crate) fn diff(request: &DiffViewsRequest, partitions: u32) -> Result<(), Failure> {
    let mut found = Found::default();
    found.at_most("max_differences", request.max_differences, MOST_DIFFERENCES);
    if request.changes.len() > MOST_CHANGES {
        let what = format!("there are {} changes", request.changes.len());
        found.add("changes", what, "give at most 10,000 rows of status tables");
    }
    for (index, partition) in request.partitions.iter().enumerate() {
        if *partition >= partitions {
            found.add(
                &format!("partitions[{index}]"),
                format!("the log has no partition {partition}"),
                "leave the list empty for every partition",
            );
        }
    }
    found.verdict()
}

/// What is wrong with a request.
#[derive(Default)]
pub(crate) struct Found(Vec<FieldViolation>);

impl Found {
    pub(crate) fn add(&mut self, field: &str, description: impl Into<String>, fix: &str) {
        self.0.push(FieldViolation {
            field: field.to_owned(),
            description: format!("{}.", description.into()),
            fix: fix.to_owned(),
        });
    }

    pub(crate) fn code(&mut self, field: &str, error: &CodeError) {
        self.add(field, error.what.clone(), error.fix);
    }

    pub(crate) fn unknown_value(&mut self, field: &str, value: i32) {
        self.add(
            field,
            format!("{value} is none of its values"),
            "use a value of the contract",
        );
    }

    pub(crate) fn at_most(&mut self, field: &str, value: u32, most: u32) {
        if value > most {
            let fix = format!("give 1 to {most}, or 0 for the default");
            self.add(field, format!("it is {value}"), &fix);
        }
    }

    fn moments(&mut self, moments: &[Timestamp]) {
        if moments.len() > MOST_MOMENTS {
            let fix = "ask for at most 100 moments a call";
            self.add(
                "as_of_times",
                format!("there are {} moments", moments.len()),
                fix,
            );
        }
        for (index, moment) in moments.iter().enumerate() {
            if time::to_millis(moment).is_none() {
                self.add(
                    &format!("as_of_times[{index}]"),
                    "it is not a time",
                    "give seconds since 1970 and 0 to 999,999,999 nanoseconds",
                );
            }
        }
    }

    pub(crate) fn waiting(&mut self, positions: &[Position], max_wait_ms: u32, partitions: u32) {
        if max_wait_ms > LONGEST_WAIT_MS {
            let fix = "give at most 30,000 milliseconds, or 0 for 5,000";
            self.add("max_wait_ms", format!("it is {max_wait_ms}"), fix);
        }
        for (index, position) in positions.iter().enumerate() {
            if position.partition >= partitions {
                self.add(
                    &format!("min_positions[{index}].partition"),
                    format!("the log has no partition {}", position.partition),
                    "give positions as the adapters acknowledged them",
                );
            }
        }
    }

    pub(crate) fn verdict(self) -> Result<(), Failure> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Failure::of_fields(Reason::RequestMalformed, self.0))
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
