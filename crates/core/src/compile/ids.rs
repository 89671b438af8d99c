//! Who holds which client id at a server. A default id always wins over a custom one; of two custom claims the client that
//! the credential record names keeps the id, else the one under which it is published, else the first by namespace and name.

use super::freeze::Published;
use crate::inventory::{Inventory, Object};
use crate::names::{ClientId, ObjectRef};
use crate::spec::ClientSpec;
use std::collections::HashMap;

/// Is this the id that the object has when it claims no other?
pub fn is_default(id: &ClientId, object: &ObjectRef) -> bool {
    let rest = id.as_str().strip_prefix(&*object.namespace).and_then(|rest| rest.strip_prefix('.'));
    rest == Some(&*object.name)
}

/// How strong a custom claim is; the stronger one holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    /// It is asked for.
    Asked,
    /// It is served under it.
    Published,
    /// Its credential record has it.
    Recorded,
}

/// What a client claims. Clients claim whether they are served or not, so that an id does not change hands when a policy
/// changes or a manifest breaks.
enum Claim<'a> {
    Default(&'a ObjectRef),
    Custom(&'a ObjectRef, &'a ClientId),
    /// Its manifest cannot be used and nothing else is known of it: its default id waits for it, unless another client
    /// holds that id already.
    Unknown,
}

/// The claims on ids, by server.
pub struct Claims<'a> {
    inventory: &'a Inventory,
    published: &'a Published<'a>,
    customs: HashMap<&'a ObjectRef, HashMap<&'a ClientId, (Strength, &'a ObjectRef)>>,
}

impl<'a> Claims<'a> {
    /// Notes what every client claims.
    pub fn of(inventory: &'a Inventory, published: &'a Published<'a>) -> Self {
        let mut claims = Self { inventory, published, customs: HashMap::new() };
        for (client, object) in &inventory.clients {
            if let Claim::Custom(server, id) = claims.claim(client, object) {
                claims.add(server, id, client);
            }
        }
        claims
    }

    fn claim(&self, client: &ObjectRef, object: &'a Object<ClientSpec>) -> Claim<'a> {
        let unreadable = || match self.published.home(client) {
            Some((server, row)) => Some((server, Some(&row.client_id))),
            None => self.inventory.credentials.get(client).map(|r| (&r.server, Some(&r.client_id))),
        };
        let spec = object.spec.as_ref().map(|spec| (&spec.server, spec.client_id.as_ref()));
        match spec.or_else(unreadable) {
            Some((server, Some(id))) if !is_default(id, client) => Claim::Custom(server, id),
            Some((server, _)) => Claim::Default(server),
            None => Claim::Unknown,
        }
    }

    fn add(&mut self, server: &'a ObjectRef, id: &'a ClientId, client: &'a ObjectRef) {
        let record = self.inventory.credentials.get(client);
        let recorded = record.is_some_and(|record| record.server == *server && record.client_id == *id);
        let row = self.published.row(server, client);
        let strength = match (recorded, row) {
            (true, _) => Strength::Recorded,
            (false, Some(row)) if row.client_id == *id => Strength::Published,
            (false, _) => Strength::Asked,
        };
        let held = self.customs.entry(server).or_default().entry(id).or_insert((strength, client));
        if held.0 < strength {
            *held = (strength, client);
        }
    }

    /// The holder of an id at a server, if it is not this client.
    pub fn other_holder(
        &self,
        server: &ObjectRef,
        id: &ClientId,
        client: &ObjectRef,
    ) -> Option<&'a ObjectRef> {
        if is_default(id, client) {
            return None;
        }
        let custom = self.customs.get(server).and_then(|ids| ids.get(id)).copied();
        let holder = match self.default_claim(server, id) {
            Some((holder, true)) => Some(holder),
            Some((holder, false)) => match custom {
                Some((Strength::Recorded | Strength::Published, holder)) => Some(holder),
                Some((Strength::Asked, _)) | None => Some(holder),
            },
            None => custom.map(|(_, holder)| holder),
        };
        holder.filter(|holder| *holder != client)
    }

    /// The client whose default id this is, if it claims it at this server, and whether that is certain.
    fn default_claim(&self, server: &ObjectRef, id: &ClientId) -> Option<(&'a ObjectRef, bool)> {
        let (namespace, name) = id.as_str().split_once('.')?;
        let (holder, object) = self.inventory.clients.get_key_value(&ObjectRef::new(namespace, name))?;
        match self.claim(holder, object) {
            Claim::Default(at) => (at == server).then_some((holder, true)),
            Claim::Unknown => Some((holder, false)),
            Claim::Custom(..) => None,
        }
    }
}
