//! Who holds which client id at a server. A default id always wins over a custom one; of two custom claims the client
//! that already holds the id keeps it, else the first by namespace and name.

use crate::inventory::Inventory;
use crate::names::{ClientId, ObjectRef};
use std::collections::HashMap;

/// The claims on one server's ids.
#[derive(Default)]
pub struct Claims<'a> {
    defaults: HashMap<ClientId, &'a ObjectRef>,
    customs: HashMap<ClientId, (bool, &'a ObjectRef)>,
}

impl<'a> Claims<'a> {
    /// Notes the id that a client wants. Default ids are claimed by every client without a custom one, served or not, so that an
    /// id does not change hands when a policy does.
    pub fn claim(
        &mut self,
        inventory: &Inventory,
        server: &ObjectRef,
        client: &'a ObjectRef,
        custom: Option<&ClientId>,
    ) {
        let Some(id) = custom else {
            self.defaults.insert(ClientId::default_of(client), client);
            return;
        };
        let record = inventory.credentials.get(client);
        let recorded = record.is_some_and(|record| record.server == *server && record.client_id == *id);
        let published = inventory.published.get(server).and_then(|snapshot| snapshot.clients.get(id));
        let holds = recorded || published.is_some_and(|row| row.object == *client);
        match self.customs.get_mut(id) {
            Some(held) if holds && !held.0 => *held = (true, client),
            Some(_) => {}
            None => {
                self.customs.insert(id.clone(), (holds, client));
            }
        }
    }

    /// The holder of an id, if it is not this client.
    pub fn other_holder(&self, id: &ClientId, client: &ObjectRef) -> Option<&'a ObjectRef> {
        let holder =
            self.defaults.get(id).copied().or_else(|| self.customs.get(id).map(|(_, holder)| *holder));
        holder.filter(|holder| *holder != client)
    }
}
