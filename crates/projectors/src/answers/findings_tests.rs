#![allow(clippy::unwrap_used, clippy::expect_used)]
//! Each rule fires on what breaks it, alone, and on nothing that keeps it.

use super::*;
use crate::answers::test_paths::{joined, reference, told};
use lienthong_domain::clock::{LimitUnit, TimeLimit};
use lienthong_domain::event::detail::{Channel, Flag, Register};
use lienthong_domain::event::{Detail, Fingerprint, Kind, Party};
use lienthong_domain::level::Level;
use lienthong_domain::path::day::day_number;
use lienthong_domain::period::Period;
use lienthong_domain::procedure::{Change, Leg, Procedure, ProcedureStep, Procedures};

/// 2026-05-04T08:00:00+07:00, a Monday.
const MORNING: i64 = 1_777_856_400_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// Three working days after [`MORNING`], as `1.1` gives.
const DUE: i64 = MORNING + 3 * DAY;
const ONESTOP: &str = "urn:onestop";
const CIVIL: &str = "urn:civil";

fn tables() -> Reference {
    let step = |id: &str, level, after: &[&str], expects: Option<&str>, hours| ProcedureStep {
        id: id.to_owned(),
        name: id.to_owned(),
        level,
        agency_kind: id.to_owned(),
        leg: Leg::Serial,
        after: after.iter().map(|id| (*id).to_owned()).collect(),
        expects: expects.map(str::to_owned),
        within: expects.map(|_| TimeLimit {
            amount: hours,
            unit: LimitUnit::WorkingHours,
            same_day_before: None,
        }),
        legal_basis: String::new(),
    };
    let version = |code: &str, limit: Option<u32>, steps| Procedure {
        code: code.to_owned(),
        name: code.to_owned(),
        field: String::new(),
        field_name: String::new(),
        levels: vec![Level::Commune],
        online: None,
        limit: limit.map(|amount| TimeLimit {
            amount,
            unit: LimitUnit::WorkingDays,
            same_day_before: None,
        }),
        steps,
        legal_basis: String::new(),
        period: Period::default(),
        change: Change::None,
        abolished: false,
    };
    let graph = vec![
        step("desk", Level::Commune, &[], None, 0),
        step("province", Level::Province, &["desk"], Some("accepted"), 4),
        step("ministry", Level::Ministry, &["desk"], Some("answered"), 8),
        step(
            "civil",
            Level::Commune,
            &["desk"],
            Some("civil_status_registered"),
            16,
        ),
        step(
            "number",
            Level::Ministry,
            &["civil"],
            Some("personal_number_assigned"),
            2,
        ),
    ];
    let verified = vec![step(
        "check",
        Level::Ministry,
        &[],
        Some("identity_verified"),
        2,
    )];
    Reference {
        procedures: Procedures::of(vec![
            version("1.1", Some(3), Vec::new()),
            version("1.2", None, Vec::new()),
            version("1.3", None, graph),
            version("1.4", None, verified),
        ]),
        ..reference().as_ref().clone()
    }
}

/// A step some hours after [`MORNING`], told by the one-stop about dossier `d` and recorded at once.
fn at<'a>(hours: i64, agency: &'a str, kind: Kind) -> Step<'a> {
    let at_ms = MORNING + hours * HOUR;
    Step {
        source: ONESTOP,
        recorded_ms: at_ms,
        ..told(at_ms, "d", agency, kind)
    }
}

fn received<'a>(hours: i64, procedure: &'a str, due_ms: Option<i64>) -> Step<'a> {
    Step {
        procedure,
        due_ms,
        ..at(hours, "C1", Kind::Received)
    }
}

