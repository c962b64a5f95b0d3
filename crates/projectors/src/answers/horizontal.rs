//! `GetHorizontal`: what passes between agencies of one level.
//!
//! Every hand-over between two agencies is in exactly one of two answers: here if their
//! levels on the days they acted are equal (two unknown levels are, and are shown as
//! unspecified), else among the transitions of `GetVertical`.

mod packed;

use super::oldest::Oldest;
use super::places::{Place, Places};
use super::{read, wire};
use hashbrown::HashMap;
use lienthong_contract::pb::procedure::v1 as pb;
use lienthong_contract::status::Failure;
use lienthong_domain::basis::Basis;
use lienthong_domain::distribution::Durations;
use lienthong_domain::interconnection::Class;
use lienthong_domain::level::Level;
use lienthong_domain::path::JoinedCase;
use lienthong_domain::path::exchange::{Exchange, unaccepted, unanswered};
use lienthong_domain::path::hand_over::{HandOver, hand_overs};
use lienthong_domain::path::holder::holder;
use lienthong_domain::path::openness::is_open;
use lienthong_domain::reference::Reference;
use std::sync::Arc;

/// Open exchanges shown at most, of each sort.
const MOST_EXCHANGES: usize = 1_000;

/// Which part of the administration is asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// None: every level, the unknown one included.
    pub level: Option<Level>,
    /// GSO code of a province; empty: everywhere.
    pub province: String,
    /// Under which agencies and units.
    pub basis: Basis,
}

impl Question {
    /// Reads a request.
    ///
    /// # Errors
    /// `REQUEST_MALFORMED` for an unknown level or a basis that is no day.
    pub fn read(request: &pb::GetHorizontalRequest) -> Result<Self, Failure> {
        let level = pb::Level::try_from(request.level).map_err(|_| {
            Failure::of_field(
                "level",
                format!("{} is no level.", request.level),
                "send a value of Level, or leave it out for every level",
            )
        })?;
        Ok(Self {
            level: wire::read_level(level),
            province: request.province_code.clone(),
            basis: read::basis(request.basis.as_ref())?,
        })
    }
}

#[derive(Debug, Default)]
struct Cell {
    count: u64,
    waiting: Durations,
    processing: Durations,
}

/// From, to, the level of both.
type CellKey = (u32, u32, Option<Level>);

/// Sums over cases.
///
/// With a filter: a case in work counts where its holder is; a hand-over where either agency
/// is; an open exchange where the addressee is; a horizontal case where any of its agencies is.
#[derive(Debug)]
pub struct Horizontal {
    level: Option<Level>,
    /// Symbol of the province asked for.
    province: Option<u32>,
    places: Places,
    in_work: HashMap<(Option<Level>, u32), u64>,
    cells: HashMap<CellKey, Cell>,
    unaccepted: Oldest<pb::OpenExchange>,
    unanswered: Oldest<pb::OpenExchange>,
    horizontal_cases: u64,
    unassigned_in_work: u64,
}

impl Horizontal {
    /// Sums over no case yet.
    pub fn new(question: &Question, reference: Arc<Reference>) -> Self {
        let mut places = Places::new(reference, question.basis);
        let asked = !question.province.is_empty();
        Self {
            level: question.level,
            province: asked.then(|| places.province(&question.province)),
            places,
            in_work: HashMap::new(),
            cells: HashMap::new(),
            unaccepted: Oldest::new(MOST_EXCHANGES),
            unanswered: Oldest::new(MOST_EXCHANGES),
            horizontal_cases: 0,
            unassigned_in_work: 0,
        }
    }

    /// Takes a case.
    pub fn add(&mut self, case: &JoinedCase<'_>) {
        let Some(last) = case.steps.last() else {
            return;
        };
        let open = is_open(case);
        self.add_class(case);
        hand_overs(&case.steps, open, &mut |hand_over| {
            self.add_hand_over(&hand_over)
        });
        if !open {
            return;
        }
        let agency = holder(&case.steps).map_or("", |holder| holder.party.agency);
        let place = self.places.at(agency, last.order.occurred_ms);
        self.unassigned_in_work += u64::from(!place.assigned);
        if self.covers(place) {
            *self
                .in_work
                .entry((place.level, place.province))
                .or_default() += 1;
        }
        for (nth, exchange) in unaccepted(case).iter().enumerate() {
            if self.is_asked(exchange) {
                self.unaccepted
                    .offer(exchange.since_ms, case.code, nth, || {
                        wire::exchange(case.code, exchange)
                    });
            }
        }
        for (nth, exchange) in unanswered(case).iter().enumerate() {
            if self.is_asked(exchange) {
                self.unanswered
                    .offer(exchange.since_ms, case.code, nth, || {
                        wire::exchange(case.code, exchange)
                    });
            }
        }
    }

