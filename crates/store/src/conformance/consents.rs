//! Consents, remembered and withdrawn.

use super::samples::{
    NOW, client, code, consent, device, device_authorization, digest, is_dead, issue, later, person,
    revoked_at, scopes, store_code, subject,
};
use crate::{Poll, Result, Store};
use nauthera_core::facts::{ConsentRecord, DeviceState};
use std::sync::Arc;

type S = Arc<dyn Store>;

pub(super) async fn a_consent_is_read_back(store: S) -> Result<()> {
    store.save_consent(consent("ada", "storefront")).await?;
    let found = store.consent(&subject("ada"), &client("storefront")).await?;
    assert_eq!(found, Some(consent("ada", "storefront")));
    Ok(())
}

pub(super) async fn an_unknown_consent_is_none(store: S) -> Result<()> {
    store.save_consent(consent("ada", "storefront")).await?;
    assert_eq!(store.consent(&subject("ada"), &client("reports")).await?, None);
    assert_eq!(store.consent(&subject("grace"), &client("storefront")).await?, None);
    Ok(())
}

pub(super) async fn a_new_consent_replaces_the_old_one(store: S) -> Result<()> {
    store.save_consent(consent("ada", "storefront")).await?;
    let new = ConsentRecord {
        scopes: scopes("openid"),
        resources: Vec::new(),
        granted_at: later(5),
        ..consent("ada", "storefront")
    };
    store.save_consent(new.clone()).await?;
    assert_eq!(store.consents_of(&subject("ada")).await?, [new]);
    Ok(())
}

pub(super) async fn consents_are_listed_by_client(store: S) -> Result<()> {
    for name in ["storefront", "admin", "reports"] {
        store.save_consent(consent("ada", name)).await?;
    }
    store.save_consent(consent("grace", "storefront")).await?;
    let expected = ["admin", "reports", "storefront"].map(|name| consent("ada", name));
    assert_eq!(store.consents_of(&subject("ada")).await?, expected);
    Ok(())
}

pub(super) async fn at_most_five_hundred_consents_are_listed(store: S) -> Result<()> {
    for n in 0..505 {
        store.save_consent(consent("ada", &format!("c{n:03}"))).await?;
    }
    assert_eq!(store.consents_of(&subject("ada")).await?.len(), 500);
    Ok(())
}

pub(super) async fn a_withdrawn_consent_is_forgotten(store: S) -> Result<()> {
    store.save_consent(consent("ada", "storefront")).await?;
    store.withdraw_consent(&subject("ada"), &client("storefront"), NOW).await?;
    assert_eq!(store.consent(&subject("ada"), &client("storefront")).await?, None);
    Ok(())
}

pub(super) async fn a_withdrawn_consent_revokes_grants_and_codes(store: S) -> Result<()> {
    store.save_consent(consent("ada", "storefront")).await?;
    let mut offline = code("offline");
    offline.authorization.scopes = scopes("openid offline_access");
    let grants = [issue(&store, &code("c"), "t").await?, issue(&store, &offline, "u").await?];
    store_code(&store, &code("waiting")).await?;
    store.withdraw_consent(&subject("ada"), &client("storefront"), later(5)).await?;
    for grant in grants {
        assert_eq!(revoked_at(&store, grant.id).await?, Some(later(5)));
    }
    assert!(is_dead(&store, &code("waiting")).await?);
    Ok(())
}

pub(super) async fn a_withdrawn_consent_denies_an_approved_device(store: S) -> Result<()> {
    store.insert_device(device("d", "BCDFGHJK")).await?;
    let yes = DeviceState::Approved(Box::new(device_authorization()));
    assert!(store.decide_device("BCDFGHJK", yes, NOW).await?);
    store.withdraw_consent(&subject("ada"), &client("till"), NOW).await?;
    let poll = store.poll_device(digest("d"), NOW).await?;
    assert!(matches!(poll, Poll::Counted(device) if device.state == DeviceState::Denied));
    Ok(())
}

pub(super) async fn withdrawing_leaves_other_clients_and_people(store: S) -> Result<()> {
    let (mut elsewhere, mut graces) = (code("elsewhere"), code("grace"));
    elsewhere.authorization.client_id = client("reports");
    graces.authorization.person = person("grace");
    for (name, client_name) in [("ada", "reports"), ("grace", "storefront")] {
        store.save_consent(consent(name, client_name)).await?;
    }
    let grants = [issue(&store, &elsewhere, "t").await?, issue(&store, &graces, "u").await?];
    store.withdraw_consent(&subject("ada"), &client("storefront"), NOW).await?;
    for grant in grants {
        assert_eq!(revoked_at(&store, grant.id).await?, None);
    }
    assert_eq!(store.consents_of(&subject("ada")).await?, [consent("ada", "reports")]);
    assert_eq!(store.consents_of(&subject("grace")).await?, [consent("grace", "storefront")]);
    Ok(())
}

pub(super) async fn what_was_never_remembered_can_be_withdrawn(store: S) -> Result<()> {
    let grant = issue(&store, &code("c"), "t").await?;
    store.withdraw_consent(&subject("ada"), &client("storefront"), later(1)).await?;
    assert_eq!(revoked_at(&store, grant.id).await?, Some(later(1)));
    Ok(())
}