fn status(step: Step<'_>, portal_status: u8) -> Step<'_> {
    Step {
        portal_status,
        ..step
    }
}

fn by<'a>(step: Step<'a>, source: &'a str) -> Step<'a> {
    Step { source, ..step }
}

fn to<'a>(step: Step<'a>, agency: &'a str, reference: u64) -> Step<'a> {
    Step {
        addressee: Party { agency, unit: "" },
        reference,
        ..step
    }
}

fn with(step: Step<'_>, detail: Detail) -> Step<'_> {
    Step { detail, ..step }
}

fn case<'a>(steps: &[Step<'a>]) -> JoinedCase<'a> {
    let mut steps = steps.to_vec();
    for (nth, step) in steps.iter_mut().enumerate() {
        step.order.fingerprint = Fingerprint(nth as u64);
    }
    let is_entry = |step: &Step<'_>| step.kind == Kind::RegisterEntryReported;
    steps.sort_by_key(|step| step.order);
    let entries = steps
        .iter()
        .filter(|step| is_entry(step))
        .copied()
        .collect();
    steps.retain(|step| !is_entry(step));
    JoinedCase {
        entries,
        ..joined(&steps)
    }
}

fn of<'a>(case: &JoinedCase<'a>, whole: &Whole, as_of_ms: i64) -> Vec<Finding<'a>> {
    let reference = tables();
    let look = Look {
        reference: &reference,
        as_of_ms,
        whole,
    };
    findings(case, look)
}

