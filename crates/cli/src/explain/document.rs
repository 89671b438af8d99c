//! An explanation as JSON.

use crate::output::json::FindingView;
use nauthera_core::codes::Code;
use nauthera_core::names::ObjectRef;
use nauthera_core::report::{ClientReport, Setting};
use nauthera_core::snapshot::PolicyMark;
use serde::Serialize;

/// What `explain NAMESPACE/NAME --format json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientDocument<'c> {
    namespace: &'c str,
    name: &'c str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    client_type: Option<&'static str>,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    policies: &'c [PolicyMark],
    settings: Vec<Setting>,
    findings: Vec<FindingView>,
}

impl<'c> ClientDocument<'c> {
    /// Joins the parts.
    pub fn of(
        name: &'c ObjectRef,
        client: &'c ClientReport,
        issuer: Option<String>,
        findings: Vec<FindingView>,
    ) -> Self {
        Self {
            namespace: &name.namespace,
            name: &name.name,
            client_type: client.client_type.map(|client_type| client_type.as_str()),
            verdict: client.verdict.word(),
            reason: client.reason(),
            client_id: client.client_id().map(nauthera_core::names::ClientId::as_str),
            auth_server: client.server.as_ref().map(ToString::to_string),
            issuer,
            policies: client.merged.as_ref().map_or(&[], |merged| merged.marks()),
            settings: client.effective(),
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
