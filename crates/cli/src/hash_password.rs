//! `nauthera hash-password`: the hash of a static user's password. The password is never an argument, since those are seen by
//! every process of the machine and kept in the shell's history.

use crate::args::{Format, HashPasswordArgs};
use crate::clock::SystemEntropy;
use crate::exit::Exit;
use crate::output::Ui;
use anyhow::{Context, Result, bail};
use nauthera_core::time::Entropy;
use nauthera_identity::hash_password;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use std::io::{BufRead, IsTerminal};

/// The longest password that is read, in bytes: longer ones never log in.
const LONGEST: usize = 1_024;

/// Reads, hashes and prints.
pub fn run(args: &HashPasswordArgs, ui: &Ui) -> Result<Exit> {
    let stdin = std::io::stdin();
    let password = if stdin.is_terminal() { asked()? } else { first_line(stdin.lock())? };
    let mut salt = [0; 16];
    SystemEntropy.fill(&mut salt);
    let hash = hash_password(&judged(password)?, salt)?;
    match args.format {
        Format::Human => ui.line(&hash)?,
        Format::Json => ui.line(&serde_json::to_string_pretty(&json!({ "passwordHash": hash }))?)?,
    }
    Ok(Exit::Done)
}

fn asked() -> Result<SecretString> {
    let ask = |prompt: &str| rpassword::prompt_password(prompt).context("the terminal cannot be read");
    let (once, twice) = (SecretString::from(ask("Password: ")?), SecretString::from(ask("Again:    ")?));
    if once.expose_secret() != twice.expose_secret() {
        bail!("the two passwords differ");
    }
    Ok(once)
}

/// The first line, without its end.
fn first_line(input: impl BufRead) -> Result<SecretString> {
    let mut line = String::new();
    let most = u64::try_from(LONGEST).unwrap_or(u64::MAX).saturating_add(3);
    input.take(most).read_line(&mut line).context("stdin cannot be read as a line of UTF-8")?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    Ok(SecretString::from(line))
}

fn judged(password: SecretString) -> Result<SecretString> {
    match password.expose_secret().len() {
        0 => bail!("the password is empty: nobody could log in with it"),
        length if length > LONGEST => bail!("the password has more than {LONGEST} bytes"),
        _ => Ok(password),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &str) -> Result<String> {
        judged(first_line(input.as_bytes())?).map(|password| password.expose_secret().to_owned())
    }

    #[test]
    fn the_first_line_is_the_password_and_its_end_is_not() {
        assert_eq!(read("quick start \r\nmore\n").unwrap(), "quick start ");
        assert_eq!(read("no line end").unwrap(), "no line end");
    }

    #[test]
    fn empty_and_overlong_passwords_are_refused() {
        assert!(read("\n").is_err() && read("").is_err());
        assert!(read(&"x".repeat(LONGEST)).is_ok());
        assert!(read(&"x".repeat(LONGEST + 1)).is_err());
        assert!(read(&"x".repeat(LONGEST + 9)).is_err());
    }
}
