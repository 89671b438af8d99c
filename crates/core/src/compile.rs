//! `compile`: manifests in, one Snapshot per AuthServer and one Report out. Pure and total: the same Inventory gives the
//! same bytes, in any order of its parts, and one bad object changes no other object's result.
//!
//! The steps, each in a file of its own: which servers there are ([`servers`]), which policies are accepted
//! ([`examples`]) and govern whom ([`select`]), what they leave of a client ([`narrow`]), and who holds which id
//! ([`ids`]) and which Secret ([`secrets`]); what goes on although something cannot be read is in [`freeze`] and [`unreadable`]. The lattice itself is
//! [`crate::policy`].

mod clients;
mod counts;
mod examples;
mod freeze;
mod ids;
mod narrow;
mod secrets;
mod select;
mod servers;
mod unreadable;

pub use narrow::{Judged, judge};
pub use secrets::SecretClaims;

use crate::inventory::Inventory;
use crate::names::ObjectRef;
use crate::report::Report;
use crate::snapshot::Snapshot;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What `compile` makes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Compiled {
    /// What each AuthServer enforces from now on. A server that serves nothing is absent.
    pub snapshots: BTreeMap<ObjectRef, Arc<Snapshot>>,
    /// Why, for people.
    pub report: Report,
}

/// Compiles an Inventory.
#[must_use]
pub fn compile(inventory: &Inventory) -> Compiled {
    if inventory.incomplete {
        return freeze::as_published(inventory);
    }
    let mut report = Report { stores: servers::store_reports(inventory), ..Report::default() };
    let policies = examples::judge_policies(inventory);
    report.policies = policies.reports;
    let mut servers = servers::judge_servers(inventory, &policies.accepted, &policies.rejected);
    clients::compile_clients(inventory, &mut servers, &mut report);
    counts::count(&mut report);
    Compiled { snapshots: servers::publish(&inventory.servers, servers, &mut report), report }
}
