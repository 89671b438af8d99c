//! Rows in as little memory as they need: what many rows say alike is held once, and no list keeps room that it does not use. A
//! server with a hundred thousand clients holds a hundred thousand rows.

use super::{PolicyMark, Row};
use crate::names::{Audience, ClientId, Scope};
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;

/// Texts that are held once.
#[derive(Debug, Default)]
pub(crate) struct Texts(HashSet<Arc<str>>);

impl Texts {
    /// The one that is held, which is this one if there was none before.
    pub(crate) fn share(&mut self, text: &mut Arc<str>) {
        match self.0.get(text) {
            Some(held) => text.clone_from(held),
            None => {
                self.0.insert(text.clone());
            }
        }
    }
}

/// What rows share while they are read one after the other.
#[derive(Debug, Default)]
pub(crate) struct Tight {
    texts: Texts,
    policies: HashSet<Arc<[PolicyMark]>>,
}

impl Tight {
    /// The same row in less memory.
    pub(crate) fn row(&mut self, mut row: Row) -> Arc<Row> {
        let texts = &mut self.texts;
        texts.share(&mut row.object.namespace);
        if row.display_name == row.object.name {
            row.display_name.clone_from(&row.object.name);
        }
        for list in [&mut row.scopes, &mut row.withheld_scopes] {
            tight(list, |scope: &mut Scope| scope.share(texts));
        }
        for list in [&mut row.audiences, &mut row.introspects] {
            tight(list, |audience: &mut Audience| audience.share(texts));
        }
        tight(&mut row.allowed_groups, |groups| tight(groups, |group| texts.share(group)));
        row.redirect_uris.shrink_to_fit();
        row.post_logout_redirect_uris.shrink_to_fit();
        row.authentication.subjects.shrink_to_fit();
        row.secrets.shrink_to_fit();
        match self.policies.get(&row.policies) {
            Some(held) => row.policies.clone_from(held),
            None => {
                self.policies.insert(row.policies.clone());
            }
        }
        Arc::new(row)
    }
}

fn tight<T>(list: &mut Vec<T>, each: impl FnMut(&mut T)) {
    list.iter_mut().for_each(each);
    list.shrink_to_fit();
}

/// A client table as it is read: no row is held twice meanwhile.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) clients: BTreeMap<ClientId, Arc<Row>>,
    /// The first that does not stand where it should.
    pub(super) misplaced: Option<ClientId>,
}

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(RowsVisitor)
    }
}

struct RowsVisitor;

impl<'de> Visitor<'de> for RowsVisitor {
    type Value = Rows;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the rows of clients")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Rows, A::Error> {
        let (mut rows, mut tight) = (Rows::default(), Tight::default());
        while let Some(row) = seq.next_element::<Row>()? {
            let ordered = rows.clients.last_key_value().is_none_or(|(last, _)| *last < row.client_id);
            if !ordered && rows.misplaced.is_none() {
                rows.misplaced = Some(row.client_id.clone());
            }
            rows.clients.insert(row.client_id.clone(), tight.row(row));
        }
        Ok(rows)
    }
}
