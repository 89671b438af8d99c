//! UserStore to `nauthera_core::spec::UserStoreSpec`.

use super::fault::{At, Fault, Faults};
use super::{lists, person};
use crate::v1alpha1::{Directory, UserStoreSpec, UserStoreType};
use nauthera_core::names::ObjectRef;
use nauthera_core::spec::{self, LdapSpec};
use std::collections::BTreeMap;
use url::Url;

/// Reads a UserStore's spec. `object` names the store.
///
/// # Errors
/// Every [`Fault`] of the spec, in the order of its fields.
pub fn user_store(_object: &ObjectRef, written: &UserStoreSpec) -> Result<spec::UserStoreSpec, Vec<Fault>> {
    let mut faults = Faults::default();
    let at = At::Root.field("spec");
    let spec = match (written.store_type, &written.users, &written.ldap) {
        (UserStoreType::Static, Some(users), None) => {
            let at = at.field("users");
            let mut names: BTreeMap<String, &str> = BTreeMap::new();
            let mut people = Vec::with_capacity(users.len());
            for (index, user) in users.iter().enumerate() {
                let at = at.index(index);
                if let Some(first) = names.insert(user.username.to_lowercase(), &user.username) {
                    faults.add(&at.field("username"), format!("`{}` and `{}` are one username, since letters of either case are one; rename one of them", lists::cut(first), lists::cut(&user.username)));
                }
                people.push(person::person(&mut faults, &at, user));
            }
            Some(spec::UserStoreSpec::Static(people))
        }
        (UserStoreType::Ldap, None, Some(directory)) => {
            Some(spec::UserStoreSpec::Ldap(ldap(&mut faults, &at.field("ldap"), directory)))
        }
        (UserStoreType::Static, ..) => {
            faults.add(
                &at,
                "a UserStore of type static has users and nothing else; write users, or choose another type",
            );
            None
        }
        (UserStoreType::Ldap, ..) => {
            faults.add(
                &at,
                "a UserStore of type ldap has ldap and nothing else; write ldap, or choose another type",
            );
            None
        }
    };
    faults.done(spec)
}

fn ldap(faults: &mut Faults, at: &At<'_>, written: &Directory) -> LdapSpec {
    let servers = lists::each(faults, &at.field("server"), &written.server, |text| {
        let plain = Url::parse(text).ok().is_some_and(|url| {
            matches!(url.scheme(), "ldap" | "ldaps")
                && url.host_str().is_some_and(|host| !host.is_empty())
                && url.username().is_empty()
                && url.password().is_none()
                && matches!(url.path(), "" | "/")
                && url.query().is_none()
                && url.fragment().is_none()
        });
        if plain {
            return Ok(text.into());
        }
        Err(format!(
            "`{}` is not the address of a directory; write ldaps://HOST or ldap://HOST, with a port where it is not the usual one",
            lists::cut(text)
        ))
    });
    for (name, search) in [
        ("userSearch", written.user_search.filter.as_ref()),
        ("groupSearch", written.group_search.as_ref().and_then(|search| search.filter.as_ref())),
    ] {
        if let Some(filter) = search.filter(|filter| !is_filter(filter)) {
            let message = format!(
                "`{}` is not an LDAP filter; write it in parentheses, such as (objectClass=person)",
                lists::cut(filter)
            );
            faults.add(&at.field(name).field("filter"), message);
        }
    }
    if let Some(timeouts) = &written.timeouts {
        faults.lifetime(&at.field("timeouts").field("connect"), timeouts.connect.as_ref());
        faults.lifetime(&at.field("timeouts").field("operation"), timeouts.operation.as_ref());
    }
    LdapSpec { servers }
}

/// In parentheses, and each that opens closes (RFC 4515 writes parentheses inside values as `\28` and `\29`).
fn is_filter(text: &str) -> bool {
    let mut depth = 0_i32;
    for (at, c) in text.char_indices() {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        if depth < 0 || (depth == 0 && at + 1 < text.len()) {
            return false;
        }
    }
    depth == 0 && text.starts_with('(')
}
