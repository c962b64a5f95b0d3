//! The path of a case through agencies: its steps in order, from whatever parts they came.

pub mod day;
pub mod exchange;
pub mod hand_over;
pub mod holder;
pub mod openness;
pub mod stay;
#[cfg(test)]
pub(crate) mod testing;
pub mod waiting;

use crate::event::{Detail, Fingerprint, Kind, OrderKey, Party};

/// One step of a case, as a view remembers it. What a view does not keep is empty.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// Where the step stands in the case.
    pub order: OrderKey,
    /// The dossier it was told of. In a [`JoinedCase`] the dossier's name, aliases resolved
    /// (see [`crate::links::Group::dossier_of`]).
    pub dossier: &'a str,
    /// What happened.
    pub kind: Kind,
    /// Who acted.
    pub actor: Party<'a>,
    /// Who was addressed; see [`crate::event::Event::addressee`].
    pub addressee: Party<'a>,
    /// Hash of the exchange's number; 0: not told.
    pub reference: u64,
    /// Portal status 1 to 10; 0: none.
    pub portal_status: u8,
    /// Procedure code; empty: not told.
    pub procedure: &'a str,
    /// The deadline that the step sets, milliseconds since the Unix epoch.
    pub due_ms: Option<i64>,
    /// What else it tells. Of the case view only, like the two below.
    pub detail: Detail,
    /// Who told it; empty: not known.
    pub source: &'a str,
    /// When the hub took it in, milliseconds since the Unix epoch; 0: not known.
    pub recorded_ms: i64,
}

/// A case whole: the steps of every part that links tie together, each once.
#[derive(Debug, Clone, Default)]
pub struct JoinedCase<'a> {
    /// The case code if one is known, else the first dossier's code.
    pub code: &'a str,
    /// Dossiers, each once, in the order of their first steps; aliases are not listed
    /// as dossiers of their own.
    pub dossiers: Vec<&'a str>,
    /// Steps in the order of [`OrderKey`], duplicates of a fingerprint left out, and only
    /// those whose kind [`is_step`].
    pub steps: Vec<Step<'a>>,
    /// Lines of registers that name a dossier of the case, in the order of [`OrderKey`]. They are
    /// no steps: a dossier that only a register knows is not among `dossiers`, and a case of such
    /// dossiers alone has no steps. Of the case view only.
    pub entries: Vec<Step<'a>>,
    /// Steps that were told under another code than the dossier's name, with that code.
    pub told_as: Vec<(Fingerprint, &'a str)>,
}

impl<'a> JoinedCase<'a> {
    /// The procedure of the case: the one last told of its first dossier, else of the
    /// next dossier that tells one; empty: none told.
    pub fn procedure(&self) -> &'a str {
        let last_told = |dossier: &&'a str| {
            let mut steps = self.steps.iter().rev();
            steps.find(|step| step.dossier == *dossier && !step.procedure.is_empty())
        };
        let told = self.dossiers.iter().find_map(last_told);
        told.map_or("", |step| step.procedure)
    }
}

/// Whether an event of this kind is a step of a path. Links, operators' decisions and lines
/// of registers say nothing of the work on a dossier, so no path holds them.
pub fn is_step(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Linked | Kind::ParkedReleased | Kind::RegisterEntryReported
    )
}
