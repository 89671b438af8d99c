//! `nauthera explain`: a client's settings with who decided each, or a diagnostic's long form.

mod document;

use crate::args::{ExplainArgs, Format};
use crate::cluster::{Wish, read_client};
use crate::exit::Exit;
use crate::output::json::FindingView;
use crate::output::{self, Case, Cases, Ui, visible, wrapped};
use crate::paths::must_be_readable;
use crate::sources::read_files;
use anyhow::{Context, Result, bail};
use comfy_table::{ContentArrangement, Table, presets};
use document::{ClientDocument, CodeDocument};
use nauthera_api::manifests::{DEFAULT_NAMESPACE, Manifests};
use nauthera_core::codes::Code;
use nauthera_core::compile::compile;
use nauthera_core::inventory::Inventory;
use nauthera_core::names::{Kind, ObjectKey, ObjectRef};
use nauthera_core::report::{ClientReport, Report};
use nauthera_operator::status::reading::{By, explained};
use std::path::Path;

/// How wide texts are.
const WIDTH: usize = 100;
/// A longer list is written an item a line.
const LONG_LIST: usize = 40;
/// Settings whose items are separated by spaces.
const LISTS: [&str; 6] =
    ["grantTypes", "scopes", "redirectUris", "postLogoutRedirectUris", "audiences", "introspects"];

/// Explains and prints.
pub fn run(args: &ExplainArgs, ui: &Ui) -> Result<Exit> {
    let wanted = ObjectRef::parse(&args.what);
    let bare = || is_name(&args.what).then_some(args.what.as_str());
    if wanted.is_none()
        && let Some(code) = Code::parse(&args.what)
    {
        return explain_code(code, args.format, ui);
    }
    if let Some(path) = &args.path {
        let home = args.cluster.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
        let wanted = wanted.or_else(|| bare().map(|name| ObjectRef::new(home, name)));
        let client = wanted.with_context(|| unknown(&args.what))?;
        return explain_client(&client, path, args, ui);
    }
    let wish = wanted.as_ref().map(Wish::Whole).or_else(|| bare().map(Wish::Bare));
    let wish = wish.with_context(|| unknown(&args.what))?;
    let (client, object) = read_client(&args.cluster, wish)?;
    explain_object(&client, &object, args.format, ui)
}

/// Can it be the name of a client? A code that nobody knows is none.
fn is_name(what: &str) -> bool {
    let (first, last) = (what.bytes().next(), what.bytes().last());
    let is_end =
        |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    is_end(first) && is_end(last) && what.bytes().all(inside) && !is_code(what)
}

fn is_code(what: &str) -> bool {
    let digits = || what.bytes().skip(2);
    what.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("NA"))
        && digits().next().is_some()
        && digits().all(|byte| byte.is_ascii_digit())
}

/// Why nothing can be explained, with the code that was probably meant.
fn unknown(what: &str) -> String {
    if !is_code(what) {
        return format!(
            "`{what}` is neither a client (NAMESPACE/NAME, or NAME) nor a diagnostic's code such as NA0203"
        );
    }
    let wanted = what.to_ascii_uppercase();
    let number = |code: &str| code.get(2..).and_then(|digits| digits.parse::<u32>().ok()).unwrap_or_default();
    let distance = |code: &&Code| {
        let text = code.as_str();
        (strsim::levenshtein(text, &wanted), number(text).abs_diff(number(&wanted)))
    };
    let near = Code::ALL.iter().min_by_key(distance).filter(|code| distance(code).0 <= 2);
    let hint = near.map(|code| format!("; did you mean {code} ({})?", code.title())).unwrap_or_default();
    format!("there is no diagnostic {wanted}{hint}")
}

fn explain_code(code: Code, format: Format, ui: &Ui) -> Result<Exit> {
    match format {
        Format::Human => {
            let text = wrapped(code.text(), WIDTH);
            let (severity, reason) = (code.severity().as_str(), code.reason());
            ui.line(&format!("{severity}[{code}]: {}  ({reason})\n\n{text}", code.title()))?;
        }
        Format::Json => ui.line(&serde_json::to_string_pretty(&CodeDocument::of(code))?)?,
    }
    Ok(Exit::Done)
}

fn explain_client(name: &ObjectRef, path: &Path, args: &ExplainArgs, ui: &Ui) -> Result<Exit> {
    let paths = [path.to_owned()];
    must_be_readable(&paths)?;
    let manifests = read_files(&paths, args.cluster.namespace.as_deref());
    let private_fetch = args.cluster.allow_private_fetch;
    let compiled = compile(&Inventory { private_fetch, ..manifests.inventory() });
    let Some(client) = compiled.report.clients.get(name) else {
        for case in Cases::of(&manifests, []).iter() {
            ui.say(&format!("{}\n", output::render(&manifests, case)));
        }
        bail!("{}", not_here(name, path, &compiled.report));
    };
    let cases = cases(&manifests, name, client, &compiled.report);
    let issuer = client.server.as_ref().and_then(|server| compiled.snapshots.get(server));
    let issuer = issuer.map(|snapshot| snapshot.head.issuer.to_string());
    let document = ClientDocument::of(name, client, issuer, output::json::views(&manifests, &cases));
    print(&document, &manifests, &cases.iter().collect::<Vec<_>>(), args.format, ui)
}

