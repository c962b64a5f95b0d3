//! Which event an activity is, with the arguments that the kind takes.

use super::problem::Problem;
use crate::system::System;
use lienthong_contract::pb::event::v1::Channel;
use lienthong_domain::event::Kind;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Which event an activity is. Arguments name columns, except `channel`, `reason` and `status`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventRule {
    /// Name of the event's payload, such as `received`.
    pub kind: String,
    /// The channel of submitted, received, result_returned: the same for every row.
    pub channel: Option<ChannelName>,
    /// The channel told by a column.
    pub channel_by: Option<ChannelBy>,
    /// Column with the agency addressed: handed_over, returned, consulted; of accepted, who
    /// handed it over.
    pub to: Option<String>,
    /// Column with the number of the exchange: hand-over, consultation, supplement, payment.
    pub exchange: Option<String>,
    /// Column with the deadline or appointment.
    pub due: Option<String>,
    /// Column with the amount in dong.
    pub amount: Option<String>,
    /// Reason code: refused_at_intake, returned, withdrawn, stopped.
    pub reason: Option<String>,
    /// The source status of every such event, whatever the row's own column says.
    pub status: Option<RuleStatus>,
}

/// A code of a status table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleStatus {
    /// The table, such as `DVCQG`.
    pub system: String,
    /// The code in it.
    pub code: String,
}

/// A channel by its short name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelName {
    /// At the desk.
    Desk,
    /// Through a portal.
    Online,
    /// By post.
    Post,
    /// By another system.
    System,
}

/// A channel told by a column.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelBy {
    /// The column.
    pub column: String,
    /// What its cells mean. A cell not named here is an error.
    pub values: BTreeMap<String, ChannelName>,
}

/// What a kind can be told with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Argument {
    Channel,
    To,
    Exchange,
    Due,
    Amount,
    Reason,
}

use Argument::{Amount, Channel as Via, Due, Exchange, Reason, To};

/// The kinds a log can be mapped to: what they need, and what they may have besides.
const KINDS: [(Kind, &[Argument], &[Argument]); 21] = [
    (Kind::Submitted, &[Via], &[]),
    (Kind::Received, &[Via], &[Due]),
    (Kind::RefusedAtIntake, &[], &[Reason]),
    (Kind::HandedOver, &[To], &[Exchange, Due]),
    (Kind::Accepted, &[], &[To, Exchange]),
    (Kind::Returned, &[To], &[Exchange, Reason]),
    (Kind::Consulted, &[To, Exchange], &[Due]),
    (Kind::Answered, &[Exchange], &[]),
    (Kind::SupplementRequested, &[], &[Exchange, Due]),
    (Kind::SupplementReceived, &[], &[Exchange, Due]),
    (Kind::PaymentRequested, &[], &[Exchange, Amount, Due]),
    (Kind::PaymentMade, &[], &[Exchange, Amount]),
    (Kind::Appraised, &[], &[]),
    (Kind::Approved, &[], &[]),
    (Kind::Signed, &[], &[]),
    (Kind::Extended, &[Due], &[]),
    (Kind::Withdrawn, &[], &[Reason]),
    (Kind::Stopped, &[], &[Reason]),
    (Kind::ResultIssued, &[], &[]),
    (Kind::ResultReturned, &[Via], &[]),
    (Kind::ProgressReported, &[], &[Due]),
];

impl EventRule {
    /// The kind, if a log can be mapped to it.
    pub fn event_kind(&self) -> Option<Kind> {
        self.entry().map(|(kind, _, _)| *kind)
    }

    fn entry(&self) -> Option<&'static (Kind, &'static [Argument], &'static [Argument])> {
        KINDS.iter().find(|(kind, _, _)| kind.name() == self.kind)
    }

    /// The columns that the rule reads.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        let told = [&self.to, &self.exchange, &self.due, &self.amount];
        let channel = self.channel_by.as_ref().map(|by| by.column.as_str());
        told.into_iter()
            .flatten()
            .map(String::as_str)
            .chain(channel)
    }

    /// Checks that the kind exists and has the arguments it takes; `at` names the rule.
    pub(super) fn check(&self, system: System, at: &str) -> Result<(), Problem> {
        let Some((kind, needed, allowed)) = self.entry() else {
            let names: Vec<&str> = KINDS.iter().map(|(kind, _, _)| kind.name()).collect();
            let what = format!("a log cannot be mapped to {:?}", self.kind);
            return Err(Problem::cell(
                0,
                &format!("{at}.kind"),
                what,
                format!("write one of {}", names.join(", ")),
            ));
        };
        if !super::payload::is_taken(system, *kind) {
            let what = format!("the {} adapter takes no {}", system.name(), kind.name());
            return Err(Problem::cell(
                0,
                &format!("{at}.kind"),
                what,
                "choose another kind, or another adapter",
            ));
        }
        if self.channel.is_some() && self.channel_by.is_some() {
            return Err(Problem::cell(
                0,
                &format!("{at}.channel"),
                "channel_by is there too",
                "keep one of them",
            ));
        }
        let given = self.given();
        if let Some(missing) = needed.iter().find(|argument| !given.contains(argument)) {
            let name = missing.name();
            let what = format!("{} needs {name}", kind.name());
            return Err(Problem::cell(0, &format!("{at}.{name}"), what, "set it"));
        }
        match given
            .iter()
            .find(|argument| !needed.contains(argument) && !allowed.contains(argument))
        {
            None => Ok(()),
            Some(extra) => {
                let what = format!("{} takes no {}", kind.name(), extra.name());
                Err(Problem::cell(
                    0,
                    &format!("{at}.{}", extra.name()),
                    what,
                    "remove it",
                ))
            }
        }
    }

    fn given(&self) -> Vec<Argument> {
        let told = [
            (Via, self.channel.is_some() || self.channel_by.is_some()),
            (To, self.to.is_some()),
            (Exchange, self.exchange.is_some()),
            (Due, self.due.is_some()),
            (Amount, self.amount.is_some()),
            (Reason, self.reason.is_some()),
        ];
        told.into_iter()
            .filter(|(_, given)| *given)
            .map(|(argument, _)| argument)
            .collect()
    }
}

impl Argument {
    fn name(self) -> &'static str {
        match self {
            Via => "channel",
            To => "to",
            Exchange => "exchange",
            Due => "due",
            Amount => "amount",
            Reason => "reason",
        }
    }
}

impl From<ChannelName> for Channel {
    fn from(name: ChannelName) -> Self {
        match name {
            ChannelName::Desk => Channel::Desk,
            ChannelName::Online => Channel::Online,
            ChannelName::Post => Channel::Post,
            ChannelName::System => Channel::System,
        }
    }
}
