//! The admission webhook: every replica answers, by HTTPS, with what it knows. Its certificate is of its own making, in [`certificate`],
//! or comes in files. What is answered is judged by [`crate::admission`].

mod certificate;
mod keeper;
mod presented;

pub use keeper::{CertificateSource, Keeper};
pub use presented::{BadPair, Presented};

use crate::admission::{self, Answer as Verdict, Request as Asked, View};
use crate::http::{Answer, Handler, Request, text};
use crate::turn::World;
use crate::watch::Scope;
use http::{Method, StatusCode};
use kube::api::DynamicObject;
use kube::core::admission::{AdmissionRequest, AdmissionReview};
use nauthera_core::names::Kind;
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::watch;

/// The path that the API server calls.
pub const PATH: &str = "/validate";

/// Answers the API server.
pub struct Webhook {
    /// What is known now.
    pub worlds: watch::Receiver<Option<Arc<World>>>,
    /// Where it looks.
    pub scope: Scope,
}

impl Handler for Webhook {
    // An object and the one before it, of up to 1.5 MiB each.
    const LARGEST: usize = 4 * 1_024 * 1_024;

    async fn answer(&self, request: Request) -> Answer {
        match (request.method, request.path.as_str()) {
            (Method::POST, PATH) => {}
            (Method::GET, "/healthz") => return text(StatusCode::OK, "text/plain", "ok\n"),
            _ => {
                return text(
                    StatusCode::NOT_FOUND,
                    "text/plain",
                    "AdmissionReviews are POSTed to /validate\n",
                );
            }
        }
        let (world, scope) = (self.worlds.borrow().clone(), self.scope.clone());
        // Judging may compile everything.
        let judged =
            tokio::task::spawn_blocking(move || review(&request.body, world.as_deref(), &scope)).await;
        match judged {
            Ok(Ok(review)) => text(StatusCode::OK, "application/json", review),
            Ok(Err(why)) => text(StatusCode::BAD_REQUEST, "text/plain", format!("{why}\n")),
            Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", "it cannot be judged\n"),
        }
    }
}

fn review(body: &[u8], world: Option<&World>, scope: &Scope) -> Result<String, String> {
    let review: AdmissionReview<DynamicObject> =
        serde_json::from_slice(body).map_err(|error| format!("this is no AdmissionReview: {error}"))?;
    let request: AdmissionRequest<DynamicObject> =
        review.try_into().map_err(|_| "this AdmissionReview asks for nothing".to_owned())?;
    let answer = judged(&request, world, scope).respond(&request).into_review();
    serde_json::to_string(&answer).map_err(|error| error.to_string())
}

fn judged(request: &AdmissionRequest<DynamicObject>, world: Option<&World>, scope: &Scope) -> Verdict {
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == request.kind.kind);
    // While nothing is known nothing is said: what is served is enforced elsewhere.
    let (Some(kind), Some(world)) = (kind, world) else { return Verdict::pass() };
    let json = |object: &Option<DynamicObject>| {
        object.as_ref().and_then(|object| serde_json::to_value(object).ok()).filter(Value::is_object)
    };
    let (object, old) = (json(&request.object), json(&request.old_object));
    let asked = Asked {
        kind,
        subresource: request.sub_resource.is_some(),
        object: object.as_ref(),
        old: old.as_ref(),
    };
    admission::judge(&asked, &View { inventory: &world.inventory, report: &world.compiled.report, scope })
}
