//! What counts for the exit code of `lienthong lag`: what the hub says needs a hand, narrowed to
//! some views and subscriptions, or measured against an operator's own bound.

use super::told::seconds_of;
use crate::exit::{Exit, Failure};
use lienthong_contract::pb::operations::v1::{Cause, GetLagResponse};

/// Statuses that say only that something is late, by how much the lag says.
const LATE: [&str; 3] = ["catching_up", "loading", "falling_behind"];

/// What counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scope {
    /// Only these views; with `subscriptions` empty, too: everything.
    pub views: Vec<String>,
    /// Only these subscriptions.
    pub subscriptions: Vec<String>,
    /// Lag in seconds above which a view or subscription needs a hand, and up to which being late
    /// alone is none; none: the hub's own judgement.
    pub max_lag: Option<f64>,
}

/// Something that the hub follows by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject<'a> {
    View(&'a str),
    Subscription(&'a str),
    Other,
}

impl Scope {
    fn is_everything(&self) -> bool {
        self.views.is_empty() && self.subscriptions.is_empty()
    }

    /// Whether something counts.
    fn takes(&self, subject: Subject<'_>) -> bool {
        let among = |names: &[String], name: &str| names.iter().any(|one| one == name);
        self.is_everything()
            || match subject {
                Subject::View(name) => among(&self.views, name),
                Subject::Subscription(name) => among(&self.subscriptions, name),
                Subject::Other => false,
            }
    }

    /// Whether a view counts.
    pub fn takes_view(&self, name: &str) -> bool {
        self.takes(Subject::View(name))
    }

    /// Whether a subscription counts.
    pub fn takes_subscription(&self, name: &str) -> bool {
        self.takes(Subject::Subscription(name))
    }

    /// That what was named is there.
    ///
    /// # Errors
    /// [`Exit::NotFound`], with what there is.
    pub fn check(&self, answer: &GetLagResponse) -> Result<(), Failure> {
        let views = answer.views.iter().map(|view| view.view.as_str());
        let subscriptions = answer.subscriptions.iter().map(|one| one.name.as_str());
        is_there("view", &self.views, views.collect())?;
        is_there("subscription", &self.subscriptions, subscriptions.collect())
    }
}

fn is_there(kind: &str, named: &[String], there: Vec<&str>) -> Result<(), Failure> {
    let Some(missing) = named.iter().find(|name| !there.contains(&name.as_str())) else {
        return Ok(());
    };
    let fix = match there.is_empty() {
        true => format!("leave --{kind} out: the hub tells of none"),
        false => format!("name one of {}", there.join(", ")),
    };
    let what = format!("there is no {kind} {missing}. Fix: {fix}");
    Err(Failure::new(Exit::NotFound, what))
}

fn subject(text: &str) -> Subject<'_> {
    match text.split_once(' ') {
        // With or without its partition.
        Some(("view", name)) => Subject::View(name.split_once('/').map_or(name, |(view, _)| view)),
        Some(("subscription", name)) => Subject::Subscription(name),
        Some(_) | None => Subject::Other,
    }
}

/// What the hub says needs a hand, as far as it counts.
pub fn causes<'a>(answer: &'a GetLagResponse, scope: &Scope) -> Vec<&'a Cause> {
    let counts = |cause: &&Cause| {
        let subject = subject(&cause.subject);
        // A bound of the operator's own takes the place of the hub's judgement of lateness.
        let judged = scope.max_lag.is_some()
            && subject != Subject::Other
            && LATE.contains(&cause.status.as_str());
        scope.takes(subject) && !judged
    };
    answer.causes.iter().filter(counts).collect()
}

