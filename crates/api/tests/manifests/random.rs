//! Whatever stands in a file: reading ends, nothing panics, and what is found has a place in the text.

use nauthera_api::manifests::Manifests;
use nauthera_api::yaml::{self, Node, Part, Value, escape_token};
use proptest::prelude::*;

const SHOP: &str = include_str!("fixtures/shop.yaml");

/// Reads a text, and looks at every place that is told.
fn survives(text: String) {
    let manifests = Manifests::from_texts(vec![("a.yaml".into(), text)]);
    for found in manifests.findings() {
        let at = found.at.unwrap();
        let text = &manifests.files()[at.file].text;
        assert!(text.get(at.span.range()).is_some(), "{found:?}");
        // A bare carriage return ends a line of YAML.
        let lines = text.replace("\r\n", "\n").replace('\r', "\n").lines().count();
        assert!(at.span.line as usize <= lines + 1, "{found:?} {text:?}");
        for label in &found.finding.labels {
            assert!(manifests.locate(&label.place, Part::Value).is_some(), "{found:?}");
        }
    }
    let _ = manifests.inventory();
}

/// A tree that any YAML text may hold.
#[derive(Debug, Clone)]
enum Tree {
    Scalar(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let scalar =
        prop_oneof!["[a-z0-9:#' ~.-]{0,12}", "\\PC{0,6}", Just("true".to_owned()), Just("12".to_owned())];
    scalar.prop_map(Tree::Scalar).prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..5).prop_map(Tree::List),
            prop::collection::btree_map("[a-z~/ü]{1,6}", inner, 1..5)
                .prop_map(|map| Tree::Map(map.into_iter().collect())),
        ]
    })
}

/// Writes a tree in block or flow style, all texts in double quotes.
fn written(tree: &Tree, indent: usize, flow: bool, out: &mut String) {
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let line = |out: &mut String| {
        out.push('\n');
        out.push_str(&" ".repeat(indent));
    };
    match tree {
        Tree::Scalar(text) => out.push_str(&quoted(text)),
        Tree::List(items) if flow => {
            out.push('[');
            for item in items {
                written(item, indent, true, out);
                out.push_str(", ");
            }
            out.push(']');
        }
        Tree::Map(entries) if flow => {
            out.push('{');
            for (key, value) in entries {
                out.push_str(&format!("{}: ", quoted(key)));
                written(value, indent, true, out);
                out.push_str(", ");
            }
            out.push('}');
        }
        Tree::List(items) => {
            for item in items {
                line(out);
                out.push_str("- ");
                written(item, indent + 2, matches!(item, Tree::List(_)), out);
            }
        }
        Tree::Map(entries) => {
            for (index, (key, value)) in entries.iter().enumerate() {
                line(out);
                out.push_str(&format!("{}: ", quoted(key)));
                written(value, indent + 2, index % 2 == 1, out);
            }
        }
    }
}

/// Every place of a tree: its pointer, whether its whole text is its span, and its text if it is a scalar.
fn places<'t>(tree: &'t Tree, pointer: String, flow: bool, out: &mut Vec<(String, bool, Option<&'t str>)>) {
    match tree {
        Tree::Scalar(text) => out.push((pointer, true, Some(text))),
        Tree::List(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, format!("{pointer}/{index}"), flow || matches!(item, Tree::List(_)), out);
            }
            out.push((pointer, flow, None));
        }
        Tree::Map(entries) => {
            for (index, (key, value)) in entries.iter().enumerate() {
                places(value, format!("{pointer}/{}", escape_token(key)), flow || index % 2 == 1, out);
            }
            out.push((pointer, flow, None));
        }
    }
}

fn text_of(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Text(text) => Some(&text.text),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_texts_are_survived(text in "\\PC{0,200}") {
        survives(text);
    }

    #[test]
    fn random_yaml_like_texts_are_survived(text in "[-:?\\[\\]{},#&*!|>'\"%@` \ta-c0-9\r\n]{0,120}") {
        survives(text);
    }

    #[test]
    fn mutated_manifests_are_survived(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, "[-:?\\[\\]{},#&*!|>'\"\\PC\t\r\n]{0,6}"), 1..6)
    ) {
        let mut text = SHOP.to_owned();
        for (at, length, insert) in edits {
            let boundary = |mut at: usize| {
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            let start = boundary(at.index(text.len()));
            let end = boundary((start + length).min(text.len())).max(start);
            text.replace_range(start..end, &insert);
        }
        survives(text);
    }

    #[test]
    fn cut_manifests_are_survived(at in 0..SHOP.len()) {
        survives(SHOP.get(..at).unwrap_or_default().to_owned());
    }

    #[test]
    fn lines_in_another_order_are_survived(order in prop::collection::vec(any::<prop::sample::Index>(), 0..80)) {
        let lines: Vec<&str> = SHOP.lines().collect();
        let text: Vec<&str> = order.iter().map(|at| lines[at.index(lines.len())]).collect();
        survives(text.join("\n"));
    }

    #[test]
    fn the_span_of_every_place_reads_back_as_its_scalar(tree in tree()) {
        let mut text = String::new();
        written(&tree, 0, matches!(tree, Tree::Scalar(_)), &mut text);
        let documents = yaml::parse(&text).unwrap();
        let root = &documents[0].root;
        let mut all = Vec::new();
        places(&tree, String::new(), false, &mut all);
        for (pointer, whole, scalar) in all {
            prop_assert!(root.has(&pointer), "{pointer} in {text}");
            let span = root.span_of(&pointer, Part::Value);
            let slice = &text[span.range()];
            let before: Vec<&str> = text[..span.start as usize].split('\n').collect();
            prop_assert_eq!(span.line as usize, before.len());
            prop_assert_eq!(span.column as usize, before[before.len() - 1].chars().count() + 1);
            if let Some(scalar) = scalar {
                let again = yaml::parse(slice).unwrap();
                prop_assert_eq!(text_of(&again[0].root), Some(scalar));
                prop_assert_eq!(root.at(&pointer).and_then(text_of), Some(scalar));
            } else if whole {
                let again = yaml::parse(slice).unwrap();
                prop_assert_eq!(again[0].root.to_json(), root.at(&pointer).unwrap().to_json());
            }
        }
    }
}
