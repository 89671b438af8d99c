//! What the cases store: plain records, each named by a word.

use crate::{NewCode, NewRefresh, Redemption, Result, Rotation, SessionStart, Store, StoreError, Turn};
use nauthera_core::facts::{
    Authorization, ClaimRequest, ClaimsRequest, CodeRecord, ConsentRecord, DeviceRecord, DeviceState, Digest,
    FamilyRecord, GrantId, GrantRecord, LoginEvent, PersonRef, PushedRecord, SessionRecord, Subject,
};
use nauthera_core::names::{Audience, ClientId, ObjectRef, Scope};
use nauthera_core::time::{Seconds, UnixTime};
use std::sync::Arc;

/// When the cases play.
pub(crate) const NOW: UnixTime = UnixTime(1_800_000_000);

/// When grants and refresh tokens of the cases end.
pub(crate) const END: UnixTime = NOW.plus(Seconds::days(30));

/// So much later than [`NOW`].
pub(crate) const fn later(seconds: u32) -> UnixTime {
    NOW.plus(Seconds::new(seconds))
}

pub(crate) fn digest(word: &str) -> Digest {
    Digest::of(word)
}

pub(crate) fn grant_id(word: &str) -> GrantId {
    let mut id = [0; 16];
    id.iter_mut().zip(digest(word).0).for_each(|(to, from)| *to = from);
    GrantId(id)
}

pub(crate) fn client(name: &str) -> ClientId {
    ClientId::default_of(&ObjectRef::new("shop", name))
}

pub(crate) fn person(name: &str) -> PersonRef {
    PersonRef::new(ObjectRef::new("platform", "people"), name)
}

pub(crate) fn subject(name: &str) -> Subject {
    person(name).subject
}

pub(crate) fn scopes(words: &str) -> Vec<Scope> {
    words.split(' ').filter_map(|word| Scope::parse(word).ok()).collect()
}

pub(crate) fn login(at: UnixTime) -> LoginEvent {
    LoginEvent { auth_time: at, amr: vec!["pwd".into()] }
}

/// What ada let the storefront have, in her session `sid`.
pub(crate) fn authorization() -> Authorization {
    Authorization {
        client_id: client("storefront"),
        person: person("ada"),
        login: login(NOW),
        sid: Some("sid".into()),
        scopes: scopes("openid orders:read"),
        resources: Audience::parse("https://orders.example").into_iter().collect(),
        claims: ClaimsRequest {
            userinfo: [("email".to_owned(), ClaimRequest { essential: true })].into(),
            id_token: [("name".to_owned(), ClaimRequest::default())].into(),
        },
        acr: Some("1".into()),
    }
}

/// A code with everything that a code can have.
pub(crate) fn code(word: &str) -> CodeRecord {
    CodeRecord {
        digest: digest(word),
        grant: grant_id(word),
        authorization: authorization(),
        redirect_uri: "https://storefront.example/callback?tenant=1".into(),
        nonce: Some("n-0S6_WzA2Mj".into()),
        code_challenge: Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into()),
        expires_at: later(60),
        redeemed_at: None,
    }
}

/// A code of ada's in one of her sessions.
pub(crate) fn code_in(word: &str, sid: &str) -> CodeRecord {
    let mut code = code(word);
    code.authorization.sid = Some(sid.into());
    code
}

/// The grant that a code becomes.
pub(crate) fn grant_of(code: &CodeRecord) -> GrantRecord {
    GrantRecord {
        id: code.grant,
        authorization: code.authorization.clone(),
        created_at: NOW,
        expires_at: END,
        revoked_at: None,
        session_ended_at: None,
    }
}

pub(crate) fn new_refresh(word: &str) -> NewRefresh {
    NewRefresh { digest: digest(word), expires_at: END }
}

/// A rotation of `old` to `new` in the family of a code; the sealed successor is the word itself.
pub(crate) fn turn(code: &str, old: &str, new: &str) -> Turn {
    Turn {
        grant: grant_id(code),
        presented: digest(old),
        successor: new_refresh(new),
        sealed_successor: new.as_bytes().to_vec(),
        grant_until: None,
    }
}

