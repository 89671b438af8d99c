//! Policies only tighten: one more never widens what another one states, and one that only reports changes nothing.

use crate::oracle::judge::plain;
use crate::tape::{Tape, drawn, repeatable};
use crate::universe::{self, object};
use nauthera_core::codes::Code;
use nauthera_core::compile::compile;
use nauthera_core::grant::{Consent, Enforcement};
use nauthera_core::inventory::{Inventory, Object};
use nauthera_core::policy::Merged;
use nauthera_core::report::ClientReport;
use nauthera_core::snapshot::Row;
use nauthera_core::spec::PolicySpec;
use nauthera_core::time::Seconds;
use proptest::prelude::*;

/// An inventory, and the same with one more accepted policy in Enforce.
fn one_more(tape: &mut Tape) -> (Inventory, Inventory) {
    let policy = universe::enforcing(tape);
    let name = tape.pick(&["identity/0-first", "identity/z-last", "shop/m"]);
    let before = universe::inventory(tape);
    let mut after = before.clone();
    after.policies.insert(object(name), Object::new(policy));
    (before, after)
}

/// An inventory, and the same with one more policy that only reports; it may fail its example.
fn one_audit(tape: &mut Tape) -> (Inventory, Inventory) {
    let mut policy = universe::policy(tape);
    policy.enforcement = Some(Enforcement::Audit);
    let name = tape.pick(&["identity/0-first", "identity/z-last", "shop/m"]);
    let before = universe::inventory(tape);
    let mut after = before.clone();
    after.policies.insert(object(name), Object::new(policy));
    (before, after)
}

proptest! {
    #![proptest_config(repeatable(2_000))]

    #[test]
    fn one_more_policy_never_widens_what_another_one_states((before, after) in drawn(one_more)) {
        let (before, after) = (compile(&before).report, compile(&after).report);
        for (client, was) in &before.clients {
            let now = &after.clients[client];
            let (Some(merged), Some(_)) = (&was.merged, &now.merged) else { continue };
            match (&was.row, &now.row) {
                (Some(was), Some(now)) => assert_no_wider(merged, was, now),
                (None, Some(_)) => assert_newly_stated(merged, was, now),
                (_, None) => {}
            }
        }
    }

    #[test]
    fn one_more_policy_touches_only_those_whom_it_governs((before, after) in drawn(one_more)) {
        let (before, after) = (compile(&before).report, compile(&after).report);
        for (client, was) in &before.clients {
            let now = &after.clients[client];
            let marks = |entry: &ClientReport| entry.merged.as_ref().map(|merged| merged.marks().clone());
            if marks(was) == marks(now) {
                assert_eq!((&was.row, was.verdict, was.reason()), (&now.row, now.verdict, now.reason()), "{client}");
            }
        }
    }

    #[test]
    fn a_client_that_nobody_governed_may_be_admitted_and_nothing_else((before, after) in drawn(one_more)) {
        let (before, after) = (compile(&before).report, compile(&after).report);
        for (client, was) in before.clients.iter().filter(|(_, was)| was.reason() == Some(Code::NoPolicy)) {
            let now = &after.clients[client];
            let sure = |merged: &Merged| merged.governors.iter().filter(|governor| governor.certain).count();
            let alone = now.merged.as_ref().is_none_or(|merged| sure(merged) == 1);
            assert!(was.row.is_none() && alone, "{client}");
        }
    }

    #[test]
    fn a_policy_in_audit_changes_no_byte((before, after) in drawn(one_audit)) {
        let (before, after) = (compile(&before), compile(&after));
        for (server, snapshot) in &before.snapshots {
            assert_eq!(snapshot.to_bytes(), after.snapshots[server].to_bytes());
        }
        assert_eq!(before.snapshots.len(), after.snapshots.len());
        for (client, was) in &before.report.clients {
            let now = &after.report.clients[client];
            assert_eq!((was.verdict, was.reason()), (now.verdict, now.reason()), "{client}");
        }
    }

    #[test]
    fn what_audit_reports_is_what_enforce_would_take((_, mut audit) in drawn(one_audit)) {
        audit.policies.values_mut().for_each(|object| {
            object.spec.iter_mut().for_each(|spec| std::sync::Arc::make_mut(spec).examples.clear());
        });
        let audited = compile(&audit).report;
        for (name, object) in audit.policies.clone() {
            let Some(spec) = object.spec.filter(|spec| !spec.enforces()) else { continue };
            let mut enforced = audit.clone();
            let spec = PolicySpec { enforcement: None, ..PolicySpec::clone(&spec) };
            enforced.policies.insert(name.clone(), Object { spec: Some(spec.into()), ..object });
            let enforced = compile(&enforced).report;
            for (client, was) in audited.clients.iter().filter(|(_, c)| c.audits.iter().any(|m| m.policy == name)) {
                let says = was.audit.iter().any(|finding| finding.policy.as_ref() == Some(&name));
                let now = &enforced.clients[client];
                if was.row.is_some() && now.row != was.row && now.row.is_none() {
                    assert!(says, "{client} would be refused: {:?}", now.findings);
                }
                if let (true, Some(was), Some(now)) = (!says, &was.row, &now.row) {
                    assert!(loses_nothing_asked(was, now), "{client}: {was:?} {now:?}");
                }
            }
        }
    }
}

