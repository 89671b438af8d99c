//! What every backend must do, as cases over [`Store`]. A backend says how a fresh database of it is made ([`Backend`]) and
//! gets one test for each case by one line, `nauthera_store::conformance!(MyBackend);`. The list of cases is in that macro, and a
//! case that is not listed does not compile without a warning.

mod codes;
mod consents;
mod device_codes;
mod devices;
mod grants;
mod logouts;
mod once;
mod races;
mod refresh;
pub(crate) mod samples;
mod session_ends;
mod sessions;
mod sweep;

use crate::{Result, Store, StoreError};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// The longest that one case may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// A backend under test.
pub trait Backend: Sized {
    /// A fresh, empty database, which nobody else uses. It may go when the value is dropped.
    fn fresh() -> impl Future<Output = Result<Self>>;
    /// The store on it.
    fn store(&self) -> Arc<dyn Store>;
}

/// The future of a case.
pub type Proof = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// One thing that every backend must do.
pub struct Case {
    /// What it is about.
    pub room: &'static str,
    /// What holds, as words joined by underscores.
    pub name: &'static str,
    /// Proves it on a fresh store; panics when it does not hold.
    pub run: fn(Arc<dyn Store>) -> Proof,
}

/// Proves one case of [`CASES`], on a runtime of its own.
///
/// # Panics
/// When the case does not hold, takes longer than a minute, or is not in the list.
pub fn prove<B: Backend>(room: &str, name: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    let outcome = runtime.map_err(|e| StoreError::Unavailable(e.to_string())).and_then(|runtime| {
        let case = CASES.iter().find(|case| case.room == room && case.name == name);
        let case = case.ok_or_else(|| StoreError::Corrupt("there is no such case".into()))?;
        runtime.block_on(async {
            let backend = B::fresh().await?;
            let ended = tokio::time::timeout(DEADLINE, (case.run)(backend.store())).await;
            ended.unwrap_or_else(|_| Err(StoreError::Unavailable("the case took too long".into())))
        })
    });
    assert!(outcome.is_ok(), "{room}::{name}: {outcome:?}");
}

