//! Engine and fold against a world in which consumers come, fail and go, and keepers crash at any
//! moment with a record written or not.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "engine_tests/rules.rs"]
mod rules;
#[path = "engine_tests/world.rs"]
mod world;

use self::world::{Op, Shape, World};
use proptest::prelude::*;

fn shape() -> impl Strategy<Value = Shape> {
    let handling = (
        1..9_u32,
        1..6_u32,
        1..4_u32,
        1..2_000_u32,
        1..100_u32,
        1..40_u32,
    );
    let events = prop::collection::vec((0..8_u64, prop::bool::weighted(0.8)), 1..120);
    (handling, events).prop_map(|(handling, events)| Shape { handling, events })
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (1..6_usize).prop_map(Op::Offer),
        6 => Just(Op::Journal),
        6 => Just(Op::Recorded),
        8 => Just(Op::HandOut),
        8 => any::<u16>().prop_map(Op::Done),
        4 => any::<u16>().prop_map(Op::Fail),
        1 => any::<u16>().prop_map(Op::Return),
        2 => any::<u16>().prop_map(Op::Late),
        2 => (0..4_u64, 0..5_usize).prop_map(|(seat, share)| Op::Sit(seat, share)),
        1 => (0..4_u64).prop_map(Op::Leave),
        3 => (1..3_000_i64).prop_map(Op::Tick),
        1 => (30_000..200_000_i64).prop_map(Op::Tick),
        4 => (1..4_usize).prop_map(Op::Fetch),
        1 => any::<u16>().prop_map(Op::Gone),
        1 => any::<u16>().prop_map(Op::Retry),
        1 => any::<u16>().prop_map(Op::Skip),
        1 => prop::bool::ANY.prop_map(Op::Crash),
        1 => Just(Op::Zombie),
        1 => Just(Op::Pause),
        2 => Just(Op::Resume),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens_nothing_is_lost_or_out_of_order(
        shape in shape(),
        ops in prop::collection::vec(op(), 0..300),
    ) {
        let mut world = World::new(&shape);
        for op in ops {
            world.step(&op);
            world.check();
        }
        world.others_than_parked_are_done();
        world.everything_is_done_after_release();
        world.numbers_and_manifests_hold();
        world.another_fold_is_equal();
    }
}
