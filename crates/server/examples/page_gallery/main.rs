//! Renders every page in every state and language into a folder, for a look at them and for accessibility checks:
//! `cargo run -p nauthera-server --example page_gallery -- FOLDER`, then serve FOLDER, for example with
//! `python3 -m http.server --bind 127.0.0.1 --directory FOLDER`.
//!
//! Below FOLDER stand `en/`, `de/` and `brand/` (the same pages with a name, logo and colour), one file a state, with
//! `assets/` beside the pages; `index.html` links to all of them.

use std::fs;
use std::io;
use std::path::Path;

use nauthera_server::pages;

mod states;

fn main() -> io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "usage: page_gallery FOLDER"));
    };
    let folder = Path::new(&folder);
    let mut links = String::new();
    for (set, chrome) in sets() {
        write_set(&folder.join(set), &chrome)?;
        for (name, _) in states::all(&chrome) {
            links.push_str(&format!("<li><a href=\"{set}/{name}.html\">{set}/{name}</a></li>\n"));
        }
    }
    let index = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Pages</title><h1>Pages</h1><ul>{links}</ul>"
    );
    fs::write(folder.join("index.html"), index)
}

/// One folder with its pages and assets. The base `.` makes the links relative to it.
fn write_set(folder: &Path, chrome: &pages::Chrome) -> io::Result<()> {
    let assets = folder.join("assets");
    fs::create_dir_all(&assets)?;
    for name in pages::asset_names() {
        if let Some(asset) = pages::asset(name) {
            fs::write(assets.join(name), asset.bytes)?;
        }
    }
    fs::write(assets.join("theme.css"), pages::theme_css(&chrome.branding))?;
    for (name, html) in states::all(chrome) {
        fs::write(folder.join(format!("{name}.html")), html)?;
    }
    Ok(())
}

/// The folders, each with its language and branding.
fn sets() -> Vec<(&'static str, pages::Chrome)> {
    let plain = |locale| pages::Chrome { locale, base: ".".to_owned(), ..pages::Chrome::default() };
    let branding = pages::Branding {
        name: Some("Acme Outfitters".to_owned()),
        logo_url: Some(states::LOGO.to_owned()),
        primary_color: Some("#0e7a5f".to_owned()),
    };
    vec![
        ("en", plain(pages::Locale::English)),
        ("de", plain(pages::Locale::German)),
        ("brand", pages::Chrome { branding, ..plain(pages::Locale::English) }),
    ]
}
