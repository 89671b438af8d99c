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
    /// It waits for a client whose manifest cannot be used and that is not served: nobody new gets it meanwhile.
    Reserved,
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
    /// Its manifest cannot be used and it is not served: what its credential record has waits for it.
    Recorded(&'a ObjectRef, &'a ClientId),
    /// The same without a record: its default id waits for it, at every server.
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
            match claims.claim(client, object) {
                Claim::Custom(server, id) => {
                    let strength = claims.strength(server, id, client);
                    claims.add(server, id, (strength, client));
                }
                Claim::Recorded(server, id) => claims.add(server, id, (Strength::Reserved, client)),
                Claim::Default(_) | Claim::Unknown => {}
            }
        }
        claims
    }

    fn claim(&self, client: &ObjectRef, object: &'a Object<ClientSpec>) -> Claim<'a> {
        let served = || self.published.home(client).map(|(server, row)| (server, Some(&row.client_id)));
        let spec = object.spec.as_ref().map(|spec| (&spec.server, spec.client_id.as_ref()));
        match (spec.or_else(served), self.inventory.credentials.get(client)) {
            (Some((server, Some(id))), _) if !is_default(id, client) => Claim::Custom(server, id),
            (Some((server, _)), _) => Claim::Default(server),
            (None, Some(record)) => Claim::Recorded(&record.server, &record.client_id),
            (None, None) => Claim::Unknown,
        }
    }

    fn strength(&self, server: &ObjectRef, id: &ClientId, client: &ObjectRef) -> Strength {
        let record = self.inventory.credentials.get(client);
        if record.is_some_and(|record| record.server == *server && record.client_id == *id) {
            Strength::Recorded
        } else if self.is_published(server, id, client) {
            Strength::Published
        } else {
            Strength::Asked
        }
    }

    fn is_published(&self, server: &ObjectRef, id: &ClientId, client: &ObjectRef) -> bool {
        self.published.row(server, client).is_some_and(|row| row.client_id == *id)
    }

    fn add(&mut self, server: &'a ObjectRef, id: &'a ClientId, claim: (Strength, &'a ObjectRef)) {
        let held = self.customs.entry(server).or_default().entry(id).or_insert(claim);
        if held.0 < claim.0 {
            *held = claim;
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
        let holder = match (self.default_claim(server, id), custom) {
            // A reservation takes an id from nobody who is served under it.
            (Some((Strength::Reserved, _)), Some((_, holder))) if self.is_published(server, id, holder) => {
                holder
            }
            (Some((_, holder)), _) | (None, Some((_, holder))) => holder,
            (None, None) => return None,
        };
        Some(holder).filter(|holder| *holder != client)
    }

    /// The client whose default id this is, if it claims it at this server; reserved where that is all that is known.
    fn default_claim(&self, server: &ObjectRef, id: &ClientId) -> Option<(Strength, &'a ObjectRef)> {
        let (namespace, name) = id.as_str().split_once('.')?;
        let (holder, object) = self.inventory.clients.get_key_value(&ObjectRef::new(namespace, name))?;
        match self.claim(holder, object) {
            Claim::Default(at) => (at == server).then_some((Strength::Recorded, holder)),
            Claim::Recorded(at, recorded) => {
                (at == server && recorded == id).then_some((Strength::Reserved, holder))
            }
            Claim::Unknown => Some((Strength::Reserved, holder)),
            Claim::Custom(..) => None,
        }
    }
}
