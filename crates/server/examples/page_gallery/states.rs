//! Every page in every state, as name and HTML. Shared by the gallery and by the tests of the pages, which see to it
//! that what is looked at is what is tested.

use super::pages::{
    AccountNotice, AccountPage, Chrome, ClientView, ConsentPage, ConsentView, DeviceCodePage,
    DeviceConfirmPage, DeviceDonePage, DeviceError, ErrorKind, ErrorPage, FormPostPage, FormTarget,
    LoggedOutPage, LoginError, LoginPage, LogoutConfirmPage, PersonView, ScopeView, SelectAccountPage,
    SessionView,
};

/// A logo that needs no network.
pub const LOGO: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 132 32'%3E%3Cpath \
    d='M4 26 15 6l11 20h-7l-4-8-4 8z' fill='%230e7a5f'/%3E%3Ctext x='36' y='23' font-family='Georgia,serif' \
    font-size='21' fill='%23182b25'%3EAcme%3C/text%3E%3C/svg%3E";

/// All pages in all their states.
pub fn all(chrome: &Chrome) -> Vec<(String, String)> {
    let mut pages = Vec::new();
    login(chrome, &mut pages);
    consent(chrome, &mut pages);
    device(chrome, &mut pages);
    logout(chrome, &mut pages);
    errors(chrome, &mut pages);
    account(chrome, &mut pages);
    pages
}

type Pages = Vec<(String, String)>;

/// A client with a redirect.
pub fn storefront() -> ClientView {
    ClientView {
        display_name: "Storefront".to_owned(),
        object: "shop/storefront".to_owned(),
        redirect_host: Some("shop.example.com".to_owned()),
    }
}

fn television() -> ClientView {
    ClientView {
        display_name: "Living Room TV".to_owned(),
        object: "media/television".to_owned(),
        redirect_host: None,
    }
}

fn long_client() -> ClientView {
    ClientView {
        display_name: "Regional Procurement and Inventory Reconciliation Workbench".to_owned(),
        object: "procurement-and-inventory/regional-reconciliation-workbench".to_owned(),
        redirect_host: Some("workbench.reconciliation.internal.example.com".to_owned()),
    }
}

fn hostile_client() -> ClientView {
    ClientView {
        display_name: "\u{202e}<script>alert(1)</script>\" onload=\"x&amp;".to_owned(),
        object: "a/b".to_owned(),
        redirect_host: Some("<b>evil</b>.example".to_owned()),
    }
}

/// A person with all details.
pub fn ada() -> PersonView {
    PersonView {
        username: "ada".to_owned(),
        name: Some("Ada Lovelace".to_owned()),
        email: Some("ada@example.com".to_owned()),
    }
}

fn bare_person() -> PersonView {
    PersonView { username: "grace".to_owned(), name: None, email: None }
}

/// A form with hidden fields.
pub fn form(action: &str) -> FormTarget {
    let hidden = [("csrf", "0f\"<1>"), ("state", "k3y")];
    FormTarget {
        action: action.to_owned(),
        hidden: hidden.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
    }
}

fn scopes(names: &[&str]) -> Vec<ScopeView> {
    names.iter().map(|name| ScopeView::new(*name)).collect()
}

