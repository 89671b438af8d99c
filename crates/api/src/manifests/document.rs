//! One document of a file: what it is, and what of it is taken.

use super::identity::{self, Identity, Implied};
use super::outcome::Outcome;
use super::{facts, fault, object};
use crate::schema::Schemas;
use crate::yaml::{Document, Node, Part, Problem};
use nauthera_core::names::Kind;

pub(super) fn read(outcome: &mut Outcome, schemas: &Schemas, document: &Document) {
    let problems: Vec<&Problem> = document.problems.iter().collect();
    read_node(outcome, schemas, Item { node: &document.root, problems, implied: &Implied::default() });
}

/// A document or an item of a list, with the problems that lie in it.
struct Item<'n> {
    node: &'n Node,
    problems: Vec<&'n Problem>,
    implied: &'n Implied,
}

fn read_node(outcome: &mut Outcome, schemas: &Schemas, item: Item<'_>) {
    match identity::of(item.node, item.implied) {
        Identity::Foreign => {}
        Identity::Namespace => outcome.namespaces.extend(facts::namespace(item.node)),
        Identity::Secret => outcome.secrets.extend(facts::secret(item.node)),
        Identity::Ours(kind) => read_ours(outcome, schemas, kind, &item),
        Identity::Fault { finding, span, kind } => {
            outcome.findings.push((*finding, span));
            outcome.incomplete |= hides(kind);
        }
        Identity::List { items, implied } => {
            let starts: Vec<u32> = items.iter().map(|node| node.span.start).collect();
            for (index, node) in items.iter().enumerate() {
                let from = node.span.start;
                let to = starts.get(index + 1).copied().unwrap_or(u32::MAX);
                let inside = |problem: &&&Problem| (from..to).contains(&problem.span.start);
                let problems = item.problems.iter().filter(inside).copied().collect();
                read_node(outcome, schemas, Item { node, problems, implied: &implied });
            }
        }
    }
}

fn read_ours(outcome: &mut Outcome, schemas: &Schemas, kind: Kind, item: &Item<'_>) {
    let Some(key) = object::key(kind, item.node) else {
        let generated = item.node.has("/metadata/generateName");
        let pointer = if generated { "/metadata/generateName" } else { "/metadata" };
        let at = if item.node.has(pointer) { pointer } else { "/kind" };
        outcome.findings.push((fault::no_name(kind, generated), item.node.span_of(at, Part::Key)));
        outcome.incomplete |= hides(Some(kind));
        return;
    };
    let read = object::read(schemas.of(kind), key, item.node, &item.problems);
    outcome.findings.extend(read.findings);
    outcome.objects.push(read.object);
}

/// Does an object of that kind that cannot be told from others hide a restriction, or a server? A client or a user store
/// does not: it takes nothing away from anyone else.
fn hides(kind: Option<Kind>) -> bool {
    !matches!(kind, Some(Kind::AuthClient | Kind::UserStore))
}
