//! The installation's colour and logo. Owns the check of both and the contrast arithmetic (WCAG 2.2 §1.4.3 and
//! §1.4.11): whatever colour is configured, text on a button and a link in a sentence stay readable, in light and dark.

use aws_lc_rs::digest;
use url::Url;

use super::{Branding, Chrome, asset::short_hash};

/// The least contrast of text, and of a button against the card it lies on.
const TEXT: f64 = 4.5;
const SHAPE: f64 = 3.0;

const WHITE: Rgb = Rgb([0xff, 0xff, 0xff]);
const BLACK: Rgb = Rgb([0, 0, 0]);
/// Of the stylesheet's backgrounds the one each mode's colours have least contrast with: `--sunken`.
const LIGHT_GROUND: Rgb = Rgb([0xf1, 0xf2, 0xf4]);
const DARK_GROUND: Rgb = Rgb([0x22, 0x25, 0x2b]);

/// The stylesheet that carries `branding.primaryColor`, served as `{base}/assets/theme.css`. Empty when there is no
/// colour, or one that is neither `#rgb` nor `#rrggbb`.
#[must_use]
pub fn theme_css(branding: &Branding) -> String {
    let Some(primary) = branding.primary_color.as_deref().and_then(Rgb::parse) else { return String::new() };
    let light = Shades::of(primary, LIGHT_GROUND, BLACK).css();
    let dark = Shades::of(primary, DARK_GROUND, WHITE).css();
    format!(":root{{{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n")
}

/// The link to that stylesheet with a hash of its content, or none when there is no usable colour.
#[must_use]
pub fn theme_href(chrome: &Chrome) -> Option<String> {
    let css = theme_css(&chrome.branding);
    let hash = short_hash(digest::digest(&digest::SHA256, css.as_bytes()).as_ref());
    (!css.is_empty()).then(|| format!("{}/assets/theme.css?v={hash}", chrome.base))
}

/// The logo's address, if it is one that a page may show.
pub(super) fn logo(branding: &Branding) -> Option<&str> {
    let text = branding.logo_url.as_deref()?;
    let url = Url::parse(text).ok()?;
    match url.scheme() {
        "https" | "http" => url.has_host().then_some(text),
        "data" => url.path().starts_with("image/").then_some(text),
        _ => None,
    }
}

/// The colours of one mode.
struct Shades {
    primary: Rgb,
    hover: Rgb,
    on_primary: Rgb,
    link: Rgb,
}

impl Shades {
    /// `away` is the end of the scale that contrasts with `ground`.
    fn of(wanted: Rgb, ground: Rgb, away: Rgb) -> Self {
        let primary = wanted.until(SHAPE, ground, away);
        let on_primary = if primary.contrast(WHITE) >= TEXT { WHITE } else { BLACK };
        // Hovering moves away from the text on the button, so its contrast only grows.
        let hover = primary.mix(if on_primary == WHITE { BLACK } else { WHITE }, 0.14);
        Self { primary, hover, on_primary, link: wanted.until(TEXT, ground, away) }
    }