fn login(chrome: &Chrome, pages: &mut Pages) {
    let page = |client: Option<ClientView>, username: &str, error| {
        LoginPage { client, username: username.to_owned(), error, form: form("/login") }.render(chrome)
    };
    let errors = [
        ("credentials", LoginError::WrongCredentials),
        ("attempts", LoginError::TooManyAttempts { retry_after_seconds: 30 }),
        ("attempts-long", LoginError::TooManyAttempts { retry_after_seconds: 900 }),
        ("expired", LoginError::SessionExpired),
        ("busy", LoginError::Busy),
        ("not-allowed", LoginError::NotAllowed),
        ("another-person", LoginError::AnotherPerson),
    ];
    pages.push(("login".to_owned(), page(Some(storefront()), "", None)));
    pages.push(("login-hint".to_owned(), page(Some(storefront()), "ada@example.com", None)));
    pages.push(("login-account".to_owned(), page(None, "", None)));
    pages.push(("login-long".to_owned(), page(Some(long_client()), "", None)));
    pages.push(("login-hostile".to_owned(), page(Some(hostile_client()), "\"><script>", None)));
    for (name, error) in errors {
        pages.push((format!("login-{name}"), page(Some(storefront()), "ada", Some(error))));
    }
    let select = |person| {
        SelectAccountPage {
            client: storefront(),
            person,
            continue_form: form("/login"),
            switch_form: form("/login"),
        }
        .render(chrome)
    };
    pages.push(("select-account".to_owned(), select(ada())));
    pages.push(("select-account-bare".to_owned(), select(bare_person())));
}

fn consent(chrome: &Chrome, pages: &mut Pages) {
    let mut page = ConsentPage {
        client: storefront(),
        person: ada(),
        scopes: scopes(&["openid", "profile", "email"]),
        resources: Vec::new(),
        native_warning: false,
        form: form("/consent"),
    };
    pages.push(("consent".to_owned(), page.render(chrome)));
    page.scopes = scopes(&[
        "openid",
        "profile",
        "email",
        "address",
        "phone",
        "groups",
        "offline_access",
        "orders:read",
    ]);
    page.resources =
        vec!["https://orders.example.com".to_owned(), "https://stock.example.com/api".to_owned()];
    page.native_warning = true;
    pages.push(("consent-all".to_owned(), page.render(chrome)));
    page.client = long_client();
    page.person = bare_person();
    page.scopes =
        scopes(&["openid", "procurement:reconciliation:inventory:read-write-and-approve:everything"]);
    pages.push(("consent-long".to_owned(), page.render(chrome)));
    page.client = hostile_client();
    page.person.name = Some("<img src=x onerror=alert(1)>".to_owned());
    page.scopes = scopes(&["<svg/onload=alert(1)>"]);
    page.resources = vec!["https://x.example/\"onclick=\"".to_owned()];
    pages.push(("consent-hostile".to_owned(), page.render(chrome)));
}

fn device(chrome: &Chrome, pages: &mut Pages) {
    let code = |user_code: &str, error| {
        DeviceCodePage { user_code: user_code.to_owned(), error, form: form("/device") }.render(chrome)
    };
    pages.push(("device-code".to_owned(), code("", None)));
    pages.push(("device-code-prefilled".to_owned(), code("BCDF-GHJK", None)));
    pages.push(("device-code-unknown".to_owned(), code("BCDF-GHJX", Some(DeviceError::UnknownCode))));
    pages.push(("device-code-expired".to_owned(), code("BCDF-GHJK", Some(DeviceError::Expired))));
    let attempts = DeviceError::TooManyAttempts { retry_after_seconds: 1 };
    pages.push(("device-code-attempts".to_owned(), code("BCDF-GHJK", Some(attempts))));
    let confirm = DeviceConfirmPage {
        client: television(),
        person: ada(),
        user_code: "BCDF-GHJK".to_owned(),
        scopes: scopes(&["openid", "profile", "offline_access"]),
        form: form("/device"),
    };
    pages.push(("device-confirm".to_owned(), confirm.render(chrome)));
    let without_scopes = DeviceConfirmPage { scopes: Vec::new(), ..confirm };
    pages.push(("device-confirm-bare".to_owned(), without_scopes.render(chrome)));
    pages.push(("device-allowed".to_owned(), DeviceDonePage { allowed: true }.render(chrome)));
    pages.push(("device-denied".to_owned(), DeviceDonePage { allowed: false }.render(chrome)));
}

