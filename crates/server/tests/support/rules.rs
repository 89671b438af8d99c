//! What no answer may break, whatever was asked: no failure of the server's own, no redirect but to itself or to a registered
//! URI, and the headers that protect people. Every answer of every test is held to it.

use super::reply::Reply;
use super::world::World;
use nauthera_core::grant::ClientType;

/// Holds an answer to the rules.
pub fn hold(world: &World, asked: &str, reply: &Reply) {
    let status = reply.status.as_u16();
    assert!(status < 500 || status == 503, "{asked}: {reply}");
    assert_eq!(status == 503, status >= 500 && !reply.header("retry-after").is_empty(), "{asked}: {reply}");
    let id = reply.header("x-request-id");
    assert!(id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{asked}: {reply}");
    let strict = reply.header("strict-transport-security");
    assert_eq!(
        strict.starts_with("max-age=31536000"),
        world.issuer().starts_with("https"),
        "{asked}: {reply}"
    );
    if reply.status.is_redirection() {
        redirect(world, asked, reply);
    } else if !reply.body.is_empty() {
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{asked}: {reply}");
        assert!(!reply.header("cache-control").is_empty(), "{asked}: {reply}");
    }
    if reply.is_html() {
        page(asked, reply);
    }
    for cookie in reply.cookies() {
        protected(world, cookie);
    }
}

/// Only to itself or to what a client registered; never in a way that posts again.
fn redirect(world: &World, asked: &str, reply: &Reply) {
    assert!(matches!(reply.status.as_u16(), 302 | 303), "{asked}: {reply}");
    assert_eq!(reply.header("cache-control"), "no-store", "{asked}: {reply}");
    assert_eq!(reply.header("referrer-policy"), "no-referrer", "{asked}: {reply}");
    let location = reply.location();
    let own = location.starts_with(&world.path("/")) && !location.starts_with("//");
    assert!(own || is_registered(world, location), "{asked} leads to {location}");
}

/// Is it a registered URI of some client, perhaps with parameters added?
pub fn is_registered(world: &World, location: &str) -> bool {
    let serving = world.app.serving();
    serving.snapshot.clients.values().any(|row| {
        let uris = row.redirect_uris.iter().chain(&row.post_logout_redirect_uris);
        let bare = location.split('?').next().unwrap_or_default();
        uris.into_iter().any(|uri| match uri.as_str().split_once('?') {
            Some(_) => location == uri.as_str() || location.starts_with(&format!("{uri}&")),
            None => {
                uri.matches(bare, row.client_type)
                    && (row.client_type == ClientType::Native || bare == uri.as_str())
            }
        })
    })
}

fn page(asked: &str, reply: &Reply) {
    let policy = reply.header("content-security-policy");
    for directive in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"]
    {
        assert!(policy.contains(directive), "{asked}: {reply}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{asked}: {policy}");
    assert_eq!(reply.header("cache-control"), "no-store", "{asked}: {reply}");
    assert_eq!(reply.header("referrer-policy"), "no-referrer", "{asked}: {reply}");
    assert_eq!(reply.header("x-frame-options"), "DENY", "{asked}: {reply}");
    assert!(reply.headers.get("access-control-allow-origin").is_none(), "{asked}: {reply}");
    let text = reply.text();
    assert!(
        !text.contains("<style") && !text.contains(" style=") && !text.contains(" onclick="),
        "{asked}: {text}"
    );
}

/// Every cookie is out of reach of scripts and of other sites, and over https of plain http and of subdomains.
fn protected(world: &World, cookie: &str) {
    assert!(cookie.contains("; Path=/; ") && cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
    assert!(!cookie.contains("Domain"), "{cookie}");
    let https = world.issuer().starts_with("https");
    assert_eq!(cookie.ends_with("; Secure"), https, "{cookie}");
    assert_eq!(cookie.starts_with("__Host-"), https, "{cookie}");
}
