//! A line as it is written.

use super::event::Event;
use crate::http::RequestId;
use nauthera_core::facts::GrantId;
use nauthera_core::grant::GrantType;
use nauthera_core::snapshot::{PolicyMark, Row};
use nauthera_core::time::UnixTime;
use serde::{Serialize, Serializer};
use std::net::IpAddr;

/// One line. Its fields are those of [`super::Field`], in the same order; a test holds them together.
#[derive(Serialize)]
pub struct Line<'a> {
    pub v: u8,
    pub time: UnixTime,
    #[serde(serialize_with = "name")]
    pub event: Event,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shown")]
    pub request_id: Option<RequestId>,
    pub revision: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Policies::is_empty")]
    pub policies: Policies<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "grant_type")]
    pub grant_type: Option<GrantType>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "hexadecimal")]
    pub grant_id: Option<GrantId>,
    #[serde(skip_serializing_if = "is_nothing")]
    pub scope: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub tokens: &'a [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets_added: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets_ending: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets_removed: Option<usize>,
}

impl<'a> Line<'a> {
    /// A line that says nothing but what happened when.
    pub const fn new(event: Event, revision: &'a str, time: UnixTime) -> Self {
        Self {
            v: super::VERSION,
            time,
            event,
            request_id: None,
            revision,
            client_id: None,
            subject: None,
            policies: Policies(&[]),
            peer: None,
            reason: None,
            grant_type: None,
            grant_id: None,
            scope: None,
            audience: None,
            tokens: &[],
            jti: None,
            sid: None,
            sessions: None,
            attempts: None,
            status: None,
            action: None,
            kid: None,
            clients: None,
            secrets_added: None,
            secrets_ending: None,
            secrets_removed: None,
        }
    }

    /// The same, about a client.
    pub fn of(self, row: &'a Row) -> Self {
        Self { client_id: Some(row.client_id.as_str()), policies: Policies(&row.policies), ..self }
    }
}

/// The policies of a client, each with its generation.
pub struct Policies<'a>(pub &'a [PolicyMark]);

impl Policies<'_> {
    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Policies<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Name<'a>(&'a PolicyMark);
        impl Serialize for Name<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&format_args!("{}@{}", self.0.policy, self.0.generation))
            }
        }
        serializer.collect_seq(self.0.iter().map(Name))
    }
}

fn name<S: Serializer>(event: &Event, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(event.name())
}

fn shown<S: Serializer>(id: &Option<RequestId>, serializer: S) -> Result<S::Ok, S::Error> {
    match id {
        Some(id) => serializer.collect_str(id),
        None => serializer.serialize_none(),
    }
}

fn grant_type<S: Serializer>(grant: &Option<GrantType>, serializer: S) -> Result<S::Ok, S::Error> {
    match grant {
        Some(grant) => serializer.serialize_str(grant.as_str()),
        None => serializer.serialize_none(),
    }
}

fn hexadecimal<S: Serializer>(id: &Option<GrantId>, serializer: S) -> Result<S::Ok, S::Error> {
    struct Hex<'a>(&'a GrantId);
    impl std::fmt::Display for Hex<'_> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.0.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
        }
    }
    match id {
        Some(id) => serializer.collect_str(&Hex(id)),
        None => serializer.serialize_none(),
    }
}

/// A token without scopes has no `scope`.
fn is_nothing(scope: &Option<&str>) -> bool {
    scope.is_none_or(str::is_empty)
}

#[cfg(test)]
mod tests {
    use super::super::Field;
    use super::*;

    #[test]
    fn a_line_has_the_fields_of_the_table_in_its_order() {
        let mark = PolicyMark { policy: nauthera_core::names::ObjectRef::new("a", "b"), generation: 3 };
        let policies = [mark];
        let line = Line {
            request_id: Some(RequestId(1)),
            client_id: Some("c"),
            subject: Some("s"),
            policies: Policies(&policies),
            peer: Some([192, 0, 2, 1].into()),
            reason: Some("wrong"),
            grant_type: Some(GrantType::RefreshToken),
            grant_id: Some(GrantId([0xab; 16])),
            scope: Some("openid"),
            audience: Some("a"),
            tokens: &["access_token"],
            jti: Some("j"),
            sid: Some("s"),
            sessions: Some(1),
            attempts: Some(1),
            status: Some(200),
            action: Some("made"),
            kid: Some("k"),
            clients: Some(1),
            secrets_added: Some(1),
            secrets_ending: Some(1),
            secrets_removed: Some(1),
            ..Line::new(Event::Login, "r", UnixTime(7))
        };
        let text = serde_json::to_string(&line).unwrap();
        let places: Vec<usize> = Field::ALL
            .iter()
            .map(|field| {
                let name = format!("\"{}\":", field.name());
                text.find(&name).unwrap_or_else(|| panic!("{name} is not in {text}"))
            })
            .collect();
        assert!(places.is_sorted(), "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line.as_object().unwrap().len(), Field::ALL.len());
        assert_eq!(line["policies"][0], "a/b@3");
        assert_eq!(line["grant_id"], "ab".repeat(16));
    }

    #[test]
    fn what_is_not_known_is_not_written() {
        let text = serde_json::to_string(&Line::new(Event::Login, "r", UnixTime(7))).unwrap();
        assert_eq!(text, r#"{"v":1,"time":7,"event":"login","revision":"r"}"#);
    }
}