/// One test for each case, for a [`Backend`]: `nauthera_store::conformance!(MyBackend);`
#[macro_export]
macro_rules! conformance {
    (@table; $($room:ident { $($case:ident)+ })+) => {
        /// Every case.
        pub const CASES: &[Case] = &[$($(Case {
            room: stringify!($room),
            name: stringify!($case),
            run: |store| Box::pin($room::$case(store)),
        }),+),+];
    };
    (@tests $backend:ty; $($room:ident { $($case:ident)+ })+) => {
        type ConformingBackend = $backend;
        $(mod $room {
            $(#[test]
            fn $case() {
                $crate::conformance::prove::<super::ConformingBackend>(stringify!($room), stringify!($case));
            })+
        })+
    };
    (@list $($then:tt)*) => {
        $crate::conformance! { $($then)*;
            codes {
                a_code_is_read_back
                a_code_without_options_is_read_back
                an_unknown_code_is_none
                a_code_is_redeemed_once
                a_redeemed_code_says_when
                a_second_redemption_revokes_the_grant
                an_unknown_code_is_not_redeemed
                redemption_stores_grant_and_refresh_token
                redemption_stores_no_refresh_token_unasked
                a_grant_with_another_id_is_refused_and_the_code_stays
                a_pushed_request_is_read_back
                an_unknown_pushed_request_is_none
                a_code_spends_its_pushed_request
                a_spent_pushed_request_stores_no_code
                a_pushed_request_is_spent_without_a_code_once
                a_missing_pushed_request_stores_no_code
            }
            grants {
                the_database_takes_a_probe
                an_unknown_grant_is_none
                a_revoked_grant_says_when_first
                revoking_a_grant_kills_its_unredeemed_code
                revoking_a_grant_denies_its_device
                revoking_leaves_other_grants_and_codes
                revoking_what_is_not_there_is_no_fault
                a_grant_is_extended_and_never_cut
            }
            refresh {
                a_family_is_read_with_its_grant
                an_unknown_family_is_none
                rotation_replaces_the_current_token
                a_second_rotation_carries_the_sealed_successor
                a_token_of_an_older_generation_rotates_nothing
                a_token_of_an_unknown_family_is_gone
                a_token_rotates_in_its_own_family_alone
                an_expired_refresh_token_is_not_rotated
                a_rotation_may_end_the_family_earlier
                a_refresh_token_of_a_revoked_grant_is_gone
                a_refresh_token_of_an_ended_session_is_gone
                a_family_that_outlives_its_session_rotates
                a_revoked_grant_shows_beside_its_refresh_token
                rotation_raises_the_end_of_the_grant
                rotation_never_cuts_the_grant
                a_lost_rotation_raises_no_grant
                a_long_family_rotates_one_by_one
                a_rotation_without_a_seal_has_none
            }
            once {
                a_revoked_token_is_remembered
                a_token_may_be_revoked_twice
                an_assertion_counts_once
                tokens_and_assertions_are_apart
                a_duty_is_one_holders_until_its_time_is_over
                a_duty_that_many_want_is_one_holders
            }
            sessions {
                a_session_is_read_back
                an_unknown_session_is_none
                a_renewed_session_keeps_its_sid
                a_renewed_session_leaves_its_old_value
                a_session_that_is_gone_is_not_renewed
                use_is_noted_to_the_minute
                use_never_goes_back
                sessions_are_listed_newest_first
                at_most_a_hundred_sessions_are_listed
            }
            session_ends {
                an_ended_session_is_gone
                an_ended_session_takes_its_unredeemed_codes
                an_ended_session_revokes_its_grants
                offline_access_outlives_the_session
                a_session_is_ended_once
                nobody_ends_anothers_session
                one_session_ends_and_the_other_goes_on
                a_code_on_its_way_to_an_ended_session_is_dead
                a_new_session_ends_the_one_it_replaces
                a_session_may_replace_one_that_is_gone
            }
            logouts {
                the_end_of_a_session_tells_each_of_its_clients
                a_client_with_several_grants_is_told_once
                a_client_whose_grant_was_revoked_is_told
                only_clients_that_got_tokens_in_the_session_are_told
                a_session_that_nobody_ended_tells_nobody
                the_session_that_a_new_one_replaces_tells_its_clients
                a_renewed_session_tells_nobody
                all_sessions_of_a_person_end_at_once
                a_claim_is_nobody_elses_until_it_lapses
                a_delivery_that_is_done_is_gone
                a_delivery_that_is_put_off_comes_back_then
                a_claim_that_lapsed_puts_nothing_off
                a_claim_takes_no_more_than_was_asked
                a_client_with_many_deliveries_leaves_room_for_others
                the_queue_says_how_long_and_how_old_it_is
                the_oldest_beyond_a_clients_share_are_dropped
                what_nobody_delivers_is_swept
                a_client_is_told_although_its_grant_is_long_over
            }
            consents {
                a_consent_is_read_back
                an_unknown_consent_is_none
                a_new_consent_replaces_the_old_one
                consents_are_listed_by_client
                at_most_five_hundred_consents_are_listed
                a_withdrawn_consent_is_forgotten
                a_withdrawn_consent_revokes_grants_and_codes
                a_withdrawn_consent_denies_an_approved_device
                withdrawing_leaves_other_clients_and_people
                what_was_never_remembered_can_be_withdrawn
            }
            devices {
                a_device_is_read_back_by_its_user_code
                an_unknown_user_code_is_none
                a_user_code_in_use_is_refused
                a_first_poll_counts_and_is_noted
                an_unknown_device_polls_in_vain
                a_poll_too_soon_raises_the_interval
                a_poll_after_the_raised_interval_counts
                a_decision_is_made_once
                a_denied_device_hears_so
                an_approved_device_hears_by_whom
                an_expired_device_is_not_decided
                only_yes_and_no_are_decisions
                an_unknown_user_code_is_not_decided
            }
            device_codes {
                an_approved_device_is_redeemed_once
                a_redeemed_device_says_so
                a_second_redemption_of_a_device_leaves_the_grant
                an_undecided_or_denied_device_is_not_redeemed
                an_unknown_device_is_not_redeemed
                a_grant_with_another_id_leaves_the_device
            }
            races {
                two_hundred_redemptions_of_a_code_have_one_winner
                two_hundred_rotations_have_one_winner_and_one_successor
                two_hundred_redemptions_of_a_device_have_one_winner
                two_hundred_answers_to_a_pushed_request_store_one_code
                two_hundred_uses_of_an_assertion_count_once
                two_hundred_decisions_on_a_device_count_once
                two_hundred_devices_share_no_user_code
                redemption_and_logout_never_leave_a_live_grant
                redemption_and_logout_leave_no_client_untold
                two_hundred_ends_of_one_persons_sessions_tell_each_client_once
                two_hundred_claims_share_no_delivery
                redemption_and_revocation_never_leave_a_live_grant
                rotation_and_revocation_never_leave_a_live_family
                rotation_and_logout_never_leave_a_live_family
            }
            sweep {
                an_empty_database_has_nothing_to_sweep
                what_has_not_ended_stays
                what_has_ended_goes
                a_sweep_removes_no_more_than_its_limit
                a_pushed_request_stays_for_an_hour
                a_redeemed_code_stays_for_its_grant
                a_redeemed_code_stays_for_a_grant_that_was_extended
                a_family_stays_for_its_grant
                a_redeemed_device_stays_for_its_grant
                a_family_goes_with_its_grant
                a_sealed_successor_goes_within_the_hour
                a_seal_that_was_renewed_stays
            }
        }
    };
    ($backend:ty) => { $crate::conformance! { @list @tests $backend } };
}

conformance! { @list @table }