/// Kinds of the findings of these steps, ten days after [`MORNING`].
fn kinds(steps: &[Step<'_>]) -> Vec<&'static str> {
    let found = of(&case(steps), &Whole::default(), MORNING + 10 * DAY);
    found.iter().map(|finding| finding.misfit.name()).collect()
}

const NONE: [&str; 0] = [];

#[test]
fn a_dossier_from_submission_to_return_has_no_finding() {
    let detail = Detail::NONE.with_channel(Some(Channel::Online), None);
    let history = [
        with(at(-2, "", Kind::Submitted), detail),
        received(0, "1.1", Some(DUE)),
        to(at(1, "C1", Kind::HandedOver), "P1", 7),
        to(at(2, "P1", Kind::Accepted), "C1", 7),
        at(3, "P1", Kind::Appraised),
        to(at(4, "P1", Kind::SupplementRequested), "", 9),
        to(at(28, "C1", Kind::SupplementReceived), "", 9),
        status(at(29, "P1", Kind::ResultIssued), 9),
        to(at(30, "P1", Kind::HandedOver), "C1", 8),
        to(at(31, "C1", Kind::Accepted), "P1", 8),
        status(at(32, "C1", Kind::ResultReturned), 10),
        at(33, "C1", Kind::Digitised),
        at(34, "", Kind::Rated),
    ];
    assert_eq!(kinds(&history), NONE);
}

#[test]
fn work_after_the_end_is_a_finding_and_rating_or_a_late_report_is_none() {
    let returned = at(1, "C1", Kind::ResultReturned);
    let late = at(2, "P1", Kind::Signed);
    assert_eq!(kinds(&[returned, late, at(3, "", Kind::Rated)]), NONE);
    let works = at(2, "P1", Kind::Appraised);
    assert_eq!(kinds(&[returned, works]), ["step_after_end"]);
    let withdrawn = status(at(1, "C1", Kind::ProgressReported), 7);
    let twice = [withdrawn, works, at(3, "P1", Kind::Appraised)];
    assert_eq!(kinds(&twice), ["step_after_end"]);
    assert_eq!(
        kinds(&[
            status(at(1, "C1", Kind::ResultIssued), 9),
            at(2, "C1", Kind::Returned)
        ]),
        NONE
    );
}

#[test]
fn endings_that_exclude_each_other_are_a_finding_unless_work_lies_between() {
    let withdrawn = at(1, "C1", Kind::Withdrawn);
    let returned = at(3, "C1", Kind::ResultReturned);
    assert_eq!(kinds(&[withdrawn, returned]), ["settled_twice"]);
    assert_eq!(
        kinds(&[withdrawn, at(2, "C1", Kind::Appraised), returned]),
        ["step_after_end"]
    );
    let processed = status(at(2, "C1", Kind::ResultIssued), 9);
    assert_eq!(kinds(&[processed, returned]), NONE);
    let refused = at(1, "C2", Kind::CivilStatusRefused);
    assert_eq!(kinds(&[refused, returned]), NONE);
}

#[test]
fn a_result_before_the_reception_is_a_finding() {
    let result = at(1, "C1", Kind::ResultIssued);
    let before = [result, received(2, "", None)];
    assert_eq!(kinds(&before), ["result_before_reception"]);
    assert_eq!(kinds(&[received(1, "", None), result]), NONE);
    assert_eq!(kinds(&[result]), NONE);
}

#[test]
fn an_acceptance_before_its_hand_over_is_contradictory_or_a_matter_of_clocks() {
    let handed = to(at(2, "C1", Kind::HandedOver), "P1", 7);
    let early = to(at(1, "P1", Kind::Accepted), "C1", 7);
    assert_eq!(kinds(&[handed, early]), ["accepted_before_handed_over"]);
    let other = by(early, "urn:province");
    assert_eq!(kinds(&[handed, other]), ["clocks_disagree"]);
    let in_time = to(at(3, "P1", Kind::Accepted), "C1", 7);
    assert_eq!(kinds(&[handed, by(in_time, "urn:province")]), NONE);
    let mut second = other;
    second.order.occurred_ms = handed.order.occurred_ms - 1_000;
    second.recorded_ms = handed.recorded_ms;
    assert_eq!(kinds(&[handed, second]), NONE, "a second is forgiven");
    let unnumbered = [to(handed, "P1", 0), to(early, "C1", 0)];
    assert_eq!(kinds(&unnumbered), ["accepted_before_handed_over"]);
    let again = [
        to(at(1, "C1", Kind::HandedOver), "P1", 0),
        to(at(2, "P1", Kind::Accepted), "C1", 0),
        to(at(3, "P1", Kind::Returned), "C1", 0),
        to(at(4, "C1", Kind::HandedOver), "P1", 0),
        to(at(5, "P1", Kind::Accepted), "C1", 0),
    ];
    assert_eq!(kinds(&again), NONE);
}

#[test]
fn a_hand_over_taken_up_by_another_is_a_finding_unless_its_receiver_had_ended() {
    let handed = to(at(1, "C1", Kind::HandedOver), "P1", 7);
    let other = to(at(2, "P2", Kind::Accepted), "C1", 7);
    assert_eq!(kinds(&[handed, other]), ["accepted_by_another"]);
    let receiver = to(at(2, "P1", Kind::Accepted), "C1", 7);
    assert_eq!(kinds(&[handed, receiver]), NONE);
    let district = to(at(1, "C1", Kind::HandedOver), "D1", 7);
    assert_eq!(kinds(&[district, other]), NONE, "D1 ended in 2025");
}

#[test]
fn a_pause_sent_as_processed_is_a_finding() {
    let processed = status(at(3, "C1", Kind::ProgressReported), 9);
    let asked = to(at(2, "C1", Kind::SupplementRequested), "", 4);
    let came = to(at(4, "C1", Kind::SupplementReceived), "", 4);
    let expected = ["pause_sent_as_processed"];
    assert_eq!(kinds(&[asked, processed]), expected, "a request is open");
    assert_eq!(kinds(&[processed, came]), expected, "a supplement follows");
    let paid = at(4, "C1", Kind::PaymentMade);
    assert_eq!(kinds(&[processed, paid]), expected, "a payment follows");
    let works = status(at(4, "C1", Kind::ProgressReported), 4);
    assert_eq!(kinds(&[processed, works]), expected, "work follows");
    let itself = status(at(3, "C1", Kind::Stopped), 9);
    assert_eq!(kinds(&[itself]), expected, "the stop itself");
    let settled = to(at(2, "C1", Kind::SupplementReceived), "", 4);
    let before = to(at(1, "C1", Kind::SupplementRequested), "", 4);
    assert_eq!(kinds(&[before, settled, processed]), NONE);
}

#[test]
fn what_adapters_saw_is_one_finding_a_dossier_and_source() {
    let seen = |flag| Detail::NONE.with(flag, true);
    for (flag, kind) in [
        (Flag::PlaceholderIdentity, "placeholder_identity"),
        (Flag::MalformedIdentity, "malformed_identity"),
        (Flag::SubmittedFileReturned, "submitted_file_returned"),
    ] {
        let step = with(at(1, "C1", Kind::ProgressReported), seen(flag));
        let again = with(at(2, "C1", Kind::ProgressReported), seen(flag));
        assert_eq!(kinds(&[step, again]), [kind]);
        assert_eq!(kinds(&[step, by(again, CIVIL)]), [kind, kind]);
    }
}

#[test]
fn a_result_with_the_hash_of_the_papers_is_a_submitted_file() {
    let papers = to(at(1, "C1", Kind::Digitised), "", 99);
    let result = to(at(2, "C1", Kind::ResultIssued), "", 99);
    let digitised = with(
        to(at(3, "C1", Kind::Digitised), "", 99),
        Detail::NONE.with(Flag::OfResult, true),
    );
    assert_eq!(kinds(&[papers, result]), ["submitted_file_returned"]);
    assert_eq!(kinds(&[papers, digitised]), ["submitted_file_returned"]);
    assert_eq!(kinds(&[papers, to(result, "", 98)]), NONE);
    assert_eq!(kinds(&[result, digitised]), NONE, "both are the result");
    assert_eq!(
        kinds(&[to(papers, "", 0), to(result, "", 0)]),
        NONE,
        "no hash told"
    );
}

#[test]
fn one_request_under_two_codes_is_a_regenerated_code() {
    let first = received(1, "1.2", None);
    let other = Step {
        dossier: "e",
        ..first
    };
    assert_eq!(kinds(&[first, other]), ["regenerated_code"]);
    assert_eq!(kinds(&[first, by(other, CIVIL)]), NONE, "two sources");
    let another = Step {
        procedure: "1.9",
        ..other
    };
    assert_eq!(kinds(&[first, another]), NONE, "two procedures");
    let later = Step {
        dossier: "e",
        ..received(2, "1.2", None)
    };
    assert_eq!(kinds(&[first, later]), NONE, "two receptions");

    let mut shared = case(&[first, first]);
    shared.told_as = vec![(Fingerprint(1), "e")];
    let found = of(&shared, &Whole::default(), MORNING + DAY);
    assert_eq!(found.len(), 1, "two codes of one dossier, by an alias");
    assert_eq!(found[0].misfit, Misfit::RegeneratedCode);
    shared.told_as.clear();
    assert_eq!(of(&shared, &Whole::default(), MORNING + DAY), []);
}

#[test]
fn a_clock_ahead_of_the_hubs_by_more_than_five_minutes_is_a_finding() {
    let ahead = |ms: i64| {
        let step = at(1, "C1", Kind::ProgressReported);
        Step {
            recorded_ms: step.order.occurred_ms - ms,
            ..step
        }
    };
    assert_eq!(kinds(&[ahead(300_001)]), ["clock_ahead"]);
    assert_eq!(kinds(&[ahead(300_000)]), NONE);
    let soon = case(&[ahead(HOUR)]);
    let found = of(&soon, &Whole::default(), MORNING);
    assert_eq!(found.len(), 1, "known from the moment it was recorded");
}

#[test]
fn a_due_date_is_missed_where_the_procedure_has_a_limit() {
    assert_eq!(kinds(&[received(0, "1.1", None)]), ["missing_due_date"]);
    assert_eq!(kinds(&[received(0, "1.2", None)]), NONE);
    assert_eq!(kinds(&[received(0, "9.9", None)]), NONE);
    assert_eq!(kinds(&[received(0, "1.1", Some(DUE))]), NONE);
    let refused = at(1, "C1", Kind::RefusedAtIntake);
    assert_eq!(kinds(&[received(0, "1.1", None), refused]), NONE);
}

#[test]
fn a_due_date_of_another_day_than_the_laws_is_a_finding() {
    let same_day = received(0, "1.1", Some(DUE + 9 * HOUR));
    assert_eq!(kinds(&[same_day]), NONE);
    let wrong = received(0, "1.1", Some(DUE + DAY));
    assert_eq!(kinds(&[wrong]), ["due_date_differs"]);
    let stops = at(1, "C1", Kind::SupplementRequested);
    let right = received(0, "1.1", Some(DUE));
    assert_eq!(kinds(&[right, stops]), NONE, "not told with the stop");
    let resumed = |due| Step {
        due_ms: Some(due),
        ..at(25, "C1", Kind::SupplementReceived)
    };
    assert_eq!(kinds(&[right, stops, resumed(DUE + DAY)]), NONE);
    assert_eq!(kinds(&[right, stops, resumed(DUE)]), ["due_date_differs"]);
}

#[test]
fn a_deadline_that_runs_into_a_year_without_a_calendar_is_said() {
    let mut step = received(0, "1.1", Some(DUE));
    // 2031-05-05.
    step.order.occurred_ms += 1_827 * DAY;
    step.recorded_ms = step.order.occurred_ms;
    let one = case(&[step]);
    let found = of(&one, &Whole::default(), step.order.occurred_ms);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].misfit, Misfit::NoCalendar);
    assert_eq!(found[0].expected, "a calendar of 2031");
}

