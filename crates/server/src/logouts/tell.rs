//! One delivery: a logout token signed for it alone, one POST, and what follows from the answer.

use super::metrics::Outcome;
use crate::app::App;
use crate::audit::{About, Event};
use crate::fetch::{DEADLINE, reason};
use crate::keys::TokenType;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use nauthera_core::facts::LogoutDelivery;
use nauthera_core::oauth::back_channel::{Heard, LOGOUT_EVENT, LOGOUT_TOKEN_TTL, Verdict, is_late, judge};
use nauthera_core::snapshot::Row;
use nauthera_core::uri::BackChannelUri;
use reqwest::header::CACHE_CONTROL;
use serde_json::json;
use std::sync::Arc;
use url::Url;

/// So much of an answer's body is read, so that its connection serves again; what it says counts for nothing.
const LARGEST_ANSWER: usize = 16 * 1_024;

/// Tells a client once, and says in the queue what came of it. A queue that cannot be reached then has the client told again, when
/// the claim has lapsed.
pub async fn tell(app: Arc<App>, delivery: LogoutDelivery) {
    let serving = app.serving();
    let row = serving.client(delivery.client_id.as_str());
    let Some((row, uri)) = row.and_then(|row| Some((row, row.back_channel_logout_uri.as_ref()?))) else {
        end(&app, &delivery, Outcome::Dropped, None, (None, "the client is not to be told any more")).await;
        return;
    };
    if is_late(&delivery, app.now()) {
        end(&app, &delivery, Outcome::GivenUp, Some(row), (None, "nobody tried in time")).await;
        return;
    }
    let attempt = delivery.attempts;
    let (heard, status, said) = match send(&app, &delivery, row, uri).await {
        Ok(status) => (Heard::Status(status), Some(status), format!("it answered {status}")),
        Err(why) => (Heard::Nothing, None, why),
    };
    let [jitter, ..] = app.random();
    let detail = format!("attempt {attempt}: {said}");
    let answer = (status, &*detail);
    match judge(heard, &delivery, app.now(), jitter) {
        Verdict::Told => end(&app, &delivery, Outcome::Sent, Some(row), answer).await,
        Verdict::Refused => end(&app, &delivery, Outcome::Refused, Some(row), answer).await,
        Verdict::GivenUp => end(&app, &delivery, Outcome::GivenUp, Some(row), answer).await,
        Verdict::Again(wait) => {
            let put_off = app.store.put_off_logout(&delivery, app.now().plus(wait)).await;
            app.metrics.logouts.came(Outcome::Failed);
            // The first time, and then ever more seldom.
            if attempt.is_power_of_two() {
                tracing::warn!(client = %delivery.client_id, uri = %uri, attempt, said, "a client is not told of a logout yet");
            }
            if let Err(error) = put_off {
                tracing::debug!(%error, "a delivery cannot be put off");
            }
        }
    }
}

/// Takes a delivery out of the queue, and tells who counts and who audits, once.
async fn end(
    app: &App,
    delivery: &LogoutDelivery,
    outcome: Outcome,
    row: Option<&Row>,
    (status, detail): (Option<u16>, &str),
) {
    match app.store.finish_logout(delivery).await {
        Ok(true) => {}
        // Another replica had the claim as well, and was first.
        Ok(false) => return,
        Err(error) => {
            tracing::debug!(%error, "a delivery cannot be taken out");
            return;
        }
    }
    app.metrics.logouts.came(outcome);
    let event = match outcome {
        Outcome::Sent => Event::BackchannelLogoutSent,
        Outcome::Refused => Event::BackchannelLogoutRefused,
        Outcome::Failed | Outcome::GivenUp => Event::BackchannelLogoutGivenUp,
        Outcome::Dropped => return,
    };
    if outcome != Outcome::Sent {
        tracing::warn!(client = %delivery.client_id, detail, "a client is not told of a logout any more");
    }
    let about = About {
        row,
        subject: Some(&delivery.subject.0),
        sid: Some(&delivery.sid),
        attempts: Some(delivery.attempts),
        status,
        ..About::default()
    };
    app.audit.alone(&app.serving(), event, &about, app.now());
}

/// Posts a logout token; the status of the answer.
async fn send(app: &App, delivery: &LogoutDelivery, row: &Row, uri: &BackChannelUri) -> Result<u16, String> {
    let url = Url::parse(uri.as_str()).map_err(|error| error.to_string())?;
    let client = app.guarded.client_for(&url, &row.object.namespace)?;
    let token = token(app, delivery)?;
    let call = client.post(url).header(CACHE_CONTROL, "no-store").form(&[("logout_token", &token)]);
    let answer = async {
        let mut answer = call.send().await.map_err(reason)?;
        let status = answer.status().as_u16();
        let mut read = 0;
        // It has answered: what goes wrong with the rest changes nothing.
        while let Ok(Some(part)) = answer.chunk().await {
            read += part.len();
            if read > LARGEST_ANSWER {
                break;
            }
        }
        Ok(status)
    };
    tokio::time::timeout(DEADLINE, answer).await.map_err(|_| "it took longer than 5 s".to_owned())?
}

/// The logout token (§2.4), signed as ID tokens are, with an id and times of its own at each try.
fn token(app: &App, delivery: &LogoutDelivery) -> Result<String, String> {
    let now = app.now();
    let claims = json!({
        "iss": app.serving().issuer().as_str(),
        "sub": &*delivery.subject.0,
        "aud": delivery.client_id.as_str(),
        "iat": now.0,
        "exp": now.plus(LOGOUT_TOKEN_TTL).0,
        "jti": URL_SAFE_NO_PAD.encode(app.random()),
        "events": { LOGOUT_EVENT: {} },
        "sid": &*delivery.sid,
    });
    let keys = app.keys.load();
    let key = keys.signing(now).ok_or_else(|| "no signing key is active".to_owned())?;
    key.sign(TokenType::Logout, claims.to_string().as_bytes()).map_err(|error| error.to_string())
}
