//! What the image and the chart say of the binary, held to what the tree says. No container engine is asked: an image is built where it is
//! released.

/// The words of the lines of a Dockerfile that begin with an instruction, with continued lines joined.
#[must_use]
pub fn instructions<'d>(dockerfile: &'d str, which: &str) -> Vec<Vec<&'d str>> {
    let mut found: Vec<Vec<&str>> = Vec::new();
    let mut goes_on = false;
    for line in dockerfile.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let words = line.trim_end_matches('\\').split_whitespace();
        if goes_on {
            if let Some(last) = found.last_mut() {
                last.extend(words);
            }
        } else {
            found.push(words.collect());
        }
        goes_on = line.ends_with('\\');
    }
    found.retain(|words| words.first() == Some(&which));
    found
}

/// What stands behind `key` in the first line that begins with it: `rust-version = "1.95"`, `appVersion: 0.1.0`.
#[must_use]
pub fn value<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    Some(line.trim_start_matches([' ', '=', ':']).trim_matches(['"', ';', ' ']))
}

/// What of a Dockerfile does not fit: the Rust version, the Debian of both stages, the version in the labels, the user.
#[must_use]
pub fn unfit(dockerfile: &str, rust: &str, version: &str, user: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let mut expect = |fits: bool, what: String| {
        if !fits {
            findings.push(what);
        }
    };
    let bases: Vec<&str> =
        instructions(dockerfile, "FROM").iter().filter_map(|words| words.get(1).copied()).collect();
    let wanted = [format!("rust:{rust}-slim-bookworm"), "gcr.io/distroless/cc-debian12:nonroot".to_owned()];
    expect(bases == wanted, format!("the stages are {bases:?}, not {wanted:?}"));
    let users: Vec<Vec<&str>> = instructions(dockerfile, "USER");
    let runs_as = format!("{user}:{user}");
    expect(users == [vec!["USER", &runs_as]], format!("the user is {users:?}, not {runs_as}"));
    let label = format!("org.opencontainers.image.version=\"{version}\"");
    let labelled = instructions(dockerfile, "LABEL").concat().contains(&label.as_str());
    expect(labelled, format!("no label says {label}"));
    let starts = instructions(dockerfile, "ENTRYPOINT").concat().join(" ");
    expect(starts.contains("[\""), format!("{starts}: there is no shell that could read it"));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: &str = "FROM rust:1.95-slim-bookworm AS build\nRUN a && \\\n    b\nFROM gcr.io/distroless/cc-debian12:nonroot\n\
        LABEL a=\"b\" \\\n  org.opencontainers.image.version=\"0.1.0\"\nUSER 65532:65532\nENTRYPOINT [\"/nauthera\"]\n";

    fn findings(text: &str) -> usize {
        unfit(text, "1.95", "0.1.0", "65532").len()
    }

    #[test]
    fn what_fits_passes() {
        assert_eq!(unfit(FINE, "1.95", "0.1.0", "65532"), Vec::<String>::new());
    }

    #[test]
    fn another_rust_a_user_by_name_an_old_label_and_a_shell_are_found() {
        assert_eq!(findings(&FINE.replace("rust:1.95", "rust:1.94")), 1);
        assert_eq!(findings(&FINE.replace("65532:65532", "nonroot")), 1);
        assert_eq!(findings(&FINE.replace("0.1.0", "0.0.9")), 1);
        assert_eq!(findings(&FINE.replace("[\"/nauthera\"]", "/nauthera")), 1);
    }

    #[test]
    fn a_value_is_read_in_either_spelling() {
        assert_eq!(value("a = \"1\"\nappVersion: 0.1.0\n", "appVersion"), Some("0.1.0"));
        assert_eq!(value("rust-version = \"1.95\"\n", "rust-version"), Some("1.95"));
        assert_eq!(value("", "version"), None);
    }
}
