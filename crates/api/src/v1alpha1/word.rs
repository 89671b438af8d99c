//! The schema of fields whose values come from one of core's closed vocabularies: the words stand once, in
//! `nauthera_core::grant`, and the schema's `enum` is made from them.

use nauthera_core::grant::{
    Admission, AuthMethod, ClientType, Consent, Enforcement, Expectation, GrantType, SigningAlgorithm,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;
use std::marker::PhantomData;

/// A closed list of words.
pub(crate) trait Vocabulary {
    /// All of them, in the order of documents.
    fn words() -> Vec<&'static str>;
}

/// The schema of one word of a vocabulary.
pub(crate) struct Word<T>(PhantomData<T>);

impl<T: Vocabulary> JsonSchema for Word<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Word".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": T::words() })
    }
}

macro_rules! vocabularies {
    ($($name:ident),+) => {
        $(impl Vocabulary for $name {
            fn words() -> Vec<&'static str> {
                $name::ALL.iter().map(|word| word.as_str()).collect()
            }
        })+
    };
}
vocabularies!(
    Admission,
    AuthMethod,
    ClientType,
    Consent,
    Enforcement,
    Expectation,
    GrantType,
    SigningAlgorithm
);

/// The methods that a policy speaks of: those of confidential clients.
pub(crate) struct ConfidentialMethod;

impl Vocabulary for ConfidentialMethod {
    fn words() -> Vec<&'static str> {
        AuthMethod::ALL
            .iter()
            .filter(|method| **method != AuthMethod::None)
            .map(|method| method.as_str())
            .collect()
    }
}
