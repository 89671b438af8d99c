use super::*;

fn root(text: &str) -> Node {
    parse(text).unwrap().remove(0).root
}

fn json(text: &str) -> serde_json::Value {
    root(text).to_json()
}

fn slice<'t>(text: &'t str, pointer: &str, part: Part) -> &'t str {
    &text[root(text).span_of(pointer, part).range()]
}

fn problem(text: &str) -> Problem {
    parse(text).unwrap().remove(0).problems.remove(0)
}

#[test]
fn spans_cover_exactly_keys_and_scalars() {
    let text = "a: 'it''s' # c\n\"b\": [1, {c: d}] # e\nf:\n  - g: |\n      one\n      two\n\n  - h\n";
    for (pointer, key, value) in [
        ("/a", "a", "'it''s'"),
        ("/b", "\"b\"", "[1, {c: d}]"),
        ("/b/1", "{c: d}", "{c: d}"),
        ("/b/1/c", "c", "d"),
        ("/f", "f", "f"),
        ("/f/0", "g", "g"),
        ("/f/0/g", "g", "one\n      two"),
        ("/f/1", "h", "h"),
    ] {
        assert_eq!(slice(text, pointer, Part::Key), key, "{pointer}");
        assert_eq!(slice(text, pointer, Part::Value), value, "{pointer}");
    }
}

#[test]
fn lines_and_columns_count_characters_from_one() {
    let span = root("ä: ü\r\nöö: [x, 'ß', y]\r\n").span_of("/öö/2", Part::Value);
    assert_eq!((span.line, span.column), (2, 14));
}

#[test]
fn a_missing_value_points_at_the_nearest_key_above() {
    let text = "a:\n  b: {c: d}\n  e:\n";
    assert_eq!(slice(text, "/a/b/x/y", Part::Value), "b");
    assert_eq!(slice(text, "/a/e", Part::Value), "e");
    assert_eq!(slice(text, "/nothing", Part::Value), "a");
}

#[test]
fn pointers_unescape_their_tokens() {
    assert_eq!(slice("labels: {a/b~c: d}", "/labels/a~1b~0c", Part::Value), "d");
    assert_eq!(escape_token("a/b~c"), "a~1b~0c");
}

#[test]
fn scalars_follow_the_core_schema() {
    let text = "[~, null, '', true, False, yes, on, 12, -7, 0x1F, 0o17, 010, 1.50, .5, 1e3, 1.2.3, 15m, .inf, 1_000, \
                18446744073709551615, '12', !!str 12, - , 1e999]"
        .replace("- ,", "-1.,");
    assert_eq!(
        json(&text).to_string(),
        "[null,null,\"\",true,false,\"yes\",\"on\",12,-7,31,15,10,1.5,0.5,1000.0,\"1.2.3\",\"15m\",\".inf\",\"1_000\",\
         18446744073709551615,\"12\",\"12\",-1.0,\"1e999\"]"
    );
}

#[test]
fn documents_without_content_are_left_out() {
    let documents = parse("# only a comment\n---\n---\na: b\n...\n---\n~\n---\nc: d\n").unwrap();
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[1].root.entry("c").unwrap().key_span.line, 9);
}

#[test]
fn a_second_key_is_a_problem_at_its_place_and_the_first_counts() {
    let text = "a: 1\nb: 2\n'a': 3\n";
    let found = problem(text);
    assert_eq!((found.span.line, found.span.column), (3, 1));
    assert_eq!(found.message, "the key `a` stands twice in this mapping");
    assert_eq!(json(text)["a"], 1);
}

#[test]
fn a_second_key_is_found_in_large_mappings_too() {
    let mut text: String = (0..2_000).map(|n| format!("k{n}: {n}\n")).collect();
    text.push_str("k1999: again\nk3: again\n");
    let lines: Vec<u32> = parse(&text).unwrap()[0].problems.iter().map(|p| p.span.line).collect();
    assert_eq!(lines, [2_001, 2_002]);
}

#[test]
fn aliases_stand_for_what_their_anchor_names() {
    let text = "base: &b {x: 1}\nlist: [*b, *b]\nname: &n shop\nagain: *n\n*n : key\n";
    assert_eq!(json(text)["list"], serde_json::json!([{"x": 1}, {"x": 1}]));
    assert_eq!(json(text)["shop"], "key");
    assert_eq!(slice(text, "/again", Part::Value), "shop");
}

#[test]
fn merge_keys_bring_what_is_not_written() {
    let text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n  z: 3\n";
    assert_eq!(json(text)["c"], serde_json::json!({"x": 1, "y": 1, "z": 3}));
    assert!(parse(text).unwrap()[0].problems.is_empty());
}

#[test]
fn merge_keys_on_which_readers_disagree_are_refused() {
    let found = problem("a: &a {x: 1}\nb:\n  x: 2\n  <<: *a\n");
    assert_eq!((found.span.line, found.span.column), (3, 3));
    assert!(found.message.contains("readers disagree"), "{}", found.message);
    assert!(problem("b:\n  <<: 7\n").message.contains("takes a mapping"));
    assert_eq!(json("'<<': x\n"), serde_json::json!({"<<": "x"}));
}

