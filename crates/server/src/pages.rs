//! The pages that people see: login, account choice, consent, device, logout, account, errors.
//!
//! This module owns every visible word (through Fluent, English and German), the HTML templates, the stylesheet and
//! the rule for the `Content-Security-Policy`. It is pure: each page is a view struct whose `render` turns it into
//! HTML, without I/O, clock or randomness. Routes, cookies, CSRF tokens and the decision which page comes next belong
//! to the endpoints that build the views.
//!
//! Every page works without JavaScript, and no page holds a style attribute, an inline style or an inline script, so
//! that [`csp`] needs no exception.

mod account;
mod asset;
mod consent;
mod csp;
mod device;
mod error;
mod form_post;
mod locale;
mod login;
mod logout;
mod text;
mod theme;
mod view;

#[cfg(test)]
mod tests;

pub use account::{AccountNotice, AccountPage, ConsentView, SessionView};
pub use asset::{Asset, asset, asset_names};
pub use consent::ConsentPage;
pub use csp::csp;
pub use device::{DeviceCodePage, DeviceConfirmPage, DeviceDonePage, DeviceError};
pub use error::{ErrorKind, ErrorPage};
pub use form_post::FormPostPage;
pub use locale::Locale;
pub use login::{LoginError, LoginPage, SelectAccountPage};
pub use logout::{LoggedOutPage, LogoutConfirmPage};
pub use theme::{theme_css, theme_href};
pub use view::{ClientView, FormTarget, PersonView, ScopeKind, ScopeView};

/// How an installation presents itself: `branding` of the AuthServer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branding {
    /// The name above each page and in the window's title; `Nauthera` when absent.
    pub name: Option<String>,
    /// Address of a logo, shown in place of the name: https, http, or a `data:image/` URI. Anything else is ignored.
    pub logo_url: Option<String>,
    /// Colour of buttons and links as `#rgb` or `#rrggbb`. Anything else is ignored.
    pub primary_color: Option<String>,
}

/// What all pages of one answer share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chrome {
    /// Name, logo and colour of the installation.
    pub branding: Branding,
    /// The language of the page.
    pub locale: Locale,
    /// The issuer's path without a trailing slash: empty, or for example `/tenant`. Assets and links start with it.
    pub base: String,
}

/// What is sent when a template fails, which only a lack of memory can bring about.
const FALLBACK: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Error</title></head>\
    <body><main><h1>Something went wrong</h1><p>Please try again in a moment.</p></main></body></html>";

/// Renders a template, or the static error page if that fails.
fn finish(template: &impl askama::Template) -> String {
    template.render().unwrap_or_else(|_| FALLBACK.to_owned())
}

/// Ties a view struct to its template: a private template struct with the fields `ui` and `page`, and `render`.
macro_rules! page {
    ($view:ident, $template:ident, $path:literal) => {
        #[derive(askama::Template)]
        #[template(path = $path)]
        struct $template<'a> {
            ui: $crate::pages::text::Ui<'a>,
            page: &'a $view,
        }

        impl $view {
            /// The page as an HTML document in the language of `chrome`.
            #[must_use]
            pub fn render(&self, chrome: &$crate::pages::Chrome) -> String {
                $crate::pages::finish(&$template { ui: $crate::pages::text::Ui::new(chrome), page: self })
            }
        }
    };
}
use page;
