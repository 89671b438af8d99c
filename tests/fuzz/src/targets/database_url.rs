//! URLs of databases: whatever they hold, what people are shown says nothing of the password.

use crate::{Target, Verdict};
use anyhow::ensure;
use nauthera_store::postgres::Source;
use tokio::runtime::{Builder, Runtime};
use url::Url;

pub(super) const TARGET: Target = Target { name: "database_url", check, longest: 512, rounds: 300 };

/// Passwords of one length: what is told must be the same whichever it is.
const PASSWORDS: [&str; 3] = ["hunter2xq", "swordf1sh", "%73wordf1"];

/// The first line is the user, the rest what stands after the password: `HOST/DATABASE?OPTIONS`.
fn check(data: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(data) else { return Ok(()) };
    let (user, rest) = text.split_once('\n').unwrap_or(("nauthera", text));
    // What ends the user would end the password too, and it would be no password.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"%-_.+!".contains(&byte);
    if !user.bytes().all(plain) {
        return Ok(());
    }
    let runtime = Builder::new_current_thread().build()?;
    let told = PASSWORDS.map(|password| shown(&runtime, &format!("postgres://{user}:{password}@{rest}")));
    ensure!(told.windows(2).all(|pair| pair.first() == pair.last()), "the password is in one of {told:?}");
    shown(&runtime, text);
    Ok(())
}

/// What is told of a URL, unless it would have a file read: that could be any file of this machine.
fn shown(runtime: &Runtime, url: &str) -> String {
    let names_file = Url::parse(url)
        .is_ok_and(|url| url.query_pairs().any(|(name, value)| name == "sslrootcert" && value != "system"));
    if names_file {
        return String::new();
    }
    runtime.block_on(Source::Url(url.to_owned().into()).shown())
}
