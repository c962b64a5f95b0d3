//! The unit of every agency on every day, worked out once for each version of the reference data,
//! level and basis: thousands of agencies are too many to look up anew for each question.

use super::spans::{Span, steady};
use hashbrown::HashMap;
use lienthong_domain::agency::Registry;
use lienthong_domain::basis::{Basis, Place};
use lienthong_domain::level::Level;
use lienthong_domain::path::day;
use lienthong_domain::reference::Reference;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// How many sheets are kept: a few bases at each level. Each takes some megabytes at most.
const MOST_SHEETS: usize = 16;

/// [`Place`] without borrowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Spot {
    /// This unit: code and first day in force, empty if not told.
    One(String, String),
    /// One of these units.
    Several(Vec<String>),
    /// It serves a larger area.
    Above,
    /// Its unit ended without a successor.
    Abolished,
    /// No such agency on that day, or the basis comes before it.
    Unknown,
}

/// The units of one level under one basis.
#[derive(Debug)]
pub(super) struct Sheet {
    spots: Vec<Spot>,
    by_agency: HashMap<String, Vec<Span<u32>>>,
}

/// What a sheet is of.
struct Kept {
    of: Weak<Reference>,
    level: Level,
    basis: Basis,
    sheet: Arc<Sheet>,
}

static SHEETS: Mutex<Vec<Kept>> = Mutex::new(Vec::new());

/// The sheet of a level under a basis.
pub(super) fn sheet(reference: &Arc<Reference>, level: Level, basis: Basis) -> Arc<Sheet> {
    // Made under the lock: whoever asks at the same time needs the same.
    let mut sheets = SHEETS.lock().unwrap_or_else(PoisonError::into_inner);
    let known = sheets.iter().find(|kept| {
        let same = std::ptr::eq(kept.of.as_ptr(), Arc::as_ptr(reference));
        same && (kept.level, kept.basis) == (level, basis)
    });
    if let Some(known) = known {
        return known.sheet.clone();
    }
    sheets.retain(|kept| kept.of.strong_count() > 0);
    if sheets.len() >= MOST_SHEETS {
        sheets.remove(0);
    }
    let sheet = Arc::new(Sheet::new(&reference.registry, level, basis));
    sheets.push(Kept {
        of: Arc::downgrade(reference),
        level,
        basis,
        sheet: sheet.clone(),
    });
    sheet
}

impl Sheet {
    fn new(registry: &Registry, level: Level, basis: Basis) -> Self {
        let mut sheet = Self {
            spots: vec![Spot::Unknown],
            by_agency: HashMap::new(),
        };
        for agency in registry.agencies() {
            let end = day::number_of(agency.period.last());
            let mut on = day::number_of(agency.period.first());
            while on <= end {
                let (first, last) = steady(registry, basis, &agency.code, on);
                let place = registry.place(&agency.code, day::day(on), level, basis);
                let spans = sheet.by_agency.entry(agency.code.clone()).or_default();
                spans.push(Span {
                    first,
                    last,
                    answer: sheet.spots.len() as u32,
                });
                sheet.spots.push(spot(place));
                on = last + 1;
            }
        }
        sheet
    }

    /// The unit of an agency on a day, and the days around it on which that holds.
    pub(super) fn at(&self, agency: &str, on: i64) -> (&Spot, (i64, i64)) {
        let Some(spans) = self.by_agency.get(agency) else {
            return (&Spot::Unknown, (i64::MIN, i64::MAX));
        };
        let found = spans
            .iter()
            .find(|span| span.first <= on && on <= span.last);
        match found {
            Some(span) => (&self.spots[span.answer as usize], (span.first, span.last)),
            None => (&Spot::Unknown, (on, on)),
        }
    }
}

fn spot(place: Place<'_>) -> Spot {
    match place {
        Place::One(unit) => {
            let from = unit.period.from;
            let from = from.map_or_else(String::new, |from| from.to_string());
            Spot::One(unit.code.clone(), from)
        }
        Place::Several(units) => {
            Spot::Several(units.iter().map(|unit| unit.code.clone()).collect())
        }
        Place::Above => Spot::Above,
        Place::Abolished => Spot::Abolished,
        Place::Unknown => Spot::Unknown,
    }
}