/// Lifetimes, groups and requirements may tighten without anyone having asked for more.
fn loses_nothing_asked(was: &Row, now: &Row) -> bool {
    let (was, now) = (plain(was), plain(now));
    let within = |was: &[String], now: &[String]| was.iter().all(|item| now.contains(item));
    within(&was.redirect_uris, &now.redirect_uris)
        && within(&was.post_logout_redirect_uris, &now.post_logout_redirect_uris)
        && within(&was.scopes, &now.scopes)
        && within(&was.audiences, &now.audiences)
        && within(&was.introspects, &now.introspects)
}

fn is_stated(merged: &Merged, stated: fn(&PolicySpec) -> bool) -> bool {
    merged.governors.iter().any(|governor| governor.certain && stated(&governor.spec))
}

/// Field by field: what a governing policy stated before cannot be wider now.
fn assert_no_wider(merged: &Merged, was: &Row, now: &Row) {
    let stated = |field| is_stated(merged, field);
    let (w, n) = (plain(was), plain(now));
    let within = |now: &[String], was: &[String]| now.iter().all(|item| was.contains(item));
    assert!(!stated(|p| p.token.access.is_some()) || n.seconds[0] <= w.seconds[0]);
    assert!(!stated(|p| p.token.refresh.is_some()) || n.seconds[1] <= w.seconds[1]);
    assert!(!stated(|p| p.token.id.is_some()) || n.seconds[2] <= w.seconds[2]);
    assert!(!stated(|p| p.allowed_grant_types.is_some()) || n.grants.is_subset(&w.grants));
    assert!(!stated(|p| p.allowed_scopes.is_some()) || within(&n.scopes, &w.scopes));
    assert!(!stated(|p| p.allowed_audiences.is_some()) || within(&n.audiences, &w.audiences));
    assert!(!stated(|p| p.allowed_introspection.is_some()) || within(&n.introspects, &w.introspects));
    // These have no default that could be replaced: they hold whether stated or not.
    assert!(within(&n.redirect_uris, &w.redirect_uris));
    assert!(within(&n.post_logout_redirect_uris, &w.post_logout_redirect_uris));
    assert!(n.groups.is_superset(&w.groups));
    assert!(now.max_age.unwrap_or(Seconds::MAX) <= was.max_age.unwrap_or(Seconds::MAX));
    assert!(n.par >= w.par);
    assert!(!stated(|p| p.enforce_pkce.is_some()) || n.pkce >= w.pkce);
    let required = stated(|p| p.consent.is_some()) && was.consent == Consent::Required;
    assert!(!required || now.consent == Consent::Required);
    let methods =
        merged.governors.iter().filter_map(|g| g.spec.client_authentication.allowed_methods.as_ref());
    let public = !now.client_type.is_confidential();
    assert!(public || methods.into_iter().all(|list| list.contains(&now.authentication.method)));
    assert_eq!(was.client_id, now.client_id);
}

/// Refused before and served now: only where the reason was a default, which the new policy is the first to replace, or the choice
/// of a method among those that policies name.
fn assert_newly_stated(merged: &Merged, was: &ClientReport, now: &ClientReport) {
    let stated = |field| is_stated(merged, field);
    let defaults_left = match was.reason() {
        Some(Code::CustomClientIdNotAllowed) => !stated(|p| p.allow_custom_client_ids.is_some()),
        Some(Code::KeysOutOfReach) => now.asked.as_ref().is_some_and(|asked| asked.method.is_none()),
        Some(Code::NothingLeft) => {
            !stated(|p| p.allowed_grant_types.is_some())
                || !stated(|p| p.allowed_scopes.is_some())
                || now.asked.as_ref().is_some_and(|asked| asked.method.is_none())
        }
        _ => false,
    };
    assert!(defaults_left, "{:?}", was.findings);
}
