//! An answer and its limits: an API server cuts long warnings to nothing much, so few whole sentences are sent rather than many halves.

use crate::status::{fitted, line};
use kube::core::DynamicObject;
use kube::core::admission::{AdmissionRequest, AdmissionResponse};
use nauthera_core::finding::Finding;

/// How many characters one warning has at most.
const ONE: usize = 1_000;
/// How many characters all warnings together have at most: from 4,096 on an API server cuts each to 256.
const ALL: usize = 3_800;
/// How many characters a refusal has at most.
const REFUSAL: usize = 8_000;

/// What the webhook answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// Why the request is refused; `None` lets it pass.
    pub refusal: Option<String>,
    /// What `kubectl` prints beside, a sentence each.
    pub warnings: Vec<String>,
}

impl Answer {
    /// Lets it pass and says nothing.
    #[must_use]
    pub fn pass() -> Self {
        Self::default()
    }

    /// Refuses with these findings.
    pub(super) fn refuse<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Self {
        let all: Vec<String> = findings.into_iter().map(line).collect();
        Self { refusal: Some(fitted(&all.join("\n"), REFUSAL)), warnings: Vec::new() }
    }

    /// Adds why it refuses, whatever else does not fit then.
    pub(super) fn because(self, why: &str) -> Self {
        let rest = REFUSAL.saturating_sub(why.chars().count() + 1);
        let refusal = self.refusal.map(|refusal| format!("{}\n{why}", fitted(&refusal, rest)));
        Self { refusal, ..self }
    }

    /// Lets it pass with warnings, as far as they fit.
    pub(super) fn warn(warnings: impl IntoIterator<Item = String>) -> Self {
        let mut answer = Self::default();
        let (mut used, mut left) = (0, 0);
        for warning in warnings {
            let warning = fitted(&warning, ONE);
            let length = warning.chars().count();
            if left > 0 || used + length > ALL {
                left += 1;
                continue;
            }
            used += length;
            answer.warnings.push(warning);
        }
        if left > 0 {
            answer.warnings.push(format!("and {left} more; nauthera check shows all of them"));
        }
        answer
    }

    /// As the API server wants it.
    #[must_use]
    pub fn respond(self, request: &AdmissionRequest<DynamicObject>) -> AdmissionResponse {
        let mut response = AdmissionResponse::from(request);
        response.warnings = Some(self.warnings).filter(|warnings| !warnings.is_empty());
        match self.refusal {
            Some(why) => response.deny(why),
            None => response,
        }
    }
}
