//! What holds for every page in every state and language: nothing inline, everything escaped, labelled and worded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Branding, Chrome, Locale};
use crate::pages;

#[path = "../../examples/page_gallery/states.rs"]
mod states;

/// Every page in every state, in both languages, with and without branding.
fn every_page() -> Vec<(String, String)> {
    let branding = Branding {
        name: Some("A<c>me".to_owned()),
        logo_url: Some("https://cdn.example.com/logo.svg?a=1&b=\"".to_owned()),
        primary_color: Some("#0e7a5f".to_owned()),
    };
    let mut every = Vec::new();
    for locale in Locale::ALL {
        for branding in [Branding::default(), branding.clone()] {
            let chrome = Chrome { branding, locale, base: "/tenant".to_owned() };
            every.extend(
                states::all(&chrome)
                    .into_iter()
                    .map(|(name, html)| (format!("{}/{name}", locale.tag()), html)),
            );
        }
    }
    every
}

/// The start tags of a document: name and the text between it and the `>`. Attribute values hold no `>`, being escaped.
fn tags(html: &str) -> Vec<(&str, &str)> {
    html.split('<')
        .skip(1)
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
        .map(|rest| {
            let tag = rest.split('>').next().unwrap();
            tag.split_once(|c: char| c.is_whitespace()).unwrap_or((tag, ""))
        })
        .collect()
}

/// The attributes of a tag; one without a value has an empty one.
fn attributes(text: &str) -> BTreeMap<&str, &str> {
    let mut found = BTreeMap::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix("=\"") {
            Some(quoted) => quoted.split_once('"').unwrap(),
            None => ("", after),
        };
        assert!(found.insert(name, value).is_none(), "{name} twice in <… {text}>");
        rest = after.trim_start();
    }
    found
}

#[test]
fn no_page_has_inline_style_script_or_handlers() {
    for (name, html) in every_page() {
        for (tag, text) in tags(&html) {
            let attributes = attributes(text);
            assert_ne!(tag, "style", "{name}");
            assert!(tag != "script" || attributes["src"].starts_with("/tenant/assets/"), "{name}: {text}");
            for attribute in attributes.keys() {
                assert!(
                    *attribute != "style" && !attribute.starts_with("on"),
                    "{name}: {attribute} on <{tag}>"
                );
            }
        }
        assert_eq!(
            html.matches("<script").count(),
            html.matches("></script>").count(),
            "{name}: script with a body"
        );
    }
}

#[test]
fn every_page_loads_from_the_assets_alone() {
    for (name, html) in every_page() {
        for (tag, text) in tags(&html).into_iter().filter(|(tag, _)| matches!(*tag, "link" | "script")) {
            let attributes = attributes(text);
            let address = attributes.get("href").or(attributes.get("src")).unwrap();
            let file =
                address.strip_prefix("/tenant/assets/").unwrap_or_else(|| panic!("{name}: {tag} {address}"));
            let file = file.split('?').next().unwrap();
            assert!(file == "theme.css" || pages::asset(file).unwrap().immutable, "{name}: {file}");
        }
    }
}

#[test]
fn names_from_outside_are_escaped() {
    for (name, html) in every_page() {
        for hostile in ["<script>", "<b>evil", "<i>Grace", "<img src=x", "<svg/onload", "\"onclick", "A<c>me"]
        {
            assert!(!html.contains(hostile), "{name}: {hostile}");
        }
    }
    let (_, html) =
        states::all(&Chrome::default()).into_iter().find(|(name, _)| name == "consent-hostile").unwrap();
    assert!(html.contains("&#60;script&#62;alert(1)&#60;/script&#62;"), "{html}");
}

#[test]
fn every_input_that_is_seen_has_a_label() {
    for (name, html) in every_page() {
        let tags = tags(&html);
        let labelled: BTreeSet<&str> =
            tags.iter().filter(|(tag, _)| *tag == "label").map(|(_, text)| attributes(text)["for"]).collect();
        for (_, text) in tags.iter().filter(|(tag, _)| *tag == "input") {
            let attributes = attributes(text);
            assert!(attributes["type"] == "hidden" || labelled.contains(attributes["id"]), "{name}: {text}");
        }
    }
}

#[test]
fn every_reference_to_an_id_has_its_element_and_ids_are_unique() {
    for (name, html) in every_page() {
        let all: Vec<_> = tags(&html).into_iter().map(|(_, text)| attributes(text)).collect();
        let ids: Vec<&str> = all.iter().filter_map(|attributes| attributes.get("id").copied()).collect();
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "{name}: {ids:?}");
        for attributes in &all {
            for reference in ["for", "aria-describedby", "aria-labelledby"] {
                for id in attributes.get(reference).unwrap_or(&"").split_whitespace() {
                    assert!(unique.contains(id), "{name}: {reference}={id}");
                }
            }
        }
    }
}

#[test]
fn every_page_has_one_language_main_and_heading_and_every_form_posts() {
    for (name, html) in every_page() {
        let lang = format!("<html lang=\"{}\">", &name[..2]);
        assert!(html.starts_with("<!doctype html>") && html.contains(&lang), "{name}");
        for one in ["<main", "<h1", "<title"] {
            assert_eq!(html.matches(one).count(), 1, "{name}: {one}");
        }
        for (_, text) in tags(&html).iter().filter(|(tag, _)| *tag == "form") {
            assert_eq!(attributes(text)["method"], "post", "{name}");
        }
        assert!(html.matches("autofocus").count() <= 1, "{name}");
    }
}