    fn css(&self) -> String {
        let Self { primary, hover, on_primary, link } = self;
        format!(
            "--primary:{};--primary-hover:{};--on-primary:{};--link:{}",
            primary.css(),
            hover.css(),
            on_primary.css(),
            link.css()
        )
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rgb([u8; 3]);

impl Rgb {
    fn parse(text: &str) -> Option<Self> {
        let digits: Vec<u8> =
            text.strip_prefix('#')?.chars().map(|c| Some(c.to_digit(16)? as u8)).collect::<Option<_>>()?;
        match *digits.as_slice() {
            [r, g, b] => Some(Self([r * 17, g * 17, b * 17])),
            [r1, r0, g1, g0, b1, b0] => Some(Self([r1 * 16 + r0, g1 * 16 + g0, b1 * 16 + b0])),
            _ => None,
        }
    }

    fn css(self) -> String {
        let Self([r, g, b]) = self;
        format!("#{r:02x}{g:02x}{b:02x}")
    }

    /// Relative luminance, 0 to 1.
    fn luminance(self) -> f64 {
        let [r, g, b] = self.0.map(|channel| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// Contrast ratio, 1 to 21.
    fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// This colour with `share` (0 to 1) of another.
    fn mix(self, other: Self, share: f64) -> Self {
        let Self([r, g, b]) = self;
        let Self([r2, g2, b2]) = other;
        let channel = |x: u8, y: u8| (f64::from(x) * (1.0 - share) + f64::from(y) * share).round() as u8;
        Self([channel(r, r2), channel(g, g2), channel(b, b2)])
    }

    /// This colour, moved towards `away` in steps only as far as the contrast with `ground` needs.
    fn until(self, ratio: f64, ground: Self, away: Self) -> Self {
        (0..=20)
            .map(|step| self.mix(away, f64::from(step) / 20.0))
            .find(|colour| colour.contrast(ground) >= ratio)
            .unwrap_or(away)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branding(colour: &str) -> Branding {
        Branding { primary_color: Some(colour.to_owned()), ..Branding::default() }
    }

    #[test]
    fn only_hexadecimal_colours_are_taken() {
        for good in ["#abc", "#A1B2C3", "#000000"] {
            assert!(theme_css(&branding(good)).starts_with(":root{--primary:#"), "{good}");
        }
        for bad in
            ["", "#", "#ab", "#abcd", "#12345g", "red", "#fff;}*{display:none", "rgb(0,0,0)", "#１２３"]
        {
            assert_eq!(theme_css(&branding(bad)), "", "{bad}");
        }
    }

    #[test]
    fn a_colour_that_reads_well_is_left_as_it_is() {
        assert!(theme_css(&branding("#0b5cad")).contains(":root{--primary:#0b5cad;"));
    }

    #[test]
    fn every_colour_is_readable_in_both_modes() {
        let steps = [0_u8, 51, 102, 153, 204, 255];
        for r in steps {
            for g in steps {
                for b in steps {
                    for (ground, away) in [(LIGHT_GROUND, BLACK), (DARK_GROUND, WHITE)] {
                        let shades = Shades::of(Rgb([r, g, b]), ground, away);
                        assert!(shades.on_primary.contrast(shades.primary) >= TEXT);
                        assert!(shades.on_primary.contrast(shades.hover) >= TEXT);
                        assert!(shades.primary.contrast(ground) >= SHAPE);
                        assert!(shades.link.contrast(ground) >= TEXT);
                    }
                }
            }
        }
    }

    #[test]
    fn the_grounds_are_those_of_the_stylesheet() {
        let css = String::from_utf8(super::super::asset("nauthera.css").unwrap().bytes.into_owned()).unwrap();
        assert!(css.contains(&format!("--sunken: {};", LIGHT_GROUND.css())));
        assert!(css.contains(&format!("--sunken: {};", DARK_GROUND.css())));
    }

    #[test]
    fn the_link_changes_with_the_colour() {
        let href = |colour| theme_href(&Chrome { branding: branding(colour), ..Chrome::default() });
        assert!(href("#123456").unwrap().starts_with("/assets/theme.css?v="));
        assert_ne!(href("#123456"), href("#123457"));
        assert_eq!(href("nonsense"), None);
    }

    #[test]
    fn a_logo_is_an_image_from_the_web_or_inline() {
        let logo_of =
            |url: &str| logo(&Branding { logo_url: Some(url.to_owned()), ..Branding::default() }).is_some();
        assert!(logo_of("https://example.com/logo.svg") && logo_of("data:image/png;base64,AAAA"));
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "/logo.svg",
            "ftp://example.com/x",
            "file:///etc/passwd",
        ] {
            assert!(!logo_of(bad), "{bad}");
        }
    }
}
