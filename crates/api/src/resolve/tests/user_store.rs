//! UserStores.

use super::{faults, object, read};
use crate::resolve;
use nauthera_core::spec::{StaticUser, UserStoreSpec};
use serde_json::{Value, json};

const HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI";

fn store(spec: Value) -> Result<UserStoreSpec, Vec<resolve::Fault>> {
    resolve::user_store(&object(), &read(spec))
}

fn user(more: Value) -> Value {
    let mut user = json!({ "username": "ada", "passwordHash": HASH });
    for (field, value) in more.as_object().unwrap() {
        user[field] = value.clone();
    }
    user
}

fn people(users: Value) -> Value {
    json!({ "type": "static", "users": users })
}

fn only(spec: Value) -> StaticUser {
    match store(spec).unwrap() {
        UserStoreSpec::Static(mut users) => users.pop().unwrap(),
        UserStoreSpec::Ldap(_) => panic!("a directory"),
    }
}

fn says(spec: Value, expected: &[&str]) {
    assert_eq!(faults(store(spec)), expected);
}

#[test]
fn a_person_has_a_name_a_hash_and_groups() {
    let ada = only(people(json!([user(json!({ "groups": ["staff", "admins"] }))])));
    assert_eq!((&*ada.username, &*ada.password_hash, ada.groups.len()), ("ada", HASH, 2));
    let claims: Vec<(&str, &str)> = ada.claims.iter().map(|(claim, text)| (&**claim, &**text)).collect();
    assert_eq!(claims, [("preferred_username", "\"ada\"")]);
}

#[test]
fn every_standard_claim_is_written_as_json() {
    let ada = only(people(json!([user(json!({
        "email": "ada@example.com", "emailVerified": true, "name": "Ada Lovelace", "givenName": "Ada",
        "familyName": "Lovelace", "middleName": "King", "nickname": "A \"the\" L", "preferredUsername": "al",
        "profile": "https://example.com/ada", "picture": "https://example.com/ada.png", "website": "http://ada.example",
        "gender": "female", "birthdate": "1815-12-10", "zoneinfo": "Europe/London", "locale": "en-GB",
        "phoneNumber": "+44 1", "phoneNumberVerified": false, "updatedAt": 1_700_000_000,
        "address": { "streetAddress": "12 St", "locality": "London", "country": "GB", "postalCode": "SW1", "region": "L", "formatted": "12 St\nLondon" },
    }))])));
    let claims: Vec<String> = ada.claims.iter().map(|(claim, text)| format!("{claim}={text}")).collect();
    assert_eq!(
        claims,
        [
            r#"address={"country":"GB","formatted":"12 St\nLondon","locality":"London","postal_code":"SW1","region":"L","street_address":"12 St"}"#,
            r#"birthdate="1815-12-10""#,
            r#"email="ada@example.com""#,
            "email_verified=true",
            r#"family_name="Lovelace""#,
            r#"gender="female""#,
            r#"given_name="Ada""#,
            r#"locale="en-GB""#,
            r#"middle_name="King""#,
            r#"name="Ada Lovelace""#,
            r#"nickname="A \"the\" L""#,
            r#"phone_number="+44 1""#,
            "phone_number_verified=false",
            r#"picture="https://example.com/ada.png""#,
            r#"preferred_username="al""#,
            r#"profile="https://example.com/ada""#,
            "updated_at=1700000000",
            r#"website="http://ada.example""#,
            r#"zoneinfo="Europe/London""#,
        ]
    );
}

#[test]
fn usernames_are_one_in_either_case() {
    says(
        people(json!([user(json!({})), user(json!({ "username": "Ada" }))])),
        &[
            "/spec/users/1/username: `ada` and `Ada` are one username, since letters of either case are one; rename one of them",
        ],
    );
}

