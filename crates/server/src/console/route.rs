//! The console's addresses: read from a path, and written for links. Names from manifests are percent-encoded in them, whatever they
//! hold.

use super::guard::{CALLBACK, ENDED};
use nauthera_core::names::ObjectRef;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'&')
    .add(b'=')
    .add(b'+');

/// What can be asked of the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// The three teams' questions at a glance.
    Overview,
    /// The clients, filtered and paged.
    Clients,
    /// One client.
    Client(ObjectRef),
    /// The policies.
    Policies,
    /// One policy.
    Policy(ObjectRef),
    /// What the terminal prints.
    Diagnostics,
    /// The tries of this browser; with a form, another one.
    Tries,
    /// One try.
    Try(String),
    /// A step of a try.
    Act(String, String),
    /// A login comes back.
    Callback,
    /// A logout comes back.
    Ended,
    /// Is something else shown?
    Changes,
    /// A stylesheet, a script, the icon.
    Asset(String),
}

impl Route {
    /// The route of a path.
    pub fn at(path: &str) -> Option<Self> {
        match path {
            CALLBACK => return Some(Self::Callback),
            ENDED => return Some(Self::Ended),
            _ => {}
        }
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        Some(match segments.as_slice() {
            [""] => Self::Overview,
            ["clients"] => Self::Clients,
            ["clients", namespace, name] => Self::Client(object(namespace, name)?),
            ["policies"] => Self::Policies,
            ["policies", namespace, name] => Self::Policy(object(namespace, name)?),
            ["diagnostics"] => Self::Diagnostics,
            ["try"] => Self::Tries,
            ["try", id] if !id.is_empty() => Self::Try((*id).to_owned()),
            ["try", id, action] if !id.is_empty() => Self::Act((*id).to_owned(), (*action).to_owned()),
            ["changes"] => Self::Changes,
            ["assets", name] => Self::Asset((*name).to_owned()),
            _ => return None,
        })
    }

    /// Does it take a form?
    pub const fn posts(&self) -> bool {
        matches!(self, Self::Tries | Self::Act(..))
    }

    /// Does it show something?
    pub const fn gets(&self) -> bool {
        !matches!(self, Self::Act(..))
    }
}

fn object(namespace: &str, name: &str) -> Option<ObjectRef> {
    let plain = |text: &str| percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned());
    Some(ObjectRef::new(plain(namespace)?, plain(name)?))
}

/// A text as one segment of a path or one value of a query.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// The page of a client.
pub fn client(object: &ObjectRef) -> String {
    format!("/clients/{}/{}", encoded(&object.namespace), encoded(&object.name))
}

/// The page of a policy.
pub fn policy(object: &ObjectRef) -> String {
    format!("/policies/{}/{}", encoded(&object.namespace), encoded(&object.name))
}

/// The page of a try.
pub fn attempt(id: &str) -> String {
    format!("/try/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_back_to_their_objects_whatever_the_name_holds() {
        for object in [
            ObjectRef::new("shop", "web"),
            ObjectRef::new("a/b", "<script>\"&?#%2F"),
            ObjectRef::new("..", "\u{e4} b"),
            ObjectRef::new("try", "callback"),
        ] {
            assert_eq!(Route::at(&client(&object)), Some(Route::Client(object.clone())));
            assert_eq!(Route::at(&policy(&object)), Some(Route::Policy(object)));
        }
    }

    #[test]
    fn the_two_landings_are_no_tries() {
        assert_eq!(Route::at("/try/callback"), Some(Route::Callback));
        assert_eq!(Route::at("/try/ended"), Some(Route::Ended));
        assert_eq!(Route::at("/try/abc"), Some(Route::Try("abc".into())));
        assert_eq!(Route::at("/try/abc/refresh"), Some(Route::Act("abc".into(), "refresh".into())));
    }

    #[test]
    fn other_paths_lead_nowhere() {
        for path in
            ["", "clients", "/clients/", "/clients/a", "/clients/a/b/c", "/try/", "/x", "//", "/assets/a/b"]
        {
            assert_eq!(Route::at(path), None, "{path}");
        }
    }
}
