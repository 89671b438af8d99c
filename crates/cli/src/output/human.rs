//! A case as a good compiler writes it: what, where in both files, what follows, who can change it.

use super::cases::{Case, Mark};
use super::excerpt::excerpt;
use super::plain::visible;
use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use nauthera_api::manifests::Manifests;
use nauthera_api::yaml::Span;
use nauthera_core::finding::{Label, Severity};

/// Terminals differ in width, texts do not.
const WIDTH: usize = 140;

/// The case as styled text without a line end; [`super::Ui`] leaves styles out where they are not wanted.
pub fn render(manifests: &Manifests, case: &Case) -> String {
    let finding = &case.finding;
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group: Group<'_> =
        Group::with_title(level.primary_title(visible(&finding.message)).id(finding.code.as_str()));
    for (n, marks) in by_file(&case.marks).into_iter().enumerate() {
        group = group.elements(quoted(manifests, &marks, n == 0));
    }
    let notes = finding.notes.iter().map(|note| Level::NOTE.message(visible(note)));
    let help = finding.help.iter().map(|help| Level::HELP.message(visible(help)));
    let group = group.elements(notes.chain(help));
    let text = Renderer::styled().term_width(WIDTH).render(&[group]);
    if case.marks.iter().any(|mark| mark.at.is_some_and(|at| at.span.line > 0)) {
        text
    } else {
        indented(&text)
    }
}

/// Without a line of a file there is no column of line numbers: what follows the title is moved to where it stands elsewhere.
fn indented(text: &str) -> String {
    text.replace('\n', "\n ")
}

/// The marks of each file, files in the order in which they come up; each in a cluster by itself.
fn by_file(marks: &[Mark]) -> Vec<Vec<&Mark>> {
    let mut files: Vec<Vec<&Mark>> = Vec::new();
    for mark in marks {
        let file_of = |mark: &Mark| mark.at.map(|at| at.file);
        let same = |file: &&mut Vec<&Mark>| file.first().is_some_and(|first| file_of(first) == file_of(mark));
        match files.iter_mut().find(same).filter(|_| mark.at.is_some()) {
            Some(file) => file.push(mark),
            None => files.push(vec![mark]),
        }
    }
    files
}

/// The marks of one file: together where they are near each other, else one by one, else as places alone.
fn quoted<'m>(manifests: &'m Manifests, marks: &[&'m Mark], has_primary: bool) -> Vec<Element<'m>> {
    if let Some(snippet) = snippet(manifests, marks, has_primary) {
        return vec![snippet];
    }
    if let [mark] = marks {
        return place(manifests, mark, has_primary).into_iter().collect();
    }
    let alone = |(n, mark): (usize, &&'m Mark)| quoted(manifests, &[*mark], has_primary && n == 0);
    marks.iter().enumerate().flat_map(alone).collect()
}

fn snippet<'m>(manifests: &'m Manifests, marks: &[&'m Mark], has_primary: bool) -> Option<Element<'m>> {
    let file = manifests.files().get(marks.first()?.at?.file)?;
    let spans: Vec<Span> = marks.iter().filter_map(|mark| mark.at).map(|at| at.span).collect();
    let excerpt = excerpt(&file.text, &spans)?;
    let annotation = |n: usize, mark: &&'m Mark| -> Option<Annotation<'m>> {
        let kind = if has_primary && n == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let words = mark.label.as_ref().map(|label| label.note).filter(|note| !note.is_empty());
        Some(kind.span(excerpt.marks.get(n)?.clone()).label(words))
    };
    let annotations: Vec<_> = marks.iter().enumerate().filter_map(|(n, mark)| annotation(n, mark)).collect();
    let first_line = excerpt.first_line;
    let snippet = Snippet::source(excerpt.text).path(visible(&file.path)).line_start(first_line);
    Some(snippet.annotations(annotations).into())
}

fn place<'m>(manifests: &'m Manifests, mark: &Mark, is_primary: bool) -> Option<Element<'m>> {
    let Some(at) = mark.at else { return mark.label.as_ref().map(in_cluster) };
    let file = manifests.files().get(at.file)?;
    let origin = Origin::path(visible(&file.path));
    let span = at.span;
    Some(match span.line {
        0 => origin.into(),
        line if is_primary => origin.line(line as usize).char_column(span.column as usize).into(),
        line => origin.line(line as usize).into(),
    })
}

/// A place in a cluster has no line: the object is named, with the field and the words that belong to it.
fn in_cluster(label: &Label) -> Element<'static> {
    let (key, path) = (&label.place.key, label.place.path());
    let field = if path.is_empty() { String::new() } else { format!(", {path}") };
    let words = if label.note.is_empty() { String::new() } else { format!(": {}", label.note) };
    Origin::path(visible(&format!("{key} in the cluster{field}{words}")).into_owned()).into()
}