/// What is later than the operator's own bound, in words.
pub fn too_late(answer: &GetLagResponse, scope: &Scope) -> Vec<String> {
    let Some(bound) = scope.max_lag else {
        return Vec::new();
    };
    let told = |kind: &str, name: &str, lag: f64| {
        format!(
            "{kind} {name} is {} late, more than {}",
            seconds_of(lag),
            seconds_of(bound)
        )
    };
    let views = answer.views.iter();
    let views = views
        .filter(|view| scope.takes_view(&view.view) && view.lag_seconds > bound)
        .map(|view| told("view", &view.view, view.lag_seconds));
    let subscriptions = answer.subscriptions.iter();
    let subscriptions = subscriptions
        .filter(|one| scope.takes_subscription(&one.name) && one.lag_seconds > bound)
        .map(|one| told("subscription", &one.name, one.lag_seconds));
    views.chain(subscriptions).collect()
}

/// How the command ends.
///
/// # Errors
/// [`Exit::NeedsHand`], naming what does.
pub fn verdict(answer: &GetLagResponse, scope: &Scope) -> Result<(), Failure> {
    let causes = causes(answer, scope);
    let causes = causes.iter().map(|cause| {
        let (subject, status) = (&cause.subject, &cause.status);
        format!("{subject} is {status}")
    });
    let all: Vec<String> = causes.chain(too_late(answer, scope)).collect();
    match all.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(
            Exit::NeedsHand,
            format!("needs a hand: {}", all.join("; ")),
        )),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use lienthong_contract::pb::operations::v1::{SubscriptionLag, ViewSummary};

    fn answer() -> GetLagResponse {
        let view = |name: &str, lag_seconds| ViewSummary {
            view: name.to_owned(),
            lag_seconds,
            ..ViewSummary::default()
        };
        let cause = |subject: &str, status: &str| Cause {
            subject: subject.to_owned(),
            status: status.to_owned(),
            ..Cause::default()
        };
        GetLagResponse {
            views: vec![view("case", 40.0), view("quality", 0.0)],
            subscriptions: vec![SubscriptionLag {
                name: "tax".to_owned(),
                lag_seconds: 90.0,
                ..SubscriptionLag::default()
            }],
            causes: vec![
                cause("view case/3", "falling_behind"),
                cause("subscription tax", "stalled"),
                cause("source urn:vn:H56", "silent"),
            ],
            ..GetLagResponse::default()
        }
    }

    fn said(scope: &Scope) -> String {
        match verdict(&answer(), scope) {
            Ok(()) => String::new(),
            Err(failure) => {
                assert_eq!(failure.exit(), Exit::NeedsHand);
                failure.to_string()
            }
        }
    }

    #[test]
    fn everything_that_the_hub_names_counts_unless_it_was_narrowed() {
        assert_eq!(
            said(&Scope::default()),
            "needs a hand: view case/3 is falling_behind; subscription tax is stalled; \
             source urn:vn:H56 is silent"
        );
        let view = |name: &str| Scope {
            views: vec![name.to_owned()],
            ..Scope::default()
        };
        assert_eq!(
            said(&view("case")),
            "needs a hand: view case/3 is falling_behind"
        );
        assert_eq!(said(&view("quality")), "");
    }

    #[test]
    fn a_bound_of_the_operators_own_judges_lateness_and_nothing_else() {
        let bound = |seconds| Scope {
            max_lag: Some(seconds),
            ..Scope::default()
        };
        assert_eq!(
            said(&bound(60.0)),
            "needs a hand: subscription tax is stalled; source urn:vn:H56 is silent; \
             subscription tax is 1m 30s late, more than 1m 0s"
        );
        let narrow = Scope {
            views: vec!["case".to_owned()],
            ..bound(60.0)
        };
        assert_eq!(said(&narrow), "");
        let strict = Scope {
            max_lag: Some(5.0),
            ..narrow
        };
        assert_eq!(
            said(&strict),
            "needs a hand: view case is 40s late, more than 5.0s"
        );
    }

    #[test]
    fn a_name_that_is_not_there_is_told_with_those_that_are() {
        let scope = Scope {
            views: vec!["cases".to_owned()],
            ..Scope::default()
        };
        let failure = scope.check(&answer()).unwrap_err();
        assert_eq!(failure.exit(), Exit::NotFound);
        assert_eq!(
            failure.to_string(),
            "there is no view cases. Fix: name one of case, quality"
        );
    }
}