/// The family of a rotation that was lost.
pub(crate) fn lost(outcome: Rotation) -> Result<FamilyRecord> {
    match outcome {
        Rotation::Lost(found) => Ok(found.0),
        other => Err(StoreError::Corrupt(format!("it is not lost: {other:?}"))),
    }
}

/// Is this the current refresh token of the family of a code?
pub(crate) async fn counts(store: &dyn Store, code: &str, token: &str) -> Result<bool> {
    Ok(store.refresh(grant_id(code)).await?.is_some_and(|(family, _)| family.current == digest(token)))
}

pub(crate) fn pushed(word: &str) -> PushedRecord {
    PushedRecord {
        digest: digest(word),
        client_id: client("storefront"),
        parameters: "response_type=code&scope=openid".into(),
        expires_at: later(60),
        spent: false,
    }
}

pub(crate) fn session(word: &str, name: &str) -> SessionRecord {
    SessionRecord {
        digest: digest(word),
        sid: word.into(),
        person: person(name),
        login: login(NOW),
        created_at: NOW,
        last_seen_at: NOW,
        expires_at: END,
    }
}

pub(crate) fn consent(name: &str, client_name: &str) -> ConsentRecord {
    ConsentRecord {
        subject: subject(name),
        client_id: client(client_name),
        scopes: scopes("openid email"),
        resources: Audience::parse("https://orders.example").into_iter().collect(),
        granted_at: NOW,
    }
}

pub(crate) fn device(word: &str, user_code: &str) -> DeviceRecord {
    DeviceRecord {
        digest: digest(word),
        user_code: user_code.into(),
        grant: grant_id(word),
        client_id: client("till"),
        scopes: scopes("openid orders:read"),
        resources: Audience::parse("https://orders.example").into_iter().collect(),
        expires_at: later(600),
        interval: Seconds::new(5),
        polled_at: None,
        state: DeviceState::Pending,
    }
}

/// What ada let a device have: no session is behind it.
pub(crate) fn device_authorization() -> Authorization {
    Authorization { client_id: client("till"), sid: None, ..authorization() }
}

pub(crate) fn device_grant(word: &str) -> GrantRecord {
    GrantRecord { authorization: device_authorization(), ..grant_of(&code(word)) }
}

/// Stores a code.
pub(crate) async fn store_code(store: &Arc<dyn Store>, code: &CodeRecord) -> Result<()> {
    store.insert_code(NewCode { code: code.clone(), pushed: None }).await.map(drop)
}

/// Stores a code and redeems it, with a refresh token of this word; the grant.
pub(crate) async fn issue(store: &Arc<dyn Store>, code: &CodeRecord, token: &str) -> Result<GrantRecord> {
    store_code(store, code).await?;
    let grant = grant_of(code);
    let taken = store.redeem_code(code.digest, grant.clone(), Some(new_refresh(token)), NOW).await?;
    assert_eq!(taken, Redemption::Won);
    Ok(grant)
}

/// Redeems a code that is expected to be dead.
pub(crate) async fn is_dead(store: &Arc<dyn Store>, code: &CodeRecord) -> Result<bool> {
    let taken = store.redeem_code(code.digest, grant_of(code), None, NOW).await?;
    Ok(taken == Redemption::AlreadyRedeemed && store.grant(code.grant).await?.is_none())
}

pub(crate) async fn begin(store: &Arc<dyn Store>, session: &SessionRecord) -> Result<()> {
    let begun =
        store.start_session(SessionStart::New { session: session.clone(), replaces: None }, NOW).await?;
    assert!(begun, "a new session always begins");
    Ok(())
}

/// When a grant was revoked.
pub(crate) async fn revoked_at(store: &Arc<dyn Store>, id: GrantId) -> Result<Option<UnixTime>> {
    Ok(must(store.grant(id).await?)?.revoked_at)
}

/// What must be there.
pub(crate) fn must<T>(found: Option<T>) -> Result<T> {
    found.ok_or_else(|| StoreError::Corrupt("what was stored is not there".into()))
}