#[test]
fn an_extension_needs_an_apology_a_day_before_and_happens_once() {
    let extended = |hours, apology| Step {
        due_ms: Some(DUE + 5 * DAY),
        detail: Detail::NONE.with(Flag::Apology, apology),
        ..at(hours, "C1", Kind::Extended)
    };
    let right = received(0, "1.1", Some(DUE));
    let late = ["extension_without_apology"];
    assert_eq!(kinds(&[right, extended(48, true)]), NONE);
    assert_eq!(kinds(&[right, extended(48, false)]), late);
    assert_eq!(
        kinds(&[right, extended(72, true)]),
        late,
        "on the day itself"
    );
    let twice = [right, extended(24, true), extended(48, true)];
    assert_eq!(kinds(&twice), ["extended_again"]);
    let untold = received(0, "1.2", None);
    assert_eq!(kinds(&[untold, extended(48, true)]), NONE);
}

#[test]
fn a_hand_over_is_waited_for_as_long_as_its_step_or_its_source_says() {
    let handed = |procedure, due_ms| Step {
        procedure,
        due_ms,
        ..to(at(1, "C1", Kind::HandedOver), "P1", 7)
    };
    let by_graph = case(&[handed("1.3", None)]);
    let at_hour = |hours| of(&by_graph, &Whole::default(), MORNING + hours * HOUR);
    // From 9:00 four working hours: 15:00 the same day, for nobody works from 11:30 to 13:30.
    assert_eq!(at_hour(7), []);
    let found = at_hour(8);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].misfit, Misfit::HandOverNotAccepted);
    assert_eq!(found[0].agency, "P1");
    assert_eq!(found[0].since_ms, MORNING + 7 * HOUR);
    let told = handed("1.2", Some(MORNING + 2 * HOUR));
    assert_eq!(kinds(&[told]), ["hand_over_not_accepted"]);
    assert_eq!(kinds(&[handed("1.2", None)]), NONE, "nothing says a time");
    assert_eq!(kinds(&[told, at(3, "P1", Kind::Appraised)]), NONE);
}

