//! Logout: the confirmation, asked where the hint does not speak for the session, and the end.

use super::text::Ui;
use super::view::{ClientView, FormTarget, PersonView};
use super::{Chrome, finish, page};

/// The question whether to log out. Its buttons send `decision` with `logout` or `stay`.
#[derive(Clone, Debug)]
pub struct LogoutConfirmPage {
    /// Who is logged in, if anyone.
    pub person: Option<PersonView>,
    /// The client that asks, if it is known.
    pub client: Option<ClientView>,
    /// Where the form goes.
    pub form: FormTarget,
}

page!(LogoutConfirmPage, LogoutConfirmTemplate, "logout_confirm.html");

/// The page after a logout that leads nowhere else.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoggedOutPage;

#[derive(askama::Template)]
#[template(path = "logged_out.html")]
struct LoggedOutTemplate<'a> {
    ui: Ui<'a>,
}

impl LoggedOutPage {
    /// The page as an HTML document in the language of `chrome`.
    #[must_use]
    pub fn render(self, chrome: &Chrome) -> String {
        finish(&LoggedOutTemplate { ui: Ui::new(chrome) })
    }
}
