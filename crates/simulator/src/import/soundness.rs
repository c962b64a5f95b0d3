//! Whether a mapping holds together, before any row is read.

use super::mapping::{Mapping, Order};
use super::problem::Problem;
use crate::system::System;
use jiff::tz::TimeZone;
use lienthong_domain::level::Level;
use std::collections::BTreeSet;

impl Mapping {
    pub(super) fn check(&self) -> Result<(), Problem> {
        lienthong_domain::code::check_source_urn(&self.source)
            .map_err(|error| key("source", error.what, error.fix))?;
        if System::parse(&self.adapter).is_none() {
            let fix = "write onestop, civil_status, population or specialised";
            return Err(key(
                "adapter",
                format!("there is no adapter {:?}", self.adapter),
                fix,
            ));
        }
        if !self.procedure.is_empty() {
            lienthong_domain::code::check_procedure(&self.procedure)
                .map_err(|error| key("procedure", error.what, error.fix))?;
        }
        if self.order == Order::Recorded && self.columns.recorded.is_none() {
            return Err(key(
                "order",
                "it is recorded, but no column tells when",
                "set columns.recorded",
            ));
        }
        if self.columns.status.is_some() != self.columns.status_system.is_some() {
            let what = "status and status_system belong together";
            return Err(key("columns.status", what, "set both or neither"));
        }
        if let Some(zone) = &self.times.zone {
            TimeZone::get(zone).map_err(|_| {
                key(
                    "times.zone",
                    format!("{zone:?} is no time zone"),
                    "write an IANA name such as Asia/Ho_Chi_Minh",
                )
            })?;
        }
        self.check_agencies()?;
        self.check_case_facts()?;
        for (activity, rule) in &self.events {
            rule.check(self.system(), &format!("events.{activity:?}"))?;
        }
        match &self.default {
            Some(rule) => rule.check(self.system(), "default"),
            None if self.events.is_empty() => Err(key(
                "events",
                "no activity is named",
                "add [events.\"...\"] or [default]",
            )),
            None => Ok(()),
        }
    }

    fn check_case_facts(&self) -> Result<(), Problem> {
        let mut names = BTreeSet::new();
        for (at, fact) in self.case_facts.iter().enumerate() {
            let name = format!("case_facts[{at}].name");
            if fact.name.parse::<u32>().is_ok() || fact.name.is_empty() {
                let what = format!("{:?} could be the index of a row", fact.name);
                return Err(key(&name, what, "write a word such as received"));
            }
            if !names.insert(&fact.name) {
                let what = format!("{:?} is given twice", fact.name);
                return Err(key(&name, what, "give each fact a name of its own"));
            }
            let rule = format!("case_facts[{at}].event");
            fact.event.check(self.system(), &rule)?;
        }
        Ok(())
    }

    fn check_agencies(&self) -> Result<(), Problem> {
        let named = self
            .agencies
            .iter()
            .map(|(name, agency)| (format!("agencies.{name:?}"), &agency.level));
        let other = self
            .other_agencies
            .iter()
            .map(|other| ("other_agencies".to_owned(), &other.level));
        for (at, level) in named.chain(other) {
            match level {
                Some(level) if Level::parse(level).is_none() => {
                    return Err(key(
                        &format!("{at}.level"),
                        format!("{level:?} is no level"),
                        LEVELS,
                    ));
                }
                None if self.columns.level.is_none() => {
                    return Err(key(
                        &format!("{at}.level"),
                        "nothing tells the level",
                        "set it, or columns.level",
                    ));
                }
                _ => {}
            }
        }
        if let Some((word, _)) = self
            .levels
            .iter()
            .find(|(_, level)| Level::parse(level).is_none())
        {
            return Err(key(
                &format!("levels.{word:?}"),
                "it stands for no level",
                LEVELS,
            ));
        }
        match &self.other_agencies {
            Some(other) if !other.code.contains("{name}") => Err(key(
                "other_agencies.code",
                "it has no {name}, so all agencies would be one",
                "write such as H56.{name}",
            )),
            _ => Ok(()),
        }
    }
}

/// The fix of a level that is none.
pub(super) const LEVELS: &str = "write commune, district, province or ministry";

fn key(key: &str, what: impl Into<String>, fix: &str) -> Problem {
    Problem::cell(0, key, what, fix)
}