/// Explains a client from its own object, which its owner can read where manifests and policies are out of sight.
fn explain_object(name: &ObjectRef, object: &serde_json::Value, format: Format, ui: &Ui) -> Result<Exit> {
    let explained = explained(object).with_context(|| {
        format!("the status of AuthClient {name} cannot be read; use the nauthera of the operator's version")
    })?;
    for note in &explained.notes {
        ui.say(&format!("note: {note}"));
    }
    let manifests = Manifests::default();
    let cases: Vec<Case> = explained
        .findings
        .iter()
        .map(|finding| Case { finding: finding.clone(), marks: Vec::new() })
        .collect();
    let views = cases.iter().map(|case| FindingView::of(&manifests, case)).collect();
    print(
        &ClientDocument::read(name, &explained, views),
        &manifests,
        &cases.iter().collect::<Vec<_>>(),
        format,
        ui,
    )
}

fn print(
    document: &ClientDocument,
    manifests: &Manifests,
    cases: &[&Case],
    format: Format,
    ui: &Ui,
) -> Result<Exit> {
    match format {
        Format::Human => {
            ui.line(&heading(document))?;
            if let Some(table) = settings(document) {
                ui.line(&format!("\n{table}"))?;
            }
            for case in cases {
                ui.line(&format!("\n{}", output::render(manifests, case)))?;
            }
        }
        Format::Json => ui.line(&serde_json::to_string_pretty(document)?)?,
    }
    let found =
        cases.iter().any(|case| matches!(case.weight(), output::Weight::Error | output::Weight::Violation));
    Ok(Exit::found_if(found))
}

/// What is said of the client; where its policies were not asked, also what is said of its server and of those that freeze it.
fn cases(manifests: &Manifests, name: &ObjectRef, client: &ClientReport, report: &Report) -> Cases {
    let mut keys = vec![ObjectKey::new(Kind::AuthClient, name.clone())];
    if let Some(server) = client.server.as_ref().filter(|_| client.merged.is_none()) {
        keys.push(ObjectKey::new(Kind::AuthServer, server.clone()));
        let frozen_by = report.servers.get(server).map(|server| server.frozen_by.iter());
        keys.extend(
            frozen_by.into_iter().flatten().map(|policy| ObjectKey::new(Kind::AuthPolicy, policy.clone())),
        );
    }
    Cases::of(manifests, report.findings().cloned()).about(&keys)
}

fn not_here(name: &ObjectRef, path: &Path, report: &Report) -> String {
    let wanted = name.to_string();
    let begins = |client: &&ObjectRef| client.to_string().starts_with(&wanted);
    let distance = |client: &&ObjectRef| strsim::damerau_levenshtein(&client.to_string(), &wanted);
    let nearest = || report.clients.keys().min_by_key(distance).filter(|client| distance(client) <= 3);
    let hint = match report.clients.keys().find(begins).or_else(nearest) {
        Some(near) => format!("; did you mean {near}?"),
        None if report.clients.is_empty() => "; there is no AuthClient at all".to_owned(),
        None => format!(", which has {}", output::count(report.clients.len(), "other", "others")),
    };
    format!("AuthClient {name} is not in {}{hint}", path.display())
}

fn heading(client: &ClientDocument) -> String {
    let client_type = client.client_type.as_ref().map(|client_type| format!(" · {client_type}"));
    let client_type = client_type.unwrap_or_default();
    let mut lines = vec![format!("{}/{}{client_type} · {}", client.namespace, client.name, client.verdict)];
    lines.extend(client.client_id.as_ref().map(|id| format!("client id  {id}")));
    lines.extend(client.auth_server.as_ref().map(|server| {
        let issuer = client.issuer.as_ref().map(|issuer| format!("{issuer}  ")).unwrap_or_default();
        format!("issuer     {issuer}(AuthServer {server})")
    }));
    let marks = client.policies.iter().map(mark).collect::<Vec<_>>().join(", ");
    lines.extend((!marks.is_empty()).then(|| format!("policies   {marks}")));
    visible_lines(&lines.join("\n"))
}

fn mark(mark: &nauthera_core::snapshot::PolicyMark) -> String {
    format!("{} (generation {})", mark.policy, mark.generation)
}

fn visible_lines(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

/// Every effective setting as a table; `None` when the client is not served or keeps what it had.
fn settings(client: &ClientDocument) -> Option<String> {
    if client.settings.is_empty() {
        return None;
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["setting", "value", "asked", "decided by"]);
    for setting in &client.settings {
        let asked = setting.asked.clone().filter(|asked| *asked != setting.value).unwrap_or_default();
        let is_list = LISTS.contains(&setting.name.as_str());
        let lines =
            |value: String| if is_list && value.len() > LONG_LIST { value.replace(' ', "\n") } else { value };
        let row =
            [setting.name.clone(), lines(setting.value.clone()), lines(asked), decided_by(&setting.source)];
        table.add_row(row.map(|cell| visible_lines(&cell)));
    }
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 2));
    });
    Some(table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n"))
}

fn decided_by(source: &By) -> String {
    match source {
        By::Policy { policies, field } => {
            let names: Vec<String> =
                policies.iter().map(|policy| format!("{} {field}", mark(policy))).collect();
            names.join("\n")
        }
        By::Client => "its manifest".into(),
        By::Type => "its type".into(),
        By::Default => "default".into(),
        By::Baseline => "built-in baseline".into(),
    }
}

#[cfg(test)]
mod tests;
