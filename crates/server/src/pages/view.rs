//! The small views that several pages show: client, person, scope, and where a form goes.

/// A client as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientView {
    /// Its `displayName`. Chosen by the client's owners, so never shown without the two fields below.
    pub display_name: String,
    /// Its object as `namespace/name`, which its owners cannot choose freely.
    pub object: String,
    /// Where the browser goes afterwards: the host of the redirect URI, or the scheme of a private-use URI. None for
    /// clients without redirects.
    pub redirect_host: Option<String>,
}

impl ClientView {
    /// The letter on the client's tile; none when the name has no letter or digit.
    pub(super) fn monogram(&self) -> Option<String> {
        monogram(&self.display_name)
    }
}

/// A person who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonView {
    /// The name that the person logs in with.
    pub username: String,
    /// The full name, if the user store has one.
    pub name: Option<String>,
    /// The email address, if the user store has one.
    pub email: Option<String>,
}

impl PersonView {
    /// How the person is called: the full name, else the username.
    pub(super) fn called(&self) -> &str {
        match self.name.as_deref().map(str::trim) {
            Some(name) if !name.is_empty() => name,
            _ => &self.username,
        }
    }

    /// The second line: the email address, or the username where the first line is another.
    pub(super) fn known_as(&self) -> Option<&str> {
        match self.email.as_deref().map(str::trim) {
            Some(email) if !email.is_empty() => Some(email),
            _ => Some(self.username.as_str()).filter(|username| *username != self.called()),
        }
    }

    /// The letter in the person's circle.
    pub(super) fn monogram(&self) -> Option<String> {
        monogram(self.called())
    }
}

fn monogram(name: &str) -> Option<String> {
    name.chars().find(|c| c.is_alphanumeric()).map(|c| c.to_uppercase().collect())
}

/// A scope that is asked for or was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeView {
    /// The scope's name on the wire.
    pub name: String,
}

impl ScopeView {
    /// The view of one scope.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }

    /// Which of the known scopes it is.
    #[must_use]
    pub fn kind(&self) -> ScopeKind {
        match self.name.as_str() {
            "openid" => ScopeKind::OpenId,
            "profile" => ScopeKind::Profile,
            "email" => ScopeKind::Email,
            "address" => ScopeKind::Address,
            "phone" => ScopeKind::Phone,
            "groups" => ScopeKind::Groups,
            "offline_access" => ScopeKind::OfflineAccess,
            _ => ScopeKind::Custom,
        }
    }
}

/// The scopes that pages explain in plain words (OpenID Connect Core §5.4 and §11, and `groups`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeKind {
    /// `openid`.
    OpenId,
    /// `profile`.
    Profile,
    /// `email`.
    Email,
    /// `address`.
    Address,
    /// `phone`.
    Phone,
    /// `groups`.
    Groups,
    /// `offline_access`.
    OfflineAccess,
    /// Any other scope; it is shown by its name.
    Custom,
}

impl ScopeKind {
    /// The key of what it means, in a few words; none for a custom scope.
    pub(super) const fn label(self) -> Option<&'static str> {
        match self {
            Self::OpenId => Some("scope-openid"),
            Self::Profile => Some("scope-profile"),
            Self::Email => Some("scope-email"),
            Self::Address => Some("scope-address"),
            Self::Phone => Some("scope-phone"),
            Self::Groups => Some("scope-groups"),
            Self::OfflineAccess => Some("scope-offline-access"),
            Self::Custom => None,
        }
    }

    /// The key of the sentence below it.
    pub(super) const fn detail(self) -> &'static str {
        match self {
            Self::OpenId => "scope-openid-detail",
            Self::Profile => "scope-profile-detail",
            Self::Email => "scope-email-detail",
            Self::Address => "scope-address-detail",
            Self::Phone => "scope-phone-detail",
            Self::Groups => "scope-groups-detail",
            Self::OfflineAccess => "scope-offline-access-detail",
            Self::Custom => "scope-custom-detail",
        }
    }

    /// The name of its icon in `icons.html`.
    pub(super) const fn icon(self) -> &'static str {
        match self {
            Self::OpenId => "badge",
            Self::Profile => "person",
            Self::Email => "mail",
            Self::Address => "pin",
            Self::Phone => "phone",
            Self::Groups => "people",
            Self::OfflineAccess => "clock",
            Self::Custom => "key",
        }
    }
}

/// Where a form goes and what it carries unseen: the CSRF token and the state of the interaction. Forms are POSTs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormTarget {
    /// The URL of the form, path included.
    pub action: String,
    /// Hidden fields as name and value.
    pub hidden: Vec<(String, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: Option<&str>, email: Option<&str>) -> PersonView {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        PersonView { username: "ada".to_owned(), name: owned(name), email: owned(email) }
    }

    #[test]
    fn a_person_is_called_by_name_and_known_by_email() {
        let ada = person(Some("Ada Lovelace"), Some("ada@example.com"));
        assert_eq!((ada.called(), ada.known_as()), ("Ada Lovelace", Some("ada@example.com")));
    }

    #[test]
    fn a_person_without_details_has_one_line() {
        assert_eq!((person(None, None).called(), person(None, None).known_as()), ("ada", None));
        assert_eq!((person(Some(" "), Some("")).called(), person(Some(" "), None).known_as()), ("ada", None));
        assert_eq!(person(Some("Ada"), None).known_as(), Some("ada"));
    }

    #[test]
    fn a_monogram_is_the_first_letter_or_digit() {
        assert_eq!(monogram("«éclair»").as_deref(), Some("É"));
        assert_eq!(monogram("  7-Eleven").as_deref(), Some("7"));
        assert_eq!(monogram("<>\u{202e}!"), None);
    }

    #[test]
    fn a_scope_is_known_by_its_exact_name_only() {
        assert_eq!(ScopeView::new("email").kind(), ScopeKind::Email);
        assert_eq!(ScopeView::new("Email").kind(), ScopeKind::Custom);
        assert_eq!(ScopeView::new("orders:read").kind(), ScopeKind::Custom);
    }
}
