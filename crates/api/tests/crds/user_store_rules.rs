//! The rules of UserStores.

use super::{accepts, rejects};
use nauthera_core::names::Kind::UserStore;
use serde_json::{Value, json};

fn directory(more: Value) -> Value {
    let search = json!({ "baseDN": "ou=people,dc=example", "usernameAttribute": "uid" });
    let mut ldap = json!({ "server": ["ldaps://ldap.example.com"], "userSearch": search });
    for (field, value) in more.as_object().unwrap() {
        ldap[field] = value.clone();
    }
    ldap
}

#[test]
fn a_store_has_the_block_of_its_type() {
    accepts(UserStore, json!({ "type": "static", "users": [] }));
    accepts(UserStore, json!({ "type": "ldap", "ldap": directory(json!({})) }));
    rejects(
        UserStore,
        json!({ "type": "static" }),
        "spec",
        "a UserStore of type static needs users: list the people, or choose type ldap",
    );
    rejects(
        UserStore,
        json!({ "type": "ldap" }),
        "spec",
        "a UserStore of type ldap needs ldap: say where the directory is, or choose type static",
    );
    rejects(
        UserStore,
        json!({ "type": "ldap", "ldap": directory(json!({})), "users": [] }),
        "spec.users",
        "users are for type static: take them away, or choose that type",
    );
    rejects(
        UserStore,
        json!({ "type": "static", "users": [], "ldap": directory(json!({})) }),
        "spec.ldap",
        "ldap is for type ldap: take it away, or choose that type",
    );
}

#[test]
fn start_tls_is_for_plain_addresses() {
    let ldap = |more: Value| json!({ "type": "ldap", "ldap": directory(more) });
    accepts(UserStore, ldap(json!({ "startTls": false })));
    accepts(UserStore, ldap(json!({ "startTls": true, "server": ["ldap://a.example", "ldap://b.example"] })));
    rejects(
        UserStore,
        ldap(json!({ "startTls": true, "server": ["ldap://a.example", "ldaps://b.example"] })),
        "spec.ldap.startTls",
        "startTls is for ldap:// addresses: an ldaps:// address is encrypted from the start, so take one of the two away",
    );
}

#[test]
fn a_bind_has_a_name_and_a_password() {
    let ldap = |more: Value| json!({ "type": "ldap", "ldap": directory(more) });
    let password = json!({ "name": "bind" });
    accepts(UserStore, ldap(json!({ "bindDN": "cn=search,dc=example", "bindPasswordSecretRef": password })));
    let message =
        "bindDN and bindPasswordSecretRef go together: write both, or neither for an anonymous bind";
    rejects(UserStore, ldap(json!({ "bindDN": "cn=search,dc=example" })), "spec.ldap", message);
    rejects(UserStore, ldap(json!({ "bindPasswordSecretRef": password })), "spec.ldap", message);
}
