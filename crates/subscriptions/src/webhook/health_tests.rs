use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn health() -> (Health, Instant) {
    (Health::new(Schedule::default()), Instant::now())
}

/// Fails the endpoint for an event that `gate` lets through.
fn probe_fails(health: &mut Health, event: u64, now: Instant) -> Down {
    assert!(matches!(health.gate(now), Gate::Probe(_)));
    health.probe(event);
    assert_eq!(health.gate(now), Gate::Wait);
    health.down(Some(event), now, None, 0.5)
}

#[test]
fn an_event_is_to_blame_while_others_come_through_and_nobody_is_before_it_is_known() {
    let (mut health, start) = health();
    assert_eq!(health.failed(1, start), Blame::Unknown);
    health.accepted(start);
    assert_eq!(health.failed(1, start + 29 * SECOND), Blame::Event);
    assert_eq!(health.failed(1, start + 30 * SECOND), Blame::Unknown);
    health.answered(start + 31 * SECOND);
    assert_eq!(health.failed(1, start + 32 * SECOND), Blame::Event);
    assert_eq!(health.gate(start), Gate::Open);
}

#[test]
fn the_endpoint_is_to_blame_once_five_different_events_fail_in_a_row() {
    let (mut health, now) = health();
    health.accepted(now);
    for _ in 0..50 {
        assert_eq!(
            health.failed(1, now),
            Blame::Event,
            "one event, again and again"
        );
    }
    (2..5).for_each(|event| assert_eq!(health.failed(event, now), Blame::Event));
    assert_eq!(health.failed(5, now), Blame::Endpoint);
    // A server that answers the question and fails every event does not work.
    health.answered(now);
    assert_eq!(health.failed(1, now), Blame::Endpoint);
    health.accepted(now);
    assert_eq!(health.failed(1, now), Blame::Event);
}

#[test]
fn pauses_follow_the_schedule_for_three_days_and_then_the_endpoint_is_given_up() {
    let (mut health, start) = health();
    let mut now = start;
    assert_eq!(health.down(Some(1), now, None, 0.5), Down::Pause(1));
    let mut pauses = Vec::new();
    let failing = loop {
        let Gate::Shut(pause) = health.gate(now) else {
            panic!("there is a pause")
        };
        pauses.push(pause.as_secs());
        now += pause;
        match probe_fails(&mut health, 1, now) {
            Down::Pause(_) => {}
            Down::Already => panic!("the pause is over"),
            Down::GivenUp(failing) => break failing,
        }
    };
    assert_eq!(
        pauses,
        [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
    );
    assert_eq!(failing, now - start);
    assert!(failing >= 72 * 3_600 * SECOND);
}

#[test]
fn one_success_begins_the_schedule_and_the_three_days_anew() {
    let (mut health, start) = health();
    health.down(Some(1), start, None, 0.5);
    let late = start + 71 * 3_600 * SECOND;
    health.accepted(late);
    assert_eq!(health.gate(late), Gate::Open);
    let later = start + 73 * 3_600 * SECOND;
    assert_eq!(health.down(Some(2), later, None, 0.5), Down::Pause(1));
    assert_eq!(health.gate(later), Gate::Shut(5 * SECOND));
}

#[test]
fn a_pause_is_a_fifth_longer_or_shorter_at_random_but_as_long_as_the_endpoint_asks() {
    let pause = |asked, jitter| {
        let (mut health, now) = health();
        health.down(Some(1), now, asked, jitter);
        health.gate(now)
    };
    assert_eq!(pause(None, 0.0), Gate::Shut(4 * SECOND));
    assert_eq!(pause(None, 1.0), Gate::Shut(6 * SECOND));
    assert_eq!(pause(Some(90 * SECOND), 1.0), Gate::Shut(90 * SECOND));
    let day = 86_400 * SECOND;
    assert_eq!(pause(Some(30 * day), 0.0), Gate::Shut(day));
}

#[test]
fn what_was_under_way_when_the_pause_began_does_not_lengthen_it() {
    let (mut health, now) = health();
    assert_eq!(health.down(Some(1), now, None, 0.5), Down::Pause(1));
    let shut = health.gate(now);
    for event in 2..16 {
        assert_eq!(health.failed(event, now), Blame::Endpoint);
        assert_eq!(health.down(Some(event), now, None, 0.5), Down::Already);
    }
    assert_eq!(health.gate(now), shut);
    // Nor once the pause is over and another event is tried.
    let over = now + 6 * SECOND;
    health.probe(20);
    assert_eq!(health.down(Some(15), over, None, 0.5), Down::Already);
    assert_eq!(health.gate(over), Gate::Wait);
    assert_eq!(health.down(Some(20), over, None, 0.5), Down::Pause(2));
}

#[test]
fn after_a_pause_one_event_is_tried_that_was_not_tried_last() {
    let (mut health, now) = health();
    health.down(Some(1), now, None, 0.5);
    let over = now + 6 * SECOND;
    assert_eq!(health.gate(over), Gate::Probe(None));
    probe_fails(&mut health, 1, over);
    let over = over + 400 * SECOND;
    assert_eq!(health.gate(over), Gate::Probe(Some(1)));
    health.probe(2);
    health.accepted(over);
    assert_eq!(health.gate(over), Gate::Open);
}

#[test]
fn every_answer_to_a_tried_event_leads_out_of_waiting_for_it() {
    for works in [false, true] {
        let (mut health, now) = health();
        health.accepted(now);
        health.down(Some(1), now, None, 0.5);
        let over = now + 6 * SECOND;
        health.probe(1);
        // Though something came through lately: the endpoint was down since.
        assert_eq!(health.failed(1, over), Blame::Unknown);
        assert_eq!(health.gate(over), Gate::Wait);
        if works {
            health.answered(over);
            assert_eq!(health.gate(over), Gate::Open);
        } else {
            assert_eq!(health.down(None, over, None, 0.5), Down::Pause(2));
            assert!(matches!(health.gate(over), Gate::Shut(_)));
        }
    }
}
