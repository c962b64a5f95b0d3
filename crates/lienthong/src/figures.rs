//! The figures of a line of performance, each once: how it is called in a file and by a person,
//! and where it stands in the answer. Tables, CSV and its description are all made from this list.

use crate::words;
use lienthong_contract::pb::performance::v1::{Figures, Share};

/// A number of dossiers.
pub struct Count {
    /// Its name in the contract.
    pub name: &'static str,
    /// For a person.
    pub title: &'static str,
    /// Its value.
    pub of: fn(&Figures) -> u64,
}

/// A share; never shown without its numerator and denominator.
pub struct Rate {
    /// Its name in the contract.
    pub name: &'static str,
    /// For a person: what of what.
    pub title: &'static str,
    /// Its value.
    pub of: fn(&Figures) -> &Option<Share>,
}

const fn count(name: &'static str, title: &'static str, of: fn(&Figures) -> u64) -> Count {
    Count { name, title, of }
}

const fn rate(name: &'static str, title: &'static str, of: fn(&Figures) -> &Option<Share>) -> Rate {
    Rate { name, title, of }
}

/// Every number of dossiers, in the order of the contract.
pub const COUNTS: [Count; 22] = [
    count("carried_over", "Carried over", |f| f.carried_over),
    count("received", "Received", |f| f.received),
    count("received_desk", "Received at the desk", |f| f.received_desk),
    count("received_online_partial", "Received online, partial", |f| {
        f.received_online_partial
    }),
    count("received_online_full", "Received online, full", |f| {
        f.received_online_full
    }),
    count(
        "received_online_unknown",
        "Received online, level not told",
        |f| f.received_online_unknown,
    ),
    count("received_post", "Received by post", |f| f.received_post),
    count("received_other", "Received otherwise or not told", |f| {
        f.received_other
    }),
    count("settled", "Settled", |f| f.settled),
    count("settled_early", "Settled early", |f| f.settled_early),
    count("settled_on_time", "Settled on time", |f| f.settled_on_time),
    count("settled_late", "Settled late", |f| f.settled_late),
    count("settled_without_due", "Settled, no deadline known", |f| {
        f.settled_without_due
    }),
    count("withdrawn", "Withdrawn", |f| f.withdrawn),
    count("refused", "Refused", |f| f.refused),
    count("in_work", "In work", |f| f.in_work),
    count("in_work_in_time", "In work, in time", |f| f.in_work_in_time),
    count("in_work_overdue", "In work, overdue", |f| f.in_work_overdue),
    count("paused", "Paused", |f| f.paused),
    count(
        "reopened",
        "Carried over, taken up again after an end",
        |f| f.reopened,
    ),
    count(
        "submitted_only",
        "Handed in and not yet received (not in the sum)",
        |f| f.submitted_only,
    ),
    count(
        "ended_before_reception",
        "Refused or withdrawn unreceived (not in the sum)",
        |f| f.ended_before_reception,
    ),
];

/// Every share, in the order of the contract.
pub const RATES: [Rate; 11] = [
    rate("on_time", "Settled early or on time, of settled", |f| {
        &f.on_time
    }),
    rate("online", "Received online, of desk and online", |f| {
        &f.online
    }),
    rate(
        "online_partial",
        "Received online, of desk and online of partial services",
        |f| &f.online_partial,
    ),
    rate(
        "online_full",
        "Received online, of desk and online of full services",
        |f| &f.online_full,
    ),
    rate(
        "digitised_dossiers",
        "Received with papers digitised, of received",
        |f| &f.digitised_dossiers,
    ),
    rate(
        "digitised_results",
        "Settled with the result digitised or electronic, of settled",
        |f| &f.digitised_results,
    ),
    rate(
        "electronic_results",
        "Settled with an electronic result, of settled",
        |f| &f.electronic_results,
    ),
    rate(
        "signed_results",
        "Electronic results digitally signed, of electronic results",
        |f| &f.signed_results,
    ),
    rate(
        "online_payment",
        "Paid online, of payments of settled",
        |f| &f.online_payment,
    ),
    rate(
        "satisfied",
        "Ratings of 4 or 5, of ratings of settled",
        |f| &f.satisfied,
    ),
    rate("digitised", "Papers and results digitised together", |f| {
        &f.digitised
    }),
];

