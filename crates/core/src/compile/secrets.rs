//! Who has which Secret. Two AuthClients of one namespace may name one Secret; only one of them gets it, so that neither ever
//! overwrites what the other one authenticates with. The client whose Secret it is already keeps it, else the first by name.
//! Clients claim whether they are served or not, and at whatever server: the Secret lies in their namespace.

use crate::codes::Code;
use crate::finding::{Finding, Place};
use crate::inventory::{Inventory, Object};
use crate::names::{Kind, ObjectRef};
use crate::spec::{ClientSpec, SecretTemplate};
use std::collections::HashMap;
use std::sync::Arc;

/// The claims on names of Secrets.
pub struct SecretClaims<'a> {
    inventory: &'a Inventory,
    /// The strongest claim on each name that is not the default name of who claims it, by namespace and name.
    customs: HashMap<(&'a str, &'a str), &'a ObjectRef>,
}

impl<'a> SecretClaims<'a> {
    /// Notes what every client claims.
    #[must_use]
    pub fn of(inventory: &'a Inventory) -> Self {
        let mut claims = Self { inventory, customs: HashMap::new() };
        for (client, object) in &inventory.clients {
            let Some(name) = claims.custom(client, object) else { continue };
            let place = (&*client.namespace, &**name);
            let held = claims.customs.get(&place).copied();
            if held.is_none_or(|held| claims.is_stronger(client, held, name)) {
                claims.customs.insert(place, client);
            }
        }
        claims
    }

    /// The name that it claims, if it is not its default one. Of a client whose manifest cannot be used it is the name that its
    /// Secret has.
    fn custom(&self, client: &ObjectRef, object: &'a Object<ClientSpec>) -> Option<&'a Arc<str>> {
        let name = match object.spec.as_deref() {
            Some(spec) => spec.secret.name.as_ref(),
            None => self.inventory.secret_names.get(client),
        };
        name.filter(|name| SecretTemplate::default_owner(name) != Some(&*client.name))
    }

    fn has(&self, client: &ObjectRef, name: &str) -> bool {
        self.inventory.secret_names.get(client).is_some_and(|known| **known == *name)
    }

    fn is_stronger(&self, one: &ObjectRef, other: &ObjectRef, name: &str) -> bool {
        (!self.has(one, name), one) < (!self.has(other, name), other)
    }

    /// The client that has the Secret which this client asks for, if it is another one.
    #[must_use]
    pub fn other_holder(&self, client: &ObjectRef) -> Option<&'a ObjectRef> {
        // Default names differ as the names of their clients do.
        if self.customs.is_empty() {
            return None;
        }
        let (_, object) = self.inventory.clients.get_key_value(client)?;
        let name = object.spec.as_ref()?.secret.name_for(client);
        let custom = self.customs.get(&(&*client.namespace, &*name)).copied();
        let default = SecretTemplate::default_owner(&name)
            .and_then(|owner| {
                self.inventory.clients.get_key_value(&ObjectRef::new(client.namespace.clone(), owner))
            })
            .filter(|(owner, object)| self.custom(owner, object).is_none())
            .map(|(owner, _)| owner);
        let holder = match (custom, default) {
            (Some(custom), Some(default)) if self.is_stronger(default, custom, &name) => default,
            (Some(holder), _) | (None, Some(holder)) => holder,
            (None, None) => return None,
        };
        Some(holder).filter(|holder| *holder != client)
    }

    /// The clients that ask for a Secret which is another one's.
    pub fn conflicts(&self) -> impl Iterator<Item = &'a ObjectRef> {
        let clients = self.inventory.clients.keys();
        clients.take_while(|_| !self.customs.is_empty()).filter(|client| self.other_holder(client).is_some())
    }

    /// The finding on a client whose Secret is another one's.
    pub fn conflict(&self, client: &ObjectRef) -> Option<Finding> {
        let holder = self.other_holder(client)?;
        let name = self.inventory.clients.get(client)?.spec.as_ref()?.secret.name_for(client);
        let message = format!("Secret `{}/{name}` belongs to client `{holder}`", client.namespace);
        let finding = Finding::new(Code::SecretConflict, message)
            .at(Place::field(Kind::AuthClient, client, "secret.name"), "asked here too")
            .at(Place::field(Kind::AuthClient, holder, "secret.name"), "held here")
            .note("the client waits: a Secret of another client is never touched");
        Some(finding.help("write another secret.name here, or take it away and use the default name"))
    }
}