#[test]
fn a_consultation_or_an_identity_check_that_nobody_answered_is_a_finding() {
    let asked = |procedure| Step {
        procedure,
        ..to(at(1, "C1", Kind::Consulted), "M1", 5)
    };
    let answered = to(at(2, "M1", Kind::Answered), "", 5);
    let verified = at(2, "M1", Kind::IdentityMismatched);
    assert_eq!(kinds(&[asked("1.3")]), ["consultation_unanswered"]);
    assert_eq!(kinds(&[asked("1.3"), answered]), NONE);
    let checked = [asked("1.4"), verified];
    assert_eq!(kinds(&checked), NONE, "a difference is an answer");
    assert_eq!(kinds(&[asked("1.4")]), ["verification_unanswered"]);
    assert_eq!(
        kinds(&[received(0, "1.4", None)]),
        ["verification_unanswered"]
    );
}

#[test]
fn a_number_is_waited_for_from_what_the_step_before_expects() {
    let registered = at(5, "C2", Kind::CivilStatusRegistered);
    let number = at(7, "M1", Kind::PersonalNumberAssigned);
    let desk = received(0, "1.3", None);
    assert_eq!(kinds(&[desk]), ["expectation_unanswered"], "not registered");
    assert_eq!(kinds(&[desk, registered]), ["number_not_returned"]);
    assert_eq!(kinds(&[desk, registered, number]), NONE);
    let withdrawn = at(6, "C1", Kind::Withdrawn);
    assert_eq!(kinds(&[desk, registered, withdrawn]), NONE);
}