#[test]
fn usernames_can_be_typed() {
    says(
        people(json!([user(json!({ "username": "ada " }))])),
        &["/spec/users/0/username: `ada ` begins or ends with white space; take it away"],
    );
    says(
        people(json!([user(json!({ "username": "a".repeat(129) }))])),
        &["/spec/users/0/username: the username is longer than 128 characters"],
    );
}

#[test]
fn a_password_itself_is_refused_and_never_shown() {
    let found =
        store(people(json!([user(json!({ "passwordHash": "correct horse battery staple" }))]))).unwrap_err();
    assert_eq!(found[0].pointer, "/spec/users/0/passwordHash");
    assert!(!format!("{found:?}").contains("horse"));
    assert_eq!(found[0].help.as_deref(), Some("`nauthera hash-password` prints one that fits"));
}

#[test]
fn claims_have_their_form() {
    says(
        people(json!([user(json!({
            "email": "ada", "picture": "ftp://a.example/x", "birthdate": "10.12.1815", "name": "Ada\u{7}",
        }))])),
        &[
            "/spec/users/0/email: `ada` is not an e-mail address; write it as ada@example.com",
            "/spec/users/0/name: it has a control character; write visible characters and spaces only",
            "/spec/users/0/picture: `ftp://a.example/x` is not an http or https address; write it in full",
            "/spec/users/0/birthdate: `10.12.1815` is not a birthday; write YYYY-MM-DD, YYYY, or 0000-MM-DD, in quotes",
        ],
    );
    for good in ["1815", "0000-02-29", "2000-02-29"] {
        assert!(store(people(json!([user(json!({ "birthdate": good }))]))).is_ok(), "{good}");
    }
    for bad in ["1815-13-01", "1815-02-29", "815", "0000-02-30", "18151210"] {
        assert!(store(people(json!([user(json!({ "birthdate": bad }))]))).is_err(), "{bad}");
    }
}

fn directory(more: Value) -> Value {
    let mut ldap = json!({
        "server": ["ldaps://ldap.example.com:636"],
        "userSearch": { "baseDN": "ou=people", "usernameAttribute": "uid", "filter": "(&(a=b)(c=d))" },
    });
    for (field, value) in more.as_object().unwrap() {
        ldap[field] = value.clone();
    }
    json!({ "type": "ldap", "ldap": ldap })
}

#[test]
fn a_directory_has_addresses() {
    let Ok(UserStoreSpec::Ldap(ldap)) = store(directory(json!({}))) else { panic!("not a directory") };
    assert_eq!(ldap.servers, [std::sync::Arc::from("ldaps://ldap.example.com:636")]);
    says(
        directory(json!({ "server": ["ldap://u:p@ldap.example.com"], "timeouts": { "connect": "0s" } })),
        &[
            "/spec/ldap/server/0: `ldap://u:p@ldap.example.com` is not the address of a directory; write ldaps://HOST or ldap://HOST, with a port where it is not the usual one",
            "/spec/ldap/timeouts/connect: a duration of zero leaves nothing; write at least 1s",
        ],
    );
}

#[test]
fn filters_are_in_parentheses() {
    for bad in ["objectClass=person", "(a=b", "(a=b)(c=d)", ")a=b(", "(a=b))"] {
        let search = json!({ "baseDN": "ou=groups", "nameAttribute": "cn", "filter": bad });
        let message = format!(
            "/spec/ldap/groupSearch/filter: `{bad}` is not an LDAP filter; write it in parentheses, such as (objectClass=person)"
        );
        says(directory(json!({ "groupSearch": search })), &[&message]);
    }
}

#[test]
fn a_store_without_its_block_is_refused_without_the_schema_too() {
    says(
        json!({ "type": "static" }),
        &[
            "/spec: a UserStore of type static has users and nothing else; write users, or choose another type",
        ],
    );
    says(
        json!({ "type": "ldap" }),
        &["/spec: a UserStore of type ldap has ldap and nothing else; write ldap, or choose another type"],
    );
}
