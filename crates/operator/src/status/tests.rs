//! Statuses, state by state, and what holds for all of them.

mod clients;
mod kstatus;
mod laws;
mod others;

use super::*;
use crate::world::{client as client_spec, name, publish, put, world};
use kstatus::Kstatus;
use nauthera_api::objects::Judged;
use nauthera_api::v1alpha1::AuthClientStatus;
use nauthera_core::inventory::Inventory;
use nauthera_core::names::{Kind, ObjectRef};
use nauthera_core::report::Report;
use nauthera_core::time::UnixTime;
use nauthera_core::uri::IssuerUrl;
use serde_json::Value;

const NOW: UnixTime = UnixTime(1_790_000_000);

fn issuer() -> IssuerUrl {
    IssuerUrl::parse("https://id.example").unwrap()
}

/// A client `shop/web` in a world, and what is said of it.
struct Case {
    inventory: Inventory,
    judged: Judged,
    report: Report,
    object: ObjectRef,
    issuer: IssuerUrl,
}

impl Case {
    fn of(mut inventory: Inventory, spec: Value) -> Self {
        let judged = put(&mut inventory, Kind::AuthClient, "shop/web", 1, spec);
        let report = publish(&mut inventory).report;
        Self { inventory, judged, report, object: name("shop/web"), issuer: issuer() }
    }

    fn edited(&mut self, generation: i64, spec: Value) {
        self.judged = put(&mut self.inventory, Kind::AuthClient, "shop/web", generation, spec);
        self.report = publish(&mut self.inventory).report;
    }

    fn status<'a>(&'a self, change: impl FnOnce(&mut ClientFacts<'a>)) -> AuthClientStatus {
        let mut facts = ClientFacts {
            object: &self.object,
            generation: self.judged.metadata.generation,
            reading: &self.judged.findings,
            report: &self.report.clients[&self.object],
            issuer: Some(&self.issuer),
            secret: SecretFact::Written,
            live: Live::Everywhere,
            out_of_reach: false,
            frozen_by: &[],
            next_rotation: None,
            there: None,
        };
        change(&mut facts);
        client(&facts)
    }

    fn settled(&self) -> AuthClientStatus {
        self.status(|_| ())
    }
}

/// `Ready=True Ready` and so on.
fn said(status: &impl HasConditions) -> Vec<String> {
    status.conditions().iter().map(|c| format!("{}={} {}", c.type_, c.status, c.reason)).collect()
}

fn message<'s>(status: &'s impl HasConditions, kind: &str) -> &'s str {
    &status.conditions().iter().find(|condition| condition.type_ == kind).unwrap().message
}

fn judged_by_kstatus(status: &impl HasConditions, generation: i64) -> Kstatus {
    kstatus::judge(generation, status.observed_generation(), status.conditions())
}
