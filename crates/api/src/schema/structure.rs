//! The structural judge: types, required fields, words, forms, bounds and unknown fields, each told at the value that is
//! wrong and with what is allowed there.

use super::report::{Report, Step};
use super::shape::{Holds, ListType, Range, Shape};
use super::suggest::Fields;
use super::words::{self, count, joined, quoted, shown, wanted};
use nauthera_core::codes::Code;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// Judges a value whose nulls and defaults are seen to.
pub(super) fn judge<'v>(report: &mut Report<'v>, fields: &'v Fields, shape: &'v Shape, value: &'v Value) {
    if report.full() || (shape.nullable && value.is_null()) {
        return;
    }
    if !has_type(shape.holds, value) {
        return wrong_type(report, shape, value);
    }
    if !shape.words.is_empty() && !shape.words.contains(value) {
        not_a_word(report, shape, value);
    }
    match value {
        Value::String(text) => judge_text(report, shape, text),
        Value::Number(number) => judge_number(report, shape, number.as_f64().unwrap_or(f64::NAN)),
        Value::Array(items) => judge_list(report, fields, shape, items),
        Value::Object(map) => judge_mapping(report, fields, shape, map),
        Value::Null | Value::Bool(_) => {}
    }
    judge_branches(report, fields, shape, value);
}

fn has_type(holds: Holds, value: &Value) -> bool {
    let whole = |value: &Value| value.as_f64().is_some_and(|number| number.fract() == 0.0);
    match holds {
        Holds::Anything => true,
        Holds::Mapping => value.is_object(),
        Holds::List => value.is_array(),
        Holds::Text => value.is_string(),
        Holds::Whole => whole(value),
        Holds::Number => value.is_number(),
        Holds::Bool => value.is_boolean(),
        Holds::WholeOrText => value.is_string() || whole(value),
    }
}

fn wrong_type(report: &mut Report<'_>, shape: &Shape, value: &Value) {
    let name = report.name();
    let is = match value {
        Value::String(text) if !text.is_empty() => format!("the text {}", shown(&name, value)),
        _ => shown(&name, value),
    };
    report.block(
        Code::WrongType,
        format!("`{name}` is {}, not {is}", wanted(shape)),
        words::type_help(shape, value),
    );
}

fn not_a_word(report: &mut Report<'_>, shape: &Shape, value: &Value) {
    let name = report.name();
    let words: Vec<&str> = shape.words.iter().filter_map(Value::as_str).collect();
    let nearest = value.as_str().and_then(|text| super::suggest::nearest(text, words.iter().copied()));
    let help = nearest.map(|word| format!("did you mean `{word}`?"));
    report.find(
        Code::SchemaViolation,
        format!("`{name}` is {}, not {}", wanted(shape), shown(&name, value)),
        help,
    );
}

fn judge_text(report: &mut Report<'_>, shape: &Shape, text: &str) {
    let length = text.chars().count() as u64;
    if let Some(pattern) = shape.pattern.as_ref().filter(|pattern| !pattern.is_match(text)) {
        report.blocking |= shape.limits.length.max.is_some_and(|max| length > max);
        let name = report.name();
        let is = shown(&name, &Value::String(text.into()));
        return match words::form(pattern.as_str()) {
            Some((form, rule)) => {
                report.find(
                    Code::SchemaViolation,
                    format!("`{name}` is {form}, not {is}"),
                    Some(rule.into()),
                );
            }
            None => {
                let help = shape.doc.as_ref().map(|doc| format!("{name}: {doc}"));
                let message = format!("`{name}` must have the form `{}`, and {is} has not", pattern.as_str());
                report.find(Code::SchemaViolation, message, help);
            }
        };
    }
    bounded(report, shape.limits.length, length, "character");
}

fn judge_number(report: &mut Report<'_>, shape: &Shape, number: f64) {
    let limits = &shape.limits;
    let name = report.name();
    let mut wrong = |rule: String| {
        report.find(Code::SchemaViolation, format!("`{name}` is {number}, and must be {rule}"), None);
    };
    if let Some(minimum) = limits.minimum {
        match limits.above {
            true if number <= minimum => wrong(format!("more than {minimum}")),
            false if number < minimum => wrong(format!("at least {minimum}")),
            _ => {}
        }
    }
    if let Some(maximum) = limits.maximum {
        match limits.below {
            true if number >= maximum => wrong(format!("less than {maximum}")),
            false if number > maximum => wrong(format!("at most {maximum}")),
            _ => {}
        }
    }
    if let Some(multiple) = limits.multiple_of.filter(|multiple| number % multiple != 0.0) {
        wrong(format!("a multiple of {multiple}"));
    }
}

fn judge_list<'v>(report: &mut Report<'v>, fields: &'v Fields, shape: &'v Shape, items: &'v [Value]) {
    bounded(report, shape.limits.items, items.len() as u64, "item");
    if let Some(shape) = &shape.items {
        for (index, item) in items.iter().enumerate() {
            if report.full() {
                return;
            }
            report.within(Step::Item(index), |report| judge(report, fields, shape, item));
        }
    }
    match &shape.list {
        ListType::Atomic => {}
        ListType::Set => judge_set(report, items),
        ListType::Map(keys) => judge_keyed_list(report, keys, items),
    }
}

