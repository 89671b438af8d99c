//! A structural schema, compiled: what each place of an object may hold.

use super::words;
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeMap;

/// What one place may hold.
#[derive(Debug, Default)]
pub(super) struct Shape {
    pub(super) holds: Holds,
    pub(super) nullable: bool,
    /// The first sentence of the description.
    pub(super) doc: Option<Box<str>>,
    pub(super) properties: BTreeMap<Box<str>, Shape>,
    pub(super) required: Vec<Box<str>>,
    pub(super) additional: Additional,
    /// Are fields that are not among `properties` reported?
    pub(super) closed: bool,
    pub(super) items: Option<Box<Shape>>,
    pub(super) list: ListType,
    pub(super) limits: Limits,
    pub(super) words: Vec<Value>,
    pub(super) pattern: Option<Regex>,
    pub(super) default: Option<Value>,
    pub(super) all_of: Vec<Shape>,
    pub(super) any_of: Vec<Shape>,
    pub(super) one_of: Vec<Shape>,
    pub(super) not: Option<Box<Shape>>,
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Holds {
    #[default]
    Anything,
    Mapping,
    List,
    Text,
    Whole,
    Number,
    Bool,
    WholeOrText,
}

/// What the other fields of a mapping hold.
#[derive(Debug, Default)]
pub(super) enum Additional {
    #[default]
    Nothing,
    Anything,
    Each(Box<Shape>),
}

/// `x-kubernetes-list-type`.
#[derive(Debug, Default)]
pub(super) enum ListType {
    #[default]
    Atomic,
    Set,
    Map(Vec<Box<str>>),
}

/// Bounds on lengths and numbers.
#[derive(Debug, Default)]
pub(super) struct Limits {
    pub(super) length: Range,
    pub(super) items: Range,
    pub(super) properties: Range,
    pub(super) minimum: Option<f64>,
    pub(super) above: bool,
    pub(super) maximum: Option<f64>,
    pub(super) below: bool,
    pub(super) multiple_of: Option<f64>,
}

/// From, up to and including.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Range {
    pub(super) min: Option<u64>,
    pub(super) max: Option<u64>,
}

const IGNORED: [&str; 9] = [
    "title",
    "example",
    "externalDocs",
    "x-kubernetes-map-type",
    "x-kubernetes-validations",
    "x-kubernetes-embedded-resource",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "x-kubernetes-list-map-keys",
];

/// Compiles a schema. What it does not know goes into `faults`, since a rule that is skipped would be a rule broken.
pub(super) fn compile(schema: &Value, faults: &mut Vec<String>) -> Shape {
    let mut shape = part(schema, faults);
    close(&mut shape);
    shape
}

/// A schema or a branch of one; a branch (`anyOf` and its like) judges values and closes nothing.
fn part(schema: &Value, faults: &mut Vec<String>) -> Shape {
    let mut shape = Shape::default();
    let Some(keywords) = schema.as_object() else {
        if schema != &Value::Bool(true) {
            faults.push(format!("a schema is a mapping, not {schema}"));
        }
        return shape;
    };
    for (keyword, value) in keywords {
        if !(annotation(&mut shape, keyword, value)
            || structure(&mut shape, keyword, value, faults)
            || bound(&mut shape.limits, keyword, value)
            || text(&mut shape, keyword, value, faults)
            || branch(&mut shape, keyword, value, faults))
        {
            faults.push(format!("the schema keyword `{keyword}` is not known"));
        }
    }
    let is_true = |keyword: &str| keywords.get(keyword) == Some(&Value::Bool(true));
    shape.limits.above = is_true("exclusiveMinimum");
    shape.limits.below = is_true("exclusiveMaximum");
    if is_true("x-kubernetes-int-or-string") {
        shape.holds = Holds::WholeOrText;
        shape.any_of.clear();
        shape.all_of.clear();
    }
    if keywords.get("x-kubernetes-list-type").and_then(Value::as_str) == Some("map") {
        shape.list = ListType::Map(texts(keywords.get("x-kubernetes-list-map-keys")));
    }
    shape
}

fn close(shape: &mut Shape) {
    shape.closed = shape.holds == Holds::Mapping && matches!(shape.additional, Additional::Nothing);
    shape.properties.values_mut().for_each(close);
    shape.items.iter_mut().for_each(|items| close(items));
    if let Additional::Each(each) = &mut shape.additional {
        close(each);
    }
}

fn annotation(shape: &mut Shape, keyword: &str, value: &Value) -> bool {
    match keyword {
        "description" => shape.doc = value.as_str().map(|text| words::first_sentence(text).into()),
        "default" => shape.default = Some(value.clone()),
        "nullable" => shape.nullable = value == &Value::Bool(true),
        _ => return IGNORED.contains(&keyword),
    }
    true
}