/// A line of a register of the first day.
fn line(register: Register, portal_status: u8, entries: u32) -> Step<'static> {
    let detail = Detail::NONE.with_register(register, day_number(MORNING), entries);
    Step {
        portal_status,
        ..with(at(10, "C1", Kind::RegisterEntryReported), detail)
    }
}

#[test]
fn a_line_of_a_register_is_compared_with_what_its_source_told_until_the_days_end() {
    let one = |status| line(Register::OneStop, status, 1);
    assert_eq!(kinds(&[one(2)]), ["never_published"]);
    let taken = received(0, "1.2", None);
    assert_eq!(kinds(&[taken, one(2)]), NONE);
    assert_eq!(kinds(&[taken, one(4)]), NONE, "no status told: alike");
    assert_eq!(kinds(&[taken, one(9)]), ["status_differs"]);
    assert_eq!(kinds(&[status(taken, 2), one(4)]), ["status_differs"]);
    assert_eq!(kinds(&[taken, one(0)]), NONE, "a line without a status");
    let next_day = status(at(24, "C1", Kind::ResultIssued), 9);
    assert_eq!(kinds(&[taken, next_day, one(2)]), NONE);
    let later = received(24, "1.2", None);
    assert_eq!(
        kinds(&[later, one(2)]),
        ["status_differs"],
        "told later only"
    );
    assert_eq!(kinds(&[by(taken, CIVIL), one(2)]), ["never_published"]);
}

#[test]
fn two_registers_with_two_statuses_of_one_day_disagree() {
    let portal = |status| by(line(Register::Portal, status, 1), "urn:portal");
    let taken = received(0, "1.2", None);
    let told = by(received(0, "1.2", None), "urn:portal");
    let onestop = line(Register::OneStop, 2, 1);
    assert_eq!(kinds(&[taken, told, onestop, portal(4)]), NONE);
    assert_eq!(
        kinds(&[taken, told, onestop, portal(5)]),
        ["status_differs", "registers_disagree"]
    );
}

#[test]
fn a_whole_register_that_lacks_a_dossier_of_its_day_is_a_finding() {
    let missing = |steps: &[Step<'_>], register| {
        let mut whole = Whole::default();
        whole.add(ONESTOP, register, day_number(MORNING));
        let found = of(&case(steps), &whole, MORNING + 10 * DAY);
        let found = found.iter().map(|finding| finding.misfit.name());
        found.collect::<Vec<_>>()
    };
    let taken = received(0, "1.2", None);
    let lacking = ["missing_in_register"];
    assert_eq!(missing(&[taken], Register::OneStop), lacking);
    let listed = [taken, line(Register::OneStop, 2, 1)];
    assert_eq!(missing(&listed, Register::OneStop), NONE);
    assert_eq!(missing(&[by(taken, CIVIL)], Register::OneStop), NONE);
    let earlier = [at(-24, "C1", Kind::Submitted), taken];
    assert_eq!(
        missing(&earlier, Register::OneStop),
        NONE,
        "of the day before"
    );
    assert_eq!(
        missing(&[taken], Register::Portal),
        NONE,
        "came to the desk"
    );
    let online = Detail::NONE.with_channel(Some(Channel::Online), None);
    assert_eq!(missing(&[with(taken, online)], Register::Portal), lacking);
}

#[test]
fn only_what_had_occurred_by_the_moment_counts() {
    let returned = at(1, "C1", Kind::ResultReturned);
    let works = at(5, "P1", Kind::Appraised);
    let one = case(&[returned, works]);
    assert_eq!(of(&one, &Whole::default(), MORNING + 4 * HOUR), []);
    assert_eq!(of(&one, &Whole::default(), MORNING + 5 * HOUR).len(), 1);
}
