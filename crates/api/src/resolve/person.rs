//! People written in a UserStore: their names, and the standard claims of OpenID Connect Core 5.1.

use super::fault::{At, Faults};
use super::{lists, password};
use crate::v1alpha1::{PostalAddress, StaticUser};
use nauthera_core::spec;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use url::Url;

const MAX_USERNAME: usize = 128;

/// Reads one person.
pub(crate) fn person(faults: &mut Faults, at: &At<'_>, written: &StaticUser) -> spec::StaticUser {
    let name = at.field("username");
    if written.username.chars().count() > MAX_USERNAME {
        faults.add(&name, format!("the username is longer than {MAX_USERNAME} characters"));
    }
    lists::text(faults, &name, Some(&written.username));
    password::judge(faults, &at.field("passwordHash"), &written.password_hash);
    spec::StaticUser {
        username: written.username.as_str().into(),
        password_hash: written.password_hash.as_str().into(),
        groups: lists::plain(faults, &at.field("groups"), &written.groups),
        claims: claims(faults, at, written),
    }
}

fn claims(faults: &mut Faults, at: &At<'_>, written: &StaticUser) -> BTreeMap<Arc<str>, Arc<str>> {
    let w = written;
    let preferred = w.preferred_username.as_ref().or(Some(&w.username));
    let texts: [(&str, &str, Option<&String>, Form); 15] = [
        ("email", "email", w.email.as_ref(), Form::Email),
        ("name", "name", w.name.as_ref(), Form::Shown),
        ("given_name", "givenName", w.given_name.as_ref(), Form::Shown),
        ("family_name", "familyName", w.family_name.as_ref(), Form::Shown),
        ("middle_name", "middleName", w.middle_name.as_ref(), Form::Shown),
        ("nickname", "nickname", w.nickname.as_ref(), Form::Shown),
        ("preferred_username", "preferredUsername", preferred, Form::Shown),
        ("profile", "profile", w.profile.as_ref(), Form::Address),
        ("picture", "picture", w.picture.as_ref(), Form::Address),
        ("website", "website", w.website.as_ref(), Form::Address),
        ("gender", "gender", w.gender.as_ref(), Form::Shown),
        ("birthdate", "birthdate", w.birthdate.as_ref(), Form::Birthdate),
        ("zoneinfo", "zoneinfo", w.zoneinfo.as_ref(), Form::Shown),
        ("locale", "locale", w.locale.as_ref(), Form::Shown),
        ("phone_number", "phoneNumber", w.phone_number.as_ref(), Form::Shown),
    ];
    let mut values: BTreeMap<&str, Value> = BTreeMap::new();
    for (claim, field, text, form) in texts {
        let Some(text) = text else { continue };
        // The username is judged at its own place.
        let own = !(field == "preferredUsername" && w.preferred_username.is_none());
        if own {
            form.judge(faults, &at.field(field), text);
        }
        values.insert(claim, text.as_str().into());
    }
    let others = [
        ("email_verified", w.email_verified.map(Value::from)),
        ("phone_number_verified", w.phone_number_verified.map(Value::from)),
        ("updated_at", w.updated_at.map(Value::from)),
        ("address", w.address.as_ref().and_then(address)),
    ];
    values.extend(others.into_iter().filter_map(|(claim, value)| value.map(|value| (claim, value))));
    values.into_iter().map(|(claim, value)| (claim.into(), value.to_string().into())).collect()
}

/// The claim `address` (Core 5.1.1), members in alphabetical order; `None` when nothing of it is written.
fn address(written: &PostalAddress) -> Option<Value> {
    let members = [
        ("country", &written.country),
        ("formatted", &written.formatted),
        ("locality", &written.locality),
        ("postal_code", &written.postal_code),
        ("region", &written.region),
        ("street_address", &written.street_address),
    ];
    let members: Map<String, Value> = members
        .into_iter()
        .filter_map(|(member, text)| text.as_ref().map(|text| (member.to_owned(), text.as_str().into())))
        .collect();
    (!members.is_empty()).then_some(Value::Object(members))
}

/// What a claim's text must look like.
#[derive(Clone, Copy)]
enum Form {
    /// Visible characters.
    Shown,
    /// An e-mail address.
    Email,
    /// An http or https address.
    Address,
    /// `YYYY-MM-DD`, `YYYY` or `0000-MM-DD`.
    Birthdate,
}

impl Form {
    fn judge(self, faults: &mut Faults, at: &At<'_>, text: &String) {
        let (good, rule) = match self {
            Self::Shown => {
                lists::text(faults, at, Some(text));
                return;
            }
            Self::Email => (is_email(text), "an e-mail address; write it as ada@example.com"),
            Self::Address => (is_address(text), "an http or https address; write it in full"),
            Self::Birthdate => {
                (is_birthdate(text), "a birthday; write YYYY-MM-DD, YYYY, or 0000-MM-DD, in quotes")
            }
        };
        if !good {
            faults.add(at, format!("`{}` is not {rule}", lists::cut(text)));
        }
    }
}

fn is_email(text: &str) -> bool {
    let visible = text.chars().all(|c| !c.is_whitespace() && !c.is_control());
    visible
        && text
            .rsplit_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !local.contains('@'))
}

fn is_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn is_birthdate(text: &str) -> bool {
    let year = |text: &str| text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('-') {
        None => year(text),
        // Without a year any day of a leap year can be one.
        Some(("0000", day)) => text.len() == 10 && format!("2000-{day}").parse::<jiff::civil::Date>().is_ok(),
        Some((head, _)) => year(head) && text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok(),
    }
}
