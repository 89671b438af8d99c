//! The answer by form (`response_mode=form_post`, OAuth 2.0 Form Post Response Mode): a script file submits it, and
//! without scripts a button does.

use url::Url;

use super::page;

/// A form that carries the authorization response to the client.
#[derive(Clone, Debug)]
pub struct FormPostPage {
    /// The redirect URI, one that the client registered.
    pub action: String,
    /// The parameters of the response as name and value, in order.
    pub fields: Vec<(String, String)>,
}

impl FormPostPage {
    /// The host that the form goes to, for the eye.
    fn host(&self) -> Option<String> {
        Url::parse(&self.action).ok()?.host_str().map(str::to_owned)
    }
}

page!(FormPostPage, FormPostTemplate, "form_post.html");
