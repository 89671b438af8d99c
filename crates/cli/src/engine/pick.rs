//! Which AuthServer is served: the only one, or the one that was asked for.

use nauthera_core::codes::Code;
use nauthera_core::finding::{Finding, Place};
use nauthera_core::inventory::Inventory;
use nauthera_core::names::{Kind, ObjectRef};

/// The server to serve; `before` is the one that was served. Without one, the finding that says why.
pub fn pick(
    wanted: Option<&ObjectRef>,
    inventory: &Inventory,
    before: Option<&ObjectRef>,
) -> Result<ObjectRef, Box<Finding>> {
    let mut servers = inventory.servers.keys();
    // What cannot be read may be the server: what was served before goes on, whatever else can be read.
    let before = before.filter(|_| inventory.incomplete && wanted.is_none());
    match (wanted.or(before), servers.next(), servers.next()) {
        (Some(wanted), ..) if inventory.servers.contains_key(wanted) || inventory.incomplete => {
            Ok(wanted.clone())
        }
        (Some(wanted), ..) => Err(Box::new(not_there(wanted, inventory))),
        (None, Some(only), None) => Ok(only.clone()),
        (None, Some(_), Some(_)) => Err(Box::new(several(inventory))),
        (None, None, _) if inventory.incomplete => Err(Box::new(none(
            "no AuthServer can be read here",
            "make readable what is reported; the AuthServer may be in it",
        ))),
        (None, None, _) => {
            let help = "add an object of kind AuthServer with an issuerUrl";
            Err(Box::new(none("there is no AuthServer here", help)))
        }
    }
}

fn none(what: &str, help: &str) -> Finding {
    Finding::new(Code::NothingToServe, what).help(help)
}

fn not_there(wanted: &ObjectRef, inventory: &Inventory) -> Finding {
    let finding = Finding::new(Code::NothingToServe, format!("AuthServer `{wanted}` is not there"));
    match names(inventory) {
        Some(known) => finding.note(format!("there is {known}")),
        None => finding.note("there is no AuthServer at all"),
    }
}

fn several(inventory: &Inventory) -> Finding {
    let known = names(inventory).unwrap_or_default();
    let finding = Finding::new(Code::NothingToServe, format!("there are several AuthServers: {known}"))
        .help("pick one with --server NAMESPACE/NAME");
    let place = |server: &ObjectRef| Place::new(Kind::AuthServer, server, "");
    inventory.servers.keys().fold(finding, |finding, server| finding.at(place(server), "one of them"))
}

fn names(inventory: &Inventory) -> Option<String> {
    let names: Vec<String> = inventory.servers.keys().map(ToString::to_string).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