/// `16/18 88.89%`; of nothing, `0/0 -`.
pub fn share(share: &Option<Share>) -> String {
    let Share {
        numerator,
        denominator,
    } = share.unwrap_or_default();
    let counts = format!("{}/{}", words::count(numerator), words::count(denominator));
    match percent(numerator, denominator) {
        Some(percent) => format!("{counts} {percent}%"),
        None => format!("{counts} {}", words::NOTHING),
    }
}

/// Hundredths of a percent rounded half up, as decree reports are; none of nothing.
fn percent(numerator: u64, denominator: u64) -> Option<String> {
    let (numerator, denominator) = (u128::from(numerator), u128::from(denominator));
    let hundredths = (numerator * 20_000 + denominator).checked_div(denominator * 2)?;
    Some(format!("{}.{:02}", hundredths / 100, hundredths % 100))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use prost::Message;
    use prost_types::FileDescriptorSet;

    #[test]
    fn every_figure_of_the_contract_is_listed_once() {
        let set = FileDescriptorSet::decode(lienthong_contract::DESCRIPTORS).unwrap();
        let messages = set.file.iter().flat_map(|file| &file.message_type);
        let figures = messages
            .clone()
            .find(|one| one.name() == "Figures")
            .unwrap();
        let mut told: Vec<&str> = figures.field.iter().map(|field| field.name()).collect();
        let counts = COUNTS.iter().map(|count| count.name);
        let mut listed: Vec<&str> = counts.chain(RATES.iter().map(|rate| rate.name)).collect();
        told.sort_unstable();
        listed.sort_unstable();
        assert_eq!(listed, told);
    }

    #[test]
    fn each_name_stands_for_the_field_of_that_name() {
        for (at, name) in COUNTS.iter().map(|count| count.name).enumerate() {
            let json = serde_json::json!({ name: 7 }).to_string();
            let figures = read(&json);
            let told: Vec<u64> = COUNTS.iter().map(|count| (count.of)(&figures)).collect();
            let wanted: Vec<u64> = (0..COUNTS.len()).map(|n| 7 * u64::from(n == at)).collect();
            assert_eq!(told, wanted, "{name}");
        }
        for (at, name) in RATES.iter().map(|rate| rate.name).enumerate() {
            let json = serde_json::json!({ name: {"numerator": 3, "denominator": 4} }).to_string();
            let figures = read(&json);
            let told = RATES.iter().map(|rate| (rate.of)(&figures).is_some());
            assert_eq!(told.clone().filter(|told| *told).count(), 1, "{name}");
            assert_eq!(
                told.collect::<Vec<_>>().iter().position(|told| *told),
                Some(at)
            );
        }
    }

    fn read(json: &str) -> Figures {
        let name = "lienthong.performance.v1.Figures";
        let bytes = lienthong_contract::json::to_bytes(name, json).unwrap();
        Figures::decode(&bytes[..]).unwrap()
    }

    #[test]
    fn a_share_shows_both_its_numbers_and_rounds_half_up() {
        let told = |numerator, denominator| {
            share(&Some(Share {
                numerator,
                denominator,
            }))
        };
        assert_eq!(told(3_341, 3_346), "3,341/3,346 99.85%");
        assert_eq!(told(1, 3), "1/3 33.33%");
        assert_eq!(told(2, 3), "2/3 66.67%");
        assert_eq!(told(1, 16), "1/16 6.25%");
        assert_eq!(told(1, 20_000), "1/20,000 0.01%");
        assert_eq!(told(0, 0), "0/0 -");
        assert_eq!(share(&None), "0/0 -");
    }
}
