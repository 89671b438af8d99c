//! Patterns in policies: names with an optional prefix star, and hosts with an optional leading `*.`. A set of
//! patterns allows what one of its members matches; an empty set allows nothing.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// An exact name, or a prefix when it ends in `*`: `orders:*` allows `orders:read`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NamePattern {
    /// This name alone.
    Exact(Arc<str>),
    /// Every name that starts with this.
    Prefix(Arc<str>),
}

impl NamePattern {
    /// Reads a pattern; a star is special only as the last character.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.strip_suffix('*') {
            Some(prefix) => Self::Prefix(prefix.into()),
            None => Self::Exact(text.into()),
        }
    }

    /// Does the name match?
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Exact(exact) => &**exact == name,
            Self::Prefix(prefix) => name.starts_with(&**prefix),
        }
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(exact) => f.write_str(exact),
            Self::Prefix(prefix) => write!(f, "{prefix}*"),
        }
    }
}

/// An exact host, or every host below one: `*.example.com` allows `a.b.example.com`, not `example.com`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostPattern {
    /// This host alone.
    Exact(Arc<str>),
    /// Every host that ends in a dot and this, at any depth.
    Below(Arc<str>),
}

impl HostPattern {
    /// Reads a pattern, in lower case as hosts are compared.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        match text.strip_prefix("*.") {
            Some(parent) => Self::Below(parent.into()),
            None => Self::Exact(text.into()),
        }
    }

    /// Does the host (lower case, without port) match?
    #[must_use]
    pub fn matches(&self, host: &str) -> bool {
        match self {
            Self::Exact(exact) => &**exact == host,
            Self::Below(parent) => host
                .strip_suffix(&**parent)
                .and_then(|head| head.strip_suffix('.'))
                .is_some_and(|head| !head.is_empty()),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(exact) => f.write_str(exact),
            Self::Below(parent) => write!(f, "*.{parent}"),
        }
    }
}

/// A pattern that can be kept in a [`PatternSet`].
pub trait Pattern: fmt::Display + Sized {
    /// Reads the pattern.
    fn read(text: &str) -> Self;
    /// Does the text match?
    fn allows(&self, text: &str) -> bool;
}

impl Pattern for NamePattern {
    fn read(text: &str) -> Self {
        Self::parse(text)
    }
    fn allows(&self, text: &str) -> bool {
        self.matches(text)
    }
}

impl Pattern for HostPattern {
    fn read(text: &str) -> Self {
        Self::parse(text)
    }
    fn allows(&self, text: &str) -> bool {
        self.matches(text)
    }
}

/// A list of patterns as one policy states it, in the order written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PatternSet<P>(Vec<P>);

impl<P: Pattern> PatternSet<P> {
    /// Reads each text as a pattern.
    pub fn parse<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Self {
        Self(texts.into_iter().map(|text| P::read(text.as_ref())).collect())
    }

    /// Does one of the patterns match?
    #[must_use]
    pub fn allows(&self, text: &str) -> bool {
        self.0.iter().any(|pattern| pattern.allows(text))
    }

    /// The patterns, in the order written.
    #[must_use]
    pub fn patterns(&self) -> &[P] {
        &self.0
    }
}

impl<P: Pattern> fmt::Display for PatternSet<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing");
        }
        for (n, pattern) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{pattern}")?;
        }
        Ok(())
    }
}

impl<P: Pattern> Serialize for PatternSet<P> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(ToString::to_string))
    }
}

impl<'de, P: Pattern> Deserialize<'de> for PatternSet<P> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<String>::deserialize(deserializer).map(Self::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_at_the_end_is_a_prefix() {
        let orders = NamePattern::parse("orders:*");
        assert!(orders.matches("orders:read") && orders.matches("orders:"));
        assert!(!orders.matches("order") && !NamePattern::parse("a*b").matches("axb"));
        assert!(NamePattern::parse("*").matches("anything"));
    }

    #[test]
    fn a_host_star_is_any_depth_below_and_not_the_parent() {
        let below = HostPattern::parse("*.Example.com");
        assert!(below.matches("a.example.com") && below.matches("a.b.example.com"));
        assert!(
            !below.matches("example.com")
                && !below.matches("evilexample.com")
                && !below.matches(".example.com")
        );
    }

    #[test]
    fn an_empty_set_allows_nothing() {
        assert!(!PatternSet::<NamePattern>::parse([""; 0]).allows(""));
    }
}
