//! What people could guess: passwords and the user codes of devices. An attempt is counted when it is admitted, before it is looked
//! at, so that many at the same moment are no way around; how it ended is told afterwards.

use super::{LOGIN_ACCOUNT, LOGIN_ADDRESS, LOGIN_BROWSER, Limits, USER_CODE, note, place};
use crate::http::Context;
use nauthera_core::limits::Key;
use nauthera_core::names::ObjectRef;
use nauthera_store::limits::{Ask, Ending, Refused};

/// An attempt that was admitted. Dropped without a word, it counts as a failure.
#[must_use]
pub struct Attempt<'a> {
    context: &'a Context,
    /// The limits it was admitted by, and what each does when it succeeds.
    limits: Vec<(Ask, Ending)>,
}

impl Attempt<'_> {
    /// The guess was wrong: the wait begins now.
    pub async fn failed(self) {
        self.all(Ending::Failed).await;
    }

    /// The guess was right.
    pub async fn succeeded(self) {
        self.context.app.limits.limiter.settle(&self.limits, self.context.app.precise()).await;
    }

    /// Nothing was guessed (the pool is busy, the directory away): it counts for nothing.
    pub async fn undone(self) {
        self.all(Ending::Undone).await;
    }

    async fn all(mut self, ending: Ending) {
        self.limits.iter_mut().for_each(|(_, end)| *end = ending);
        self.succeeded().await;
    }
}

impl Limits {
    /// An account by the name that was typed, known or not: upper and lower case are one.
    #[must_use]
    pub fn account(&self, store: &ObjectRef, username: &str) -> Key {
        let username = username.to_ascii_lowercase();
        let parts = [store.namespace.as_bytes(), store.name.as_bytes(), username.as_bytes()];
        self.ask(&LOGIN_ACCOUNT, &parts).key
    }

    /// May a password for this account be looked at? `browser` is the id of one from which the account was logged in to before.
    ///
    /// A success clears the account, and of the address takes only this one attempt back, or whoever guesses at others could clear
    /// it by logging in as themselves.
    ///
    /// # Errors
    /// [`Refused`], noted.
    pub async fn login<'a>(
        &self,
        context: &'a Context,
        account: Key,
        browser: Option<[u8; 16]>,
    ) -> Result<Attempt<'a>, Refused> {
        let limits = match browser {
            Some(browser) => vec![(self.ask(&LOGIN_BROWSER, &[&account.0, &browser]), Ending::Cleared)],
            None => vec![
                (Ask { rule: &LOGIN_ACCOUNT, key: account }, Ending::Cleared),
                (self.ask(&LOGIN_ADDRESS, &[&place(context)]), Ending::Undone),
            ],
        };
        self.attempt(context, limits).await
    }

    /// May a user code be looked at?
    ///
    /// # Errors
    /// [`Refused`], noted.
    pub async fn user_code<'a>(&self, context: &'a Context) -> Result<Attempt<'a>, Refused> {
        let ask = self.ask(&USER_CODE, &[&place(context)]);
        self.attempt(context, vec![(ask, Ending::Undone)]).await
    }

    async fn attempt<'a>(
        &self,
        context: &'a Context,
        limits: Vec<(Ask, Ending)>,
    ) -> Result<Attempt<'a>, Refused> {
        let asked: Vec<Ask> = limits.iter().map(|(ask, _)| *ask).collect();
        match self.limiter.admit(&asked, context.app.precise()).await {
            Ok(()) => Ok(Attempt { context, limits }),
            Err(refused) => {
                note(context, None, &refused);
                Err(refused)
            }
        }
    }
}
