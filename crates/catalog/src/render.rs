//! From the domain's reference data to messages.

use lienthong_contract::pb::catalog::v1 as pb;
use lienthong_domain::agency::Agency;
use lienthong_domain::clock::TimeLimit;
use lienthong_domain::interconnection::Class;
use lienthong_domain::level::Level;
use lienthong_domain::period::Period;
use lienthong_domain::procedure::{Change, Changes, Figures, Online, Procedure, ProcedureStep};
use lienthong_domain::unit::Unit;

/// First and last day; empty for no limit.
fn days(period: &Period) -> (String, String) {
    let day = |day: Option<jiff::civil::Date>| day.map_or_else(String::new, |day| day.to_string());
    (day(period.from), day(period.to))
}

pub fn unit(unit: &Unit) -> pb::Unit {
    let (from_day, to_day) = days(&unit.period);
    pb::Unit {
        code: unit.code.clone(),
        level: unit.level.to_string(),
        name: unit.name.clone(),
        parent_code: unit.parent.clone().unwrap_or_default(),
        from_day,
        to_day,
    }
}

pub fn agency(agency: &Agency) -> pb::Agency {
    let (from_day, to_day) = days(&agency.period);
    pb::Agency {
        code: agency.code.clone(),
        name: agency.name.clone(),
        level: agency.level.to_string(),
        unit_code: agency.unit_code.clone().unwrap_or_default(),
        parent_code: agency.parent.clone().unwrap_or_default(),
        from_day,
        to_day,
    }
}

pub fn procedure(procedure: &Procedure) -> pb::Procedure {
    let (from_day, to_day) = days(&procedure.period);
    let replaces = match &procedure.change {
        Change::Replaces(code) => code.clone(),
        Change::None | Change::New | Change::Amended => String::new(),
    };
    pb::Procedure {
        code: procedure.code.clone(),
        name: procedure.name.clone(),
        field_code: procedure.field.clone(),
        field_name: procedure.field_name.clone(),
        levels: procedure.levels.iter().map(Level::to_string).collect(),
        online: procedure.online.map_or("", Online::as_str).to_owned(),
        limit: procedure.limit.as_ref().map(limit),
        legal_basis: procedure.legal_basis.clone(),
        from_day,
        to_day,
        change: procedure.change.as_str().to_owned(),
        replaces,
        steps: procedure.steps.iter().map(step).collect(),
        interconnection: match procedure.class() {
            Class::NotInterconnected => "none".to_owned(),
            class => class.to_string(),
        },
    }
}

fn step(step: &ProcedureStep) -> pb::ProcedureStep {
    pb::ProcedureStep {
        id: step.id.clone(),
        name: step.name.clone(),
        level: step.level.to_string(),
        agency_kind: step.agency_kind.clone(),
        leg: step.leg.as_str().to_owned(),
        after: step.after.clone(),
        expects: step.expects.clone().unwrap_or_default(),
        within: step.within.as_ref().map(limit),
        legal_basis: step.legal_basis.clone(),
    }
}

fn limit(limit: &TimeLimit) -> pb::TimeLimit {
    let before = limit.same_day_before;
    pb::TimeLimit {
        amount: limit.amount,
        unit: limit.unit.as_str().to_owned(),
        same_day_before: before.map_or_else(String::new, |time| {
            format!("{:02}:{:02}", time.hour(), time.minute())
        }),
    }
}

pub fn figures(level: Option<Level>, figures: &Figures) -> pb::CatalogFigures {
    pb::CatalogFigures {
        level: level.map_or_else(String::new, |level| level.to_string()),
        procedures: figures.procedures,
        fields: figures.fields,
        online_full: figures.online_full,
        online_partial: figures.online_partial,
        information: figures.information,
        interconnected: figures.interconnected(),
        horizontal: figures.horizontal,
        vertical: figures.vertical,
    }
}

pub fn changes(changes: &Changes) -> pb::CatalogChanges {
    pb::CatalogChanges {
        new: changes.new,
        replaced: changes.replaced,
        amended: changes.amended,
        abolished: changes.abolished,
    }
}
