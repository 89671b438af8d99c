//! The HTTP client: no TLS, no redirects followed, and an answer is an answer whatever its status.

use std::time::Duration;
use ureq::Agent;

/// How long one request may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// A client that follows nothing and takes no status for an error.
#[must_use]
pub fn agent() -> Agent {
    let settings = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(DEADLINE))
        .proxy(None);
    settings.build().into()
}

/// Sends a request of the crate `openidconnect`, over plain http whatever its address says.
///
/// # Errors
/// Those of the transport.
pub fn send(mut request: openidconnect::HttpRequest) -> Result<openidconnect::HttpResponse, ureq::Error> {
    let plain = request.uri().to_string().replacen("https:", "http:", 1);
    *request.uri_mut() = plain.parse().map_err(ureq::http::Error::from)?;
    let (parts, mut body) = agent().run(request)?.into_parts();
    Ok(openidconnect::HttpResponse::from_parts(parts, body.read_to_vec()?))
}
