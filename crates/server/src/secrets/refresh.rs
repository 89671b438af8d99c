//! What a refresh token is: base64url of the id of its grant, 32 random bytes, and a tag over both that the server alone can make. So a
//! token leads to its family without being looked for, one that nobody here made costs the database nothing, and who knows the id of
//! a grant, which is in the `jti` of each access token, can say nothing about the tokens under it.

use super::{Length, Secrets, open_with, same, seal_with};
use aws_lc_rs::aead::{AES_256_GCM, RandomizedNonceKey};
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use nauthera_core::facts::GrantId;

/// What the tag is over stands behind this.
const DOMAIN: &[u8; 16] = b"refresh token v1";
const ID: usize = 16;
const RANDOM: usize = 32;
const TAG: usize = 16;
/// Characters of a token.
const TEXT: usize = (ID + RANDOM + TAG) * 4 / 3 + 1;

impl Secrets {
    /// The refresh token of a grant with this random value.
    #[must_use]
    pub fn refresh_token(&self, grant: GrantId, random: &[u8; RANDOM]) -> String {
        let mut bytes = [0; ID + RANDOM + TAG];
        let tag = self.refresh_tag(grant, random);
        let parts = grant.0.iter().chain(random).chain(tag.as_ref());
        bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The grant that a refresh token was made for; `None` where none was made here. In constant time for what has the form of one.
    #[must_use]
    pub fn grant_of(&self, token: &str) -> Option<GrantId> {
        if token.len() != TEXT {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (id, rest) = bytes.split_first_chunk::<ID>()?;
        let (random, tag) = rest.split_first_chunk::<RANDOM>()?;
        let grant = GrantId(*id);
        let expected = self.refresh_tag(grant, random);
        same(expected.as_ref().first_chunk::<TAG>()?, tag).then_some(grant)
    }

    fn refresh_tag(&self, grant: GrantId, random: &[u8; RANDOM]) -> hmac::Tag {
        let mut message = [0; DOMAIN.len() + ID + RANDOM];
        let parts = DOMAIN.iter().chain(&grant.0).chain(random);
        message.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
        hmac::sign(&self.refresh, &message)
    }

    /// Encrypts the random value of a refresh token's successor under a key that only the holder of the old token can derive.
    #[must_use]
    pub fn seal_successor(&self, old: &str, random: &[u8; RANDOM]) -> Vec<u8> {
        self.successor_key(old).map(|key| seal_with(&key, "successor", random)).unwrap_or_default()
    }

    /// Opens a successor for who presents the old token of this grant.
    #[must_use]
    pub fn open_successor(&self, old: &str, grant: GrantId, sealed: &[u8]) -> Option<String> {
        let random = open_with(&self.successor_key(old)?, "successor", sealed)?;
        Some(self.refresh_token(grant, random.as_slice().try_into().ok()?))
    }

    fn successor_key(&self, old: &str) -> Option<RandomizedNonceKey> {
        let mut key = [0; 32];
        let info = [b"successor".as_slice(), old.as_bytes()];
        self.rotation.expand(&info, Length(32)).and_then(|okm| okm.fill(&mut key)).ok()?;
        RandomizedNonceKey::new(&AES_256_GCM, &key).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRANT: GrantId = GrantId([3; 16]);

    fn secrets(key: u8) -> Secrets {
        Secrets::new(&[key; 32]).unwrap()
    }

    #[test]
    fn a_refresh_token_leads_to_its_grant() {
        let token = secrets(1).refresh_token(GRANT, &[9; 32]);
        assert_eq!(token.len(), TEXT);
        assert_eq!(secrets(1).grant_of(&token), Some(GRANT));
        assert_ne!(token, secrets(1).refresh_token(GRANT, &[8; 32]));
        assert_eq!(secrets(2).grant_of(&token), None, "another installation made it");
    }

    #[test]
    fn a_refresh_token_that_was_bent_anywhere_is_none() {
        let secrets = secrets(1);
        let token = secrets.refresh_token(GRANT, &[9; 32]);
        for at in 0..token.len() {
            let mut bent = token.clone().into_bytes();
            bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(secrets.grant_of(std::str::from_utf8(&bent).unwrap()), None, "{at}");
        }
        for other in ["", "x", &token[1..], &format!("{token}A"), &"é".repeat(TEXT / 2)] {
            assert_eq!(secrets.grant_of(other), None, "{other}");
        }
    }

    #[test]
    fn who_knows_the_id_of_a_grant_cannot_name_a_token_of_it() {
        let mut guess = [0; ID + RANDOM + TAG];
        guess[..ID].copy_from_slice(&GRANT.0);
        assert_eq!(secrets(1).grant_of(&URL_SAFE_NO_PAD.encode(guess)), None);
    }

    #[test]
    fn a_successor_opens_with_the_old_token_alone() {
        let secrets = secrets(1);
        let sealed = secrets.seal_successor("old", &[5; 32]);
        assert_eq!(
            secrets.open_successor("old", GRANT, &sealed),
            Some(secrets.refresh_token(GRANT, &[5; 32]))
        );
        assert_eq!(secrets.open_successor("other", GRANT, &sealed), None);
        assert_eq!(secrets.open_successor("old", GRANT, &[]), None);
    }
}
