//! A request written as text: its first line, its headers, an empty line, its body. Seeds are written so, and whatever is bent out
//! of them is sent where HTTP has a request of the kind.

use axum::body::Body;
use http::{HeaderName, HeaderValue, Method, Request, Uri};

/// The media type of forms.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// Reads a request; `None` where HTTP has none of the kind.
#[must_use]
pub fn read(text: &[u8]) -> Option<Request<Body>> {
    let (first, mut rest) = line(text);
    let mut words = first.split(|byte| *byte == b' ');
    let method = Method::from_bytes(words.next()?).ok()?;
    let uri = Uri::try_from(words.next()?).ok()?;
    let mut request = Request::builder().method(method).uri(uri);
    loop {
        let (header, after) = line(rest);
        rest = after;
        if header.is_empty() {
            return request.body(Body::from(rest.to_vec())).ok();
        }
        let colon = header.iter().position(|byte| *byte == b':')?;
        let (name, value) = header.split_at_checked(colon)?;
        let value = HeaderValue::from_bytes(value.get(1..)?.trim_ascii()).ok()?;
        request = request.header(HeaderName::from_bytes(name).ok()?, value);
    }
}

/// The first line, and what follows it.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
    let (line, rest) = text.split_at_checked(end).unwrap_or((text, &[]));
    (line, rest.get(1..).unwrap_or_default())
}

/// A posted form.
#[must_use]
pub fn form(path: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<Request<Body>> {
    let mut request = Request::builder().method(Method::POST).uri(path).header("content-type", FORM);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_vec())).ok()
}

/// A request for a page, with cookies; `None` where the query is none that an address can have.
#[must_use]
pub fn page(path: &str, query: &[u8], cookies: &str) -> Option<Request<Body>> {
    let uri = Uri::try_from([path.as_bytes(), b"?", query].concat()).ok()?;
    // A `#` would end it.
    uri.query().filter(|sent| sent.as_bytes() == query)?;
    let request = Request::builder().uri(uri);
    let request = if cookies.is_empty() { request } else { request.header("cookie", cookies) };
    request.body(Body::empty()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_as_it_is_written() {
        let request = read(b"POST /oauth2/token?a=b\ncookie: x=y\ncookie:z\n\nthe body\n\nof it").unwrap();
        assert_eq!((request.method(), request.uri().query()), (&Method::POST, Some("a=b")));
        assert_eq!(request.headers().get_all("cookie").iter().count(), 2);
        assert!(read(b"GET /\n").is_some() && read(b"GET /").is_some());
        assert!(read(b"").is_none() && read(b"GET").is_none() && read(b"GET /\nno colon\n\n").is_none());
    }
}
