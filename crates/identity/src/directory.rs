//! A directory knows people by the name that they type and by an id that never changes. Built from a Snapshot's wiring. An
//! unknown name costs and answers the same as a wrong password.

use crate::password::{Hashed, is_possible, made_cost};
use crate::pool::{Busy, HashPool};
use nauthera_core::facts::PersonRef;
use nauthera_core::names::ObjectRef;
use nauthera_core::snapshot::UserWiring;
use nauthera_core::spec::{StaticUser, UserStoreSpec};
use secrecy::SecretString;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

/// A person as the directory knows them now.
#[derive(Clone, PartialEq)]
pub struct Person {
    /// Who it is, for good.
    pub reference: PersonRef,
    /// The name that the person types (`preferred_username`), as the directory writes it.
    pub username: Arc<str>,
    /// The groups that the person is in.
    pub groups: Vec<Arc<str>>,
    /// Standard claims other than `sub` (OIDC Core 5.1): strings, booleans, the `address` object.
    pub claims: BTreeMap<Arc<str>, serde_json::Value>,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("username", &self.username).finish_non_exhaustive()
    }
}

/// Why nobody is logged in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// No such name, or not its password; nobody is told which.
    #[error("the username or the password is wrong")]
    Wrong,
    /// Too many passwords wait to be checked: the same attempt may succeed in a moment.
    #[error("too many people log in at this moment")]
    Busy,
    /// The directory cannot be asked; the reason is for operators.
    #[error("the user store is away: {0}")]
    Unavailable(String),
}

impl From<Busy> for LoginError {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

/// The people of a server.
#[derive(Debug)]
pub struct Directory {
    store: ObjectRef,
    people: People,
}

#[derive(Debug)]
enum People {
    Static(StaticPeople),
    Away(String),
}

#[derive(Debug)]
struct StaticPeople {
    /// By username in ASCII lower case.
    by_name: HashMap<String, Entry>,
    /// What unknown names are checked against: as costly as most of the hashes here.
    nobody: Option<Arc<Hashed>>,
}

#[derive(Debug)]
struct Entry {
    person: Arc<Person>,
    /// `None` when the hash in the manifest does not read: nobody logs in with it.
    hash: Option<Arc<Hashed>>,
}

impl Directory {
    /// Builds the directory of a Snapshot. People whose hash does not read stay known, but cannot log in.
    #[must_use]
    pub fn new(wiring: &UserWiring) -> Self {
        let people = match &wiring.spec {
            UserStoreSpec::Static(users) => People::Static(StaticPeople::new(&wiring.store, users)),
            UserStoreSpec::Ldap(_) => People::Away("this release does not ask LDAP directories".into()),
        };
        Self { store: wiring.store.clone(), people }
    }

    /// The UserStore behind it.
    #[must_use]
    pub const fn store(&self) -> &ObjectRef {
        &self.store
    }

    /// Why it cannot be asked; `None` while it can.
    #[must_use]
    pub fn away(&self) -> Option<&str> {
        match &self.people {
            People::Static(_) => None,
            People::Away(why) => Some(why),
        }
    }

    /// Usernames whose password hash does not read, for the log.
    #[must_use]
    pub fn unusable(&self) -> Vec<Arc<str>> {
        let People::Static(people) = &self.people else { return Vec::new() };
        let unusable = people.by_name.values().filter(|entry| entry.hash.is_none());
        let mut names: Vec<_> = unusable.map(|entry| entry.person.username.clone()).collect();
        names.sort();
        names
    }

    /// Who types this name and this password? ASCII upper and lower case of the name are one.
    ///
    /// # Errors
    /// [`LoginError::Wrong`], at the same cost, for an unknown name and for a wrong password; at once for an empty password or
    /// one of more than [`crate::password::MAX_PASSWORD`] bytes. [`LoginError::Busy`] when the pool is;
    /// [`LoginError::Unavailable`] when the directory cannot be asked.
    pub async fn login(
        &self,
        username: &str,
        password: SecretString,
        pool: &HashPool,
    ) -> Result<Arc<Person>, LoginError> {
        let people = match &self.people {
            People::Static(people) => people,
            People::Away(why) => return Err(LoginError::Unavailable(why.clone())),
        };
        if !is_possible(&password) {
            return Err(LoginError::Wrong);
        }
        let entry = people.entry(username);
        let known = entry.and_then(|entry| Some((&entry.person, entry.hash.clone()?)));
        let against =
            known.as_ref().map(|(_, hash)| hash).or(people.nobody.as_ref()).ok_or(LoginError::Wrong)?;
        let verified = pool.verify(password, against.clone()).await?;
        match known {
            Some((person, _)) if verified => Ok(person.clone()),
            _ => Err(LoginError::Wrong),
        }
    }

