//! A plan as JSON.

use super::Totals;
use crate::cluster::ClusterView;
use crate::output::Cases;
use crate::output::json::{self, FindingView};
use nauthera_api::manifests::Manifests;
use nauthera_core::plan::{Change, Fate, FieldChange};
use serde::Serialize;

/// What `plan --format json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document<'p> {
    version: &'static str,
    summary: Totals,
    /// The cluster, where one was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<ClusterView>,
    changes: Vec<ChangeView<'p>>,
    /// What is wrong with the new manifests themselves.
    findings: Vec<FindingView>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangeView<'p> {
    namespace: &'p str,
    name: &'p str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    client_type: Option<&'static str>,
    fate: Fate,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'static str>,
    refused: bool,
    narrowed: bool,
    widened: bool,
    fields: &'p [FieldChange],
    new_findings: Vec<FindingView>,
    gone_findings: Vec<FindingView>,
}

impl<'p> Document<'p> {
    /// Joins the parts.
    pub fn of(
        summary: Totals,
        cluster: Option<ClusterView>,
        changes: &'p [Change],
        new: &Manifests,
        faults: &Cases,
    ) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            summary,
            cluster,
            changes: changes.iter().map(ChangeView::of).collect(),
            findings: json::views(new, faults),
        }
    }
}

impl<'p> ChangeView<'p> {
    fn of(change: &'p Change) -> Self {
        Self {
            namespace: &change.client.namespace,
            name: &change.client.name,
            client_type: change.client_type.map(|client_type| client_type.as_str()),
            fate: change.fate,
            before: change.before.map(|verdict| verdict.word()),
            after: change.after.map(|verdict| verdict.word()),
            refused: change.refuses(),
            narrowed: change.narrows(),
            widened: change.widens(),
            fields: &change.fields,
            new_findings: change.new_findings.iter().map(FindingView::bare).collect(),
            gone_findings: change.gone_findings.iter().map(FindingView::bare).collect(),
        }
    }
}
