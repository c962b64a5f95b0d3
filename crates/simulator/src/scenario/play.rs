//! Plays a script for one case: who said what, when, about which dossier.

use super::codes::Codes;
use super::places::Place;
use super::promise::Promises;
use super::say::{self, Exchanges};
use super::script::{Beat, Part, Script, Step};
use super::{Plan, workday};
use lienthong_contract::pb::event::v1::event::Payload;
use lienthong_contract::pb::event::v1::linked::Relation;
use lienthong_contract::pb::event::v1::{Header, Linked, SourceStatus};
use lienthong_contract::time::from_millis;
use lienthong_domain::reference::Reference;
use rand::RngExt;
use rand::rngs::StdRng;
use std::collections::BTreeMap;

/// Something that happened, before anything goes wrong on the way to the hub.
#[derive(Debug, Clone)]
pub(super) struct Fact {
    pub(super) part: Part,
    pub(super) case_code: String,
    pub(super) occurred_ms: i64,
    pub(super) header: Header,
    pub(super) payload: Payload,
}

impl Fact {
    /// Whether it only ties codes together.
    pub(super) fn is_link(&self) -> bool {
        matches!(self.payload, Payload::Linked(_))
    }
}

/// A case while it is played.
struct Stage<'a> {
    codes: Codes<'a>,
    script: &'a Script,
    place: &'a Place,
    dice: &'a mut StdRng,
    facts: Vec<Fact>,
    parts: BTreeMap<Part, Told>,
    exchanges: Exchanges,
    promises: Promises<'a>,
}

/// What was told about a dossier so far.
#[derive(Debug, Clone, Copy)]
struct Told {
    events: u32,
    /// Whether the source names the case in every event; else a link comes on its own.
    names_case: bool,
}

/// Everything that happens in a case, in the order of the script.
pub(super) fn case(
    plan: &Plan,
    script: &'static Script,
    (reference, place): (&Reference, &Place),
    number: u32,
    start_ms: i64,
    dice: &mut StdRng,
) -> Vec<Fact> {
    let mut stage = Stage {
        codes: Codes::new(plan, script, place, number, start_ms),
        script,
        place,
        dice,
        facts: Vec::new(),
        parts: BTreeMap::new(),
        exchanges: Exchanges::default(),
        promises: Promises {
            reference,
            otherwise: script.appointment,
            parts: BTreeMap::new(),
        },
    };
    stage.play(script.beats, start_ms);
    stage.facts
}

impl Stage<'_> {
    /// Plays beats from a moment on; the moment of the last one, or none if the case ended.
    fn play(&mut self, beats: &[Beat], from_ms: i64) -> Option<i64> {
        let mut at = from_ms;
        for beat in beats {
            match beat {
                Beat::Do(step) => at = self.act(step, at),
                Beat::Maybe(of_100, beats) if self.happens(*of_100) => at = self.play(beats, at)?,
                Beat::Ending(of_100, beats) if self.happens(*of_100) => {
                    self.play(beats, at);
                    return None;
                }
                Beat::Maybe(..) | Beat::Ending(..) => {}
                Beat::Together(branches) => {
                    let mut ends = Vec::with_capacity(branches.len());
                    for branch in *branches {
                        ends.push(self.play(branch, at)?);
                    }
                    at = ends.into_iter().max().unwrap_or(at);
                }
            }
        }
        Some(at)
    }

    fn happens(&mut self, of_100: u8) -> bool {
        self.dice.random_range(0..100) < of_100
    }

    fn act(&mut self, step: &Step, from_ms: i64) -> i64 {
        let (least, most) = step.after;
        let pause = self.dice.random_range(least..=most);
        let at = workday::after(from_ms, pause) + self.dice.random_range(1..60_000);
        let first = !self.parts.contains_key(&step.part);
        let procedure = say::procedure(step.says).unwrap_or(self.script.procedure);
        let promised = self.promises.follow(step.part, step.says, procedure, at);
        if let Some(appointment_ms) = promised {
            self.exchanges.appointment_ms = appointment_ms;
        }
        let payload = say::payload(
            step.says,
            self.place,
            &self.codes,
            &mut self.exchanges,
            at,
            self.dice,
        );
        let mut header = self.header(step.part, at);
        let (agency, unit) = self.place.party(step.by);
        header.agency_code = agency.to_owned();
        header.unit_code = unit.to_owned();
        header.procedure_code = procedure.to_owned();
        header.protected = say::protected(step.says, self.place, at, self.dice);
        if !step.status.is_empty() {
            header.source_status = Some(SourceStatus {
                system: step.part.status_table().to_owned(),
                code: step.status.to_owned(),
            });
        }
        self.tell(step.part, at, header, payload);
        if first {
            self.link(step.part, at);
        }
        at
    }

    /// The links that a source makes by events of their own.
    fn link(&mut self, part: Part, at: i64) {
        if part == Part::Desk && self.happens(20) {
            self.tell_link(part, at, Relation::Alias, self.codes.receipt(), false);
        }
        if self.parts.get(&part).is_none_or(|told| told.names_case) {
            return;
        }
        if self.happens(6) {
            let mistaken = self.codes.mistaken();
            self.tell_link(part, at, Relation::Case, mistaken.clone(), false);
            self.tell_link(part, at + 600_000, Relation::Case, mistaken, true);
        }
        if part != Part::Desk && self.happens(30) {
            self.tell_link(
                part,
                at + 900_000,
                Relation::Parent,
                self.codes.dossier(Part::Desk),
                false,
            );
        } else {
            self.tell_link(part, at + 900_000, Relation::Case, self.codes.case(), false);
        }
    }

    fn tell_link(&mut self, part: Part, at: i64, relation: Relation, code: String, revoked: bool) {
        let header = self.header(part, at);
        let linked = Linked {
            relation: relation as i32,
            code,
            revoked,
        };
        self.tell(part, at, header, Payload::Linked(linked));
    }

    fn header(&mut self, part: Part, at: i64) -> Header {
        let case = self.codes.case();
        let dossier_code = self.codes.dossier(part);
        let is_case = dossier_code == case;
        let names_case = is_case || self.happens(65);
        let told = self.parts.entry(part).or_insert(Told {
            events: 0,
            names_case,
        });
        told.events += 1;
        let case_code = if told.names_case && !is_case {
            case.clone()
        } else {
            String::new()
        };
        Header {
            id: self.codes.event(part, told.events),
            source: self.codes.source(part),
            dossier_code,
            case_code,
            occurred_time: Some(from_millis(at)),
            sequence: told.events,
            correlation_id: case,
            ..Header::default()
        }
    }

    fn tell(&mut self, part: Part, occurred_ms: i64, header: Header, payload: Payload) {
        self.facts.push(Fact {
            part,
            case_code: self.codes.case(),
            occurred_ms,
            header,
            payload,
        });
    }
}