    /// The person with this immutable id ([`PersonRef::id`]), as of now; `None` when there is none any more.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<Arc<Person>> {
        let People::Static(people) = &self.people else { return None };
        people.entry(id).map(|entry| &entry.person).filter(|person| &*person.reference.id == id).cloned()
    }
}

impl StaticPeople {
    fn new(store: &ObjectRef, users: &[StaticUser]) -> Self {
        let by_name: HashMap<_, _> =
            users.iter().map(|user| (user.username.to_ascii_lowercase(), Entry::new(store, user))).collect();
        let mut costs: BTreeMap<(u32, u32, u32), usize> = BTreeMap::new();
        for hash in by_name.values().filter_map(|entry| entry.hash.as_ref()) {
            *costs.entry(hash.cost()).or_default() += 1;
        }
        // Of several that are as frequent, the costliest.
        let usual = costs.into_iter().max_by_key(|(_, people)| *people).map_or(made_cost(), |(cost, _)| cost);
        Self { by_name, nobody: Hashed::of_nobody(usual).ok().map(Arc::new) }
    }

    fn entry(&self, username: &str) -> Option<&Entry> {
        self.by_name.get(&username.to_ascii_lowercase())
    }
}

impl Entry {
    fn new(store: &ObjectRef, user: &StaticUser) -> Self {
        let StaticUser { username, password_hash, groups, claims } = user;
        let claims = claims
            .iter()
            .filter_map(|(name, json)| Some((name.clone(), serde_json::from_str(json).ok()?)))
            .collect();
        let person = Person {
            reference: PersonRef::new(store.clone(), username.clone()),
            username: username.clone(),
            groups: groups.clone(),
            claims,
        };
        Self { person: Arc::new(person), hash: Hashed::parse(password_hash).ok().map(Arc::new) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::{MAX_PASSWORD, hash_password};
    use crate::pool::PoolOptions;
    use nauthera_core::spec::LdapSpec;
    use serde_json::json;
    use std::num::NonZero;
    use std::time::Duration;

    fn user(username: &str, hash: &str) -> StaticUser {
        StaticUser {
            username: username.into(),
            password_hash: hash.into(),
            groups: vec!["developers".into()],
            claims: [
                ("name", "\"Ada Lovelace\""),
                ("email_verified", "true"),
                ("address", "{\"country\":\"UK\"}"),
                ("nickname", "not JSON"),
            ]
            .map(|(name, json)| (name.into(), json.into()))
            .into(),
        }
    }

    fn directory(users: Vec<StaticUser>) -> Directory {
        let store = ObjectRef::new("platform", "people");
        Directory::new(&UserWiring { store, spec: UserStoreSpec::Static(users) })
    }

    fn people() -> Directory {
        let of = |password: &str| hash_password(&password.into(), [3; 16]).unwrap();
        directory(vec![
            user("ada", &of("quickstart")),
            user("Grace", &of("compiler")),
            user("eve", "plain text"),
        ])
    }

    fn pool() -> HashPool {
        HashPool::start(PoolOptions { deadline: Duration::from_secs(60), ..PoolOptions::default() }).unwrap()
    }

    #[tokio::test]
    async fn name_and_password_lead_to_the_person() {
        let ada = people().login("ada", "quickstart".into(), &pool()).await.unwrap();
        assert_eq!(&*ada.username, "ada");
        assert_eq!(ada.reference, PersonRef::new(ObjectRef::new("platform", "people"), "ada"));
        assert_eq!(ada.groups, ["developers".into()]);
        let claims: Vec<_> = ada.claims.iter().map(|(name, value)| (&**name, value.clone())).collect();
        let expected = [
            ("address", json!({"country": "UK"})),
            ("email_verified", json!(true)),
            ("name", json!("Ada Lovelace")),
        ];
        assert_eq!(claims, expected, "a claim that is not JSON is left out");
    }

    #[tokio::test]
    async fn the_case_of_a_name_does_not_matter_and_the_password_s_does() {
        let (people, pool) = (people(), pool());
        let grace = people.login("gRACE", "compiler".into(), &pool).await.unwrap();
        assert_eq!(&*grace.reference.id, "Grace", "the id is the name as it is written");
        assert_eq!(people.login("Grace", "Compiler".into(), &pool).await, Err(LoginError::Wrong));
    }

    #[tokio::test]
    async fn wrong_password_and_unknown_name_cost_and_answer_the_same() {
        let (people, pool) = (people(), pool());
        for (n, (name, password)) in [
            ("ada", "compiler"),
            ("nobody", "quickstart"),
            ("", "x"),
            ("ada ", "quickstart"),
            ("eve", "plain text"),
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(people.login(name, password.into(), &pool).await, Err(LoginError::Wrong), "{name}");
            assert_eq!(pool.hashed(), n as u64 + 1, "{name} went through the hash");
        }
    }

    #[tokio::test]
    async fn an_unknown_name_is_hashed_like_most_people() {
        let costly =
            "$argon2id$v=19$m=32768,t=3,p=1$c29tZXNhbHQxMjM0NTY$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let of = |users| match directory(users).people {
            People::Static(people) => people.nobody.unwrap().cost(),
            People::Away(why) => panic!("{why}"),
        };
        let made = hash_password(&"x".into(), [1; 16]).unwrap();
        assert_eq!(of(vec![]), made_cost());
        assert_eq!(of(vec![user("a", costly), user("b", costly), user("c", &made)]), (32_768, 3, 1));
        assert_eq!(of(vec![user("a", costly), user("b", &made)]), (32_768, 3, 1));
        assert_eq!(of(vec![user("a", costly), user("b", &made), user("c", &made)]), made_cost());
    }

    #[tokio::test]
    async fn empty_and_endless_passwords_are_wrong_without_hashing() {
        let (people, pool) = (people(), pool());
        for password in [String::new(), "x".repeat(MAX_PASSWORD + 1)] {
            assert_eq!(people.login("ada", password.into(), &pool).await, Err(LoginError::Wrong));
        }
        assert_eq!(pool.hashed(), 0);
    }

    #[tokio::test]
    async fn an_endless_name_is_just_unknown() {
        let name = "x".repeat(100_000);
        assert_eq!(people().login(&name, "quickstart".into(), &pool()).await, Err(LoginError::Wrong));
    }

    #[tokio::test]
    async fn a_busy_pool_is_said() {
        let deadline = Duration::ZERO;
        let busy = HashPool::start(PoolOptions {
            threads: NonZero::<usize>::MIN,
            queue: 1,
            deadline,
            ..PoolOptions::default()
        })
        .unwrap();
        assert_eq!(people().login("ada", "quickstart".into(), &busy).await, Err(LoginError::Busy));
    }

    #[test]
    fn people_are_found_by_their_exact_id() {
        let people = people();
        assert_eq!(people.find("Grace").unwrap().username, "Grace".into());
        assert_eq!(people.find("grace"), None);
        assert_eq!(people.find("nobody"), None);
        assert!(people.find("eve").is_some(), "known, although nobody logs in as eve");
    }

    #[test]
    fn hashes_that_do_not_read_are_named() {
        assert_eq!(people().unusable(), ["eve".into()]);
    }

    #[tokio::test]
    async fn an_ldap_directory_is_away_and_says_why() {
        let spec = UserStoreSpec::Ldap(LdapSpec { servers: vec!["ldaps://ldap.example".into()] });
        let ldap = Directory::new(&UserWiring { store: ObjectRef::new("platform", "people"), spec });
        let outcome = ldap.login("ada", "quickstart".into(), &pool()).await;
        assert!(matches!(&outcome, Err(LoginError::Unavailable(why)) if why.contains("LDAP")), "{outcome:?}");
        assert_eq!(ldap.find("ada"), None);
        assert!(ldap.away().is_some() && people().away().is_none());
    }

    #[test]
    fn a_person_prints_no_claims() {
        let printed = format!("{:?}", people().find("ada").unwrap());
        assert!(printed.contains("ada") && !printed.contains("Lovelace"), "{printed}");
    }
}
