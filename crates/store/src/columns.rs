//! How facts are laid out in columns, whatever the database: documents as JSON, times to sweep by, words for states.

use crate::{Result, StoreError};
use nauthera_core::facts::{Authorization, DeviceState, GrantId, GrantRecord};
use nauthera_core::names::ClientId;
use nauthera_core::oauth::token::REFRESH_GRACE;
use nauthera_core::time::UnixTime;
use serde::{Serialize, de::DeserializeOwned};

/// A document as stored.
pub(crate) fn json(document: &impl Serialize) -> Result<String> {
    serde_json::to_string(document)
        .map_err(|e| StoreError::Corrupt(format!("a document does not encode: {e}")))
}

/// A document as it was before. The message says which column fails and how, not what it holds.
pub(crate) fn from_json<T: DeserializeOwned>(text: &str, name: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| {
        StoreError::Corrupt(format!("{name} does not decode at column {} ({:?})", e.column(), e.classify()))
    })
}

/// A client id as it was before.
pub(crate) fn client_id(text: &str) -> Result<ClientId> {
    ClientId::parse(text).map_err(|e| StoreError::Corrupt(e.to_string()))
}

/// When to sweep what ends then: at the next full hour, so that rows which end at about the same time share one place in the
/// index, and new ones come at its end.
pub(crate) fn sweep_at(end: UnixTime) -> i64 {
    end.0.saturating_add(3_599).div_euclid(3_600).saturating_mul(3_600)
}

/// When to empty what a rotation at this time sealed for a repeated request: at the first full hour after the grace, so that of the
/// rotations of an hour one alone changes it.
pub(crate) fn unseal_at(rotated_at: UnixTime) -> i64 {
    sweep_at(rotated_at.plus(REFRESH_GRACE))
}

/// A code and the grant that it becomes have one id: anything else is a fault of the caller, and nothing is stored.
pub(crate) fn expect_id(id: GrantId, grant: &GrantRecord) -> Result<()> {
    if grant.id == id {
        return Ok(());
    }
    Err(StoreError::Corrupt("the grant has another id than the code that it comes from".into()))
}

/// A state's word, and the authorization that comes with it.
pub(crate) const fn device_word(state: &DeviceState) -> (&'static str, Option<&Authorization>) {
    match state {
        DeviceState::Pending => ("pending", None),
        DeviceState::Denied => ("denied", None),
        DeviceState::Approved(authorization) => ("approved", Some(authorization)),
        DeviceState::Redeemed => ("redeemed", None),
    }
}

/// A state by its word; `authorization` is read where the word needs it.
pub(crate) fn device_state(
    word: &str,
    authorization: impl FnOnce() -> Result<Authorization>,
) -> Result<DeviceState> {
    Ok(match word {
        "pending" => DeviceState::Pending,
        "denied" => DeviceState::Denied,
        "approved" => DeviceState::Approved(Box::new(authorization()?)),
        "redeemed" => DeviceState::Redeemed,
        _ => return Err(StoreError::Corrupt("a device authorization has an unknown state".into())),
    })
}

/// Is it a decision? Only yes and no are.
pub(crate) const fn decides(state: &DeviceState) -> bool {
    matches!(state, DeviceState::Approved(_) | DeviceState::Denied)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sweeping_waits_for_the_hour_and_never_comes_early() {
        assert_eq!(sweep_at(UnixTime(7_200)), 7_200);
        assert_eq!(sweep_at(UnixTime(7_201)), 10_800);
        assert!(sweep_at(UnixTime(i64::MAX)) > i64::MAX - 7_200);
        assert_eq!((unseal_at(UnixTime(7_190)), unseal_at(UnixTime(7_191))), (7_200, 10_800));
    }
}
