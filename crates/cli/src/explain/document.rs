//! An explanation as JSON.

use crate::output::json::FindingView;
use nauthera_core::codes::Code;
use nauthera_core::names::ObjectRef;
use nauthera_core::report::ClientReport;
use nauthera_core::snapshot::PolicyMark;
use nauthera_operator::status::reading::{Explained, Setting};
use serde::Serialize;

/// What `explain NAMESPACE/NAME` prints, as it is with `--format json` and written out for people without.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientDocument {
    /// The client's namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its type, where known.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub client_type: Option<String>,
    /// What became of it.
    pub verdict: &'static str,
    /// The code that decides, where it is not served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Code>,
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Its server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_server: Option<String>,
    /// That server's issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The policies that govern it.
    pub policies: Vec<PolicyMark>,
    /// Each effective setting.
    pub settings: Vec<Setting>,
    /// What is said of it.
    pub findings: Vec<FindingView>,
}

impl ClientDocument {
    /// From a report.
    pub fn of(
        name: &ObjectRef,
        client: &ClientReport,
        issuer: Option<String>,
        findings: Vec<FindingView>,
    ) -> Self {
        Self {
            namespace: name.namespace.to_string(),
            name: name.name.to_string(),
            client_type: client.client_type.map(|client_type| client_type.to_string()),
            verdict: client.verdict.word(),
            reason: client.reason(),
            client_id: client.client_id().map(ToString::to_string),
            auth_server: client.server.as_ref().map(ToString::to_string),
            issuer,
            policies: client.merged.as_ref().map_or_else(Vec::new, |merged| merged.marks().to_vec()),
            settings: client.effective().into_iter().map(Setting::from).collect(),
            findings,
        }
    }

    /// From a status.
    pub fn read(name: &ObjectRef, client: &Explained, findings: Vec<FindingView>) -> Self {
        Self {
            namespace: name.namespace.to_string(),
            name: name.name.to_string(),
            client_type: Some(client.client_type.clone()),
            verdict: client.verdict,
            reason: client.reason,
            client_id: client.client_id.clone(),
            auth_server: client.server.as_ref().map(ToString::to_string),
            issuer: client.issuer.clone(),
            policies: client.policies.clone(),
            settings: client.settings.clone(),
            findings,
        }
    }
}

/// What `explain NA0203 --format json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeDocument {
    code: Code,
    reason: &'static str,
    severity: &'static str,
    title: &'static str,
    text: &'static str,
}

impl CodeDocument {
    /// A code's row of the table.
    pub const fn of(code: Code) -> Self {
        Self {
            code,
            reason: code.reason(),
            severity: code.severity().as_str(),
            title: code.title(),
            text: code.text(),
        }
    }
}
