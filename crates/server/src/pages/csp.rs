//! The `Content-Security-Policy` of every page: nothing but our own stylesheets, scripts and images, the branding's
//! logo, and forms to ourselves and to the places a page names.

use url::Url;

use super::{Chrome, theme};

/// The value of `Content-Security-Policy` (CSP Level 3) for a page.
///
/// `form_action` holds the redirect URIs that a form of the page may lead to. Browsers judge every redirect after a form, the
/// application's own ones too, which nobody here knows; so it is their schemes that are allowed. The server itself always is.
#[must_use]
pub fn csp(chrome: &Chrome, form_action: &[&str]) -> String {
    let mut images = String::from("'self' data:");
    if let Some(origin) = theme::logo(&chrome.branding).and_then(origin) {
        images.push(' ');
        images.push_str(&origin);
    }
    let mut actions = String::from("'self'");
    let mut schemes: Vec<String> = form_action.iter().flat_map(|uri| schemes(uri)).collect();
    schemes.sort_unstable();
    schemes.dedup();
    for scheme in schemes {
        actions.push(' ');
        actions.push_str(&scheme);
    }
    format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src {images}; form-action {actions}; \
         frame-ancestors 'none'; base-uri 'none'"
    )
}

/// Where a browser may go from a redirect URI. From http, which is a loopback address, https may follow.
fn schemes(uri: &str) -> Vec<String> {
    let Ok(url) = Url::parse(uri) else { return Vec::new() };
    match url.scheme() {
        "http" => vec!["http:".into(), "https:".into()],
        "javascript" | "vbscript" | "data" | "blob" | "about" | "file" => Vec::new(),
        scheme => vec![format!("{scheme}:")],
    }
}

/// The origin of an https address as a CSP source; an IPv6 address is none, so its scheme stands for it.
fn origin(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok().filter(|url| url.scheme() == "https")?;
    if let Some(url::Host::Ipv6(_)) = url.host() {
        return Some("https:".into());
    }
    let origin = url.origin().ascii_serialization();
    let plain = origin.bytes().all(|b| b.is_ascii_alphanumeric() || b":/.-_".contains(&b));
    plain.then_some(origin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Branding;

    fn with_logo(logo: &str) -> Chrome {
        let branding = Branding { logo_url: Some(logo.to_owned()), ..Branding::default() };
        Chrome { branding, ..Chrome::default() }
    }

    #[test]
    fn the_default_allows_nothing_but_ourselves() {
        assert_eq!(
            csp(&Chrome::default(), &[]),
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; \
             frame-ancestors 'none'; base-uri 'none'"
        );
    }

    #[test]
    fn no_inline_code_is_ever_allowed() {
        let policy = csp(&with_logo("https://cdn.example.com/logo.svg"), &["https://shop.example.com/cb"]);
        assert!(!policy.contains("unsafe") && !policy.contains("nonce") && !policy.contains('*'));
    }

    #[test]
    fn the_logo_adds_its_origin_only() {
        assert!(
            csp(&with_logo("https://cdn.example.com:8443/a/logo.svg?x=1"), &[])
                .contains("img-src 'self' data: https://cdn.example.com:8443; ")
        );
        for ignored in ["data:image/png;base64,AAAA", "javascript:alert(1)", "/logo.svg", "not a url"] {
            assert!(csp(&with_logo(ignored), &[]).contains("img-src 'self' data:; "), "{ignored}");
        }
    }

    #[test]
    fn a_form_may_lead_where_a_redirect_uri_leads() {
        for (uris, allowed) in [
            (&["https://shop.example.com/cb?x=1", "https://other.example.com/cb"][..], "https:"),
            (&["http://127.0.0.1:4711/cb"], "http: https:"),
            (&["com.example.app:/cb", "http://[::1]:4711/cb"], "com.example.app: http: https:"),
        ] {
            let policy = csp(&Chrome::default(), uris);
            assert!(policy.contains(&format!("form-action 'self' {allowed}; ")), "{policy}");
        }
    }

    #[test]
    fn nothing_can_smuggle_a_directive_in() {
        let hostile = ["javascript:alert(1)", "data:text/html,x", "; script-src *", "'unsafe-inline'"];
        let policy = csp(&Chrome::default(), &hostile);
        assert!(policy.contains("form-action 'self'; frame-ancestors"), "{policy}");
    }
}