fn judge_set(report: &mut Report<'_>, items: &[Value]) {
    let mut seen = HashSet::new();
    let name = report.name();
    for (index, item) in items.iter().enumerate() {
        if !seen.insert(item) {
            let message = format!("{} stands twice in {name}", shown(&name, item));
            report.within(Step::Item(index), |report| {
                report.find(Code::SchemaViolation, message, Some("take one of them away".into()));
            });
        }
    }
}

fn judge_keyed_list(report: &mut Report<'_>, keys: &[Box<str>], items: &[Value]) {
    let mut seen = HashSet::new();
    let name = report.name();
    for (index, item) in items.iter().enumerate() {
        let key: Vec<Option<&Value>> = keys.iter().map(|key| item.get(&**key)).collect();
        if !seen.insert(key.clone()) {
            let texts: Vec<String> = key.into_iter().flatten().map(|value| shown(&name, value)).collect();
            let fields = joined(keys, "and");
            let message = format!("two items of {name} have the same {fields} {}", joined(&texts, "and"));
            report.within(Step::Item(index), |report| {
                report.find(
                    Code::SchemaViolation,
                    message,
                    Some("rename one of them, or take it away".into()),
                );
            });
        }
    }
}

fn judge_mapping<'v>(
    report: &mut Report<'v>,
    fields: &'v Fields,
    shape: &'v Shape,
    map: &'v Map<String, Value>,
) {
    bounded(report, shape.limits.properties, map.len() as u64, "entry");
    let meant = judge_unknown(report, fields, shape, map);
    for name in &shape.required {
        if !map.contains_key(&**name) {
            report.blocking = true;
            if !meant.iter().any(|meant| **meant == **name) {
                let help = help_for_missing(name, shape.properties.get(&**name));
                report.find_key(
                    Code::SchemaViolation,
                    format!("{} has no `{name}`", report.path()),
                    Some(help),
                );
            }
        }
    }
    for (name, value) in map {
        if let Some(shape) = shape.field(name) {
            report.within(Step::Field(name), |report| judge(report, fields, shape, value));
        }
    }
}

/// Reports fields that are not known, and answers which known ones were probably meant.
fn judge_unknown<'v>(
    report: &mut Report<'v>,
    fields: &'v Fields,
    shape: &'v Shape,
    map: &'v Map<String, Value>,
) -> Vec<&'v str> {
    let mut meant = Vec::new();
    if !shape.closed {
        return meant;
    }
    for name in map.keys().filter(|name| !shape.properties.contains_key(name.as_str())) {
        if report.full() {
            break;
        }
        let absent = shape.properties.keys().map(|known| &**known).filter(|known| !map.contains_key(*known));
        let suggestion = fields.suggest(name, absent, &report.schema_path());
        let message = format!("{} is not a field of {}", quoted(name), report.path());
        let help = suggestion.help(|| {
            let known: Vec<&str> = shape.properties.keys().map(|known| &**known).collect();
            format!("its fields are {}", joined(&known, "and"))
        });
        meant.extend(suggestion.here);
        report.within(Step::Field(name), |report| report.find_key(Code::UnknownField, message, Some(help)));
    }
    meant
}

fn help_for_missing(name: &str, field: Option<&Shape>) -> String {
    match field {
        Some(field) if !field.words.is_empty() => format!("add `{name}`: {}", wanted(field)),
        Some(Shape { doc: Some(doc), .. }) => format!("add `{name}`: {doc}"),
        _ => format!("add `{name}`"),
    }
}

fn bounded(report: &mut Report<'_>, range: Range, number: u64, what: &str) {
    let name = report.name();
    let has = |number: u64| format!("`{name}` has {}", count(number, what).replace("entrys", "entries"));
    if let Some(max) = range.max.filter(|max| number > *max) {
        report.block(Code::SchemaViolation, format!("{}, and may have at most {max}", has(number)), None);
    } else if let Some(min) = range.min.filter(|min| number < *min) {
        let message = if number == 0 {
            format!("`{name}` is empty")
        } else {
            format!("{}, and needs at least {min}", has(number))
        };
        report.find(Code::SchemaViolation, message, None);
    }
}

fn judge_branches<'v>(report: &mut Report<'v>, fields: &'v Fields, shape: &'v Shape, value: &'v Value) {
    for branch in &shape.all_of {
        judge(report, fields, branch, value);
    }
    let fits = |branch: &&Shape| {
        let mut trial = Report::new("");
        judge(&mut trial, fields, branch, value);
        trial.found.is_empty() && !trial.blocking
    };
    if !shape.any_of.is_empty() && !shape.any_of.iter().any(|branch| fits(&branch)) {
        no_branch(report, &shape.any_of, "at least one of");
    }
    if !shape.one_of.is_empty() && shape.one_of.iter().filter(fits).count() != 1 {
        no_branch(report, &shape.one_of, "exactly one of");
    }
    if shape.not.as_deref().is_some_and(|not| fits(&not)) {
        let message = format!("`{}` has a form that the schema rules out", report.name());
        report.find(Code::SchemaViolation, message, shape.doc.as_ref().map(ToString::to_string));
    }
}

fn no_branch(report: &mut Report<'_>, branches: &[Shape], how_many: &str) {
    let path = report.path();
    let message = if branches.iter().all(Shape::only_requires) {
        let choices: Vec<String> =
            branches.iter().map(|branch| format!("`{}`", joined(&branch.required, "and"))).collect();
        format!("{path} needs {how_many} {}", joined(&choices, "and"))
    } else {
        format!("{path} has none of the forms that the schema allows")
    };
    report.find_key(Code::SchemaViolation, message, None);
}
