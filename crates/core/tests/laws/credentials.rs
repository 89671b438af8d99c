//! The laws of clients' secrets, over thousands of histories: several actors take steps, die between any two of them, sleep with
//! what they have read and go on; people ask for rotations, delete Secrets and edit them; replicas learn of records late.
//!
//! At no moment is there a secret in a Secret, put there by us, that a replica refuses. Never do more than three count. What
//! was replaced counts for the overlap. And whatever happened, all is well soon after it stops.

mod world;

use crate::tape::{Tape, repeatable};
use nauthera_core::credentials::MOST_LIVE;
use proptest::prelude::*;
use world::{ACTORS, REPLICAS, World};

/// One thing happens.
fn happen(world: &mut World, tape: &mut Tape) {
    match tape.below(24) {
        0..=12 => {
            let actor = tape.below(ACTORS);
            world.act(actor);
        }
        13 | 14 => {
            let actor = tape.below(ACTORS);
            (0..4).for_each(|_| world.act(actor));
        }
        15..=17 => world.publish(tape.below(REPLICAS)),
        18 => world.crash(tape.below(ACTORS)),
        19 => world.pass(tape.pick(&[1, 30, 600, 3_600, 86_400, 10 * 86_400])),
        20 => world.ask_to_rotate(),
        21 if tape.once_in(3) => world.ask_to_revoke(),
        22 if tape.once_in(3) => world.delete_secret(),
        23 if tape.once_in(4) => world.edit_secret(),
        _ => (0..REPLICAS).for_each(|replica| world.publish(replica)),
    }
}

fn happenings() -> impl Strategy<Value = Vec<u16>> {
    proptest::collection::vec(any::<u16>(), 0..300)
}

fn lived(numbers: Vec<u16>) -> World {
    let mut tape = Tape::new(numbers);
    let tape = &mut tape;
    let mut world = World::new(tape.once_in(2));
    for _ in 0..120 {
        happen(&mut world, tape);
        world.must_be_sound();
    }
    world
}

proptest! {
    #![proptest_config(repeatable(400))]

    #[test]
    fn what_an_application_reads_is_live_whatever_happens(numbers in happenings()) {
        lived(numbers);
    }

    #[test]
    fn all_is_well_soon_after_nothing_happens_any_more(numbers in happenings()) {
        let mut world = lived(numbers);
        world.settle_down();
        let record = world.record();
        let current = record.current.expect("a current secret");
        prop_assert_eq!(world.secret(), Some(current));
        prop_assert!(record.pending.is_none() && record.keeps(current));
        let endless = record.secrets.iter().filter(|secret| secret.not_after.is_none());
        prop_assert_eq!(endless.count(), 1);
        prop_assert!(record.secrets.len() <= MOST_LIVE);
    }

    /// A single actor that dies between any two steps, and nobody who takes anything away: then nothing that was promised is broken.
    #[test]
    fn a_rotation_that_is_interrupted_between_any_two_steps_refuses_nobody(deaths in proptest::collection::vec(0..20usize, 0..4)) {
        let mut world = World::new(false);
        world.settle_down();
        world.ask_to_rotate();
        for steps in deaths {
            for _ in 0..steps {
                world.act(0);
                world.must_be_sound();
                world.publish(0);
                world.must_be_sound();
                world.publish(1);
            }
            world.crash(0);
        }
        world.settle_down();
        world.must_be_sound();
        prop_assert!(world.record().secrets.len() >= 2, "the old one counts for the overlap");
    }
}
