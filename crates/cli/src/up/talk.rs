//! What is told of one look at the folder after the other: what is new, that something goes on, that something is mended. What was
//! told before and is still so is not repeated, wherever its line has moved to.

use crate::output::{Cases, Weight, render};
use nauthera_api::manifests::Manifests;
use nauthera_core::finding::Finding;
use nauthera_core::inventory::Inventory;
use nauthera_core::names::Kind;

/// A finding by which it is known again, and its place where it has no object by which to know it.
type Mark = (Finding, Option<(String, u32)>);

/// Something that was told.
#[derive(Debug, Clone)]
struct Told {
    mark: Mark,
    is_error: bool,
    text: String,
}

/// How much of the folder a look could judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// All of it.
    Whole,
    /// A policy, or the server itself, is not accepted: clients stay as they are.
    Frozen,
    /// Not all can be read, or there is no server to pick: nothing changes.
    Blind,
}

/// What is remembered from one look to the next.
pub struct Talk {
    /// Told at the last look that saw all.
    whole: Vec<Told>,
    /// Told at the last look.
    last: Vec<Told>,
    sight: Sight,
}

/// What came of one look, to be said before it is served.
#[derive(Debug, PartialEq, Eq)]
pub struct News {
    /// What was not told before.
    pub texts: Vec<String>,
    /// Is there anything to report at all?
    pub clear: bool,
    /// Is something better than at the last look, and nothing worse?
    pub mended: bool,
    /// Did this look begin not to see, or see other things that hide?
    pub newly_blind: bool,
}

impl Talk {
    /// Nothing told yet.
    pub const fn new() -> Self {
        Self { whole: Vec::new(), last: Vec::new(), sight: Sight::Whole }
    }

    /// Takes in a look. Of a client that is not accepted nothing else is judged, so that what was told of it is no news later.
    pub fn hear(
        &mut self,
        manifests: &Manifests,
        inventory: &Inventory,
        cases: &Cases,
        sight: Sight,
    ) -> News {
        let told = |case| Told {
            mark: mark(manifests, case),
            is_error: case.weight() == Weight::Error,
            text: render(manifests, case),
        };
        let is_judged = |told: &Told| {
            let subject = told.mark.0.subject().filter(|key| key.kind == Kind::AuthClient);
            let object = subject.and_then(|key| inventory.clients.get(&key.object));
            object.is_none_or(|object| object.spec.is_some())
        };
        let known = self.whole.iter().filter(|told| !is_judged(told)).cloned().collect();
        self.take(cases.iter().map(told).collect(), known, sight)
    }

    /// A look that failed half-way: nothing is known of it but that the next one may be better.
    pub const fn failed(&mut self) {
        self.sight = Sight::Blind;
    }

    /// All that is reported now, in plain text; of a look that did not see all, also what was known before it.
    pub fn texts(&self) -> Vec<String> {
        let known: &[Told] = if self.sight == Sight::Whole { &[] } else { &self.whole };
        let known = known.iter().filter(|told| !holds(&self.last, told));
        self.last
            .iter()
            .chain(known)
            .map(|told| anstream::adapter::strip_str(&told.text).to_string())
            .collect()
    }

    /// `known` was told before and is not judged now.
    fn take(&mut self, now: Vec<Told>, known: Vec<Told>, sight: Sight) -> News {
        let is_new = |told: &&Told| !holds(&self.last, told) && !holds(&self.whole, told);
        let new: Vec<&Told> = now.iter().filter(is_new).collect();
        let gone = self.last.iter().any(|told| told.is_error && !holds(&now, told));
        let worse = new.iter().any(|told| told.is_error);
        let better = gone || self.sight != Sight::Whole;
        let news = News {
            texts: new.iter().map(|told| told.text.clone()).collect(),
            clear: now.is_empty() && !self.last.is_empty(),
            mended: sight == Sight::Whole && better && !worse,
            newly_blind: sight == Sight::Blind && (self.sight != Sight::Blind || !new.is_empty()),
        };
        if sight == Sight::Whole {
            self.whole = now.iter().cloned().chain(known).collect();
        }
        self.last = now;
        self.sight = sight;
        news
    }
}

fn holds(all: &[Told], one: &Told) -> bool {
    all.iter().any(|told| told.mark == one.mark || told.text == one.text)
}

fn mark(manifests: &Manifests, case: &crate::output::Case) -> Mark {
    let place = || {
        let at = case.at()?;
        Some((manifests.files().get(at.file)?.path.clone(), at.span.line))
    };
    let unplaced = case.finding.labels.is_empty();
    (case.finding.clone(), if unplaced { place() } else { None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use nauthera_core::codes::Code;

    fn told(code: Code) -> Told {
        let finding = Finding::new(code, code.title());
        let is_error = finding.severity == nauthera_core::finding::Severity::Error;
        Told { mark: (finding, None), is_error, text: code.as_str().into() }
    }

    fn look(talk: &mut Talk, codes: &[Code], sight: Sight) -> News {
        talk.take(codes.iter().copied().map(told).collect(), Vec::new(), sight)
    }

    const WARNING: Code = Code::ScopeBeyondPolicy;

    #[test]
    fn a_warning_that_was_hidden_for_a_while_is_not_repeated() {
        for sight in [Sight::Frozen, Sight::Blind] {
            let mut talk = Talk::new();
            assert_eq!(look(&mut talk, &[WARNING], Sight::Whole).texts, ["NA0203"]);
            let broken = look(&mut talk, &[Code::NotYaml], sight);
            assert_eq!((broken.texts.len(), broken.newly_blind), (1, sight == Sight::Blind));
            assert_eq!(talk.texts(), ["NA0002", "NA0203"]);
            let whole = look(&mut talk, &[WARNING], Sight::Whole);
            assert_eq!((whole.texts.len(), whole.mended, whole.clear), (0, true, false));
            let same = look(&mut talk, &[WARNING], Sight::Whole);
            assert_eq!((same.texts.len(), same.mended), (0, false));
        }
    }

    #[test]
    fn a_fault_that_comes_again_is_told_again() {
        let mut talk = Talk::new();
        assert_eq!(look(&mut talk, &[Code::NotYaml], Sight::Blind).texts.len(), 1);
        assert_eq!(look(&mut talk, &[Code::FileUnreadable], Sight::Blind).texts.len(), 1);
        let again = look(&mut talk, &[Code::NotYaml], Sight::Blind);
        assert!(again.texts.len() == 1 && again.newly_blind);
        assert!(!look(&mut talk, &[Code::NotYaml], Sight::Blind).newly_blind);
        let clear = look(&mut talk, &[], Sight::Whole);
        assert!(clear.clear && clear.mended);
    }

    #[test]
    fn an_object_that_is_mended_is_said_and_a_warning_that_goes_is_not() {
        let mut talk = Talk::new();
        look(&mut talk, &[Code::UnknownField, WARNING], Sight::Whole);
        assert!(look(&mut talk, &[WARNING], Sight::Whole).mended);
        let clear = look(&mut talk, &[], Sight::Whole);
        assert!(clear.clear && !clear.mended);
        assert!(!look(&mut talk, &[Code::UnknownField], Sight::Whole).mended);
        assert!(!look(&mut talk, &[Code::WrongType], Sight::Whole).mended, "another fault in its place");
    }
}
