//! What a misspelt or misplaced field was probably meant to be.

use super::compiled::Schema;
use super::shape::{Additional, Shape};
use super::words::joined;
use std::collections::BTreeMap;

/// How many other places a suggestion names at most.
const PLACES: usize = 2;

/// Fields that people look for in a place where they are left out on purpose: the last part of the place, the field, and why.
const ON_PURPOSE: [(&str, &str, &str); 2] =
    [("clientSelector", "labels", NO_CLIENT_LABELS), ("except", "labels", NO_CLIENT_LABELS)];
const NO_CLIENT_LABELS: &str = "a policy never looks at a client's own labels, since its owner could edit itself out; use \
                                `namespaceSelector`, `namespaces`, `clients` or `types`";

/// Where each field of a schema stands, by its name without case, `_` and `-`.
#[derive(Debug, Default)]
pub(super) struct Fields {
    places: BTreeMap<String, Vec<Place>>,
    /// Fields right under `spec` of other kinds, with the kind.
    elsewhere: BTreeMap<String, &'static str>,
}

#[derive(Debug, Clone)]
struct Place {
    parent: String,
    name: String,
}

/// What was meant.
#[derive(Debug, Default)]
pub(super) struct Suggestion<'f> {
    /// A field of the same mapping.
    pub(super) here: Option<&'f str>,
    text: Option<String>,
}

impl Suggestion<'_> {
    /// The help line; without a suggestion what is given.
    pub(super) fn help(&self, otherwise: impl FnOnce() -> String) -> String {
        self.text.clone().unwrap_or_else(otherwise)
    }
}

impl Fields {
    pub(super) fn of(root: &Shape) -> Self {
        let mut fields = Self::default();
        for (name, shape) in &root.properties {
            if &**name == "spec" {
                fields.enter(shape, "spec");
            }
        }
        fields
    }

    fn enter(&mut self, shape: &Shape, parent: &str) {
        for (name, field) in &shape.properties {
            let place = Place { parent: parent.into(), name: (&**name).into() };
            self.places.entry(plain(name)).or_default().push(place);
            self.enter(field, &format!("{parent}.{name}"));
        }
        if let Some(items) = &shape.items {
            self.enter(items, &format!("{parent}[]"));
        }
        if let Additional::Each(each) = &shape.additional {
            self.enter(each, parent);
        }
    }

    /// What a field `name` of the mapping at `at` was meant to be; `absent` are the mapping's fields that are not there.
    pub(super) fn suggest<'f>(
        &self,
        name: &str,
        absent: impl Iterator<Item = &'f str> + Clone,
        at: &str,
    ) -> Suggestion<'f> {
        let wanted = plain(name);
        let here =
            |known: &'f str| Suggestion { here: Some(known), text: Some(format!("did you mean `{known}`?")) };
        if let Some(known) = absent.clone().find(|known| plain(known) == wanted) {
            return here(known);
        }
        let last = at.rsplit('.').next().unwrap_or_default();
        if let Some((.., text)) =
            ON_PURPOSE.iter().find(|(place, field, _)| *place == last && *field == wanted)
        {
            return Suggestion { here: None, text: Some((*text).into()) };
        }
        if let Some(text) = self.other_place(&wanted, at) {
            return Suggestion { here: None, text: Some(text) };
        }
        if let Some(known) = nearest(name, absent) {
            return here(known);
        }
        let near = nearest(&wanted, self.places.keys().map(String::as_str)).filter(|near| near.len() > 5);
        let text = near.and_then(|near| self.other_place(near, at)).or_else(|| {
            self.elsewhere.get(&wanted).map(|kind| format!("`{name}` is a field of the kind {kind}"))
        });
        Suggestion { here: None, text }
    }

    fn other_place(&self, wanted: &str, at: &str) -> Option<String> {
        let places = self.places.get(wanted)?;
        let nearness = |place: &&Place| {
            let shared = place.parent.bytes().zip(at.bytes()).take_while(|(a, b)| a == b).count();
            let leaves = place.parent.matches("[]").count().abs_diff(at.matches("[]").count());
            (leaves, std::cmp::Reverse(shared), place.parent.len())
        };
        let mut sorted: Vec<&Place> = places.iter().filter(|place| place.parent != at).collect();
        sorted.sort_by_key(nearness);
        let best = nearness(sorted.first()?).0;
        let parents: Vec<String> = sorted
            .iter()
            .filter(|place| nearness(place).0 == best)
            .take(PLACES)
            .map(|place| format!("`{}`", place.parent))
            .collect();
        let name = &sorted.first()?.name;
        Some(format!("`{name}` belongs under {}", joined(&parents, "or under")))
    }
}

/// Tells each schema the fields of the others.
pub(super) fn introduce(schemas: &mut [Schema; 4]) {
    let kinds = nauthera_core::names::Kind::ALL.map(nauthera_core::names::Kind::as_str);
    let all: Vec<(&'static str, Vec<String>)> = kinds
        .into_iter()
        .zip(schemas.iter())
        .map(|(kind, schema)| (kind, schema.fields().places_under_spec()))
        .collect();
    for (own, schema) in kinds.into_iter().zip(schemas.iter_mut()) {
        for (kind, names) in all.iter().filter(|(kind, _)| *kind != own) {
            schema.fields_mut().elsewhere.extend(names.iter().map(|name| (name.clone(), *kind)));
        }
    }
}

impl Fields {
    fn places_under_spec(&self) -> Vec<String> {
        let under_spec = |places: &[Place]| places.iter().any(|place| place.parent == "spec");
        self.places.iter().filter(|(_, places)| under_spec(places)).map(|(name, _)| name.clone()).collect()
    }
}

/// The word that is nearest to a text, if one is near: by case, or by a few slips.
pub(crate) fn nearest<'w>(text: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    if text.len() > 128 {
        return None;
    }
    let wanted = plain(text);
    let slips = match wanted.chars().count() {
        0..=2 => 0,
        3..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    words
        .map(|word| (strsim::osa_distance(&plain(word), &wanted), word))
        .filter(|(distance, _)| *distance <= slips)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}