fn structure(shape: &mut Shape, keyword: &str, value: &Value, faults: &mut Vec<String>) -> bool {
    match keyword {
        "type" => match holds(value) {
            Some(holds) => shape.holds = holds,
            None => faults.push(format!("the type {value} is not known")),
        },
        "properties" => {
            for (name, property) in value.as_object().into_iter().flatten() {
                shape.properties.insert(name.as_str().into(), part(property, faults));
            }
        }
        "required" => shape.required = texts(Some(value)),
        "items" => shape.items = Some(Box::new(part(value, faults))),
        "additionalProperties" => {
            shape.additional = match value {
                Value::Bool(false) => Additional::Nothing,
                Value::Bool(true) => Additional::Anything,
                _ => Additional::Each(Box::new(part(value, faults))),
            }
        }
        "x-kubernetes-preserve-unknown-fields" => {
            if value == &Value::Bool(true) {
                shape.additional = Additional::Anything;
            }
        }
        "x-kubernetes-int-or-string" => {}
        "x-kubernetes-list-type" => match value.as_str() {
            Some("set") => shape.list = ListType::Set,
            Some("atomic" | "map") => {}
            _ => faults.push(format!("the list type {value} is not known")),
        },
        _ => return false,
    }
    true
}

fn holds(value: &Value) -> Option<Holds> {
    Some(match value.as_str()? {
        "object" => Holds::Mapping,
        "array" => Holds::List,
        "string" => Holds::Text,
        "integer" => Holds::Whole,
        "number" => Holds::Number,
        "boolean" => Holds::Bool,
        _ => return None,
    })
}

fn bound(limits: &mut Limits, keyword: &str, value: &Value) -> bool {
    match keyword {
        "minLength" => limits.length.min = value.as_u64(),
        "maxLength" => limits.length.max = value.as_u64(),
        "minItems" => limits.items.min = value.as_u64(),
        "maxItems" => limits.items.max = value.as_u64(),
        "minProperties" => limits.properties.min = value.as_u64(),
        "maxProperties" => limits.properties.max = value.as_u64(),
        "minimum" => limits.minimum = value.as_f64(),
        "maximum" => limits.maximum = value.as_f64(),
        "multipleOf" => limits.multiple_of = value.as_f64(),
        _ => return false,
    }
    true
}

fn text(shape: &mut Shape, keyword: &str, value: &Value, faults: &mut Vec<String>) -> bool {
    match (keyword, value) {
        ("enum", Value::Array(words)) => shape.words.clone_from(words),
        ("pattern", Value::String(pattern)) => match Regex::new(pattern) {
            Ok(regex) => shape.pattern = Some(regex),
            Err(_) => faults.push(format!("the pattern `{pattern}` is not a regular expression")),
        },
        ("format", Value::String(format)) => match whole_number_range(format) {
            Some((min, max)) => {
                shape.limits.minimum = shape.limits.minimum.or(Some(min));
                shape.limits.maximum = shape.limits.maximum.or(Some(max));
            }
            None => faults.push(format!("the format `{format}` is not known")),
        },
        _ => return false,
    }
    true
}

const TWO_TO_63: f64 = 9.223_372_036_854_776e18;

fn whole_number_range(format: &str) -> Option<(f64, f64)> {
    Some(match format {
        "int32" => (f64::from(i32::MIN), f64::from(i32::MAX)),
        "uint16" => (0.0, f64::from(u16::MAX)),
        "uint32" => (0.0, f64::from(u32::MAX)),
        "int64" => (-TWO_TO_63, TWO_TO_63),
        "uint64" => (0.0, 2.0 * TWO_TO_63),
        _ => return None,
    })
}

fn branch(shape: &mut Shape, keyword: &str, value: &Value, faults: &mut Vec<String>) -> bool {
    let mut branches = || value.as_array().into_iter().flatten().map(|branch| part(branch, faults)).collect();
    match keyword {
        "allOf" => shape.all_of = branches(),
        "anyOf" => shape.any_of = branches(),
        "oneOf" => shape.one_of = branches(),
        "not" => shape.not = Some(Box::new(part(value, faults))),
        _ => return false,
    }
    true
}

fn texts(value: Option<&Value>) -> Vec<Box<str>> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(Into::into).collect()
}

impl Shape {
    /// The shape of a field of a mapping.
    pub(super) fn field(&self, name: &str) -> Option<&Self> {
        match (self.properties.get(name), &self.additional) {
            (Some(shape), _) => Some(shape),
            (None, Additional::Each(each)) => Some(each),
            (None, _) => None,
        }
    }

    /// The shape at the end of a JSON pointer.
    pub(super) fn at(&self, pointer: &str) -> Option<&Self> {
        pointer.split('/').skip(1).try_fold(self, |shape, token| match shape.holds {
            Holds::List => shape.items.as_deref(),
            _ => shape.field(&token.replace("~1", "/").replace("~0", "~")),
        })
    }

    /// Does it judge nothing but which fields are there?
    pub(super) fn only_requires(&self) -> bool {
        !self.required.is_empty()
            && self.pattern.is_none()
            && self.words.is_empty()
            && self.not.is_none()
            && self.all_of.is_empty()
            && self.any_of.is_empty()
            && self.one_of.is_empty()
    }
}
