//! Request parameters, parsed once and strictly: UTF-8, each at most once (`resource` may repeat, RFC 8707 §2), an empty one
//! counts as left out (RFC 6749 §3.1).

use super::error::{OAuthError, shown};
use percent_encoding::percent_decode;
use std::borrow::Cow;

const MOST_PARAMETERS: usize = 64;

/// The parameters of one request, in the order sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

fn decode(part: &[u8]) -> Result<Cow<'_, str>, OAuthError> {
    let not_utf8 = |_| OAuthError::invalid_request("a parameter is not UTF-8");
    if !part.iter().any(|b| matches!(b, b'+' | b'%')) {
        return std::str::from_utf8(part).map(Cow::Borrowed).map_err(not_utf8);
    }
    let spaced: Vec<u8> = part.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
    let bytes: Vec<u8> = percent_decode(&spaced).collect();
    String::from_utf8(bytes)
        .map(Cow::Owned)
        .map_err(|_| OAuthError::invalid_request("a parameter is not UTF-8"))
}

impl<'a> Params<'a> {
    /// Reads `application/x-www-form-urlencoded` bytes: a body or a query. Repetition is judged by [`Params::once_each`], so that an error
    /// can still be sent where it belongs.
    ///
    /// # Errors
    /// `invalid_request` for what is not UTF-8, and for more than 64 parameters.
    pub fn parse(form: &'a [u8]) -> Result<Self, OAuthError> {
        let mut params = Vec::with_capacity(8);
        for pair in form.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
            let split = pair.iter().position(|b| *b == b'=').unwrap_or(pair.len());
            let (name, value) = pair.split_at_checked(split).unwrap_or((pair, &[]));
            params.push((decode(name)?, decode(value.get(1..).unwrap_or_default())?));
            if params.len() > MOST_PARAMETERS {
                return Err(OAuthError::invalid_request("there are more than 64 parameters"));
            }
        }
        Ok(Self(params))
    }

    /// Are all parameters but `resource` there at most once?
    ///
    /// # Errors
    /// `invalid_request` that names the one that is not (RFC 6749 §3.1).
    pub fn once_each(&self) -> Result<(), OAuthError> {
        for (n, (name, _)) in self.0.iter().enumerate() {
            if name != "resource" && self.0.iter().skip(n + 1).any(|(other, _)| other == name) {
                return Err(OAuthError::invalid_request(format!(
                    "parameter '{}' is sent twice",
                    shown(name)
                )));
            }
        }
        Ok(())
    }

    /// One parameter alone.
    #[must_use]
    pub fn one(name: &'static str, value: &'a str) -> Self {
        Self(vec![(Cow::Borrowed(name), Cow::Borrowed(value))])
    }

    /// How often a parameter is sent, empty or not.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.0.iter().filter(|(other, _)| other == name).count()
    }

    /// The value of a parameter; `None` when it is left out or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| &**value)
            .filter(|value| !value.is_empty())
    }

    /// All values of a parameter that may repeat.
    pub fn all<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'b str> {
        self.0
            .iter()
            .filter(move |(other, value)| other == name && !value.is_empty())
            .map(|(_, value)| &**value)
    }

    /// The value of a parameter that must be there.
    ///
    /// # Errors
    /// `invalid_request` that names it.
    pub fn required(&self, name: &'static str) -> Result<&str, OAuthError> {
        self.get(name).ok_or_else(|| OAuthError::invalid_request(format!("parameter '{name}' is missing")))
    }

    /// The parameters as a form again, without those named.
    #[must_use]
    pub fn encode_without(&self, without: &[&str]) -> String {
        self.encode(|name| !without.contains(&name))
    }

    /// These parameters alone, form-encoded.
    #[must_use]
    pub fn encode_only(&self, only: &[&str]) -> String {
        self.encode(|name| only.contains(&name))
    }

    fn encode(&self, is_wanted: impl Fn(&str) -> bool) -> String {
        let mut out = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.0.iter().filter(|(name, _)| is_wanted(name)) {
            out.append_pair(name, value);
        }
        out.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_empty_ones_left_out() {
        let params = Params::parse(b"a=1+2&b=%C3%A4&c=&d&a%20b=x=y").unwrap();
        assert_eq!(params.get("a"), Some("1 2"));
        assert_eq!(params.get("b"), Some("\u{e4}"));
        assert_eq!((params.get("c"), params.get("d"), params.get("zz")), (None, None, None));
        assert_eq!(params.get("a b"), Some("x=y"));
    }

    #[test]
    fn what_is_not_utf_8_is_refused() {
        assert!(Params::parse(b"a=%ff").is_err() && Params::parse(b"a=\xff").is_err());
    }

    #[test]
    fn only_resource_may_repeat() {
        assert!(Params::parse(b"resource=a&resource=b").unwrap().once_each().is_ok());
        let twice = Params::parse(b"scope=a&scope=").unwrap();
        assert!(twice.once_each().unwrap_err().description.contains("'scope' is sent twice"));
    }

    #[test]
    fn there_is_a_limit() {
        assert!(Params::parse("a=b&".repeat(65).as_bytes()).is_err());
        assert!(Params::parse("a=b&".repeat(64).as_bytes()).is_ok());
    }

    #[test]
    fn encoding_keeps_the_rest() {
        let params = Params::parse(b"client_secret=x&scope=a+b").unwrap();
        assert_eq!(params.encode_without(&["client_secret"]), "scope=a+b");
    }
}