#[test]
fn hidden_fields_are_carried_by_every_form_of_ours() {
    for (name, html) in every_page().into_iter().filter(|(name, _)| !name.contains("form-post")) {
        let forms = html.matches("<form").count();
        assert_eq!(html.matches("name=\"csrf\" value=\"0f&#34;&#60;1&#62;\"").count(), forms, "{name}");
    }
}

#[test]
fn a_client_is_never_shown_without_its_object_and_redirect_host() {
    for (name, html) in every_page() {
        if html.contains("Storefront") {
            assert!(html.contains("shop/storefront") && html.contains("shop.example.com"), "{name}");
        }
    }
}

#[test]
fn a_wrong_password_marks_both_fields_and_a_full_pool_none() {
    let page = |wanted: &str| {
        states::all(&Chrome::default())
            .into_iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, html)| html)
            .unwrap()
    };
    let wrong = page("login-credentials");
    assert_eq!(wrong.matches("aria-invalid=\"true\" aria-describedby=\"login-error\"").count(), 2);
    assert!(wrong.contains("<title>Error: Sign in · Nauthera</title>") && wrong.contains("value=\"ada\""));
    let busy = page("login-busy");
    assert_eq!((busy.matches("aria-invalid").count(), busy.matches("role=\"alert\"").count()), (0, 1));
    assert!(!page("login").contains("login-error"));
}

#[test]
fn decisions_are_buttons_with_the_agreed_values() {
    for (name, html) in every_page() {
        let decisions: BTreeSet<&str> = tags(&html)
            .into_iter()
            .map(|(_, text)| attributes(text))
            .filter(|attributes| attributes.get("name") == Some(&"decision"))
            .map(|attributes| attributes["value"])
            .collect();
        let expected: &[&str] = match name.split_once('/').unwrap().1 {
            page if page.starts_with("consent") || page.starts_with("device-confirm") => &["allow", "deny"],
            page if page.starts_with("logout") => &["logout", "stay"],
            _ => &[],
        };
        assert_eq!(decisions, expected.iter().copied().collect(), "{name}");
    }
}

#[test]
fn branding_shows_on_every_page() {
    let branding = Branding {
        name: Some("Acme".to_owned()),
        logo_url: Some(states::LOGO.to_owned()),
        primary_color: Some("#0e7a5f".to_owned()),
    };
    let logo = states::LOGO.replace('\'', "&#39;");
    let chrome = Chrome { branding, ..Chrome::default() };
    for (name, html) in states::all(&chrome) {
        assert!(html.contains(" · Acme</title>"), "{name}");
        assert!(html.contains(&format!("src=\"{logo}\" alt=\"Acme\"")), "{name}");
        assert!(html.contains("href=\"/assets/theme.css?v="), "{name}");
    }
    for (name, html) in states::all(&Chrome::default()) {
        assert!(!html.contains("theme.css") && !html.contains("<img"), "{name}");
    }
}

#[test]
fn no_page_lacks_a_message() {
    for (name, html) in every_page() {
        assert!(!html.contains('⟦'), "{name}: {html}");
    }
}

#[test]
fn german_pages_have_no_english_sentence() {
    let [english, german] = Locale::ALL.map(messages_of);
    let same_by_nature = ["brand-default", "date-time", "device-code"];
    for (key, text) in &english {
        let same = german.get(key) == Some(text);
        let month = key.starts_with("month-");
        assert!(!same || month || same_by_nature.contains(&key.as_str()), "{key} is not translated: {text}");
    }
}

#[test]
fn both_languages_have_the_same_keys() {
    assert_eq!(keys_of(Locale::English), keys_of(Locale::German));
}

#[test]
fn every_key_is_used_and_every_used_key_exists() {
    let keys = keys_of(Locale::English);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let templates = sources(&root.join("templates"));
    for call in ["ui.t(\"", "ui.around(\""] {
        for key in templates.split(call).skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(keys.contains(key), "the templates use {key}, which is in no language");
        }
    }
    let everything = templates + &sources(&root.join("src/pages"));
    for key in keys.iter().filter(|key| !key.starts_with("month-")) {
        assert!(everything.contains(&format!("\"{key}\"")), "{key} is used nowhere");
    }
}

#[test]
fn every_icon_that_is_named_is_drawn() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let templates = sources(&root.join("templates"));
    let drawn: BTreeSet<&str> =
        templates.split("when \"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let used = templates.split("icon(\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let of_scopes = ["openid", "profile", "email", "address", "phone", "groups", "offline_access", "x"]
        .map(|name| pages::ScopeView::new(name).kind().icon());
    let used: BTreeSet<&str> = used.chain(of_scopes).collect();
    assert_eq!(used, drawn);
}

fn sources(folder: &Path) -> String {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .iter()
        .filter(|path| !path.ends_with("tests.rs"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

fn keys_of(locale: Locale) -> BTreeSet<String> {
    messages_of(locale).into_keys().collect()
}

/// The messages of a language as they are written.
fn messages_of(locale: Locale) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales").join(locale.tag());
    let mut messages = BTreeMap::new();
    let mut last: Option<String> = None;
    for line in sources(&folder).lines().filter(|line| !line.starts_with('#')) {
        match line.split_once(" = ").filter(|_| line.starts_with(|c: char| c.is_ascii_lowercase())) {
            Some((key, text)) => {
                assert!(messages.insert(key.to_owned(), text.to_owned()).is_none(), "{key} twice");
                last = Some(key.to_owned());
            }
            None => {
                if let Some(key) = &last {
                    messages.get_mut(key).unwrap().push_str(line);
                }
            }
        }
    }
    messages
}
