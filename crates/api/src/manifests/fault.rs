//! The findings that reading itself makes.

use super::{MAX_FILE, MAX_OBJECT};
use crate::schema::Judgement;
use crate::yaml::{Problem, SyntaxError};
use nauthera_core::codes::Code;
use nauthera_core::finding::{Finding, Place, Severity};
use nauthera_core::names::{Kind, ObjectKey};
use std::io;

/// A file or folder that cannot be read.
pub(super) fn unreadable(path: &str, error: &io::Error) -> Finding {
    let message = match error.kind() {
        io::ErrorKind::NotFound => format!("{path} is not there"),
        io::ErrorKind::PermissionDenied => format!("{path} may not be read by this user"),
        _ => format!("{path} cannot be read: {error}"),
    };
    Finding::new(Code::FileUnreadable, message)
}

pub(super) fn not_utf8(path: &str, utf16: bool) -> Finding {
    let what = if utf16 { "UTF-16" } else { "not UTF-8" };
    Finding::new(Code::FileUnreadable, format!("{path} is {what}")).help("save it as UTF-8")
}

pub(super) fn too_large(path: &str) -> Finding {
    Finding::new(Code::FileTooLarge, format!("{path} has more than {} MiB", MAX_FILE >> 20))
        .help("split it into several files")
}

pub(crate) fn object_too_large(key: &ObjectKey, bytes: usize) -> Finding {
    let message =
        format!("{key} has {} KiB, and an object may have at most {}", bytes >> 10, MAX_OBJECT >> 10);
    Finding::new(Code::FileTooLarge, message).at(place(key, "/metadata/name"), "this object")
}

pub(super) fn not_yaml(error: &SyntaxError) -> Finding {
    let finding = Finding::new(Code::NotYaml, &*error.message);
    match error.help {
        Some(help) => finding.help(help),
        None => finding,
    }
}

pub(super) fn duplicate(key: &ObjectKey) -> Finding {
    Finding::new(Code::DuplicateObject, format!("{key} stands twice"))
        .at(place(key, "/metadata/name"), "again here")
        .at(place(key, "/metadata/name"), "first here")
        .note("neither of them is used")
        .help("rename one of them, or take it away")
}

/// A Namespace or a Secret that stands twice.
pub(super) fn fact_twice(fact: &str, places: String, same: bool) -> Finding {
    let finding = Finding::new(Code::DuplicateObject, format!("{fact} stands twice")).note(places);
    let finding = match same {
        true => finding.weighing(Severity::Warning).note("they say the same, so it is used"),
        false => finding.note("neither of them is used, since nobody knows which one a cluster would keep"),
    };
    finding.help("take one of them away")
}

/// A document that is YAML and cannot be an object, such as one with a key twice.
pub(super) fn problem(key: &ObjectKey, problem: &Problem) -> Finding {
    Finding::new(Code::SchemaViolation, &*problem.message)
        .at(place(key, ""), "not allowed")
        .help(problem.help)
}

pub(crate) fn judged(key: &ObjectKey, judgement: &Judgement) -> Finding {
    let note = match judgement.code {
        Code::UnknownField => "unknown field",
        Code::WrongType => "wrong type",
        Code::RuleViolation => "breaks a rule",
        _ => "not allowed",
    };
    let finding = Finding::new(judgement.code, &*judgement.message)
        .weighing(judgement.severity)
        .at(place(key, &judgement.pointer), note);
    match &judgement.help {
        Some(help) => finding.help(&**help),
        None => finding,
    }
}

pub(crate) fn bad_value(key: &ObjectKey, pointer: &str, message: String, help: Option<String>) -> Finding {
    let finding = Finding::new(Code::BadValue, message).at(place(key, pointer), "cannot be used");
    match help {
        Some(help) => finding.help(help),
        None => finding,
    }
}

pub(super) fn ambiguous_word(key: &ObjectKey, pointer: &str, word: &str) -> Finding {
    let message = format!("`{word}` without quotes is a boolean for kubectl and other readers of YAML 1.1");
    Finding::new(Code::AmbiguousBoolean, message)
        .at(place(key, pointer), "not quoted")
        .help(format!("write `\"{word}\"`"))
}

pub(super) fn unknown_kind(kind: Option<&str>, near: Option<&str>) -> Finding {
    let kinds = Kind::ALL.map(Kind::as_str);
    let [first, second, third, last] = kinds;
    let all = format!("the kinds are {first}, {second}, {third} and {last}");
    let message = match kind {
        Some(kind) => format!("`{kind}` is not a kind of auth.nauthera.io"),
        None => "an object of auth.nauthera.io has no `kind`".into(),
    };
    let help = near.map_or(all, |near| format!("did you mean `{near}`?"));
    Finding::new(Code::UnknownKind, message).help(help)
}

pub(super) fn unknown_version(version: Option<&str>) -> Finding {
    let known = crate::v1alpha1::API_VERSION;
    let message = match version {
        Some(version) => format!("`{version}` is not a version that is known here"),
        None => "an object of this kind has no `apiVersion`".into(),
    };
    Finding::new(Code::UnknownVersion, message).help(format!("write `apiVersion: {known}`"))
}

pub(super) fn no_list(kind: &str) -> Finding {
    Finding::new(Code::WrongType, format!("`items` of this {kind} is not a list"))
        .help("begin each object with `- `, or take the document away")
}

pub(super) fn no_object() -> Finding {
    Finding::new(Code::WrongType, "this item of a list is not an object")
        .help("write an object with `apiVersion`, `kind` and `metadata`, or take the item away")
}

pub(super) fn no_name(kind: Kind, generated: bool) -> Finding {
    let message = match generated {
        true => format!("this {kind} has a `generateName`, which would make a new object each time"),
        false => format!("this {kind} has no name"),
    };
    Finding::new(Code::SchemaViolation, message).help("write `metadata.name`")
}

/// The finding with its place in the object that it is about.
pub(super) fn located(finding: Finding, key: &ObjectKey, pointer: &str) -> Finding {
    finding.at(place(key, pointer), "")
}

fn place(key: &ObjectKey, pointer: &str) -> Place {
    Place::new(key.kind, &key.object, pointer)
}
