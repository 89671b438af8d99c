//! A directory of people, made from what the Snapshot says of the UserStore.

use crate::password::{DUMMY, Password};
use crate::pool::{Full, HashPool};
use nauthera_core::facts::PersonRef;
use nauthera_core::names::ObjectRef;
use nauthera_core::snapshot::UserWiring;
use nauthera_core::spec::{StaticUser, UserStoreSpec};
use secrecy::SecretString;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A person as the directory knows them now.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Who it is, for good.
    pub reference: PersonRef,
    /// What the person types to log in.
    pub username: Arc<str>,
    /// The groups the person is in.
    pub groups: Vec<Arc<str>>,
    /// OIDC standard claims, by name, without `sub` and `groups`.
    pub claims: BTreeMap<Arc<str>, Value>,
}

/// Why nobody is logged in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// No such person, or not this password: which of both is not told.
    #[error("name or password is wrong")]
    Wrong,
    /// Too many passwords are being hashed: try again in a moment.
    #[error("too many logins at once")]
    Busy,
    /// The directory cannot be asked.
    #[error("the directory is away: {0}")]
    Unavailable(String),
}

/// A directory of people.
pub struct Directory(Kind);

enum Kind {
    Static(StaticPeople),
    /// A kind of store that this release does not serve.
    Elsewhere(&'static str),
}

struct StaticPeople {
    by_name: HashMap<String, Entry>,
}

struct Entry {
    person: Person,
    hash: Arc<str>,
}

impl Directory {
    /// The directory of a server.
    #[must_use]
    pub fn new(users: &UserWiring) -> Self {
        match &users.spec {
            UserStoreSpec::Static(people) => Self(Kind::Static(StaticPeople::new(&users.store, people))),
            UserStoreSpec::Ldap(_) => Self(Kind::Elsewhere("LDAP directories are served by a later release")),
        }
    }

    /// Logs a person in by name and password. An unknown name costs as much as a wrong password.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn login(
        &self,
        username: &str,
        password: SecretString,
        pool: &HashPool,
    ) -> Result<Person, LoginError> {
        let people = match &self.0 {
            Kind::Static(people) => people,
            Kind::Elsewhere(why) => return Err(LoginError::Unavailable((*why).to_owned())),
        };
        let entry = people.by_name.get(&folded(username));
        let hash = entry.map_or_else(|| Arc::from(DUMMY), |entry| entry.hash.clone());
        let fits = pool.verify(Password::new(password), hash).await.map_err(|Full| LoginError::Busy)?;
        match entry {
            Some(entry) if fits => Ok(entry.person.clone()),
            _ => Err(LoginError::Wrong),
        }
    }

    /// The person with this immutable id, as they are now.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<Person> {
        let Kind::Static(people) = &self.0 else { return None };
        people.by_name.get(&folded(id)).filter(|entry| *entry.person.reference.id == *id).map(|entry| entry.person.clone())
    }
}

/// Names of either case are one person's; the manifest's reader has refused two that differ by case alone.
fn folded(name: &str) -> String {
    name.to_lowercase()
}

impl StaticPeople {
    fn new(store: &ObjectRef, people: &[StaticUser]) -> Self {
        let entry = |user: &StaticUser| Entry { person: person(store, user), hash: user.password_hash.clone() };
        Self { by_name: people.iter().map(|user| (folded(&user.username), entry(user))).collect() }
    }
}

fn person(store: &ObjectRef, user: &StaticUser) -> Person {
    let value = |text: &Arc<str>| serde_json::from_str(text).unwrap_or_else(|_| Value::from(&**text));
    Person {
        reference: PersonRef::new(store.clone(), user.username.clone()),
        username: user.username.clone(),
        groups: user.groups.clone(),
        claims: user.claims.iter().map(|(name, text)| (name.clone(), value(text))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash_password;

    fn directory() -> Directory {
        let user = StaticUser {
            username: "Ada".into(),
            password_hash: hash_password(&SecretString::from("secret"), [7; 16]).into(),
            groups: vec!["staff".into()],
            claims: BTreeMap::from([("name".into(), "\"Ada Lovelace\"".into()), ("email_verified".into(), "true".into())]),
        };
        let store = ObjectRef::new("identity", "people");
        Directory::new(&UserWiring { store, spec: UserStoreSpec::Static(vec![user]) })
    }

    #[tokio::test]
    async fn name_and_password_log_in_whatever_the_names_case() {
        let (directory, pool) = (directory(), HashPool::new(1));
        let ada = directory.login("aDa", SecretString::from("secret"), &pool).await.unwrap();
        assert_eq!(&*ada.reference.id, "Ada");
        assert_eq!(ada.claims["name"], "Ada Lovelace");
        assert_eq!(ada.claims["email_verified"], true);
    }

    #[tokio::test]
    async fn an_unknown_name_is_hashed_like_a_wrong_password() {
        let (directory, pool) = (directory(), HashPool::new(1));
        for (name, password) in [("ada", "wrong"), ("nobody", "secret"), ("nobody", ""), ("ada", "")] {
            let before = pool.hashed();
            let refused = directory.login(name, SecretString::from(password), &pool).await;
            assert_eq!(refused.unwrap_err(), LoginError::Wrong, "{name}");
            assert_eq!(pool.hashed(), before + 1, "{name}");
        }
    }

    #[test]
    fn people_are_found_by_their_exact_id() {
        assert!(directory().find("Ada").is_some());
        assert!(directory().find("ada").is_none() && directory().find("grace").is_none());
    }
}
