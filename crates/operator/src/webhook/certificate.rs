//! The self-made certificate. Each has a certificate authority of its own, whose key is thrown away at once: nothing can be signed
//! with it ever again. The API server is told of the next one before anybody presents what it signed, and forgets the one before only
//! a while after that was replaced. Pure: the time is an argument.

use nauthera_core::time::{Seconds, UnixTime};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use zeroize::Zeroizing;

/// How long a certificate lasts.
const LASTS: Seconds = Seconds::days(90);
/// When the next one is made.
const RENEWED_AFTER: Seconds = Seconds::days(60);
/// How long the API server knows of the next one before it is presented.
const ANNOUNCED_FOR: Seconds = Seconds::minutes(2);
/// Clocks may be so far apart.
const SKEW: Seconds = Seconds::hours(1);

/// A certificate with its authority, in PEM.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Made {
    /// The authority.
    pub authority: String,
    /// The certificate.
    pub certificate: String,
    /// Its key, PKCS#8.
    pub key: Zeroizing<String>,
    /// The names that it is for.
    pub names: Vec<String>,
    /// When it was made.
    pub since: UnixTime,
}

/// What is kept: what is presented, what will be, and authorities of those before.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kept {
    /// What is presented.
    pub current: Made,
    /// What is presented next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Made>,
    /// Authorities of what may be presented still, with the times when that was replaced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<(String, UnixTime)>,
}

impl Kept {
    /// All authorities, for the API server.
    #[must_use]
    pub fn bundle(&self) -> String {
        let next = self.next.iter().map(|next| next.authority.as_str());
        let before = self.before.iter().map(|(authority, _)| authority.as_str());
        std::iter::once(self.current.authority.as_str()).chain(next).chain(before).collect()
    }
}

/// What is to be kept from now on; `None` where it stays as it is.
///
/// # Errors
/// What the library says.
pub fn maintain(kept: Option<&Kept>, names: &[String], now: UnixTime) -> Result<Option<Kept>, rcgen::Error> {
    let Some(kept) = kept else {
        return Ok(Some(Kept { current: make(names, now)?, next: None, before: Vec::new() }));
    };
    let mut news = kept.clone();
    news.before.retain(|(_, since)| now < since.plus(SKEW));
    let is_ready = |next: &Made| next.names == names && now >= next.since.plus(ANNOUNCED_FOR);
    if let Some(next) = news.next.take_if(|next| is_ready(next)) {
        let old = std::mem::replace(&mut news.current, next);
        news.before.push((old.authority, now));
    }
    if news.next.as_ref().is_some_and(|next| next.names != names) {
        news.next = None;
    }
    let due = news.current.names != names || now >= news.current.since.plus(RENEWED_AFTER);
    if due && news.next.is_none() {
        news.next = Some(make(names, now)?);
    }
    Ok((news != *kept).then_some(news))
}

fn make(names: &[String], now: UnixTime) -> Result<Made, rcgen::Error> {
    let at = |time: UnixTime| {
        date_time_ymd(1970, 1, 1) + Duration::from_secs(u64::try_from(time.0).unwrap_or_default())
    };
    let params = |names: Vec<String>, name: &str| {
        let mut params = CertificateParams::new(names)?;
        (params.not_before, params.not_after) = (at(now.minus(SKEW)), at(now.plus(LASTS)));
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        Ok::<_, rcgen::Error>(params)
    };
    let authority_key = KeyPair::generate()?;
    let mut authority = params(Vec::new(), "nauthera webhook authority")?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority_pem = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate()?;
    let mut leaf = params(names.to_vec(), "nauthera webhook")?;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = leaf.signed_by(&key, &issuer)?.pem();
    Ok(Made {
        authority: authority_pem,
        certificate,
        key: Zeroizing::new(key.serialize_pem()),
        names: names.to_vec(),
        since: now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        vec!["nauthera-webhook.nauthera.svc".to_owned()]
    }

    const DAY: i64 = 86_400;

    #[test]
    fn the_next_one_is_announced_before_it_is_presented_and_the_last_one_outlives_it() {
        let first = maintain(None, &names(), UnixTime(0)).unwrap().unwrap();
        assert!(maintain(Some(&first), &names(), UnixTime(59 * DAY)).unwrap().is_none());
        let announced = maintain(Some(&first), &names(), UnixTime(60 * DAY)).unwrap().unwrap();
        assert!(announced.current == first.current && announced.next.is_some());
        assert!(announced.bundle().contains(&first.current.authority));
        assert_eq!(announced.bundle().matches("BEGIN").count(), 2);
        assert!(maintain(Some(&announced), &names(), UnixTime(60 * DAY + 60)).unwrap().is_none());
        let presented = maintain(Some(&announced), &names(), UnixTime(60 * DAY + 120)).unwrap().unwrap();
        assert!(presented.next.is_none() && Some(&presented.current) == announced.next.as_ref());
        assert_eq!(presented.bundle().matches("BEGIN").count(), 2);
        let settled = maintain(Some(&presented), &names(), UnixTime(61 * DAY)).unwrap().unwrap();
        assert_eq!(settled.bundle(), settled.current.authority);
    }

    #[test]
    fn other_names_want_another_certificate() {
        let first = maintain(None, &names(), UnixTime(0)).unwrap().unwrap();
        let other = vec!["other.svc".to_owned()];
        let announced = maintain(Some(&first), &other, UnixTime(1)).unwrap().unwrap();
        assert_eq!(announced.next.unwrap().names, other);
    }

    #[test]
    fn what_is_kept_is_read_again_and_can_be_presented() {
        let first = maintain(None, &names(), UnixTime(0)).unwrap().unwrap();
        let text = serde_json::to_string(&first).unwrap();
        assert!(serde_json::from_str::<Kept>(&text).unwrap() == first);
        let presented = super::super::Presented::default();
        presented.set(first.current.certificate.as_bytes(), first.current.key.as_bytes()).unwrap();
    }
}
