//! What is served, in words: a headline, and a line for each client.

use super::plain::{count, visible};
use anstyle::{AnsiColor, Style};
use nauthera_core::codes::Code;
use nauthera_core::finding::Finding;
use nauthera_core::grant::GrantType;
use nauthera_core::inventory::Inventory;
use nauthera_core::names::ObjectRef;
use nauthera_core::policy::field;
use nauthera_core::report::{ClientReport, Report, Source, Verdict};
use nauthera_core::snapshot::Row;
use nauthera_core::spec::UserStoreSpec;
use std::path::Path;

/// So many clients are listed; of more, those that are not as they should be come first.
const LISTED: usize = 40;

/// The headline and a line for each client, as styled text.
pub fn summary(path: &Path, inventory: &Inventory, report: &Report) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let shown = path.display().to_string();
    let headline = format!("nauthera {version} · {} · {}", visible(&shown), headline(inventory));
    let mut lines = vec![headline];
    let clients: Vec<_> = report.clients.iter().collect();
    if clients.len() <= LISTED {
        lines.extend(listing(&clients));
    } else {
        lines.extend(long_listing(&clients));
    }
    lines.join("\n")
}

/// `1 server, 2 policies, 5 clients, 2 people`.
pub fn headline(inventory: &Inventory) -> String {
    let stores = inventory.stores.values().filter_map(|store| store.spec.as_deref());
    let (mut people, mut directories) = (0, 0);
    for store in stores {
        match store {
            UserStoreSpec::Static(users) => people += users.len(),
            UserStoreSpec::Ldap(_) => directories += 1,
        }
    }
    let mut parts = vec![
        count(inventory.servers.len(), "server", "servers"),
        count(inventory.policies.len(), "policy", "policies"),
        count(inventory.clients.len(), "client", "clients"),
    ];
    if people > 0 || directories == 0 {
        parts.push(count(people, "person", "people"));
    }
    if directories > 0 {
        parts.push(count(directories, "directory", "directories"));
    }
    parts.join(", ")
}

type Entry<'r> = (&'r ObjectRef, &'r ClientReport);

fn long_listing(clients: &[Entry<'_>]) -> Vec<String> {
    let (fine, other): (Vec<Entry<'_>>, Vec<Entry<'_>>) =
        clients.iter().copied().partition(|(_, client)| client.verdict == Verdict::Compliant);
    let listed: Vec<Entry<'_>> = other.iter().chain(&fine).take(LISTED).copied().collect();
    let mut lines = listing(&listed);
    let other_left = other.len().saturating_sub(LISTED);
    let fine_left = clients.len() - listed.len() - other_left;
    if other_left > 0 {
        lines.push(format!("  … and {other_left} more not ok"));
    }
    if fine_left > 0 {
        lines.push(format!("  … and {fine_left} more ok"));
    }
    lines
}

fn listing(clients: &[Entry<'_>]) -> Vec<String> {
    let names: Vec<String> =
        clients.iter().map(|(name, _)| visible(&name.to_string()).into_owned()).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    let line = |((_, client), name): (&Entry<'_>, &String)| {
        let (verdict, style) = (client.verdict.word(), style(client.verdict));
        let client_type = client.client_type.map_or("", |client_type| client_type.as_str());
        format!("  {style}{verdict:<8}{style:#}  {name:<width$}  {client_type:<7}  {}", words(client))
    };
    clients.iter().zip(&names).map(line).collect()
}

const fn style(verdict: Verdict) -> Style {
    let colour = match verdict {
        Verdict::Compliant => AnsiColor::Green,
        Verdict::Narrowed | Verdict::Waiting => AnsiColor::Yellow,
        Verdict::Refused => AnsiColor::Red,
        Verdict::Frozen => AnsiColor::Cyan,
    };
    colour.on_default()
}

fn words(client: &ClientReport) -> String {
    match client.verdict {
        Verdict::Compliant => gets(client),
        Verdict::Narrowed => removed(&client.findings),
        Verdict::Refused | Verdict::Waiting => decisive(client),
        Verdict::Frozen => "served as before, until the faults are mended".into(),
    }
}

/// What a served client gets: `code + PKCE, tokens 15m (policy identity/baseline)`.
pub fn gets(client: &ClientReport) -> String {
    let Some(row) = &client.row else { return String::new() };
    let mut parts: Vec<String> = row.grants.iter().filter_map(|grant| grant_words(grant, row)).collect();
    let lifetime = client.effective().into_iter().find(|setting| setting.name == field::ACCESS_TTL);
    let source = lifetime.map(|setting| source_words(&setting.source)).unwrap_or_default();
    parts.push(format!("tokens {}{source}", row.token.access));
    parts.join(", ")
}

fn grant_words(grant: GrantType, row: &Row) -> Option<String> {
    match grant {
        GrantType::AuthorizationCode if row.require_pkce => Some("code + PKCE".into()),
        GrantType::AuthorizationCode => Some("code".into()),
        GrantType::ClientCredentials => Some("client credentials".into()),
        GrantType::DeviceCode => Some("device code".into()),
        GrantType::RefreshToken => None,
    }
}

fn source_words(source: &Source) -> String {
    match source {
        Source::Policy { policies, .. } => {
            let names: Vec<String> = policies.iter().map(|mark| mark.policy.to_string()).collect();
            format!(" (policy {})", names.join(", "))
        }
        Source::Client => " (as it asks)".into(),
        Source::Type => " (by its type)".into(),
        Source::Default => " (default)".into(),
        Source::Baseline => " (baseline)".into(),
    }
}

/// `1 scope removed, 1 lifetime cut`.
fn removed(findings: &[Finding]) -> String {
    const WORDS: [(Code, &str, &str, &str); 7] = [
        (Code::GrantBeyondPolicy, "grant", "grants", "removed"),
        (Code::HostBeyondPolicy, "redirect URI", "redirect URIs", "removed"),
        (Code::PostLogoutHostBeyondPolicy, "post-logout URI", "post-logout URIs", "removed"),
        (Code::ScopeBeyondPolicy, "scope", "scopes", "removed"),
        (Code::AudienceBeyondPolicy, "audience", "audiences", "removed"),
        (Code::IntrospectionBeyondPolicy, "introspected audience", "introspected audiences", "removed"),
        (Code::LifetimeBeyondPolicy, "lifetime", "lifetimes", "cut"),
    ];
    let number = |code: Code| findings.iter().filter(|f| f.code == code && f.is_violation()).count();
    let counted = WORDS.iter().map(|(code, one, many, what)| (number(*code), one, many, what));
    let parts: Vec<String> = counted
        .filter(|(number, ..)| *number > 0)
        .map(|(number, one, many, what)| format!("{} {what}", count(number, one, many)))
        .collect();
    parts.join(", ")
}

/// The finding that keeps a client from being served.
fn decisive(client: &ClientReport) -> String {
    let finding = client.decisive();
    finding.map(|finding| format!("{} ({})", visible(&finding.message), finding.code)).unwrap_or_default()
}
