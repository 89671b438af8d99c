//! One document of a file: what it is, and what of it is taken.

use super::identity::{self, Identity, Implied};
use super::outcome::Outcome;
use super::{facts, fault, object};
use crate::schema::Schemas;
use crate::yaml::{Document, Node, Part, Problem};
use nauthera_core::finding::Finding;
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
        Identity::Secret => {
            let secret = facts::secret(item.node, &outcome.home);
            outcome.secrets.extend(secret);
        }
        Identity::Ours(kind) => read_ours(outcome, schemas, kind, &item),
        Identity::Fault { finding, pointer, kind } => {
            read_faulty(outcome, *finding, pointer, kind, item.node)
        }
        Identity::NoList { finding, span } => outcome.unseen(*finding, span),
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
    let Some(key) = object::key(kind, item.node, &outcome.home) else {
        let generated = item.node.has("/metadata/generateName");
        let pointer = if generated { "/metadata/generateName" } else { "/metadata" };
        let at = if item.node.has(pointer) { pointer } else { "/kind" };
        return outcome.unseen(fault::no_name(kind, generated), item.node.span_of(at, Part::Key));
    };
    outcome.incomplete |= object::is_astray(item.node);
    let read = object::read(schemas.of(kind), key, item.node, &item.problems);
    outcome.findings.extend(read.findings);
    outcome.objects.push(read.object);
}

/// Something that is plainly meant for us, and cannot be used. A client or a user store that says its name is there and not
/// accepted, so that it is not taken for deleted; anything else could be a restriction, a server, or any other object.
fn read_faulty(outcome: &mut Outcome, finding: Finding, pointer: &str, kind: Option<Kind>, node: &Node) {
    let span = node.span_of(pointer, Part::Value);
    let gentle = kind.filter(|kind| matches!(kind, Kind::AuthClient | Kind::UserStore));
    match gentle.and_then(|kind| object::key(kind, node, &outcome.home)).filter(|_| !object::is_astray(node))
    {
        Some(key) => {
            outcome.findings.push((fault::located(finding, &key, pointer), span));
            outcome.objects.push(object::unaccepted(key, node));
        }
        None => outcome.unseen(finding, span),
    }
}
