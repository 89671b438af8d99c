//! Settings compared by what they permit.

use super::{FieldChange, What};
use crate::grant::Consent;
use crate::report::{ClientReport, Setting, Source};
use crate::snapshot::Row;
use crate::spec::Rotation;
use crate::time::Seconds;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a difference permits and forbids.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Effect {
    widens: bool,
    narrows: bool,
}

const WIDENS: Effect = Effect { widens: true, narrows: false };
const NARROWS: Effect = Effect { widens: false, narrows: true };
const NEITHER: Effect = Effect { widens: false, narrows: false };
/// What worked stops, and something else works.
const BOTH: Effect = Effect { widens: true, narrows: true };

/// The settings that differ between two states of a client; none unless both are served.
pub fn changed(old: &ClientReport, new: &ClientReport) -> Vec<FieldChange> {
    let (Some(before), Some(after)) = (&old.row, &new.row) else { return Vec::new() };
    // A row that compile shares or leaves as it is needs no look at its fields.
    if Arc::ptr_eq(before, after) && old.rotation() == new.rotation() {
        return Vec::new();
    }
    let mut changes = identity(before, after);
    if old.server != new.server {
        let name = |client: &ClientReport| client.server.as_ref().map(ToString::to_string);
        changes.push(value("authServerRef", shown(name(old)), shown(name(new)), BOTH));
    }
    changes.extend(lists(before, after));
    changes.extend(lifetimes(before, after));
    changes.extend(requirements(before, after));
    changes.extend(groups(&before.allowed_groups, &after.allowed_groups));
    changes.extend(rotation(old.rotation(), new.rotation()));
    if changes.is_empty() {
        return changes;
    }
    let (settings, previous) = (new.effective(), old.effective());
    for change in &mut changes {
        change.source = source(&settings, change.name).or_else(|| source(&previous, change.name));
    }
    changes
}

fn source(settings: &[Setting], name: &str) -> Option<Source> {
    settings.iter().find(|setting| setting.name == name).map(|setting| setting.source.clone())
}

fn shown<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}

fn value(name: &'static str, before: String, after: String, effect: Effect) -> FieldChange {
    let Effect { widens, narrows } = effect;
    FieldChange { name, what: What::Value { before, after }, widens, narrows, source: None }
}

/// A value that differs, if it does.
fn differs<T: PartialEq>(
    name: &'static str,
    before: T,
    after: T,
    show: impl Fn(&T) -> String,
    effect: Effect,
) -> Option<FieldChange> {
    (before != after).then(|| value(name, show(&before), show(&after), effect))
}

/// Who the client is, and how it proves that.
fn identity(before: &Row, after: &Row) -> Vec<FieldChange> {
    let keys = |row: &Row| row.authentication.keys.clone();
    let all = [
        differs("clientId", &before.client_id, &after.client_id, ToString::to_string, BOTH),
        differs("type", before.client_type, after.client_type, ToString::to_string, NEITHER),
        differs("displayName", &before.display_name, &after.display_name, ToString::to_string, NEITHER),
        differs(
            "backChannelLogoutUri",
            &before.back_channel_logout_uri,
            &after.back_channel_logout_uri,
            |uri| shown(uri.as_ref()),
            NEITHER,
        ),
        differs(
            "authentication.method",
            before.authentication.method,
            after.authentication.method,
            ToString::to_string,
            BOTH,
        ),
        (keys(before) != keys(after)).then(|| {
            let word = |row: &Row| match keys(row) {
                None => "none".to_owned(),
                Some(crate::spec::ClientKeys::JwksUri(uri)) => uri.to_string(),
                Some(crate::spec::ClientKeys::Jwks(_)) => "written keys".to_owned(),
            };
            let (old, new) = (word(before), word(after));
            let new = if old == new { "other written keys".to_owned() } else { new };
            value("authentication.keys", old, new, BOTH)
        }),
    ];
    all.into_iter().flatten().collect()
}

/// Lists: an item more permits more, an item less permits less.
fn lists(before: &Row, after: &Row) -> Vec<FieldChange> {
    let all = [
        items("grantTypes", before.grants.iter(), after.grants.iter()),
        items("scopes", &before.scopes, &after.scopes),
        items("redirectUris", &before.redirect_uris, &after.redirect_uris),
        items("postLogoutRedirectUris", &before.post_logout_redirect_uris, &after.post_logout_redirect_uris),
        items("audiences", &before.audiences, &after.audiences),
        items("introspects", &before.introspects, &after.introspects),
        items(
            "authentication.serviceAccounts",
            &before.authentication.subjects,
            &after.authentication.subjects,
        ),
    ];
    all.into_iter().flatten().collect()
}

