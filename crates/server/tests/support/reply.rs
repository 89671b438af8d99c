//! An answer, read to its end.

use super::browser::Form;
use axum::response::Response;
use http::header::{LOCATION, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use std::collections::BTreeMap;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

impl Reply {
    /// Reads an answer.
    pub async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Self { status: parts.status, headers: parts.headers, body }
    }

    /// A header's value; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self}"))
    }

    /// The body's JSON, of an answer that must have gone well.
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self}");
        self.json()
    }

    /// Status and error code of a JSON error.
    pub fn error(&self) -> (u16, String) {
        let json = self.json();
        assert!(json["error_description"].as_str().is_some_and(|text| text.len() > 10), "{self}");
        assert_eq!(json["request_id"], self.header("x-request-id"), "{self}");
        (self.status.as_u16(), json["error"].as_str().unwrap().to_owned())
    }

    /// Where it leads.
    pub fn location(&self) -> &str {
        assert!(self.status.is_redirection(), "no redirect: {self}");
        self.header(LOCATION.as_str())
    }

    /// Where it leads, if anywhere.
    pub fn location_or_none(&self) -> Option<&str> {
        self.headers.get(LOCATION).map(|value| value.to_str().unwrap())
    }

    /// The parameters of an authorization response, from the redirect or from the form.
    pub fn response(&self) -> BTreeMap<String, String> {
        if self.status.is_redirection() {
            let (_, query) = self.location().split_once('?').unwrap_or_default();
            return form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        }
        self.form().fields.into_iter().collect()
    }

    /// The code of an authorization response.
    pub fn code(&self) -> String {
        let response = self.response();
        response.get("code").unwrap_or_else(|| panic!("no code: {self}")).clone()
    }

    /// The error of an authorization response.
    pub fn sent_error(&self) -> String {
        let response = self.response();
        assert!(!response.contains_key("code"), "{self}");
        response.get("error").unwrap_or_else(|| panic!("no error: {self}")).clone()
    }

    /// The error of an error page.
    pub fn page_error(&self) -> (u16, String) {
        let text = self.text();
        let (_, rest) =
            text.split_once("<dd class=\"code\">").unwrap_or_else(|| panic!("no error page: {self}"));
        (self.status.as_u16(), rest.split_once('<').unwrap().0.to_owned())
    }

    /// All forms.
    pub fn forms(&self) -> Vec<Form> {
        Form::all(self.text())
    }

    /// The first form.
    pub fn form(&self) -> Form {
        self.forms().into_iter().next().unwrap_or_else(|| panic!("no form: {self}"))
    }

    /// The forms that have a hidden field of this value.
    pub fn forms_with(&self, name: &str, value: &str) -> Vec<Form> {
        let mut forms = self.forms();
        forms.retain(|form| form.get(name) == Some(value));
        forms
    }

    /// Is it the login form?
    pub fn is_login(&self) -> bool {
        self.is_html() && self.text().contains("name=\"password\"")
    }

    /// Is it the consent page?
    pub fn is_consent(&self) -> bool {
        self.is_html() && self.text().contains("/consent\"") && self.text().contains("value=\"allow\"")
    }

    /// Is it the choice of an account?
    pub fn is_choice(&self) -> bool {
        self.is_html() && !self.forms_with("action", "switch").is_empty()
    }

    /// Is it a page?
    pub fn is_html(&self) -> bool {
        self.header("content-type").starts_with("text/html")
    }

    /// The cookies that it sets, as written.
    pub fn cookies(&self) -> Vec<&str> {
        self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect()
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{:#?}\n{}", self.status, self.headers, String::from_utf8_lossy(&self.body))
    }
}
