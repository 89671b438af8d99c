//! PromQL, as far as saying what an expression names: metrics with their matchers, and the labels that it groups by. Whether it is good
//! PromQL is Prometheus' to say.

/// A metric that an expression names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// Its name.
    pub name: String,
    /// Its matchers: label, operator, value.
    pub matchers: Vec<(String, String, String)>,
}

/// What an expression names.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Metrics.
    pub selectors: Vec<Selector>,
    /// Labels that it groups by or joins on.
    pub labels: Vec<String>,
}

/// Words after which labels stand in parentheses.
const GROUPING: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];
/// Words that are no metrics either.
const WORDS: [&str; 5] = ["and", "or", "unless", "bool", "offset"];

#[derive(Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Text(&'a str),
    Mark(&'a str),
}

/// Reads an expression.
#[must_use]
pub fn named(expression: &str) -> Named {
    let tokens = tokens(expression);
    let mut named = Named::default();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        let Token::Word(word) = token else { continue };
        let opens = tokens.get(at) == Some(&Token::Mark("("));
        // `sum (..)` as well as `sum by (..) (..)`.
        let calls =
            opens || tokens.get(at).and_then(word_of).is_some_and(|next| GROUPING[..2].contains(&next));
        if GROUPING.contains(word) && opens {
            let labels = tokens.iter().skip(at).take_while(|token| **token != Token::Mark(")"));
            named.labels.extend(labels.filter_map(word_of).map(str::to_owned));
            at += tokens.iter().skip(at).take_while(|token| **token != Token::Mark(")")).count();
        } else if !calls && !WORDS.contains(word) && !GROUPING.contains(word) {
            let matchers = matchers(tokens.get(at..).unwrap_or_default());
            // A label, an operator, a text and a comma each, between two braces.
            at += if matchers.is_empty() { 0 } else { matchers.len() * 4 + 1 };
            named.selectors.push(Selector { name: (*word).to_owned(), matchers });
        }
    }
    named
}

fn word_of<'a>(token: &Token<'a>) -> Option<&'a str> {
    match token {
        Token::Word(word) => Some(word),
        _ => None,
    }
}

fn matchers(tokens: &[Token<'_>]) -> Vec<(String, String, String)> {
    let Some((Token::Mark("{"), inside)) = tokens.split_first() else { return Vec::new() };
    let inside: Vec<&Token<'_>> = inside.iter().take_while(|token| **token != Token::Mark("}")).collect();
    let mut all = Vec::new();
    for matcher in inside.split(|token| **token == Token::Mark(",")) {
        if let [Token::Word(label), Token::Mark(operator), Token::Text(value)] = matcher {
            all.push(((*label).to_owned(), (*operator).to_owned(), (*value).to_owned()));
        }
    }
    all
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => rest.get(1..).and_then(|inside| inside.find('"')).map_or(rest.len(), |end| end + 2),
            // A range, or a number with its unit.
            '[' => rest.find(']').map_or(rest.len(), |end| end + 1),
            '0'..='9' => end(rest, |c| c.is_ascii_alphanumeric() || c == '.'),
            'a'..='z' | 'A'..='Z' | '_' | ':' => {
                end(rest, |c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
            }
            '=' | '!' if rest[1..].starts_with(['~', '=']) => 2,
            first => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        match first {
            '"' => tokens.push(Token::Text(token.trim_matches('"'))),
            '[' | '0'..='9' => {}
            'a'..='z' | 'A'..='Z' | '_' | ':' => tokens.push(Token::Word(token)),
            _ => tokens.push(Token::Mark(token)),
        }
        rest = after.trim_start();
    }
    tokens
}

fn end(text: &str, belongs: fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(expression: &str) -> Vec<String> {
        named(expression).selectors.into_iter().map(|selector| selector.name).collect()
    }

    #[test]
    fn metrics_are_told_from_functions_words_labels_and_numbers() {
        let text = "histogram_quantile(0.99, sum by (job, le) (rate(a_bucket{x=\"b\"}[5m]))) > 1e3 and on (job) c unless d offset 5m";
        assert_eq!(names(text), ["a_bucket", "c", "d"]);
        assert_eq!(named(text).labels, ["job", "le", "job"]);
        assert_eq!(names("time() - max(e) > 3600"), ["e"]);
        assert_eq!(names("f / sum(g) > 2 * h"), ["f", "g", "h"]);
    }

    #[test]
    fn matchers_are_read_with_their_operators() {
        let text = "a{x=\"1\", y=~\"b|c\",z!=\"\"} + b";
        let all = named(text).selectors;
        let of = |label: &str, operator: &str, value: &str| {
            (label.to_owned(), operator.to_owned(), value.to_owned())
        };
        assert_eq!(all[0].matchers, [of("x", "=", "1"), of("y", "=~", "b|c"), of("z", "!=", "")]);
        assert_eq!((all.len(), all[1].name.as_str()), (2, "b"));
    }
}
