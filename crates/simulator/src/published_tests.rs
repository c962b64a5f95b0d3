//! Tests of the published scenarios: what they send holds together and adds up.

use super::*;
use std::collections::BTreeSet;

#[test]
fn equal_seeds_give_equal_plays_and_others_give_others() {
    let ids = |seed| -> Vec<String> {
        let play = play(Published::VanHo, seed).unwrap();
        play.events
            .iter()
            .map(|event| format!("{}@{}", event.message.id(), event.arrival_ms))
            .collect()
    };
    assert_eq!(ids(1), ids(1));
    assert_ne!(ids(1), ids(2));
}

#[test]
fn every_scenario_is_generated_and_no_event_id_is_given_twice() {
    for which in Published::ALL {
        let play = play(which, 2025).unwrap();
        let ids: BTreeSet<&str> = play.events.iter().map(|event| event.message.id()).collect();
        assert_eq!(ids.len(), play.events.len(), "{}", which.name());
        let changes: BTreeSet<&str> = play.catalogue.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(changes.len(), play.catalogue.len(), "{}", which.name());
        assert_eq!(Published::parse(which.name()), Some(which));
        let order = play.events.windows(2);
        assert!(
            order
                .into_iter()
                .all(|two| two[0].arrival_ms <= two[1].arrival_ms)
        );
        println!(
            "{}: {} changes, {} events",
            which.name(),
            play.catalogue.len(),
            play.events.len()
        );
    }
}
