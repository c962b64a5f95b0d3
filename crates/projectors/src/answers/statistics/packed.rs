//! Figures on their way between processes.

use super::Statistics;
use super::moments::PackedMoment;
use crate::answers::packed::{PackedDurations, write};
use lienthong_domain::event::Party;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Packed {
    /// In the order of their numbers, which `pairs` and `moments` use; the unnamed party first.
    parties: Vec<PackedParty>,
    /// From, to, how often.
    pairs: Vec<(u32, u32, u64)>,
    hand_overs: u64,
    cases: u64,
    events: u64,
    span_ms: Option<(i64, i64)>,
    case_duration: PackedDurations,
    cases_by_parties: Vec<(u32, u64)>,
    cases_returning: u64,
    moments: Vec<PackedMoment>,
}

#[derive(Serialize, Deserialize)]
struct PackedParty {
    agency: String,
    unit: String,
    events: u64,
    holding: PackedDurations,
    response: PackedDurations,
}

impl Statistics {
    /// The figures as bytes, for [`Statistics::add_packed`] of another process.
    pub fn pack(mut self) -> Vec<u8> {
        let known = self.parties.iter().count();
        self.figures.resize_with(known, Default::default);
        let parties = self.parties.iter().zip(&self.figures);
        let parties = parties.map(|(party, figures)| PackedParty {
            agency: party.agency.to_owned(),
            unit: party.unit.to_owned(),
            events: figures.events,
            holding: PackedDurations::new(&figures.holding),
            response: PackedDurations::new(&figures.response),
        });
        let pairs = self.pairs.iter();
        write(&Packed {
            parties: parties.collect(),
            pairs: pairs
                .map(|((from, to), count)| (*from, *to, *count))
                .collect(),
            hand_overs: self.hand_overs,
            cases: self.cases,
            events: self.events,
            span_ms: self.span_ms,
            case_duration: PackedDurations::new(&self.case_duration),
            cases_by_parties: self.cases_by_parties.into_iter().collect(),
            cases_returning: self.cases_returning,
            moments: self.moments.pack(),
        })
    }

    /// Takes figures for the same question.
    ///
    /// # Errors
    /// If the bytes do not read.
    pub fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        let packed: Packed = postcard::from_bytes(bytes)?;
        let mut theirs = Vec::with_capacity(packed.parties.len());
        for sent in packed.parties {
            let party = self.party(&Party {
                agency: &sent.agency,
                unit: &sent.unit,
            });
            theirs.push(party);
            let into = &mut self.figures[party as usize];
            into.events += sent.events;
            into.holding.append(sent.holding.unpack());
            into.response.append(sent.response.unpack());
        }
        for (from, to, count) in packed.pairs {
            let ours = |party: u32| theirs.get(party as usize).copied();
            let pair = ours(from).zip(ours(to));
            let pair = pair.ok_or(postcard::Error::DeserializeBadEncoding)?;
            *self.pairs.entry(pair).or_default() += count;
        }
        self.hand_overs += packed.hand_overs;
        self.cases += packed.cases;
        self.events += packed.events;
        if let Some((first_ms, last_ms)) = packed.span_ms {
            self.widen(first_ms, last_ms);
        }
        self.case_duration.append(packed.case_duration.unpack());
        for (parties, cases) in packed.cases_by_parties {
            *self.cases_by_parties.entry(parties).or_default() += cases;
        }
        self.cases_returning += packed.cases_returning;
        self.moments.add_packed(packed.moments, &theirs);
        Ok(())
    }
}
