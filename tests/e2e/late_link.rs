//! A link that comes late gives the same views as one that comes early.

use crate::answers::{case_json, horizontal_json, vertical_json, without_links};
use crate::scenario::{self, CASE, CODES, birth, links};
use lienthong_tests::facts::Fact;
use lienthong_tests::instance::Instance;
use serde_json::Value;

/// Everything the views answer about the scenario, told in this order.
struct Told {
    cases: Vec<Value>,
    horizontal: Value,
    vertical: Value,
}

async fn told(facts: Vec<Fact>) -> Told {
    let hub = Instance::start().unwrap();
    let positions = hub.tell(&facts).await.unwrap();
    let mut cases = Vec::new();
    for code in CODES {
        cases.push(case_json(&hub, code, &positions).await);
    }
    Told {
        cases,
        horizontal: horizontal_json(&hub, &positions).await,
        vertical: vertical_json(&hub, &positions).await,
    }
}

#[tokio::test]
async fn early_late_and_named_links_give_the_same_case_and_the_same_figures() {
    let early = told([links(), birth()].concat()).await;
    let late = told([birth(), links()].concat()).await;
    let backwards = told([birth(), links()].concat().into_iter().rev().collect()).await;

    let case = &early.cases[0];
    assert_eq!(case["code"], CASE);
    assert_eq!(
        case["interconnectionClass"],
        "INTERCONNECTION_CLASS_VERTICAL"
    );
    assert_eq!(case["dossiers"].as_array().unwrap().len(), 4, "{case:#}");
    let timeline = case["timeline"].as_array().unwrap();
    assert_eq!(
        timeline.len(),
        birth().len() + links().len(),
        "each event once: {case:#}"
    );
    let linked = timeline
        .iter()
        .filter(|entry| entry["kind"] == "linked")
        .count();
    assert_eq!(
        linked,
        links().len(),
        "a link is recorded under both codes and shown once"
    );
    assert_eq!(case["dossiers"][0]["aliases"][0], scenario::RECEIPT);

    for (how, other) in [("late", &late), ("backwards", &backwards)] {
        for (code, (one, two)) in CODES.iter().zip(early.cases.iter().zip(&other.cases)) {
            assert_eq!(one, case, "asked for by {code}");
            assert_eq!(one, two, "{how}, asked for by {code}");
        }
        assert_eq!(early.horizontal, other.horizontal, "{how}");
        assert_eq!(early.vertical, other.vertical, "{how}");
    }

    let named = birth().into_iter().map(|fact| fact.case(CASE));
    let others = links().into_iter().filter(|link| !names_the_case(link));
    let named = told(named.chain(others).collect()).await;
    for (code, (one, two)) in CODES.iter().zip(early.cases.iter().zip(&named.cases)) {
        assert_eq!(
            without_links(one.clone()),
            without_links(two.clone()),
            "named in the header, asked for by {code}"
        );
    }
    assert_eq!(early.horizontal, named.horizontal);
    assert_eq!(early.vertical, named.vertical);
}

fn names_the_case(link: &Fact) -> bool {
    let id = link
        .event
        .header
        .as_ref()
        .map_or("", |header| header.id.as_str());
    matches!(id, "l1" | "l3" | "l5")
}