    /// Takes the sums of another partition's scan for the same question.
    pub fn merge(&mut self, other: Horizontal) {
        for ((level, province), cases) in other.in_work {
            let province = self.places.province(other.places.province_code(province));
            *self.in_work.entry((level, province)).or_default() += cases;
        }
        for ((from, to, level), cell) in other.cells {
            let from = self.places.agency(other.places.agency_code(from));
            let to = self.places.agency(other.places.agency_code(to));
            let into = self.cells.entry((from, to, level)).or_default();
            into.count += cell.count;
            into.waiting.append(cell.waiting);
            into.processing.append(cell.processing);
        }
        self.unaccepted.merge(other.unaccepted);
        self.unanswered.merge(other.unanswered);
        self.horizontal_cases += other.horizontal_cases;
        self.unassigned_in_work += other.unassigned_in_work;
    }

    /// The answer: rows by level and province, cells by agency codes. Its freshness is the
    /// caller's.
    pub fn finish(self) -> pb::GetHorizontalResponse {
        let places = &self.places;
        let mut in_work: Vec<pb::InWork> = self
            .in_work
            .into_iter()
            .map(|((level, province), cases)| pb::InWork {
                level: wire::level(level),
                province_code: places.province_code(province).to_owned(),
                cases,
            })
            .collect();
        in_work.sort_by(|a, b| (a.level, &a.province_code).cmp(&(b.level, &b.province_code)));
        let cells = self.cells.into_iter();
        let mut hand_overs: Vec<pb::HandOverCell> = cells
            .map(|(key, cell)| wire_cell(key, cell, places))
            .collect();
        hand_overs.sort_by(|a, b| {
            let key = |cell: &pb::HandOverCell| cell.from_level;
            (&a.from_agency_code, &a.to_agency_code, key(a)).cmp(&(
                &b.from_agency_code,
                &b.to_agency_code,
                key(b),
            ))
        });
        let (unaccepted, unaccepted_total) = self.unaccepted.into_parts();
        let (unanswered, unanswered_total) = self.unanswered.into_parts();
        pb::GetHorizontalResponse {
            in_work,
            hand_overs,
            unaccepted,
            unanswered,
            unaccepted_total,
            unanswered_total,
            horizontal_cases: self.horizontal_cases,
            unassigned_in_work: self.unassigned_in_work,
            freshness: None,
        }
    }

    fn add_class(&mut self, case: &JoinedCase<'_>) {
        if self.places.class(&case.steps) != Class::Horizontal {
            return;
        }
        let mut acts = case.steps.iter().filter(|step| step.actor.is_named());
        let covered = acts.any(|step| {
            let place = self.places.at(step.actor.agency, step.order.occurred_ms);
            self.covers(place)
        });
        self.horizontal_cases += u64::from(covered);
    }

    fn add_hand_over(&mut self, hand_over: &HandOver<'_>) {
        let from = self.places.at(hand_over.from, hand_over.before_ms);
        let to = self.places.at(hand_over.to, hand_over.after_ms);
        if from.level != to.level || !(self.covers(from) || self.covers(to)) {
            return;
        }
        let cell = self.cells.entry((from.agency, to.agency, to.level));
        let cell = cell.or_default();
        cell.count += 1;
        cell.waiting.push(hand_over.waiting_ms());
        if let Some(processing_ms) = hand_over.processing_ms() {
            cell.processing.push(processing_ms);
        }
    }

    fn is_asked(&mut self, exchange: &Exchange<'_>) -> bool {
        let place = self.places.at(exchange.to.agency, exchange.since_ms);
        self.covers(place)
    }

    fn covers(&self, place: Place) -> bool {
        self.level.is_none_or(|asked| place.level == Some(asked))
            && self.province.is_none_or(|asked| place.province == asked)
    }
}

fn wire_cell((from, to, level): CellKey, cell: Cell, places: &Places) -> pb::HandOverCell {
    pb::HandOverCell {
        from_agency_code: places.agency_code(from).to_owned(),
        to_agency_code: places.agency_code(to).to_owned(),
        from_level: wire::level(level),
        to_level: wire::level(level),
        count: cell.count,
        waiting: Some(wire::distribution(cell.waiting)),
        processing: Some(wire::distribution(cell.processing)),
    }
}

#[cfg(test)]
#[path = "horizontal_tests.rs"]
mod tests;
