//! Manifests from texts, and what is told of them in one line that a test can compare.

use nauthera_api::manifests::{Found, Manifests};

pub(crate) const CLIENT: &str = include_str!("fixtures/client.yaml");
pub(crate) const SHOP: &str = include_str!("fixtures/shop.yaml");

pub(crate) fn read(text: &str) -> Manifests {
    Manifests::from_texts(vec![("a.yaml".into(), text.into())])
}

/// The client with one line replaced.
pub(crate) fn client(from: &str, to: &str) -> Manifests {
    assert!(CLIENT.contains(from), "the fixture has no `{from}`");
    read(&CLIENT.replace(from, to))
}

pub(crate) fn only(manifests: &Manifests) -> &Found {
    let [found] = manifests.findings() else { panic!("not one finding: {:#?}", manifests.findings()) };
    found
}

/// Code, line:column, underlined text, message and help of the only finding.
pub(crate) fn told(manifests: &Manifests) -> String {
    tell(manifests, only(manifests))
}

pub(crate) fn tell(manifests: &Manifests, found: &Found) -> String {
    let at = found.at.unwrap();
    let file = &manifests.files()[at.file];
    let help = found.finding.help.as_deref().unwrap_or("-");
    format!(
        "{} {}:{}:{} {:?} | {} | {help}",
        found.finding.code,
        file.path,
        at.span.line,
        at.span.column,
        &file.text[at.span.range()],
        found.finding.message,
    )
}

pub(crate) fn accepted_clients(manifests: &Manifests) -> usize {
    manifests.inventory().clients.values().filter(|client| client.spec.is_some()).count()
}