fn logout(chrome: &Chrome, pages: &mut Pages) {
    let mut page =
        LogoutConfirmPage { person: Some(ada()), client: Some(storefront()), form: form("/oauth2/logout") };
    pages.push(("logout-confirm".to_owned(), page.render(chrome)));
    page.client = None;
    pages.push(("logout-confirm-plain".to_owned(), page.render(chrome)));
    page.person = None;
    pages.push(("logout-confirm-nobody".to_owned(), page.render(chrome)));
    pages.push(("logged-out".to_owned(), LoggedOutPage.render(chrome)));
    let fields = [("code", "abc\"<>&'"), ("state", "xyz"), ("iss", "https://id.example.com")];
    let post = FormPostPage {
        action: "https://shop.example.com/callback?a=1&b=2".to_owned(),
        fields: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
    };
    pages.push(("form-post".to_owned(), post.render(chrome)));
    let app = FormPostPage { action: "com.example.app:/cb".to_owned(), fields: Vec::new() };
    pages.push(("form-post-app".to_owned(), app.render(chrome)));
}

fn errors(chrome: &Chrome, pages: &mut Pages) {
    let kinds = [
        ("bad-request", ErrorKind::BadRequest, Some("invalid_request")),
        ("expired", ErrorKind::Expired, Some("invalid_request_uri")),
        ("unavailable", ErrorKind::Unavailable { retry_after_seconds: 5 }, Some("temporarily_unavailable")),
        ("not-found", ErrorKind::NotFound, None),
        ("forbidden", ErrorKind::Forbidden, Some("access_denied")),
        ("too-large", ErrorKind::TooLarge, None),
        ("method-not-allowed", ErrorKind::MethodNotAllowed, None),
        ("internal", ErrorKind::Internal, Some("server_error")),
    ];
    for (name, kind, error) in kinds {
        let page = ErrorPage {
            kind,
            error: error.map(str::to_owned),
            description: match error {
                Some(_) => {
                    "redirect_uri is not registered for client `shop.storefront`; it has to match exactly"
                        .to_owned()
                }
                None => String::new(),
            },
            request_id: "01J8ZQ4T7M5C2V9K3N6P0R1S2X".to_owned(),
        };
        pages.push((format!("error-{name}"), page.render(chrome)));
    }
}

fn account(chrome: &Chrome, pages: &mut Pages) {
    let session = |started, current| SessionView {
        started,
        last_seen: started + 4_000,
        current,
        end_form: form("/account/sessions/end"),
    };
    let consent = |client, names: &[&str]| ConsentView {
        client,
        scopes: scopes(names),
        since: 1_792_000_000,
        revoke_form: form("/account/consents/revoke"),
    };
    let mut page = AccountPage {
        person: ada(),
        notice: None,
        sessions: vec![session(1_795_474_320, true), session(1_795_300_000, false)],
        more_sessions: false,
        consents: vec![
            consent(storefront(), &["openid", "profile", "email"]),
            consent(long_client(), &["openid", "groups", "offline_access", "orders:read"]),
            consent(television(), &["openid"]),
        ],
        more_consents: false,
        logout_form: form("/account/logout"),
        others_form: Some(form("/account/sessions/others")),
        everywhere_form: form("/account/sessions/all"),
    };
    pages.push(("account".to_owned(), page.render(chrome)));
    page.notice = Some(AccountNotice::ConsentRevoked);
    page.consents.truncate(1);
    pages.push(("account-consent-revoked".to_owned(), page.render(chrome)));
    (page.more_sessions, page.more_consents) = (true, true);
    page.notice = Some(AccountNotice::SessionsEnded);
    pages.push(("account-more".to_owned(), page.render(chrome)));
    (page.more_sessions, page.more_consents, page.others_form) = (false, false, None);
    page.notice = Some(AccountNotice::SessionEnded);
    page.sessions.truncate(1);
    page.consents.clear();
    page.person = bare_person();
    pages.push(("account-empty".to_owned(), page.render(chrome)));
    page.person.name = Some("<i>Grace</i>".to_owned());
    page.consents = vec![consent(hostile_client(), &["\"><script>"])];
    pages.push(("account-hostile".to_owned(), page.render(chrome)));
}
