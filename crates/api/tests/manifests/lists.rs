//! `List` objects and JSON: other wrappings of the same objects, with the same positions.

use nauthera_api::manifests::Manifests;

use crate::told::{CLIENT, accepted_clients, read, told};

#[test]
fn lists_are_taken_apart_with_their_positions() {
    let indented = |text: &str| text.replace('\n', "\n  ").trim_end().to_owned();
    let broken = CLIENT.replace("type: web", "type: webb").replace("name: web", "name: other");
    let text =
        format!("apiVersion: v1\nkind: List\nitems:\n- {}\n- {}\n", indented(CLIENT), indented(&broken));
    let manifests = read(&text);
    assert!(told(&manifests).starts_with("NA0007 a.yaml:29:11 \"webb\""), "{}", told(&manifests));
    assert_eq!(manifests.inventory().clients.len(), 2);
    let bare = indented(CLIENT).replace("apiVersion: auth.nauthera.io/v1alpha1\n  kind: AuthClient\n  ", "");
    let text = format!(
        "apiVersion: auth.nauthera.io/v1alpha1\nkind: AuthClientList\nmetadata: {{}}\nitems:\n- {bare}\n"
    );
    assert_eq!(accepted_clients(&read(&text)), 1);
}

#[test]
fn a_problem_in_one_item_of_a_list_leaves_the_others() {
    let indented = |text: &str| text.replace('\n', "\n  ").trim_end().to_owned();
    let broken = CLIENT.replace("type: web", "type: web\n  type: web").replace("name: web", "name: other");
    let text =
        format!("apiVersion: v1\nkind: List\nitems:\n- {}\n- {}\n", indented(&broken), indented(CLIENT));
    let manifests = read(&text);
    assert_eq!((manifests.findings().len(), accepted_clients(&manifests)), (1, 1));
}

#[test]
fn lists_that_hold_no_list_of_objects_are_told() {
    for (text, want) in [
        (
            "apiVersion: v1\nkind: List\nitems: {}\n",
            "NA0006 a.yaml:3:8 \"{}\" | `items` of this List is not a list | begin each object with `- `, or take the document away",
        ),
        (
            "apiVersion: v1\nkind: List\n",
            "NA0006 a.yaml:2:7 \"List\" | `items` of this List is not a list | begin each object with `- `, or take the document away",
        ),
        (
            "apiVersion: auth.nauthera.io/v1alpha1\nkind: AuthClientList\nitems: web\n",
            "NA0006 a.yaml:3:8 \"web\" | `items` of this AuthClientList is not a list | begin each object with `- `, or take the document away",
        ),
        (
            "apiVersion: v1\nkind: List\nitems:\n- web\n",
            "NA0006 a.yaml:4:3 \"web\" | this item of a list is not an object | write an object with `apiVersion`, `kind` and `metadata`, or take the item away",
        ),
    ] {
        let manifests = read(text);
        assert_eq!(told(&manifests), want);
        assert!(manifests.is_incomplete(), "{text}");
    }
    for text in [
        "apiVersion: v1\nkind: List\nitems: []\n",
        "apiVersion: v1\nkind: List\nitems:\n",
        "apiVersion: apps/v1\nkind: DeploymentList\nitems: {}\n",
        "apiVersion: example.com/v1\nkind: PriceList\nitems: [5]\n",
        "kind: List\n",
    ] {
        assert!(read(text).findings().is_empty(), "{text}");
    }
}

#[test]
fn json_is_read_too() {
    let text = "{\n\t\"apiVersion\": \"auth.nauthera.io/v1alpha1\", \"kind\": \"AuthClient\",\n\t\"metadata\": {\"name\": \"web\"},\n\
                \t\"spec\": {\"type\": \"service\", \"authServerRef\": {\"name\": \"main\"}, \"scopes\": \"x\"}\n}\n";
    let manifests = Manifests::from_texts(vec![("a.json".into(), text.into())]);
    assert!(told(&manifests).starts_with("NA0006 a.json:4:75 \"\\\"x\\\"\""), "{}", told(&manifests));
}

#[test]
fn json_of_others_need_not_be_strict() {
    let text = "{ // comments as TypeScript has them\n  \"compilerOptions\": { },\n}";
    assert!(Manifests::from_texts(vec![("tsconfig.json".into(), text.into())]).findings().is_empty());
    let ours = format!("{{ // {}\n", nauthera_api::v1alpha1::GROUP);
    assert!(Manifests::from_texts(vec![("a.json".into(), ours)]).is_incomplete());
}
