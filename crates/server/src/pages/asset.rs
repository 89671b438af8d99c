//! The files beside the pages: stylesheet, script, icon. Owns their names with a hash of the content, so that a
//! browser may keep them for ever; sending them with the right headers is the router's part.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::LazyLock;

#[derive(rust_embed::RustEmbed)]
#[folder = "assets"]
struct Files;

/// One file as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// The content.
    pub bytes: Cow<'static, [u8]>,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The name holds the content's hash: it may be cached for a year, as `immutable`.
    pub immutable: bool,
}

struct Named {
    plain: String,
    hashed: String,
    bytes: Cow<'static, [u8]>,
}

/// All files with both names. Filled once: a debug build reads from the source folder, a release build from itself.
static NAMED: LazyLock<Vec<Named>> = LazyLock::new(|| {
    let named = Files::iter().filter_map(|plain| {
        let file = Files::get(&plain)?;
        let hashed = with_hash(&plain, &short_hash(&file.metadata.sha256_hash()));
        Some(Named { plain: plain.into_owned(), hashed, bytes: file.data })
    });
    named.collect()
});

/// The file for a path below `{base}/assets/`, by its plain name or the one with its hash. `theme.css` is none of
/// them: see [`super::theme_css`].
#[must_use]
pub fn asset(path: &str) -> Option<Asset> {
    let file = NAMED.iter().find(|file| file.hashed == path || file.plain == path)?;
    Some(Asset {
        bytes: file.bytes.clone(),
        content_type: content_type(&file.plain),
        immutable: file.hashed == path,
    })
}

/// The names with hash of all files, in no order that matters.
#[must_use]
pub fn asset_names() -> Vec<&'static str> {
    NAMED.iter().map(|file| file.hashed.as_str()).collect()
}

/// The name with hash of a file; an unknown name stays as it is.
pub(super) fn hashed_name(plain: &str) -> &str {
    NAMED.iter().find(|file| file.plain == plain).map_or(plain, |file| &file.hashed)
}

/// The first 8 bytes of a digest in hexadecimal.
pub(super) fn short_hash(digest: &[u8]) -> String {
    digest.iter().take(8).fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// `page.css` becomes `page.HASH.css`.
fn with_hash(plain: &str, hash: &str) -> String {
    match plain.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}.{hash}.{extension}"),
        None => format!("{plain}.{hash}"),
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_with_hash_is_immutable_and_the_plain_one_is_not() {
        let name = hashed_name("nauthera.css");
        assert_ne!(name, "nauthera.css");
        assert!(asset(name).unwrap().immutable);
        assert!(!asset("nauthera.css").unwrap().immutable);
    }

    #[test]
    fn a_wrong_hash_or_a_way_out_of_the_folder_finds_nothing() {
        for path in ["nauthera.0000000000000000.css", "../Cargo.toml", "/nauthera.css", "", "NAUTHERA.CSS"] {
            assert_eq!(asset(path), None, "{path}");
        }
    }

    #[test]
    fn every_file_has_a_content_type_of_its_own() {
        for name in asset_names() {
            assert_ne!(asset(name).unwrap().content_type, "application/octet-stream", "{name}");
        }
    }

    #[test]
    fn the_stylesheet_loads_nothing_from_elsewhere() {
        let css = String::from_utf8(asset("nauthera.css").unwrap().bytes.into_owned()).unwrap();
        assert!(!css.contains("@import") && !css.contains("http:") && !css.contains("https:"));
    }
}