fn items<T: ToString>(
    name: &'static str,
    before: impl IntoIterator<Item = T>,
    after: impl IntoIterator<Item = T>,
) -> Option<FieldChange> {
    let before: BTreeSet<String> = before.into_iter().map(|item| item.to_string()).collect();
    let after: BTreeSet<String> = after.into_iter().map(|item| item.to_string()).collect();
    let added: Vec<String> = after.difference(&before).cloned().collect();
    let removed: Vec<String> = before.difference(&after).cloned().collect();
    let (widens, narrows) = (!added.is_empty(), !removed.is_empty());
    (widens || narrows).then_some(FieldChange {
        name,
        what: What::Items { added, removed },
        widens,
        narrows,
        source: None,
    })
}

fn lifetimes(before: &Row, after: &Row) -> Vec<FieldChange> {
    let (old, new) = (before.token, after.token);
    let all = [
        longer("token.accessTokenTTL", old.access, new.access),
        longer("token.refreshTokenTTL", old.refresh, new.refresh),
        longer("token.idTokenTTL", old.id, new.id),
    ];
    all.into_iter().flatten().collect()
}

/// A longer time permits more.
fn longer(name: &'static str, before: Seconds, after: Seconds) -> Option<FieldChange> {
    let effect = match after.cmp(&before) {
        Ordering::Greater => WIDENS,
        Ordering::Less => NARROWS,
        Ordering::Equal => return None,
    };
    Some(value(name, before.to_string(), after.to_string(), effect))
}

fn requirements(before: &Row, after: &Row) -> Vec<FieldChange> {
    let asked = |row: &Row| row.consent == Consent::Required;
    let all = [
        required("pkce", before.require_pkce, after.require_pkce, ["required (S256)", "optional (S256)"]),
        required(
            "pushedAuthorizationRequests",
            before.require_par,
            after.require_par,
            ["required", "optional"],
        ),
        required("consent", asked(before), asked(after), ["Required", "Trusted"]),
        max_age(before.max_age, after.max_age),
    ];
    all.into_iter().flatten().collect()
}

fn required(name: &'static str, before: bool, after: bool, [yes, no]: [&str; 2]) -> Option<FieldChange> {
    let word = |required: bool| if required { yes.to_owned() } else { no.to_owned() };
    (before != after).then(|| value(name, word(before), word(after), if after { NARROWS } else { WIDENS }))
}

/// No limit permits most.
fn max_age(before: Option<Seconds>, after: Option<Seconds>) -> Option<FieldChange> {
    let permits = |age: Option<Seconds>| age.unwrap_or(Seconds::MAX);
    let effect = if permits(after) > permits(before) { WIDENS } else { NARROWS };
    (before != after).then(|| value("maxAge", shown(before), shown(after), effect))
}

type GroupLists = [Vec<Arc<str>>];

/// A person must be in a group of every list: a list counts for nothing beside one that is part of it.
fn groups(before: &GroupLists, after: &GroupLists) -> Option<FieldChange> {
    fn holds(list: &[Arc<str>], others: &GroupLists) -> bool {
        others.iter().any(|other| other.iter().all(|group| list.contains(group)))
    }
    let widens = before.iter().any(|list| !holds(list, after));
    let narrows = after.iter().any(|list| !holds(list, before));
    let words = |lists: &GroupLists| {
        let lists: Vec<String> = lists.iter().map(|list| list.join(" or ")).collect();
        if lists.is_empty() { "everyone".to_owned() } else { lists.join(", and ") }
    };
    let effect = Effect { widens, narrows };
    (widens || narrows).then(|| value("allowedGroups", words(before), words(after), effect))
}

/// Rotation that ends, or lets secrets grow older, permits more; another schedule alone does neither.
fn rotation(before: Option<&Rotation>, after: Option<&Rotation>) -> Option<FieldChange> {
    if before == after {
        return None;
    }
    let oldest = |rotation: &Rotation| rotation.max_age.unwrap_or(Seconds::MAX);
    let effect = match (before, after) {
        (Some(_), None) => WIDENS,
        (None, _) => NARROWS,
        (Some(before), Some(after)) => Effect {
            widens: oldest(after) > oldest(before) || after.overlap > before.overlap,
            narrows: oldest(after) < oldest(before) || after.overlap < before.overlap,
        },
    };
    Some(value("secretRotation", shown(before.map(words)), shown(after.map(words)), effect))
}

fn words(rotation: &Rotation) -> String {
    let mut parts: Vec<String> =
        rotation.schedules.iter().map(|schedule| format!("`{}`", schedule.as_str())).collect();
    parts.extend(rotation.max_age.map(|age| format!("at most {age} old")));
    parts.push(format!("overlap {}", rotation.overlap));
    parts.join(", ")
}
