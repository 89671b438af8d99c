//! Manifests made to hurt: reading ends soon, says why, and loses nothing else.

use nauthera_api::manifests::Manifests;
use nauthera_core::codes::Code;

const CLIENT: &str = include_str!("fixtures/client.yaml");
const LARGE: usize = (8 << 20) - 100;

/// Reads a text beside a good client, which has to come through.
fn beside_a_client(text: String) -> Manifests {
    let manifests = Manifests::from_texts(vec![("a.yaml".into(), text), ("web.yaml".into(), CLIENT.into())]);
    assert!(manifests.inventory().clients.values().all(|client| client.spec.is_some()));
    assert_eq!(manifests.inventory().clients.len(), 1);
    manifests
}

fn codes(manifests: &Manifests) -> Vec<Code> {
    manifests.findings().iter().map(|found| found.finding.code).collect()
}

#[test]
fn a_billion_laughs_end_as_a_finding() {
    let mut text = String::from("a0: &a0 lol\n");
    for n in 1..40 {
        text.push_str(&format!(
            "a{n}: &a{n} [*a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}, *a{0}]\n",
            n - 1
        ));
    }
    let manifests = beside_a_client(text);
    assert_eq!(codes(&manifests), [Code::NotYaml]);
    assert_eq!(manifests.findings()[0].finding.message, "aliases expand to more than 4 MiB");
    assert!(manifests.is_incomplete());
}

#[test]
fn merge_keys_that_multiply_end_as_a_finding() {
    let keys: String = (0..200).map(|n| format!("k{n}: {n}, ")).collect();
    let mut text = format!("a0: &a0 {{{keys}}}\n");
    for n in 1..30 {
        let prior = n - 1;
        text.push_str(&format!(
            "a{n}: &a{n}\n  x: {{<<: *a{prior}}}\n  y: {{<<: *a{prior}}}\n  z: *a{prior}\n"
        ));
    }
    assert_eq!(codes(&beside_a_client(text)), [Code::NotYaml]);
}

#[test]
fn deep_nesting_ends_as_a_finding() {
    for text in [
        "[".repeat(100_000),
        "a: ".to_owned() + &"{b: ".repeat(100_000),
        "- ".repeat(100_000),
        "? ".repeat(100_000),
    ] {
        assert_eq!(codes(&beside_a_client(text)), [Code::NotYaml]);
    }
}

#[test]
fn much_of_anything_ends() {
    for piece in [
        "[",
        "{",
        "]",
        "- ",
        "-\n",
        "a: ",
        "a:\n",
        "? ",
        "&a ",
        "*a ",
        "!!str ",
        "!a ",
        "%TAG ! x\n",
        "---\n",
        "...\n",
        "\"",
        "'",
        "|\n",
        "> ",
        "# c\n",
        "\n",
        " ",
        "\t",
        ",",
        "a,",
        "[a",
        "\\",
        "<<: ",
        "a: &b c\n",
        "\r",
        "\u{feff}",
        "@",
        "x",
        "x ",
        "x\n",
        "- - - x\n",
    ] {
        let manifests = beside_a_client(piece.repeat(LARGE / piece.len() / 32));
        assert!(manifests.findings().len() <= 1, "{piece:?}");
    }
}

#[test]
fn a_text_of_more_than_eight_megabytes_is_refused() {
    let manifests = beside_a_client("#".repeat((8 << 20) + 1));
    assert_eq!(codes(&manifests), [Code::FileTooLarge]);
    assert_eq!(manifests.findings()[0].finding.message, "a.yaml has more than 8 MiB");
}

#[test]
fn an_object_of_more_than_one_megabyte_is_refused_alone() {
    let large = CLIENT.replace("name: web", "name: other").replace("Shop", &"x".repeat(1 << 20));
    let manifests = Manifests::from_texts(vec![("a.yaml".into(), format!("{large}---\n{CLIENT}"))]);
    assert_eq!(codes(&manifests), [Code::FileTooLarge]);
    assert_eq!(manifests.findings()[0].at.unwrap().span.line, 5);
    let inventory = manifests.inventory();
    assert_eq!(inventory.clients.values().filter(|client| client.spec.is_some()).count(), 1);
    assert!(!inventory.incomplete && inventory.clients.len() == 2);
}

#[test]
fn one_object_gets_a_bounded_number_of_findings() {
    let words = vec!["on"; 5_000].join(", ");
    let keys: String = (0..5_000).map(|n| format!("  k{n}: 1\n  k{n}: 1\n")).collect();
    let text = CLIENT
        .replace("[openid, email]", &format!("[{words}]"))
        .replace("spec:\n", &format!("spec:\n{keys}"));
    let found = Manifests::from_texts(vec![("a.yaml".into(), text)]).findings().len();
    assert!((50..=210).contains(&found), "{found}");
}

#[test]
fn a_large_list_of_objects_is_read_in_one_go() {
    let item = CLIENT.replace('\n', "\n  ");
    let mut text = String::from("apiVersion: v1\nkind: List\nitems:\n");
    for number in 0..2_000 {
        text.push_str(&format!("- {}\n", item.replace("name: web", &format!("name: c{number}")).trim_end()));
    }
    let manifests = Manifests::from_texts(vec![("a.yaml".into(), text)]);
    assert_eq!((manifests.findings().len(), manifests.inventory().clients.len()), (0, 2_000));
}

#[test]
fn what_is_told_has_no_control_characters() {
    let text = CLIENT
        .replace("name: web", "name: \"we\\e[31mb\"")
        .replace("kind: AuthClient", "kind: \"Auth\\eClient\"");
    let manifests = Manifests::from_texts(vec![
        ("a.yaml".into(), text),
        ("b.yaml".into(), CLIENT.replace("name: web", "name: \"we\\e[31mb\"\n  \"x\\e\": 1\n  \"x\\e\": 1")),
    ]);
    assert!(manifests.findings().len() >= 4);
    for found in manifests.findings() {
        let told = format!("{}{:?}{:?}", found.finding.message, found.finding.help, found.finding.labels);
        assert!(!told.contains('\u{1b}'), "{told}");
    }
}