#[test]
fn keys_that_are_not_texts_are_problems() {
    assert!(problem("? [a]\n: b\n").message.contains("where a key must"));
    assert!(problem("~: b\n").message.contains("a key is missing"));
    assert_eq!(json("1: a\ntrue: b\n"), serde_json::json!({"1": "a", "true": "b"}));
}

#[test]
fn unknown_tags_are_problems_of_the_document_alone() {
    assert!(problem("a: !Ref b\n").message.contains("`!Ref`"));
    assert!(problem("a: !!int b\n").message.contains("does not fit"));
    assert!(parse("a: !!map {b: !!seq []}\n").unwrap()[0].problems.is_empty());
}

#[test]
fn a_billion_laughs_are_refused_before_they_are_told() {
    let mut text = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for n in 1..30 {
        let inner = vec![format!("*a{}", n - 1); 10].join(", ");
        text.push_str(&format!("a{n}: &a{n} [{inner}]\n"));
    }
    let error = parse(&text).unwrap_err();
    assert_eq!(error.message, "aliases expand to more than 4 MiB");
    assert!(error.span.line < 8, "{error:?}");
}

#[test]
fn many_aliases_of_one_long_text_are_refused() {
    let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), ["*a"; 10].join(","));
    assert_eq!(parse(&text).unwrap_err().message, "aliases expand to more than 4 MiB");
}

#[test]
fn an_alias_inside_its_own_anchor_is_refused() {
    assert!(parse("a: &a [*a]\n").unwrap_err().message.contains("inside what it names"));
    assert!(parse("a: *b\n").unwrap_err().message.contains("does not stand before it"));
}

#[test]
fn nesting_is_bounded_in_every_style() {
    let flow = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert!(parse(&flow(64)).is_ok());
    assert!(parse(&flow(65)).unwrap_err().message.contains("64 deep"));
    assert!(parse(&"- ".repeat(70)).unwrap_err().message.contains("64 deep"));
    assert!(parse(&"{a: ".repeat(1_000_000)).unwrap_err().message.contains("64 deep"));
    let mixed = format!("{}{}", "- ".repeat(40), flow(40));
    assert!(parse(&mixed).unwrap_err().message.contains("64 deep"));
    let aliased = format!("- &a {}\n- [[[[[[[[[[*a]]]]]]]]]]\n", flow(60));
    assert!(parse(&aliased).unwrap_err().message.contains("64 deep"));
}

#[test]
fn syntax_errors_point_at_what_a_person_has_to_mend() {
    for (text, line, column, message) in [
        ("a: b\n\tc: d\n", 2, 1, "a tab stands where spaces must"),
        ("a: b\r\n\tc: d\r\n", 2, 1, "a tab stands where spaces must"),
        (": \rd\r\tt\n\t", 3, 1, "a tab stands where spaces must"),
        ("a: b: c\n", 1, 5, "a `:` stands where none may"),
        ("x: 1\na: \"unclosed\n", 2, 4, "a quote is not closed"),
        ("a: [1, 2\n", 1, 4, "`[` is not closed"),
        ("- a\nb: c\n", 2, 1, "this line does not fit the list above it"),
        ("a: 1\n  b: 2\n", 2, 4, "a `:` stands where none may"),
        ("x: a\u{0}b", 1, 5, "a control character is not allowed here"),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(
            (error.span.line, error.span.column, &*error.message),
            (line, column, message),
            "{text:?}"
        );
    }
}

#[test]
fn a_template_is_named_as_such() {
    let error = parse("{{- if .Values.enabled }}\na: b\n{{- end }}\n").unwrap_err();
    assert!(error.help.unwrap().contains("rendered"));
}

#[test]
fn json_is_yaml_even_with_tabs() {
    assert_eq!(
        json("{\n\t\"a\": [\n\t\t1,\n\t\t\"\\u00e4\\/\\ud83d\\ude00\"\n\t]\n}\n"),
        serde_json::json!({"a": [1, "ä/😀"]})
    );
    let long = format!("{{\"a\":\"{}\",\"b\":1}}", "x".repeat(5_000));
    assert_eq!(json(&long)["b"], 1);
}

#[test]
fn more_values_than_the_limit_are_refused() {
    let text = format!("[{}]", "1,".repeat(MAX_NODES));
    assert!(parse(&text).unwrap_err().message.contains("1000000 values"));
}

#[test]
fn ambiguous_words_are_those_of_yaml_1_1() {
    for word in ["y", "N", "yes", "No", "ON", "off"] {
        assert!(is_ambiguous_word(word), "{word}");
    }
    for word in ["", "true", "yess", "o"] {
        assert!(!is_ambiguous_word(word), "{word}");
    }
}
