//! The `Content-Security-Policy` of every page: nothing but our own stylesheets, scripts and images, the branding's
//! logo, and forms to ourselves and to the places a page names.

use url::Url;

use super::{Chrome, theme};

/// The value of `Content-Security-Policy` (CSP Level 3) for a page.
///
/// `form_action` holds the redirect URIs, or their origins, that a form of the page may lead to; browsers judge the
/// redirect after a form too. The server itself is always allowed. One that cannot be written as a source is left out.
#[must_use]
pub fn csp(chrome: &Chrome, form_action: &[&str]) -> String {
    let mut images = String::from("'self' data:");
    if let Some(origin) = theme::logo(&chrome.branding).and_then(source).filter(|origin| origin != "data:") {
        images.push(' ');
        images.push_str(&origin);
    }
    let mut actions = String::from("'self'");
    for origin in form_action.iter().filter_map(|uri| source(uri)) {
        actions.push(' ');
        actions.push_str(&origin);
    }
    format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src {images}; form-action {actions}; \
         frame-ancestors 'none'; base-uri 'none'"
    )
}

/// A URI as a CSP source: its origin, or its scheme alone where the grammar of sources has no word for the rest:
/// private-use schemes have no host, and an IPv6 address is not a `host-source`.
fn source(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok()?;
    match (url.scheme(), url.host()) {
        ("http" | "https", Some(url::Host::Ipv6(_))) => Some(format!("{}:", url.scheme())),
        ("http" | "https", Some(_)) => {
            let origin = url.origin().ascii_serialization();
            let plain = origin.bytes().all(|b| b.is_ascii_alphanumeric() || b":/.-_".contains(&b));
            plain.then_some(origin)
        }
        ("javascript" | "vbscript" | "blob" | "about" | "file", _) => None,
        (scheme, _) => Some(format!("{scheme}:")),
    }
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
    fn a_form_may_lead_to_the_origin_of_a_redirect_uri() {
        let policy =
            csp(&Chrome::default(), &["https://shop.example.com/cb?x=1", "http://127.0.0.1:4711/cb"]);
        assert!(policy.contains("form-action 'self' https://shop.example.com http://127.0.0.1:4711; "));
    }

    #[test]
    fn what_sources_have_no_word_for_is_allowed_by_scheme() {
        let policy = csp(&Chrome::default(), &["com.example.app:/cb", "http://[::1]:4711/cb"]);
        assert!(policy.contains("form-action 'self' com.example.app: http:; "));
    }

    #[test]
    fn nothing_can_smuggle_a_directive_in() {
        let hostile = [
            "https://a.example; script-src *",
            "javascript:alert(1)",
            "https://a.example,b",
            "'unsafe-inline'",
        ];
        let policy = csp(&Chrome::default(), &hostile);
        assert!(policy.contains("form-action 'self'; frame-ancestors"), "{policy}");
    }
}
