//! What happens to an inventory after it was published: objects are edited, deleted, broken and made.

use crate::tape::Tape;
use crate::universe::{client, one, policy, server};
use nauthera_core::inventory::{Inventory, Object};
use nauthera_core::names::ObjectRef;
use std::collections::BTreeMap;

/// Edits, breaks and deletes some objects.
pub fn objects(inventory: &mut Inventory, tape: &mut Tape) {
    some(tape, &mut inventory.servers, server);
    some(tape, &mut inventory.policies, policy);
    some(tape, &mut inventory.clients, client);
    for store in inventory.stores.values_mut() {
        if tape.once_in(5) {
            store.spec = None;
        }
    }
    // Secrets are rotated and revoked meanwhile.
    for record in inventory.credentials.values_mut() {
        if tape.once_in(4) {
            record.secrets.pop();
        }
    }
}

fn some<S>(tape: &mut Tape, objects: &mut BTreeMap<ObjectRef, Object<S>>, make: fn(&mut Tape) -> S) {
    objects.retain(|_, object| {
        match tape.below(10) {
            7 => *object = Object { generation: object.generation + 1, ..one(tape, make) },
            8 => object.spec = None,
            9 => return false,
            _ => {}
        }
        true
    });
}
